"""Milters: opendkim, opendmarc, clamav-milter, rspamd, and an editor on libmilter, over TCP and over Unix sockets.

A message is signed, verified, checked by DMARC, scanned twice and edited, in this order, and each milter sees what those
before it have made of it: the signature of the first verifies at the second. GTUBE and EICAR are refused. Each milter is
killed within a session and started again.
"""

from __future__ import annotations

import email
import re
import shutil
import smtplib
from email.message import Message
from pathlib import Path

import milters
from server import Certificate, Server, running

from .base import Checks, Scenario

_ORDER = ("signer", "verifier", "opendmarc", "clamav", "rspamd", "editor")
_FROM = "alice@client.example"
_TO = "bob@example.com"


class Milter(Scenario):
    name = "milter"

    def missing(self) -> str | None:
        wanted = ("opendkim", "opendmarc", "clamav-milter", "clamd", "rspamd", "openssl")
        lacking = [name for name in wanted if not shutil.which(name, path="/usr/sbin:/usr/bin:/bin")]
        if not Path("/usr/lib/python3/dist-packages/Milter").exists():
            lacking.append("python3-milter")
        return f"{lacking} (the Debian packages of these names)" if lacking else None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with milters.running(folder) as running_milters:
            for kind in ("tcp", "unix"):
                own = folder / kind
                own.mkdir()
                tables = [_table(name, running_milters.addresses[name][kind]) for name in _ORDER]
                config = own / "mailchute.toml"
                config.write_text("".join(tables))
                flags = ["--config", str(config), "--domain", "example.com", "--domain", "client.example"]
                with running(program, own, certificate, flags, ("--log-level", "info")) as server:
                    _edits(checks, server, kind)
                    _refusals(checks, server, kind)
                    _restarts(checks, server, kind, running_milters)
        return checks


def _table(name: str, address: str) -> str:
    return f'[[filter]]\nuse = "milter"\nname = "{name}"\nurl = "{address}"\n\n'


def _send(client: smtplib.SMTP, content: str, to: tuple[str, ...] = (_TO,)) -> tuple[int, str]:
    """Sends a message, and returns the reply to it, or the first that refuses."""
    client.rset()
    reply = client.mail(_FROM)
    for recipient in to:
        reply = reply if reply[0] >= 400 else client.rcpt(recipient)
    if reply[0] < 400:
        reply = client.data(content.replace("\n", "\r\n").encode())
    return reply[0], reply[1].decode()


def _message(name: str, fields: str = "", body: str = "hello\n") -> str:
    return (
        f"From: {_FROM}\nTo: {_TO}\nSubject: {name}\nDate: Mon, 05 Jan 2026 12:00:00 +0000\n"
        f"Message-ID: <{name}@client.example>\n{fields}\n{body}"
    )


def _stored(server: Server, name: str, directory: str = "new") -> Message | None:
    for file in server.maildir.glob(f"{directory}/*"):
        found = email.message_from_bytes(file.read_bytes())
        if found["Message-ID"] == f"<{name}@client.example>":
            return found
    return None


def _client(server: Server) -> smtplib.SMTP:
    client = smtplib.SMTP("127.0.0.1", server.port, timeout=60)
    client.ehlo("client.example")
    return client


def _edits(checks: Checks, server: Server, kind: str) -> None:
    client = _client(server)
    code, text = _send(client, _message("plain"))
    if not checks.that(code == 250, f"{kind}: the plain message got {code} {text}\n{server.log.read_text()[-3000:]}"):
        return
    found = _stored(server, "plain")
    if checks.that(found is not None, f"{kind}: the plain message is not in the Maildir"):
        results = [" ".join(value.split()) for value in found.get_all("Authentication-Results", [])]
        signature = found.get("DKIM-Signature", "")
        checks.that("d=client.example" in signature, f"{kind}: no signature: {found.items()}")
        verified = [one for one in results if one.startswith("verifier.example") and "dkim=pass" in one]
        checks.that(len(verified) == 1, f"{kind}: the signature does not verify: {results}")
        dmarc = [one for one in results if one.startswith("dmarc.example") and "dmarc=" in one]
        checks.that(len(dmarc) == 1, f"{kind}: no result of DMARC: {results}")
        clean = found.get("X-Virus-Status", "")
        checks.that(clean == "Clean", f"{kind}: clamav-milter says {clean!r}")
        checks.that(found["X-Seen"] == "client.example 1", f"{kind}: rspamd says {found['X-Seen']!r}")
    log = server.logged(*(f" {name}=" for name in _ORDER))
    for name in _ORDER:
        checks.that(f" {name}=pass" in log or f" {name}=accept" in log, f"{kind}: no word of {name}: {log[-2000:]}")

    to = (_TO, "dropped@example.com")
    fields = "X-Edit: all\nX-Change: one\nX-Change: two\nX-Remove: me\n"
    code, text = _send(client, _message("edited", fields), to)
    checks.that(code == 250, f"{kind}: the edited message got {code} {text}")
    found = _stored(server, "edited")
    if checks.that(found is not None, f"{kind}: the edited message is not in the Maildir"):
        names = [name for name, _ in found.items()]
        first = names.index("X-First")
        at_top = first == 4 and names[first + 1] == "X-Second" and "Received" in names[first:]
        checks.that(at_top, f"{kind}: the places of inserted fields: {names}")
        checks.that(names[-2:] == ["X-Added", "X-Macro"], f"{kind}: fields at the end: {names}")
        checks.that(re.fullmatch(r"\w+-\d+", found["X-Macro"] or "") is not None, f"{kind}: i is {found['X-Macro']!r}")
        checks.that(found["X-Added"].split() == ["at", "the", "end,", "folded"], f"{kind}: {found['X-Added']!r}")
        changed = found.get_all("X-Change")
        checks.that(changed == ["one", "changed"], f"{kind}: the second field of a name: {changed}")
        checks.that(found["X-Remove"] is None, f"{kind}: a removed field is there")
        checks.that(found["Return-Path"] == "<changed@client.example>", f"{kind}: from {found['Return-Path']}")
        delivered = set(found.get_all("Delivered-To"))
        wanted = {_TO, "added@example.com", "noted@example.com"}
        checks.that(delivered == wanted, f"{kind}: delivered to {delivered}")
        body = found.get_payload()
        checks.that(body.split() == "a new body of 7 bytes, in two parts".split(), f"{kind}: the body is {body!r}")
    checks.that("edit-failed" not in server.log.read_text(), f"{kind}: an edit failed: {server.log.read_text()[-2000:]}")

    code, _ = _send(client, _message("subject", "X-Rspamd: subject\n"))
    found = _stored(server, "subject")
    subject = found and found["Subject"]
    checks.that(code == 250 and subject == "***SPAM*** subject", f"{kind}: rspamd has rewritten {code} {subject!r}")
    code, _ = _send(client, _message("aside", "X-Edit: quarantine\n"))
    aside = _stored(server, "aside", ".Junk/new")
    checks.that(code == 250 and aside is not None, f"{kind}: a message in quarantine got {code}")
    code, _ = _send(client, _message("dropped", "X-Edit: discard\n"))
    checks.that(code == 250 and _stored(server, "dropped") is None, f"{kind}: a discarded message got {code}")
    client.quit()


def _refusals(checks: Checks, server: Server, kind: str) -> None:
    client = _client(server)
    code, text = _send(client, _message("refused"), ("refused@example.com",))
    checks.that((code, text) == (550, "5.1.1 100% refused by the editor"), f"{kind}: RCPT got {code} {text}")
    code, _ = _send(client, _message("later"), ("later@example.com",))
    checks.that(code == 451, f"{kind}: a recipient for later got {code}")
    code, text = _send(client, _message("lines", "X-Edit: refuse\n"))
    checks.that((code, text) == (554, "5.7.1 refused\n5.7.1 in two lines"), f"{kind}: {code} {text!r}")
    code, text = _send(client, _message("gtube", body=f"{milters.GTUBE}\n"))
    checks.that(code == 554, f"{kind}: GTUBE got {code} {text}")
    code, text = _send(client, _message("soft", "X-Rspamd: later\n"))
    checks.that(code in (450, 451), f"{kind}: a soft reject of rspamd got {code} {text}")
    code, text = _send(client, _message("eicar", body=f"{milters.EICAR}\n"))
    if kind == "tcp":
        checks.that(code == 550, f"{kind}: EICAR got {code} {text}")
    else:
        aside = _stored(server, "eicar", ".Junk/new")
        checks.that(code == 250 and aside is not None, f"{kind}: EICAR in quarantine got {code} {text}")
    client.quit()
    for name in ("refused", "later", "lines", "gtube", "soft", "eicar"):
        checks.that(_stored(server, name) is None, f"{kind}: {name} is in the Maildir")


def _restarts(checks: Checks, server: Server, kind: str, running_milters: milters.Milters) -> None:
    for name in _ORDER:
        process = running_milters.processes["rspamd" if name == "rspamd" else f"{name}-{kind}"]
        client = _client(server)
        code, text = _send(client, _message(f"before-{name}"))
        checks.that(code == 250, f"{kind}: before {name} was killed: {code} {text}")
        process.kill()
        code, text = _send(client, _message(f"without-{name}"))
        checks.that(code == 451, f"{kind}: without {name}: {code} {text}")
        checks.that(_stored(server, f"without-{name}") is None, f"{kind}: kept without {name}")
        process.start()
        code, text = _send(client, _message(f"after-{name}"))
        checks.that(code == 250, f"{kind}: after {name} came back: {code} {text}")
        checks.that(_stored(server, f"after-{name}") is not None, f"{kind}: nothing kept after {name} came back")
        client.quit()

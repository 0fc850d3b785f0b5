"""rspamd by HTTP, over TCP and over a Unix socket: refuses, marks, rewrites, edits, is killed and comes back."""

from __future__ import annotations

import email
import email.policy
import smtplib
from pathlib import Path

from clients.base import EHLO, SEND_SECONDS
from dns_server import serving
from message import DOMAIN
from proxied import ProxiedSMTP
from rspamd import PROGRAM, Rspamd
from server import Certificate, Server, running

from .base import Checks, Scenario

_SENDER = f"sender@{DOMAIN}"
_GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
_LARGE = 20 * 2**20
# The program may grow by so much while it passes on a message that is larger.
_GROWTH = 12 * 2**20


class RspamdFilter(Scenario):
    name = "rspamd"

    def missing(self) -> str | None:
        return None if PROGRAM else "rspamd"

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        rspamd = Rspamd(folder / "rspamd")
        try:
            rspamd.start()
            for kind, url in rspamd.urls.items():
                front = folder / f"front-{kind}"
                front.mkdir()
                flags = ["--config", str(_configuration(front, url)), "--sandbox", "--log-level", "info"]
                with running(program, front, certificate, flags, logging=()) as server:
                    _verdicts(checks, server, kind)
                    _large(checks, server, kind)
                    _comes_back(checks, server, rspamd, kind)
            _names(checks, program, folder / "front-names", certificate, rspamd.urls["tcp"])
            front = folder / "front-accept"
            front.mkdir()
            flags = ["--config", str(_configuration(front, rspamd.urls["tcp"], 'on-failure = "accept"\n'))]
            with running(program, front, certificate, flags) as server:
                rspamd.kill()
                code, text = _send(server.port, "GTUBE", _GTUBE)
                checks.that(code == 250, f"while rspamd is gone, and on-failure is accept: {code} {text!r}")
        finally:
            rspamd.kill()
        return checks


def _names(checks: Checks, program: Path, front: Path, certificate: Certificate, url: str) -> None:
    """rspamd learns the name of a client, if the name leads back to the client."""
    front.mkdir()
    zone = {
        "1.2.0.192.in-addr.arpa": [["PTR", "mail.client.example"]],
        "2.2.0.192.in-addr.arpa": [["PTR", "mail.client.example"]],
        "3.2.0.192.in-addr.arpa": [["TIMEOUT"]],
        "mail.client.example": [["A", "192.0.2.1"]],
    }
    with serving(zone) as dns:
        file = _configuration(front, url)
        file.write_text(f'proxy-from = "127.0.0.1"\ndns = "{dns.address}"\n' + file.read_text())
        with running(program, front, certificate, ["--config", str(file), "--sandbox"]) as server:
            for client, name in (("192.0.2.1", "mail.client.example"), ("192.0.2.2", "nil"), ("192.0.2.3", "nil")):
                before = set(server.maildir.glob("new/*"))
                with ProxiedSMTP(server.port, client) as session:
                    session.ehlo()
                    session.mail(_SENDER)
                    session.rcpt(f"first@{DOMAIN}")
                    code, text = session.data(b"Subject: x\r\n\r\nHello\r\n")
                kept = _new(server, before)
                if checks.that(code == 250 and len(kept) == 1, f"from {client}: {code} {text!r}"):
                    checks.that(_fields(kept[0])["X-Name"] == name, f"from {client}: rspamd knows {_fields(kept[0])['X-Name']}")


def _configuration(front: Path, url: str, more: str = "") -> Path:
    file = front / "mailchute.toml"
    file.write_text(f'[[filter]]\nuse = "rspamd"\nurl = "{url}"\ntimeout = "20s"\n{more}')
    return file


def _send(
    port: int, subject: str, body: bytes = b"Hello\r\n", top: bytes = b"", to: tuple[str, ...] = ("first",)
) -> tuple[int, bytes]:
    content = top + f"Subject: {subject}\r\n".encode() + b"\r\n" + body
    with smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS) as session:
        session.ehlo()
        session.mail(_SENDER)
        for user in to:
            session.rcpt(f"{user}@{DOMAIN}")
        return session.data(content)


def _new(server: Server, before: set[Path]) -> list[bytes]:
    return [file.read_bytes() for file in set(server.maildir.glob("new/*")) - before]


def _verdicts(checks: Checks, server: Server, kind: str) -> None:
    for subject, body, due, words in (
        ("x", b"Hello\r\n", 250, b""),
        ("GREY_ME", b"Hello\r\n", 250, b""),
        ("GTUBE", _GTUBE, 550, b"5.7.1 Gtube pattern"),
        ("SOFT_ME", b"Hello\r\n", 451, b"4.7.1 Come again"),
    ):
        before = set(server.maildir.glob("new/*"))
        code, text = _send(server.port, subject, body)
        checks.that(code == due and words in text, f"{kind}, {subject}: {code} {text!r}")
        kept = _new(server, before)
        if checks.that(len(kept) == int(due == 250), f"{kind}, {subject}: {len(kept)} messages are kept") and kept:
            content = f"Subject: {subject}\r\n\r\n".encode() + body
            seen = f"X-Seen: 127.0.0.1 {EHLO} {_SENDER} first@{DOMAIN} {len(content)}".encode()
            checks.that(seen in kept[0], f"{kind}, {subject}: rspamd saw something else: {kept[0][:800]!r}")

    before = set(server.maildir.glob("new/*"))
    code, text = _send(server.port, "MARK_ME", top=b"X-Spam: no\r\n")
    kept = _new(server, before)
    if checks.that(code == 250 and len(kept) == 1, f"{kind}, add header: {code} {text!r}"):
        fields = _fields(kept[0])
        checks.that(fields.get_all("X-Spam") == ["Yes"], f"{kind}: X-Spam is {fields.get_all('X-Spam')}")

    before = set(server.maildir.glob("new/*"))
    code, text = _send(server.port, "REWRITE_ME")
    kept = _new(server, before)
    if checks.that(code == 250 and len(kept) == 1, f"{kind}, rewrite subject: {code} {text!r}"):
        fields = _fields(kept[0])
        checks.that(fields.get_all("Subject") == ["[SPAM] REWRITE_ME"], f"{kind}: {fields.get_all('Subject')}")

    before = set(server.maildir.glob("new/*"))
    top = b"X-Bad: 1\r\nX-Last: 1\r\nX-Bad: 2\r\nX-Last: 2\r\n"
    code, text = _send(server.port, "EDIT_ME", top=top, to=("first", "second"))
    kept = _new(server, before)
    if checks.that(code == 250 and kept, f"{kind}, edits: {code} {text!r}"):
        fields = _fields(kept[0])
        for name, due in (
            ("Return-Path", ["<bounces@example.com>"]),
            ("X-Top", ["top"]),
            ("X-Two", ["a", "b"]),
            ("X-Bad", None),
            ("X-Last", ["1"]),
        ):
            checks.that(fields.get_all(name) == due, f"{kind}, edits: {name} is {fields.get_all(name)}")
    words = [f"rspamd={word}" for word in ("no-action", "greylist", "reject", "soft-reject", "add-header", "rewrite-subject")]
    log = server.logged(*words)
    for word in words:
        checks.that(word in log, f"{kind}: the log has no {word}")
    checks.that(" edit-failed " not in log, f"{kind}: an edit was not made")


def _fields(message: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(message, policy=email.policy.default)


def _large(checks: Checks, server: Server, kind: str) -> None:
    """A message that is larger than the memory that the program may take for it."""
    line = b"x" * 76 + b"\r\n"
    before, files = _memory(server.process), set(server.maildir.glob("new/*"))
    code, text = _send(server.port, "large", line * (_LARGE // len(line)))
    grown = _memory(server.process) - before
    checks.that(code == 250, f"{kind}, 20 MiB: {code} {text!r}")
    checks.that(len(_new(server, files)) == 1, f"{kind}, 20 MiB: it is not kept")
    checks.that(grown < _GROWTH, f"{kind}, 20 MiB: the program grew by {grown} bytes")


def _memory(process: int) -> int:
    """The most memory that the process has had, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024


def _comes_back(checks: Checks, server: Server, rspamd: Rspamd, kind: str) -> None:
    rspamd.kill()
    before = set(server.maildir.glob("new/*"))
    code, text = _send(server.port, "x")
    checks.that(code == 451 and b"4.7.1" in text, f"{kind}, while rspamd is gone: {code} {text!r}")
    checks.that(not _new(server, before), f"{kind}: a refused message is kept")
    checks.that("rspamd=failed" in server.logged("rspamd=failed"), f"{kind}: the log has no rspamd=failed")
    rspamd.start()
    code, text = _send(server.port, "x")
    checks.that(code == 250, f"{kind}, after rspamd is back: {code} {text!r}")

"""SPF, DKIM, ARC and DMARC in the program: mail that dkimpy has signed, results that authres reads.

Debian's python3-dkim signs, python3-authres reads, and a DNS server of the suite has the records.
"""

from __future__ import annotations

import base64
import importlib
import smtplib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from dns_server import serving
from server import Certificate, Server, running

from .base import Checks, Scenario

_DEBIAN = Path("/usr/lib/python3/dist-packages")
_AUTHORIZED, _OTHER = "192.0.2.1", "203.0.113.9"
_CONFIG = """\
proxy-from = "127.0.0.1"
hostname = "mx.example.com"
dns = "{dns}"
sandbox = true
[[filter]]
use = "authentication"
dmarc = "enforce"
received-spf = true
trusted-arc-sealers = ["list.example", "forward.example"]
"""
_FORGED = (
    b"Authentication-Results: mx.example.com; dkim=pass header.d=bank.example\r\n"
    b"Authentication-Results: (x) MX.Example.Com 1; dmarc=pass\r\n"
    b"Authentication-Results: mx.other.example; dkim=pass header.d=other.example\r\n"
)


class Authentication(Scenario):
    name = "authentication"

    def missing(self) -> str | None:
        lacking = [name for name in ("dkim", "authres") if not (_DEBIAN / name).is_dir()]
        return f"the Debian packages {', '.join(f'python3-{name}' for name in lacking)}" if lacking else None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        dkim, authres = _import("dkim"), _import("authres")
        checks = Checks()
        key, record = _key(folder)
        zone = {
            "bank.example": [["TXT", f"v=spf1 ip4:{_AUTHORIZED} -all"]],
            "other.example": [["TXT", "v=spf1 ip4:203.0.113.0/24 -all"]],
            "_dmarc.bank.example": [["TXT", "v=DMARC1; p=reject; sp=quarantine"]],
            "_dmarc.lost.example": [["TIMEOUT"]],
            "lost.example": [["TIMEOUT"]],
            **{f"s._domainkey.{domain}": [["TXT", record]] for domain in ("bank.example", "other.example", "list.example", "forward.example")},
        }
        with serving(zone) as dns:
            config = folder / "filters.toml"
            config.write_text(_CONFIG.format(dns=dns.address))
            with running(program, folder, certificate, ["--config", str(config)]) as server:
                _play(server, checks, dkim, authres, key)
        return checks


def _play(server: Server, checks: Checks, dkim: ModuleType, authres: ModuleType, key: bytes) -> None:
    def sign(message: bytes, domain: bytes, **options: object) -> bytes:
        return dkim.sign(message, b"s", domain, key, **options) + message

    bank = _message("pass", "a@bank.example")
    for header in (b"simple", b"relaxed"):
        for body in (b"simple", b"relaxed"):
            signed = sign(bank, b"bank.example", canonicalize=(header, body))
            reply = _send(server, _OTHER, "x@other.example", _FORGED + signed)
            checks.that(reply.startswith("250"), f"a message that is signed {header}/{body}: {reply}")
    for kept in _kept(server):
        results = _results(checks, authres, kept)
        checks.that(len(results) == 2, f"not one forged field is removed: {kept[:2000]!r}")
        ours = results[0]
        said = [(result.method, result.result) for result in ours.results]
        expected = [("spf", "pass"), ("dkim", "pass"), ("arc", "none"), ("dmarc", "pass")]
        checks.that(said == expected, f"authres reads {said}")
        checks.that(ours.authserv_id == "mx.example.com", f"authres reads the name {ours.authserv_id}")
        checks.that(ours.results[0].smtp_mailfrom == "other.example", f"authres reads {ours.results[0]}")
        checks.that(ours.results[1].header_d == "bank.example", f"authres reads {ours.results[1]}")
        checks.that(ours.results[3].header_from == "bank.example", f"authres reads {ours.results[3]}")
        checks.that(results[1].authserv_id == "mx.other.example", f"the field of another server is {results[1]}")
        checks.that(b"\nReceived-SPF: pass " in kept, f"there is no Received-SPF: {kept[:2000]!r}")

    _empty(server)
    refused = "550 5.7.26 The domain bank.example asks to refuse this message"
    for what, client, sender, message in [
        ("unsigned", _OTHER, "x@other.example", bank),
        ("signed by another", _OTHER, "x@other.example", sign(bank, b"other.example")),
        ("changed after it was signed", _OTHER, "", sign(bank, b"bank.example").replace(b"Hello", b"Hullo")),
    ]:
        reply = _send(server, client, sender, message)
        checks.that(reply.startswith(refused), f"{what}: {reply}")
    for author in (b"<<ceo@bank.example>>", b'"ceo@bank.example"@other.example', b"x\r\nFrom: a@bank.example"):
        message = bank.replace(b"a@bank.example", author)
        reply = _send(server, _OTHER, "x@other.example", message)
        checks.that(reply.startswith("550 5.7.1 The author cannot be checked"), f"{author!r}: {reply}")
    checks.that(_kept(server) == [], "a refused message is kept")

    for what, client, sender, message, expected in [
        ("SPF alone", _AUTHORIZED, "a@bank.example", bank, ("pass", "none", "none", "pass")),
        ("no record", _OTHER, "x@other.example", _message("none", "a@other.example"), ("pass", "none", "none", "none")),
        ("silence of the DNS", _OTHER, "x@lost.example", _message("lost", "a@lost.example"), ("temperror", "none", "none", "temperror")),
        ("a subdomain", _OTHER, "x@other.example", _message("sub", "a@sub.bank.example"), ("pass", "none", "none", "fail")),
    ]:
        reply = _send(server, client, sender, message)
        checks.that(reply.startswith("250"), f"{what}: {reply}")
        kept = _kept(server, ".Junk" if what == "a subdomain" else "")
        _empty(server)
        if checks.that(len(kept) == 1, f"{what}: {len(kept)} messages"):
            said = tuple(result.result for result in _results(checks, authres, kept[0])[0].results)
            checks.that(said == expected, f"{what}: authres reads {said}")

    # A mailing list changes a message and seals it.
    sent = sign(bank, b"bank.example")
    changed = sent.replace(b"\r\n\r\nHello", b"\r\n\r\n[The list] Hello")
    for verdict, code in (("pass", "250"), ("fail", "550")):
        found = f"Authentication-Results: list.example; dmarc={verdict} header.from=bank.example\r\n".encode()
        sets = dkim.arc_sign(found + changed, b"s", b"list.example", key, b"list.example")
        reply = _send(server, _OTHER, "x@other.example", b"".join(sets) + changed)
        checks.that(reply.startswith(code), f"sealed with dmarc={verdict}: {reply}")

        # A forwarder changes it once more, and seals it too.
        _empty(server)
        forwarded = changed.replace(b"Hello", b"Forwarded: Hello")
        found = f"Authentication-Results: forward.example; arc=pass; dmarc={verdict} header.from=bank.example\r\n".encode()
        second = dkim.arc_sign(found + b"".join(sets) + forwarded, b"s", b"forward.example", key, b"forward.example")
        checks.that(len(second) == 3, f"dkimpy makes {second} of a chain")
        reply = _send(server, _OTHER, "x@other.example", b"".join(second) + b"".join(sets) + forwarded)
        checks.that(reply.startswith(code), f"sealed twice with dmarc={verdict}: {reply}")
        if code == "250" and checks.that(len(kept := _kept(server)) == 1, f"sealed twice: {len(kept)} messages"):
            said = {result.method: result.result for result in _results(checks, authres, kept[0])[0].results}
            checks.that((said["arc"], said["dmarc"]) == ("pass", "fail"), f"sealed twice: authres reads {said}")
        _empty(server)


def _import(name: str) -> ModuleType:
    if str(_DEBIAN) not in sys.path:
        sys.path.append(str(_DEBIAN))
    return importlib.import_module(name)


def _key(folder: Path) -> tuple[bytes, str]:
    """A private key, and the record of its public key."""
    path = folder / "dkim.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", str(path), "2048"], check=True, capture_output=True, timeout=60)
    command = ["openssl", "rsa", "-in", str(path), "-pubout", "-outform", "DER"]
    public = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    return path.read_bytes(), f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def _message(subject: str, author: str) -> bytes:
    lines = [f"From: {author}", "To: bob@example.com", f"Subject: {subject}", "Date: Sat, 01 Aug 2026 10:00:00 +0000"]
    return "\r\n".join([*lines, "Message-ID: <1@bank.example>", "", "Hello  Bob ", "", ""]).encode()


class _Proxied(smtplib.SMTP):
    """A session of a client that a proxy names."""

    def __init__(self, port: int, client: str) -> None:
        self._client = client
        super().__init__("127.0.0.1", port, local_hostname="mail.other.example", timeout=60)

    def getreply(self) -> tuple[int, bytes]:
        if self._client:
            header, self._client = f"PROXY TCP4 {self._client} 192.0.2.99 2525 25\r\n", ""
            self.sock.sendall(header.encode())
        return super().getreply()


def _send(server: Server, client: str, sender: str, message: bytes) -> str:
    """Sends a message, and returns the reply."""
    with _Proxied(server.port, client) as session:
        session.ehlo()
        session.mail(sender)
        session.rcpt("bob@example.com")
        code, text = session.data(message)
        return f"{code} {text.decode()}"


def _kept(server: Server, directory: str = "") -> list[bytes]:
    return [file.read_bytes() for file in (server.maildir / directory).glob("new/*")]


def _empty(server: Server) -> None:
    for file in server.maildir.rglob("new/*"):
        file.unlink()


def _results(checks: Checks, authres: ModuleType, message: bytes) -> list:
    """The fields of results as authres reads them, from the top down."""
    header = message.split(b"\r\n\r\n")[0].decode().replace("\r\n\t", " ").replace("\r\n ", " ")
    fields = [line for line in header.split("\r\n") if line.lower().startswith("authentication-results:")]
    context = authres.FeatureContext(*(_import(f"authres.{name}") for name in ("arc", "dmarc", "dkim_b")))
    found = []
    for field in fields:
        try:
            found.append(context.parse(field))
        except authres.AuthResError as error:
            checks.that(False, f"authres cannot read {field}: {error}")
    return found

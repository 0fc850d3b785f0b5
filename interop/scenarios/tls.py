"""OpenSSL's own client and Python's: names, tickets, client certificates, and new certificates for a running program."""

from __future__ import annotations

import base64
import itertools
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import time
from pathlib import Path

from server import Certificate, Server, running

from .base import Checks, Scenario

_NAMES = ("a.example", "b.example")
# Invalid names, which rustls does not parse.
_ODD_NAMES = ("a.example:25", "-a.example", "a..example", ".a.example", "[192.0.2.1]", "bücher.example", "a example")
# An OpenSSL client makes its key for the first of these groups. A TLS 1.3 server without that group asks for another
# key: the number of times that the client sends ClientHello.
_GROUPS = {"X25519:P-256": 1, "P-521:X25519:P-256": 2, "ffdhe2048:P-256": 2}
_VERSIONS = {"tls1_2": ssl.TLSVersion.TLSv1_2, "tls1_3": ssl.TLSVersion.TLSv1_3}
_PATIENCE_SECONDS = 20


class Tls(Scenario):
    name = "tls"

    def missing(self) -> str | None:
        return None if shutil.which("openssl") else "openssl (the Debian package openssl)"

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        authority = _Authority(folder)
        first, second = (authority.issue(name) for name in _NAMES)
        client = authority.issue("client.example")
        flags = ["--tls-client-ca", str(authority.certificate)]
        for pair in (first, second):
            flags += ["--tls-cert", str(pair.certificate), "--tls-key", str(pair.key)]
        required = folder / "required"
        required.mkdir()
        with running(program, required, None, [*flags, "--tls-client-cert", "required"]) as server:
            _required(checks, server, authority, client, certificate)
        logins = folder / "logins"
        logins.mkdir()
        with running(program, logins, None, [*flags, "--auth-external", "--require-auth"]) as server:
            _logins(checks, server, authority, client, certificate)
        with running(program, folder, None, flags) as server:
            _names(checks, server, authority)
            _odd_names(checks, server, authority, folder)
            _tickets(checks, server, authority, folder)
            _certificates(checks, server, authority, client, certificate)
            _reload(checks, server, authority, first, folder)
        thrown_away = folder / "thrown-away"
        thrown_away.mkdir()
        with running(program, thrown_away, None, (), ("--log-level", "info")) as server:
            _reload_without_files(checks, server, thrown_away)
        kept = [message.read_bytes() for message in (folder / "mail" / "new").iterdir()]
        for sign in (b"verify=OK client=client.example)", b"verify=FAIL client=localhost)"):
            checks.that(any(sign in message for message in kept), f"no Received: says {sign!r}")
        return checks


class _Authority:
    """An authority of openssl's making, which issues certificates for names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "authority"
        self.folder.mkdir()
        self.certificate = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        self._request("/CN=Authority", self._key, self.certificate, "basicConstraints=critical,CA:TRUE")

    def issue(self, name: str) -> Certificate:
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        extensions = f"subjectAltName=DNS:{name}\nbasicConstraints=critical,CA:FALSE"
        signed = ("-CA", str(self.certificate), "-CAkey", str(self._key))
        self._request(f"/CN={name}", made.key, made.certificate, extensions, *signed)
        return made

    def _request(self, subject: str, key: Path, certificate: Path, extensions: str, *more: str) -> None:
        # A separate file: the machine's adds extensions, which would appear twice.
        settings = self.folder / "openssl.cnf"
        settings.write_text(f"[req]\ndistinguished_name=subject\n[subject]\n[extensions]\n{extensions}\n")
        command = [
            "openssl", "req", "-x509", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-config", str(settings), "-extensions", "extensions", "-subj", subject,
            "-keyout", str(key), "-out", str(certificate), *more,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        if done.returncode:
            raise OSError(f"openssl cannot make {subject}: {done.stderr.decode(errors='replace')}")

    def trust(self, version: str, shown: Certificate | None = None) -> ssl.SSLContext:
        """A client that trusts this authority, speaks this version, and shows this certificate."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.minimum_version = context.maximum_version = _VERSIONS[version]
        if shown:
            context.load_cert_chain(shown.certificate, shown.key)
        return context


def _s_client(server: Server, authority: _Authority, *flags: str) -> str:
    """What `openssl s_client` tells of one session by STARTTLS."""
    command = [
        "openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-starttls", "smtp",
        "-CAfile", str(authority.certificate), "-verify_return_error", "-ign_eof", *flags,
    ]  # fmt: skip
    done = subprocess.run(
        command, input=b"quit\r\n", capture_output=True, timeout=_PATIENCE_SECONDS, check=False
    )
    return (done.stdout + done.stderr).decode(errors="replace")


def _names(checks: Checks, server: Server, authority: _Authority) -> None:
    """Each name gets its certificate, by STARTTLS and from the first octet; no name and others get the first."""
    for version in _VERSIONS:
        for asked, expected in [*zip(_NAMES, _NAMES), ("unknown.example", "a.example"), (None, "a.example")]:
            sni = ["-servername", asked] if asked else ["-noservername"]
            told = _s_client(server, authority, f"-{version}", *sni)
            held = f"subject=CN = {expected}" in told or f"subject=CN={expected}" in told
            checks.that(held, f"s_client {version} asking for {asked} got no {expected}: {told[:600]}")
            checks.that("Verify return code: 0 (ok)" in told, f"s_client {version} does not verify {expected}")
        for name in _NAMES:
            plain = socket.create_connection(("127.0.0.1", server.tls_port), _PATIENCE_SECONDS)
            with authority.trust(version).wrap_socket(plain, server_hostname=name) as inside:
                checks.that(inside.recv(4) == b"220 ", f"no greeting inside TLS for {name}")


def _odd_names(checks: Checks, server: Server, authority: _Authority, folder: Path) -> None:
    """A name that is none gets the first certificate, also by the second ClientHello, with a ticket and without."""
    ticket = str(folder / "ticket-odd-name")
    sessions = {"New, TLSv1.": "-sess_out", "Reused, TLSv1.": "-sess_in"}
    for version, groups, name in itertools.product(_VERSIONS, _GROUPS, _ODD_NAMES):
        flags = [f"-{version}", "-groups", groups, "-servername", name]
        for expected, flag in sessions.items():
            told = _s_client(server, authority, *flags, "-msg", flag, ticket)
            held = expected in told and ("subject=CN = a.example" in told or "subject=CN=a.example" in told)
            checks.that(held, f"s_client {flags} is not {expected}: {told[-1500:]}")
            hellos = _GROUPS[groups] if version == "tls1_3" else 1
            checks.that(told.count(", ClientHello") == hellos, f"s_client {flags} says not {hellos} ClientHello")


def _tickets(checks: Checks, server: Server, authority: _Authority, folder: Path) -> None:
    """A session is resumed with its ticket, each time."""
    for version in _VERSIONS:
        flag, ticket = f"-{version}", folder / f"ticket-{version}"
        told = _s_client(server, authority, flag, "-servername", "a.example", "-sess_out", str(ticket))
        checks.that("New, TLSv1." in told, f"the first session {flag} was not new: {told[:600]}")
        for _ in range(2):
            told = _s_client(server, authority, flag, "-servername", "a.example", "-sess_in", str(ticket))
            checks.that("Reused, TLSv1." in told, f"the session {flag} was not resumed: {told[-1500:]}")


def _certificates(
    checks: Checks, server: Server, authority: _Authority, client: Certificate, stranger: Certificate
) -> None:
    """Clients with a good certificate, a strange one and none all send mail."""
    for version in _VERSIONS:
        for shown in (client, stranger, None):
            refused = _send(server, authority.trust(version, shown))
            checks.that(refused is None, f"optional, {version}, {shown}: {refused}")


def _required(
    checks: Checks, server: Server, authority: _Authority, client: Certificate, stranger: Certificate
) -> None:
    """Where a certificate is required, only the good one gets through."""
    for version in _VERSIONS:
        refused = _send(server, authority.trust(version, client))
        checks.that(refused is None, f"required, {version}, the right one: {refused}")
        for shown in (stranger, None):
            refused = _send(server, authority.trust(version, shown))
            expected = (ssl.SSLError, ConnectionError, smtplib.SMTPServerDisconnected)
            checks.that(isinstance(refused, expected), f"required, {version}, {shown}: {refused!r}")
    checks.that(len(list((server.maildir / "new").iterdir())) == len(_VERSIONS), "more mail came than should")


def _logins(
    checks: Checks, server: Server, authority: _Authority, client: Certificate, stranger: Certificate
) -> None:
    """AUTH EXTERNAL: the good certificate is a login, as its own name and no other."""
    for version in _VERSIONS:
        for shown, wish, expected in (
            (client, "", 235),
            (client, "client.example", 235),
            (client, "another.example", 535),
            (stranger, "", 535),
            (None, "", 535),
        ):
            context = authority.trust(version, shown)
            context.check_hostname = False
            with smtplib.SMTP("127.0.0.1", server.port, "client.example", _PATIENCE_SECONDS) as session:
                session.starttls(context=context)
                session.ehlo()
                offered = "EXTERNAL" in session.esmtp_features.get("auth", "").split()
                checks.that(offered == (shown is client), f"EXTERNAL, {version}, {shown}: offered {offered}")
                if offered:
                    code, _ = session.auth("EXTERNAL", lambda _=None, wish=wish: wish) if expected == 235 else (
                        session.docmd("AUTH", "EXTERNAL " + base64.b64encode(wish.encode()).decode())
                    )  # fmt: skip
                else:
                    code, _ = session.docmd("AUTH", "EXTERNAL =")
                checks.that(code == expected, f"EXTERNAL, {version}, {shown}, as {wish!r}: {code}")
                code, _ = session.docmd("MAIL", "FROM:<a@client.example>")
                checks.that((code == 250) == (expected == 235), f"MAIL behind EXTERNAL: {code}")


def _send(server: Server, context: ssl.SSLContext) -> Exception | None:
    """Sends a message by STARTTLS; what went wrong, if anything did."""
    context.check_hostname = False
    try:
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", _PATIENCE_SECONDS) as session:
            session.starttls(context=context)
            session.sendmail("a@client.example", ["b@example.com"], b"Subject: hello\r\n\r\nHello\r\n")
    except (OSError, smtplib.SMTPException) as error:
        return error
    return None


def _reload(checks: Checks, server: Server, authority: _Authority, pair: Certificate, folder: Path) -> None:
    """SIGHUP while a session is in DATA: it goes on, new ones get the new certificate, a broken one changes nothing."""
    before = _served(server)
    sending = smtplib.SMTP("127.0.0.1", server.port, "client.example", _PATIENCE_SECONDS)
    context = authority.trust("tls1_3")
    context.check_hostname = False
    sending.starttls(context=context)
    sending.ehlo()
    for command, code in (("MAIL FROM:<a@client.example>", 250), ("RCPT TO:<b@example.com>", 250), ("DATA", 354)):
        checks.that(sending.docmd(command)[0] == code, f"{command} before SIGHUP")
    sending.send(b"Subject: over a reload\r\n\r\nThe first half\r\n")
    authority.issue("a.example")
    os.kill(server.process, signal.SIGHUP)
    renewed = _until(lambda: _served(server), lambda seen: seen != before)
    checks.that(renewed != before, "SIGHUP applied no new certificate")
    file = ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())
    checks.that(renewed == file, "another certificate is served than that of the file")
    pair.certificate.write_text("cut off while it was written\n")
    os.kill(server.process, signal.SIGHUP)
    log = folder / "server.stderr"
    told = _until(log.read_text, lambda text: "kept all certificates" in text)
    checks.that("a.example.pem: holds no certificate" in told, f"the log does not say what is wrong: {told[-600:]}")
    checks.that(_served(server) == renewed, "a broken file changed the active certificate")
    sending.send(b"The second half\r\n.\r\n")
    checks.that(sending.getreply()[0] == 250, "the message over the reload was not accepted")
    checks.that(sending.quit()[0] == 221, "the session over the reload did not end well")
    whole = b"Subject: over a reload\r\n\r\nThe first half\r\nThe second half\r\n"
    kept = [message.read_bytes() for message in (server.maildir / "new").iterdir()]
    checks.that(sum(message.endswith(whole) for message in kept) == 1, "the message over the reload is not kept whole")


def _reload_without_files(checks: Checks, server: Server, folder: Path) -> None:
    """SIGHUP without --tls-cert: the certificate that was made at the start stays."""
    before = _served(server)
    os.kill(server.process, signal.SIGHUP)
    told = _until((folder / "server.stderr").read_text, lambda text: "kept the self-signed certificate" in text)
    checks.that("kept the self-signed certificate" in told, f"SIGHUP without files: {told[-600:]}")
    checks.that(_served(server) == before, "SIGHUP without files changed the certificate")


def _served(server: Server) -> bytes:
    """The certificate that a client gets which asks for a.example."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", server.tls_port), _PATIENCE_SECONDS)
    with context.wrap_socket(plain, server_hostname="a.example") as inside:
        return inside.getpeercert(binary_form=True) or b""


def _until(look, is_right):
    """Looks until it is right or patience ends; what was seen last."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    seen = look()
    while not is_right(seen) and time.monotonic() < deadline:
        time.sleep(0.05)
        seen = look()
    return seen

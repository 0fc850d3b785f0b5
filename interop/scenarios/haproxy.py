"""HAProxy in front: the program must see HAProxy's client, by either version of the PROXY protocol, before TLS too.

The clients connect from 127.0.0.2 and 127.0.0.3, HAProxy from 127.0.0.1, so that one is told from the other.
"""

from __future__ import annotations

import contextlib
import shutil
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clients.base import EHLO, SEND_SECONDS
from daemon import daemon, listens
from relay import free_port
from server import Certificate, Server, running

from .base import Checks, Scenario
from .kept import received

_START_SECONDS = 15

_CONFIGURATION = """\
global
    maxconn 100
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
"""

_FRONTEND = """\
listen {name}
    bind 127.0.0.1:{port}
    server program 127.0.0.1:{target} {option}
"""


@dataclass(frozen=True)
class _Way:
    """One way through HAProxy."""

    name: str
    option: str
    is_tls: bool


_WAYS = (
    _Way("version-1", "send-proxy", False),
    _Way("version-2", "send-proxy-v2", False),
    _Way("version-2-with-attributes", "send-proxy-v2 proxy-v2-options unique-id,crc32c", False),
    _Way("version-1-before-tls", "send-proxy", True),
    _Way("version-2-before-tls", "send-proxy-v2", True),
)


class Haproxy(Scenario):
    name = "haproxy"

    def missing(self) -> str | None:
        return None if _haproxy() else "haproxy (the Debian package haproxy)"

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        flags = ["--proxy-from", "127.0.0.1", "--timeout", "proxy=1"]
        with running(program, folder, certificate, flags) as server:
            with _proxying(folder, server) as ports:
                for way in _WAYS:
                    for client in ("127.0.0.2", "127.0.0.3"):
                        _send(ports[way.name], client, f"{way.name}-{client}", way.is_tls, certificate)
                        kept = received(server.maildir, f"{way.name}-{client}")
                        checks.that(f"([{client}])" in kept, f"{way.name} from {client}: Received is {kept!r}")
            _without_header(server, checks)
        return checks


def _haproxy() -> str | None:
    return shutil.which("haproxy", path="/usr/sbin:/usr/bin:/sbin:/bin")


@contextlib.contextmanager
def _proxying(folder: Path, server: Server) -> Iterator[dict[str, int]]:
    """HAProxy with a frontend for each way; their ports by name."""
    ports = {way.name: free_port() for way in _WAYS}
    frontends = [
        _FRONTEND.format(
            name=way.name,
            port=ports[way.name],
            target=server.tls_port if way.is_tls else server.port,
            option=way.option,
        )
        for way in _WAYS
    ]
    file = folder / "haproxy.cfg"
    file.write_text(_CONFIGURATION + "".join(frontends))
    command = [_haproxy(), "-db", "-f", str(file)]
    with daemon(
        "HAProxy", command, folder / "haproxy.log", lambda: all(map(listens, ports.values())), _START_SECONDS
    ):
        yield ports


def _send(port: int, source: str, subject: str, is_tls: bool, certificate: Certificate) -> None:
    if is_tls:
        context = ssl.create_default_context(cafile=str(certificate.certificate))
        session = smtplib.SMTP_SSL(
            "127.0.0.1", port, EHLO, timeout=SEND_SECONDS, context=context, source_address=(source, 0)
        )
    else:
        session = smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS, source_address=(source, 0))
    with session:
        session.sendmail("a@client.example", ["b@example.com"], f"Subject: {subject}\r\n\r\nHello\r\n")


def _without_header(server: Server, checks: Checks) -> None:
    """From the proxy's own address nothing is said without a header; from others none is needed."""
    with socket.create_connection(("127.0.0.1", server.port), 20) as silent:
        said = silent.recv(100)
        checks.that(said == b"", f"without a header the program said {said!r}")
    with socket.create_connection(("127.0.0.1", server.port), 20, ("127.0.0.2", 0)) as direct:
        said = direct.recv(100)
        checks.that(said.startswith(b"220 "), f"a direct client was greeted with {said!r}")

"""Users that a web server knows: the program asks the web server of Python about each recipient.

A user is taken, and another address refused permanently. While the web server is gone or fails, mail is put off, and after
that it is taken again. One answer serves for a minute, whatever the server says in that time.
"""

from __future__ import annotations

import contextlib
import smtplib
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from clients.base import EHLO, SEND_SECONDS
from message import DOMAIN
from relay import free_port
from server import Certificate, running

from .base import Checks, Scenario

_SENDER = f"sender@{DOMAIN}"
_STATUS = {f"bob@{DOMAIN}": 200, f"eve+x@{DOMAIN}": 204, f'john "j" doe@{DOMAIN}': 200, f"broken@{DOMAIN}": 500}


class Users(Scenario):
    name = "users"

    def missing(self) -> str | None:
        return None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        port = free_port()
        (folder / "domains.toml").write_text(
            f'[[domain]]\nname = "{DOMAIN}"\ndetail = "off"\nrecipients = "http://127.0.0.1:{port}/users"\n'
        )
        flags = ["--config", str(folder / "domains.toml"), "--sandbox"]
        with running(program, folder, certificate, flags) as server:
            with _web(port) as asked:
                for _ in range(3):
                    _expect(checks, server.port, {"bob": 250, "eve+x": 250, '"john \\"j\\" doe"': 250, "nobody": 550, "broken": 451})
                for address, times in ((f"bob@{DOMAIN}", 1), (f"nobody@{DOMAIN}", 1), (f"broken@{DOMAIN}", 3)):
                    found = asked.count(address)
                    checks.that(found == times, f"the web server was asked about {address} {found} times, not {times}")
            _expect(checks, server.port, {"bob": 250, "nobody": 550, "joe": 451})
            with _web(port):
                _expect(checks, server.port, {"joe": 550, "broken": 451})
            kept = len(list(server.maildir.glob("new/*")))
            checks.that(kept == 4, f"{kept} messages are kept, not 4")
        return checks


def _expect(checks: Checks, port: int, codes: dict[str, int]) -> None:
    """Names these recipients, and sends a message if one of them is taken."""
    with smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS) as session:
        session.ehlo()
        session.mail(_SENDER)
        for name, code in codes.items():
            answer = session.docmd("RCPT", f"TO:<{name}@{DOMAIN}>")
            checks.that(answer[0] == code, f"RCPT of {name} was answered {answer}, not {code}")
        if 250 in codes.values():
            answer = session.data("Subject: hello\r\n\r\n")
            checks.that(answer[0] == 250, f"the content was answered {answer}")


@contextlib.contextmanager
def _web(port: int) -> Iterator[list[str]]:
    """A web server that knows users; the addresses that it was asked about."""
    asked: list[str] = []
    is_gone = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if is_gone.is_set():
                # A connection from before.
                self.close_connection = True
                return
            url = urllib.parse.urlsplit(self.path)
            [address] = urllib.parse.parse_qs(url.query, strict_parsing=True)["address"]
            asked.append(address)
            status = _STATUS.get(address, 404)
            body = b"" if status == 204 else b"a body"
            self.send_response(status)
            if body:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    web.daemon_threads = True
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    try:
        yield asked
    finally:
        is_gone.set()
        web.shutdown()
        web.server_close()
        thread.join()

"""XCLIENT by swaks and by nginx's mail proxy, XFORWARD by a Postfix relay."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import smtplib
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from conversation import LOGGING, exchanges
from daemon import daemon
from delivery import Transport
from relay import RelayError, Route, free_port, relaying, settles
from server import Certificate, Server, running

from .base import Checks, Scenario
from .kept import received

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_mail_module.so")
_SECONDS = 20

_NGINX = """\
load_module {module};
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log info;
events {{ worker_connections 64; }}
mail {{
    server_name proxy.example;
    auth_http 127.0.0.1:{auth_port}/;
    xclient on;
    server {{
        listen 127.0.0.1:{port};
        protocol smtp;
        smtp_auth login plain none;
    }}
}}
"""


class Xclient(Scenario):
    name = "xclient"

    def missing(self) -> str | None:
        lacking = [name for name in ("swaks", "postfix", "nginx") if not shutil.which(name, path=_PATH)]
        if not _NGINX_MODULE.exists():
            lacking.append("libnginx-mod-mail")
        return f"the Debian packages {', '.join(lacking)}" if lacking else None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with running(program, folder, certificate, ["--xclient-from", "127.0.0.1"], LOGGING) as server:
            _swaks(server, checks)
            _nginx(folder, server, checks)
            _postfix(folder, server, checks)
        return checks


def _swaks(server: Server, checks: Checks) -> None:
    told = [
        "--xclient-addr", "198.51.100.7", "--xclient-name", "mail.client.example", "--xclient-port", "4242",
        "--xclient-login", "tim", "--xclient-helo", "told.example", "--xclient-proto", "ESMTP",
    ]  # fmt: skip
    outcome = _run_swaks(server, "swaks", *told)
    checks.that(outcome.returncode == 0, f"swaks: {outcome.stdout[-1500:]}")
    field = received(server.maildir, "swaks")
    checks.that("(mail.client.example [198.51.100.7])" in field, f"swaks: Received is {field!r}")
    checks.that(" with ESMTPA " in field, f"swaks, with a login: Received is {field!r}")
    outcome = _run_swaks(server, "swaks-ipv6", "--xclient-addr", "IPV6:2001:db8::7")
    field = received(server.maildir, "swaks-ipv6")
    checks.that("([IPv6:2001:db8::7])" in field, f"swaks, IPv6: Received is {field!r}; {outcome.stdout[-1500:]}")
    outcome = _run_swaks(server, "stranger", "--xclient-addr", "198.51.100.7", "--local-interface", "127.0.0.2")
    checks.that(outcome.returncode != 0, "swaks could say XCLIENT from an address that is not trusted")
    checks.that("XCLIENT" not in outcome.stdout.split("EHLO")[-1].split("250 ")[0], "XCLIENT is offered to strangers")


def _run_swaks(server: Server, subject: str, *arguments: str) -> subprocess.CompletedProcess:
    command = [
        "swaks", "--server", "127.0.0.1", "--port", str(server.port), "--helo", "client.example", "--timeout", "20",
        "--from", "a@client.example", "--to", "b@example.com", "--header", f"Subject: {subject}", *arguments,
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def _nginx(folder: Path, server: Server, checks: Checks) -> None:
    """nginx asks a page of ours where mail goes, then says XCLIENT to the program."""
    with _answering(server) as auth_port, _proxying(folder, auth_port) as port:
        source = ("127.0.0.2", 0)
        with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=_SECONDS, source_address=source) as session:
            session.sendmail("a@client.example", ["b@example.com"], "Subject: nginx\r\n\r\nHello\r\n")
            session.quit()
    field = received(server.maildir, "nginx")
    checks.that("[127.0.0.2])" in field, f"nginx: Received is {field!r}")
    checks.that(field.startswith("from client.example "), f"nginx: Received is {field!r}")


@contextlib.contextmanager
def _answering(server: Server) -> Iterator[int]:
    """The page that nginx asks: it lets everybody through to the program."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            self.send_response(200)
            self.send_header("Auth-Status", "OK")
            self.send_header("Auth-Server", "127.0.0.1")
            self.send_header("Auth-Port", str(server.port))
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    try:
        yield page.server_address[1]
    finally:
        page.shutdown()
        page.server_close()


@contextlib.contextmanager
def _proxying(folder: Path, auth_port: int) -> Iterator[int]:
    home = folder / "nginx"
    home.mkdir()
    port = free_port()
    file = home / "nginx.conf"
    file.write_text(_NGINX.format(module=_NGINX_MODULE, folder=home, auth_port=auth_port, port=port))
    nginx = shutil.which("nginx", path=_PATH)
    command = [nginx, "-p", str(home), "-c", str(file)]
    with daemon("nginx", command, home / "said", lambda: _greets(port), _SECONDS):
        yield port


def _greets(port: int) -> bool:
    with contextlib.suppress(OSError), smtplib.SMTP("127.0.0.1", port, timeout=5) as greeted:
        greeted.quit()
        return True
    return False


def _postfix(folder: Path, server: Server, checks: Checks) -> None:
    """A Postfix relay says XFORWARD of each message; the program logs it."""
    route = Route.to(server, Transport.PLAIN)
    route = replace(route, setting=f"{route.setting}\nsmtp_send_xforward_command = yes")
    try:
        with relaying(folder / "postfix", route) as relay:
            address, source = ("127.0.0.1", relay.port), ("127.0.0.9", 0)
            with smtplib.SMTP(*address, "behind.example", timeout=_SECONDS, source_address=source) as session:
                session.sendmail("a@client.example", ["b@example.com"], "Subject: postfix\r\n\r\nHello\r\n")
            checks.that(settles(relay, _SECONDS), f"Postfix's queue is not empty: {relay.complaints()}")
            checks.that("XFORWARD" not in relay.log(), f"Postfix complains: {relay.complaints()}")
    except (RelayError, smtplib.SMTPException) as error:
        checks.that(False, f"Postfix: {error!r}")
    forwards = [said for said in exchanges(server) if said.command.startswith("XFORWARD ")]
    for attribute in ("ADDR=127.0.0.9", "PROTO=ESMTP", "HELO=behind.example", "SOURCE=REMOTE"):
        told = any(attribute in said.command for said in forwards)
        checks.that(told, f"XFORWARD did not say {attribute}: {forwards}")
    checks.that(all(said.reply == "250 2.0.0 OK" for said in forwards), f"XFORWARD was not taken: {forwards}")
    field = received(server.maildir, "postfix")
    checks.that("([127.0.0.1])" in field, f"XFORWARD is no XCLIENT, but Received is {field!r}")

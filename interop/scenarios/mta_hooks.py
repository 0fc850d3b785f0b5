"""MTA Hooks: a web server in Python decides at RCPT and after the message, and changes envelope, header and contents."""

from __future__ import annotations

import email
import email.policy
import json
import os
import smtplib
import sys
from pathlib import Path

from clients.base import EHLO, SEND_SECONDS
from daemon import Process, listens
from message import DOMAIN
from relay import free_port
from server import Certificate, Server, running

from .base import Checks, Scenario

_PROGRAM = Path(__file__).resolve().parent.parent / "hook_server.py"
_START_SECONDS = 20
_SENDER = f"sender@{DOMAIN}"


class MtaHooks(Scenario):
    name = "mta-hooks"

    def missing(self) -> str | None:
        return None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        hook = _Hook(folder / "hook")
        file = folder / "mailchute.toml"
        filter = '[[filter]]\nuse = "http"\nname = "policy"\nstages = ["mail", "rcpt", "data"]\n'
        file.write_text(f'{filter}url = "http://127.0.0.1:{hook.port}/hook"\n')
        try:
            hook.start()
            flags = ["--config", str(file), "--sandbox", "--log-level", "info"]
            with running(program, folder, certificate, flags, logging=()) as server:
                _contents(checks, server, hook)
                _answers(checks, server)
                hook.kill()
                code, text = _send(server.port, b"Subject: accept\r\n\r\nx\r\n")
                checks.that(code == 451, f"while the web server is gone: {code} {text!r}")
                hook.start()
                code, text = _send(server.port, b"Subject: accept\r\n\r\nx\r\n")
                checks.that(code == 250, f"after the web server is back: {code} {text!r}")
        finally:
            hook.kill()
        return checks


class _Hook(Process):
    """The web server, which starts and ends on one port."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.port = free_port()
        command = [sys.executable, "-I", "-S", str(_PROGRAM), str(self.port), str(folder)]
        super().__init__("the web server", command, folder / "said", lambda: listens(self.port), _START_SECONDS)

    def last(self) -> tuple[bytes, dict]:
        """The message that it got last, and the context."""
        number = max(int(file.stem) for file in self.folder.glob("*.eml"))
        context = json.loads((self.folder / f"{number}.json").read_text())
        return (self.folder / f"{number}.eml").read_bytes(), context


def _send(port: int, content: bytes, to: tuple[str, ...] = ("first",)) -> tuple[int, bytes]:
    """The reply to the message, or to the first command that was refused."""
    with smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS) as session:
        session.ehlo()
        for code, text in (session.mail(_SENDER), *(session.rcpt(f"{user}@{DOMAIN}") for user in to)):
            if code != 250:
                return code, text
        return session.data(content)


def _contents(checks: Checks, server: Server, hook: _Hook) -> None:
    """Each byte of a message reaches the web server."""
    for name, content in (
        ("text", b"Subject: accept\r\nX: folded\r\n over lines\r\n\r\nHello\r\n"),
        ("UTF-8", "Subject: accept\r\nX: grün\r\n\r\n你好\r\n".encode()),
        ("Latin-1", b"Subject: accept\r\nX: caf\xe9\r\n\r\ncaf\xe9\r\n"),
        ("bytes", b"Subject: accept\r\n\r\n" + os.urandom(2**20).replace(b"\r", b"x").replace(b"\n", b"y") + b"\r\n"),
        ("no header", b"\r\nHello\r\n"),
    ):
        code, text = _send(server.port, content)
        checks.that(code == 250, f"{name}: {code} {text!r}")
        got, context = hook.last()
        checks.that(got == content, f"{name}: the web server got {got[:200]!r}")
        client = context["client"]
        checks.that((client["ip"], client["helo"]) == ("127.0.0.1", EHLO), f"{name}: the client is {client}")


def _answers(checks: Checks, server: Server) -> None:
    for subject, due, words, kept in (
        ("reject", 554, b"5.6.0 Not this one", 0),
        ("discard", 250, b"", 0),
        ("unknown", 451, b"4.7.1", 0),
        ("quarantine", 250, b"", 1),
        ("modify", 250, b"", 1),
    ):
        before = set(server.maildir.rglob("new/*"))
        content = f"Subject: {subject}\r\nX-Bad: 1\r\n\r\nx\r\n".encode()
        code, text = _send(server.port, content, ("first", "second"))
        checks.that(code == due and words in text, f"{subject}: {code} {text!r}")
        new = set(server.maildir.rglob("new/*")) - before
        if checks.that(len(new) == kept, f"{subject}: {len(new)} messages are kept") and subject == "modify":
            _modified(checks, new.pop().read_bytes())
        elif subject == "quarantine" and new:
            path = str(new.pop().relative_to(server.maildir))
            checks.that("Junk" in path, f"a message in quarantine is at {path}")
    code, text = _send(server.port, b"Subject: accept\r\n\r\nx\r\n", ("nobody",))
    checks.that((code, text) == (550, b"5.7.1 Nobody"), f"at RCPT: {code} {text!r}")
    words = [f"policy={word}" for word in ("accept", "reject", "discard", "quarantine", "failed")]
    log = server.logged(*words)
    for word in words:
        checks.that(word in log, f"the log has no {word}")


def _modified(checks: Checks, whole: bytes) -> None:
    fields = email.message_from_bytes(whole, policy=email.policy.default)
    for name, due in (
        ("Return-Path", ["<bounces@example.com>"]),
        ("X-Top", ["1"]),
        ("X-Second", ["2"]),
        ("Subject", ["changed"]),
        ("X-Bad", None),
    ):
        checks.that(fields.get_all(name) == due, f"modify: {name} is {fields.get_all(name)}")
    checks.that(whole.endswith(b"\r\n\r\nNothing to see\r\n.\r\n"), f"modify: the message is {whole!r}")

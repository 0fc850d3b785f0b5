"""Webhooks: a web server in Python takes mail from the program, and checks the signatures with `standardwebhooks`.

It refuses, hangs, is killed and comes back. What the client was told must be true each time, and a message that comes
again must have the same name.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import smtplib
import time
from pathlib import Path

import authority
import packages
from clients.base import EHLO, SEND_SECONDS
from message import DOMAIN
from server import Certificate, running
from webhooks import Kept, WebServer

from .base import Checks, Scenario

_SENDER = f"sender@{DOMAIN}"
_SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
_OLD_SECRET = "whsec_" + base64.b64encode(b"old secret, 24 bytes or more").decode()
_WRONG_SECRET = "whsec_" + base64.b64encode(b"another secret, of 24 bytes").decode()
_LARGE = 10 * 2**20
_TIMEOUT = 2


class Webhook(Scenario):
    name = "webhook"

    def missing(self) -> str | None:
        return packages.missing("standardwebhooks")

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        authority.make(folder)
        trusted, chain, key = authority.paths(folder)
        secret = folder / "secret"
        secret.write_text(f"{_SECRET}\n{_OLD_SECRET}\n")
        over_tls = WebServer(folder / "tls", chain, key)
        plain = WebServer(folder / "plain")
        try:
            over_tls.start()
            plain.start()
            for format in ("raw", "json"):
                front = folder / f"front-{format}"
                front.mkdir()
                options = f"format={format}&secret=file:{secret}&ca={trusted}"
                url = f"https://localhost:{over_tls.port}/{{user}}?{options}"
                # The sandbox lets it look up the name.
                with running(program, front, certificate, ["--sandbox"], store=url) as server:
                    _contents(checks, server.port, over_tls, format)
            front = folder / "front-answers"
            front.mkdir()
            url = f"http://127.0.0.1:{plain.port}/{{user}}?secret=file:{secret}&timeout={_TIMEOUT}s"
            with running(program, front, certificate, store=url) as server:
                _answers(checks, server.port)
                _comes_back(checks, server.port, plain)
            front = folder / "front-wrong"
            front.mkdir()
            # The certificate does not name the address, and nobody has said to trust its authority.
            for url in (f"https://127.0.0.1:{over_tls.port}/keep?ca={trusted}", f"https://localhost:{over_tls.port}/keep"):
                before = len(over_tls.kept())
                with running(program, front, certificate, store=url) as server:
                    code, text = _send(server.port, "keep", b"Subject: wrong\r\n\r\n")
                    checks.that(code == 451, f"with a certificate for another name the client got {code} {text!r}")
                checks.that(len(over_tls.kept()) == before, "mail went to a server with a wrong certificate")
        finally:
            over_tls.kill()
            plain.kill()
        return checks


def _send(port: int, user: str, content: bytes, options: tuple[str, ...] = ()) -> tuple[int, bytes]:
    with smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS) as session:
        session.ehlo()
        session.mail(_SENDER, options)
        session.rcpt(f"{user}@{DOMAIN}")
        return session.data(content)


def _contents(checks: Checks, port: int, web: WebServer, format: str) -> None:
    """Messages of several shapes, short and long."""
    top = f"Subject: {format}\r\n".encode()
    accented = "Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße, 你好\r\n.dot\r\n"
    attached = base64.encodebytes(os.urandom(_LARGE * 3 // 4)).replace(b"\n", b"\r\n")
    large = (
        b"Content-Type: application/pdf; name=large.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + attached
    )
    shapes = ((b"\r\nHello\r\n", ()), (accented.encode(), ("BODY=8BITMIME",)), (large, ()))
    for content, options in [(top + rest, options) for rest, options in shapes]:
        code, text = _send(port, "keep", content, options)
        what = f"{format}, {len(content)} bytes"
        if not checks.that(code == 250 and b"Posted as msg_" in text, f"{what}: {code} {text!r}"):
            continue
        kept = web.kept().get(text.split()[-1].decode())
        if not checks.that(kept is not None, f"{what}: answered 250 and not there"):
            continue
        _is_signed(checks, kept, what)
        if format == "raw":
            checks.that(kept.body == content, f"{what}: the body is {kept.body[:200]!r}")
            header = {"mailchute-sender": _SENDER, "mailchute-recipients": f"keep@{DOMAIN}", "mailchute-helo": EHLO}
            checks.that(kept.header.items() >= header.items(), f"{what}: the header is {kept.header}")
        else:
            told = json.loads(kept.body)
            checks.that(told["sender"] == _SENDER and told["size"] == len(content), f"{what}: {str(told)[:500]}")
            if content.endswith(large):
                got = base64.b64decode(told["attachments"][0]["content"])
                checks.that(got == base64.b64decode(attached), f"{what}: the attachment has {len(got)} bytes")
            else:
                body = content.partition(b"\r\n\r\n")[2].decode()
                checks.that(told["text"] == body, f"{what}: the text is {told['text']!r}")


def _is_signed(checks: Checks, kept: Kept, what: str) -> None:
    library = importlib.import_module("standardwebhooks")
    for secret, is_right in ((_SECRET, True), (_OLD_SECRET, True), (_WRONG_SECRET, False)):
        try:
            library.Webhook(secret).verify(kept.body, kept.header, json_parse=False)
            holds = True
        except library.WebhookVerificationError:
            holds = False
        checks.that(holds == is_right, f"{what}: the signature {'holds' if holds else 'does not hold'}")


def _answers(checks: Checks, port: int) -> None:
    for user, due, words in (
        ("keep", 250, b"2.6.0 Posted as msg_"),
        ("201", 250, b"2.6.0 Posted as msg_"),
        ("400", 554, b"5.6.0 "),
        ("404", 554, b"5.6.0 "),
        ("413", 552, b"5.3.4 "),
        ("429", 451, b"4.3.0 "),
        ("302", 451, b"4.3.0 "),
        ("500", 451, b"4.3.0 "),
        ("503", 451, b"4.3.0 "),
    ):
        code, text = _send(port, user, b"Subject: x\r\n\r\n")
        holds = code == due and text.startswith(words) and b"secret" not in text
        checks.that(holds, f"{user}: the client got {code} {text!r}")
    began = time.monotonic()
    code, text = _send(port, "hang", b"Subject: x\r\n\r\n")
    seconds = time.monotonic() - began
    checks.that(code == 451 and seconds < _TIMEOUT + 5, f"hang: {code} {text!r} after {seconds:.1f} s")


def _comes_back(checks: Checks, port: int, web: WebServer) -> None:
    """A message is put off by a failing and a dead web server, and has one name all the time."""
    content = b"Subject: comes back\r\nMessage-ID: <1@client.example>\r\n\r\nHello\r\n"
    before = len(web.lines("seen"))
    web.kill()
    code, text = _send(port, "keep", content)
    checks.that(code == 451 and text.startswith(b"4.4."), f"without a web server: {code} {text!r}")
    web.start()
    names = []
    for _ in range(2):
        code, text = _send(port, "keep", content)
        if checks.that(code == 250, f"it is back: {code} {text!r}"):
            names.append(text.split()[-1].decode())
    checks.that(web.lines("seen")[before:] == names and len(set(names)) == 1, f"its names were {names}")
    checks.that(web.lines("again") == names[1:], "the web server does not know that it has the message")

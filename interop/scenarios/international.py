"""Python's smtplib sends international mail: UTF-8 in addresses, header and body."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path

from clients.base import EHLO, SEND_SECONDS
from conversation import LOGGING, commands
from message import DOMAIN
from server import Certificate, running

from .base import Checks, Scenario, kept_for

_SENDER = f"jörg@{DOMAIN}"
_READERS = (f"手紙@{DOMAIN}", f"γεια@bücher.{DOMAIN}", f"plain@{DOMAIN}")


class International(Scenario):
    name = "international"

    def missing(self) -> str | None:
        return None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        letter = _letter()
        with running(program, folder, certificate, logging=LOGGING) as server:
            with smtplib.SMTP("127.0.0.1", server.port, EHLO, timeout=SEND_SECONDS) as session:
                session.starttls(context=ssl.create_default_context(cafile=str(certificate.certificate)))
                checks.that(not session.send_message(letter), "some recipients were refused")
                # The same addresses from a client that does not ask for the extension.
                session.command_encoding = "utf-8"
                code, text = session.docmd(f"MAIL FROM:<{_SENDER}>")
                checks.that((code, text[:6]) == (553, b"5.6.7 "), f"a sender without SMTPUTF8: {code} {text!r}")
                session.docmd(f"MAIL FROM:<plain@{DOMAIN}>")
                code, text = session.docmd(f"RCPT TO:<{_READERS[0]}>")
                checks.that((code, text[:6]) == (553, b"5.6.7 "), f"a recipient without SMTPUTF8: {code} {text!r}")
                code, _ = session.docmd(f"RCPT TO:<plain@{DOMAIN}>")
                checks.that(code == 250, f"an ASCII recipient after that: {code}")
            mails = commands(server, "MAIL")
            checks.that(
                f"mail FROM:<{_SENDER}> size={len(letter.as_bytes(policy=SMTPUTF8))} SMTPUTF8 BODY=8BITMIME" == mails[0],
                f"MAIL was {mails[0]!r}",
            )
            checks.that(len(mails) == 2, f"taken without SMTPUTF8: {mails}")
        kept = kept_for(server)
        checks.that(kept == {frozenset(_READERS): letter.as_bytes(policy=SMTPUTF8)}, f"kept {kept}")
        file = next(server.maildir.glob("new/*")).read_bytes()
        checks.that(file.startswith(f"Return-Path: <{_SENDER}>\r\n".encode()), f"on top is {file[:80]!r}")
        checks.that(b" with UTF8SMTPS id " in file, f"Received says {file[:500]!r}")
        return checks


def _letter() -> EmailMessage:
    letter = EmailMessage(policy=SMTPUTF8)
    letter["From"] = f"Jörg <{_SENDER}>"
    letter["To"] = ", ".join(_READERS)
    letter["Subject"] = "Grüße, 手紙, γεια 📮"
    letter.set_content("Grüße aus Köln\n.\n..\n手紙\n", cte="8bit")
    return letter

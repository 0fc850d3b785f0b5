"""Postfix is asked for delivery status notifications and hands the wishes on to the program."""

from __future__ import annotations

import re
import smtplib
from pathlib import Path

import relay as postfix
from clients.base import EHLO, SEND_SECONDS
from conversation import LOGGING, commands
from delivery import Transport
from message import DOMAIN
from server import Certificate, running

from .base import Checks, Scenario, kept_for

_CONTENT = f"From: sender@{DOMAIN}\r\nSubject: a letter\r\n\r\nwords\r\n".encode()

# The requested notifications, by the recipient's name: of the message, and of the recipient; in Postfix's order.
_WISHES = {
    "success": ("ENVID=one+2Btwo RET=HDRS", f"ORCPT=rfc822;first+2Bhand@{DOMAIN} NOTIFY=SUCCESS"),
    "all": ("ENVID=QQ314159 RET=FULL", f"ORCPT=rfc822;all@{DOMAIN} NOTIFY=SUCCESS,FAILURE,DELAY"),
    "never": ("RET=HDRS", f"ORCPT=rfc822;never@{DOMAIN} NOTIFY=NEVER"),
}


class Dsn(Scenario):
    name = "dsn"

    def missing(self) -> str | None:
        return postfix.missing()

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with running(program, folder, certificate, logging=LOGGING) as server:
            with postfix.relaying(folder / "postfix", postfix.Route.to(server, Transport.STARTTLS)) as relay:
                with smtplib.SMTP("127.0.0.1", relay.port, EHLO, timeout=SEND_SECONDS) as session:
                    for name, (message, recipient) in _WISHES.items():
                        session.sendmail(
                            f"sender@{DOMAIN}", [f"{name}@{DOMAIN}"], _CONTENT, message.split(), recipient.split()
                        )
                checks.that(postfix.settles(relay), f"not all went: {relay.complaints()}")
                log = relay.log()
            mails, rcpts = commands(server, "MAIL"), commands(server, "RCPT")
            for name, (message, recipient) in _WISHES.items():
                checks.that(any(mail.endswith(" " + message) for mail in mails), f"no {message} in {mails}")
                checks.that(f"RCPT TO:<{name}@{DOMAIN}> {recipient}" in rcpts, f"no {recipient} in {rcpts}")
                sent = re.search(rf"to=<{name}@{re.escape(DOMAIN)}>.* dsn=2\.6\.0, status=sent \(250 2\.6\.0 ", log)
                checks.that(bool(sent), f"Postfix did not log {name} as sent")
            # Without DSN, Postfix would report "relayed" in its own message.
            checks.that("notification" not in log, "Postfix reported by itself")
            kept = sorted(map(sorted, kept_for(server)))
            checks.that(kept == [[f"{name}@{DOMAIN}"] for name in sorted(_WISHES)], f"kept for {kept}")
        return checks

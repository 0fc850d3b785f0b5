"""Exim sends chunked, pipelined, inside TLS, with delivery status wishes and international addresses."""

from __future__ import annotations

import re
import smtplib
from pathlib import Path

import exim
from clients.base import EHLO, SEND_SECONDS
from conversation import LOGGING, commands
from delivery import Transport
from message import DOMAIN
from relay import settles
from server import Certificate, Server, running

from .base import Checks, Scenario, kept_for

_READERS = tuple(f"reader{n}@{DOMAIN}" for n in range(150))
_CONTENT = f"From: sender@{DOMAIN}\r\nSubject: Grüße\r\n\r\nGrüße\r\n.\r\n..\r\n".encode()
_DELIVERED = re.compile(r"^.* [=-]> .*$", re.MULTILINE)


class Exim(Scenario):
    name = "exim"

    def missing(self) -> str | None:
        return exim.missing()

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        for transport in Transport:
            own = folder / transport.value
            own.mkdir()
            with running(program, own, certificate, logging=LOGGING) as server:
                with exim.relaying(own / "exim", server, transport) as relay:
                    _inject(relay)
                    checks.that(settles(relay), f"{transport.value}: not all went: {relay.complaints()}")
                    log = relay.log()
                _look_at_exim(checks, log, transport)
                _look_at_the_program(checks, server, transport)
        return checks


def _inject(relay: exim.Exim) -> None:
    with smtplib.SMTP("127.0.0.1", relay.port, EHLO, timeout=SEND_SECONDS) as session:
        session.sendmail(
            f"dsn@{DOMAIN}",
            [f"informed@{DOMAIN}"],
            _CONTENT,
            ["BODY=8BITMIME", "RET=HDRS", "ENVID=a+2Bb+3Dc"],
            ["NOTIFY=SUCCESS,DELAY", f"ORCPT=rfc822;first+2Bhand@{DOMAIN}"],
        )
        session.sendmail(f"grüße@{DOMAIN}", [f"über@{DOMAIN}"], _CONTENT, ["SMTPUTF8", "BODY=8BITMIME"])
        session.sendmail(f"many@{DOMAIN}", _READERS, _CONTENT, ["BODY=8BITMIME"])


def _look_at_exim(checks: Checks, log: str, transport: Transport) -> None:
    """In Exim's log K is CHUNKING, L is PIPELINING, X tells TLS and CV that the certificate was verified."""
    lines = _DELIVERED.findall(log)
    recipients = 2 + len(_READERS)
    checks.that(len(lines) == recipients, f"{transport.value}: {len(lines)} deliveries of {recipients}")
    marks = [" K ", " L "] + ([] if transport is Transport.PLAIN else [" X=TLS1.3:", " CV=yes "])
    for mark in marks:
        without = [line for line in lines if mark not in line]
        checks.that(bool(lines) and not without, f"{transport.value}: no{mark}in {without[:2]}")


def _look_at_the_program(checks: Checks, server: Server, transport: Transport) -> None:
    place = transport.value
    kept = kept_for(server)
    # Exim leaves reports to a server that offers DSN: a report of its own would be a fourth message.
    expected = [{f"informed@{DOMAIN}"}, {f"über@{DOMAIN}"}, set(_READERS)]
    checks.that(sorted(map(sorted, kept)) == sorted(map(sorted, expected)), f"{place}: kept for {list(kept)}")
    for content in kept.values():
        checks.that(content.endswith(b"\r\n" + _CONTENT), f"{place}: content {content[-200:]!r}")
    mails = commands(server, "MAIL")
    for wish in (r"<dsn@.*> SIZE=\d+ RET=HDRS ENVID=a\+2Bb\+3Dc$", r"<grüße@.*> SIZE=\d+ SMTPUTF8$"):
        checks.that(any(re.search(wish, mail) for mail in mails), f"{place}: no MAIL has {wish}: {mails}")
    wish = f"RCPT TO:<informed@{DOMAIN}> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first+2Bhand@{DOMAIN}"
    rcpts = commands(server, "RCPT")
    chunks = [chunk for chunk in commands(server, "BDAT") if chunk.endswith(" LAST")]
    checks.that(len(chunks) == len(expected), f"{place}: BDAT was {chunks}")
    checks.that(not commands(server, "DATA"), f"{place}: DATA was used")
    checks.that(wish in rcpts, f"{place}: no {wish} in {rcpts[:3]}")

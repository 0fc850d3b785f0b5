"""Extensions that clients use when they are told to: DSN and REQUIRETLS by nodemailer, PIPELINING by swaks."""

from __future__ import annotations

import json
from pathlib import Path

from clients.base import EHLO, run
from clients.nodemailer import Nodemailer, node
from clients.swaks import Swaks
from conversation import LOGGING, commands
from message import DOMAIN
from server import Certificate, Server, running

from .base import Checks, Scenario, kept_for

_READERS = tuple(f"reader{n}@{DOMAIN}" for n in range(40))


class Extensions(Scenario):
    name = "extensions"

    def missing(self) -> str | None:
        return Nodemailer().missing() or Swaks().missing()

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with running(program, folder, certificate, logging=LOGGING) as server:
            _nodemailer(checks, server)
            _swaks(checks, server)
        return checks


def _nodemailer(checks: Checks, server: Server) -> None:
    said = json.loads(node("extensions.js", str(server.port), str(server.certificate), DOMAIN))
    checks.that(said["dsn"].startswith("250 2.6.0 "), f"nodemailer with DSN: {said['dsn']}")
    checks.that(said["requiretls"].startswith("250 2.6.0 "), f"nodemailer with REQUIRETLS: {said['requiretls']}")
    # It looks for the keyword first, and in the clear it is not offered.
    checks.that("REQUIRETLS" in said["in the clear"], f"REQUIRETLS in the clear: {said['in the clear']}")
    mails, rcpts = commands(server, "MAIL"), commands(server, "RCPT")
    for wish in (
        f"MAIL FROM:<dsn@{DOMAIN}> RET=HDRS ENVID=id+2B1",
        f"MAIL FROM:<requiretls@{DOMAIN}> REQUIRETLS",
    ):
        checks.that(wish in mails, f"no {wish} in {mails}")
    wish = f"RCPT TO:<dsn-reader@{DOMAIN}> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first@{DOMAIN}"
    checks.that(wish in rcpts, f"no {wish} in {rcpts}")
    checks.that(len(kept_for(server)) == 2, f"kept for {list(kept_for(server))}")


def _swaks(checks: Checks, server: Server) -> None:
    command = [
        "swaks", "--server", "127.0.0.1", "--port", str(server.port), "--helo", EHLO, "--tls", "--pipeline",
        "--from", f"swaks@{DOMAIN}", "--to", ",".join(_READERS), "--timeout", "20",
    ]  # fmt: skip
    done = run(command)
    said = done.stdout.decode(errors="replace")
    checks.that(done.returncode == 0, f"swaks ended with {done.returncode}: {said[-600:]}")
    # In its transcript the whole group of commands comes before the first reply.
    group = said.find(f"RCPT TO:<{_READERS[-1]}>")
    first_reply = said.find("250 2.1.0")
    checks.that(0 < group < first_reply, f"swaks did not pipeline: {said[-3000:]}")
    checks.that(frozenset(_READERS) in kept_for(server), f"kept for {list(kept_for(server))}")

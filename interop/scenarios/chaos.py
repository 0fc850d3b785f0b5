"""Postfix and msmtp meet rules of chaos: they come again after 4yz and after a lost connection, and give up after 5yz."""

from __future__ import annotations

import json
import shutil
import smtplib
import subprocess
import time
import urllib.request
from pathlib import Path

import relay
from clients.base import EHLO, SEND_SECONDS
from message import DOMAIN
from relay import Route, free_port
from server import Certificate, Server, running

from .base import Checks, Scenario, kept_for

_SENDER = f"sender@{DOMAIN}"
_LATER, _GONE, _LOST = (f"{name}@{DOMAIN}" for name in ("later", "gone", "lost"))
_CONTENT = f"From: {_SENDER}\r\nSubject: chaos\r\n\r\nchaos\r\n".encode()
_RULES = [
    {"stage": "rcpt", "to": _LATER, "first": 1, "reply": "451 4.7.1 Greylisted on purpose"},
    {"stage": "rcpt", "to": _GONE, "reply": "550 5.1.1 Gone on purpose"},
    {"stage": "message", "to": _LOST, "first": 1, "hang_up": True},
]
_SECONDS = 60


class Chaos(Scenario):
    name = "chaos"

    def missing(self) -> str | None:
        return relay.missing() or (None if shutil.which("msmtp") else "msmtp (the Debian package msmtp)")

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        http = free_port()
        flags = ("--console", "--http", f"127.0.0.1:{http}")
        with running(program, folder, certificate, flags) as server:
            _set(http, _RULES)
            with relay.relaying(folder / "postfix", Route(f"relayhost = [127.0.0.1]:{server.port}", bounces=True)) as postfix:
                _inject(postfix)
                _wait_for(server, 3)
                log = postfix.log()
            _look_at(checks, server, log)
            applied = [rule["applied"] for rule in _ask(http, "GET")["rules"]]
            checks.that(applied == [1, 1, 1], f"the rules were applied {applied} times")
            _refuse_tls(checks, http, server, certificate)
        return checks


def _ask(http: int, method: str, body: object = None) -> dict:
    request = urllib.request.Request(
        f"http://127.0.0.1:{http}/api/v1/chaos",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"{}")


def _set(http: int, rules: list[dict]) -> None:
    _ask(http, "PUT", {"seconds": 300, "rules": rules})


def _inject(postfix: relay.Relay) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.port, EHLO, timeout=SEND_SECONDS) as session:
        for recipient in (_LATER, _GONE, _LOST):
            session.sendmail(_SENDER, [recipient], _CONTENT)


def _wait_for(server: Server, count: int) -> None:
    deadline = time.monotonic() + _SECONDS
    while len(list(server.maildir.glob("new/*"))) < count and time.monotonic() < deadline:
        time.sleep(0.1)


def _look_at(checks: Checks, server: Server, log: str) -> None:
    kept = kept_for(server)
    expected = sorted([[_LATER], [_LOST], [_SENDER]])
    checks.that(sorted(map(sorted, kept)) == expected, f"kept for {list(kept)}: {log[-2000:]}")
    copies = len(list(server.maildir.glob("new/*")))
    checks.that(copies == 3, f"{copies} messages were kept, so one came twice")
    report = kept.get(frozenset({_SENDER}), b"")
    checks.that(b"550 5.1.1 Gone on purpose" in report, f"the report says {report[-500:]!r}")
    for recipient, status, words in (
        (_LATER, "deferred", "451 4.7.1 Greylisted on purpose"),
        (_GONE, "bounced", "550 5.1.1 Gone on purpose"),
        (_LOST, "deferred", "lost connection"),
        (_LATER, "sent", "250 2.6.0"),
        (_LOST, "sent", "250 2.6.0"),
    ):
        lines = [line for line in log.splitlines() if f"to=<{recipient}>" in line and f"status={status}" in line]
        checks.that(any(words in line for line in lines), f"{recipient}: no {status} with {words!r} in {lines}")


def _refuse_tls(checks: Checks, http: int, server: Server, certificate: Certificate) -> None:
    """msmtp demands TLS, so it must not send a word of the mail in the clear."""
    _set(http, [{"stage": "starttls", "reply": "454 4.7.0 Refused on purpose"}])
    command = [
        "msmtp", "--host=127.0.0.1", f"--port={server.port}", "--tls=on", "--tls-starttls=on",
        f"--tls-trust-file={certificate.certificate}", f"--from={_SENDER}", f"secret@{DOMAIN}",
    ]  # fmt: skip
    sent = subprocess.run(command, input=_CONTENT, capture_output=True, timeout=SEND_SECONDS, check=False)
    checks.that(sent.returncode != 0, "msmtp sent without the TLS that it demands")
    checks.that(b"Refused on purpose" in sent.stderr, f"msmtp said {sent.stderr!r}")
    checks.that(len(list(server.maildir.glob("new/*"))) == 3, "a mail went in the clear")
    _ask(http, "DELETE")
    sent = subprocess.run(command, input=_CONTENT, capture_output=True, timeout=SEND_SECONDS, check=False)
    checks.that(sent.returncode == 0, f"msmtp did not send after the end of chaos: {sent.stderr!r}")

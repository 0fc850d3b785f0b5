"""Prometheus' own parser reads /metrics while clients send, and the counters are exactly what the clients have counted.

Several clients send at a time: with TLS, with logins that are right and wrong, to recipients that are refused, and messages
that are refused. Each client notes every reply that it gets. The metrics of filters have their own clients.
"""

from __future__ import annotations

import collections
import smtplib
import ssl
import subprocess
import threading
import time
from pathlib import Path

import packages
from clients.base import EHLO, SEND_SECONDS
from message import DOMAIN
from openmetrics import Samples, samples, scrape, total
from relay import free_port
from server import Certificate, environment, running

from . import filter_metrics
from .base import Checks, Scenario

_CLIENTS, _ROUNDS = 4, 10
_PASSWORD = "open sesame"
_CONTENT = b"Subject: counted\r\n\r\nhello\r\n"
_END_SECONDS = 10
_PAUSE_SECONDS = 0.05


class Metrics(Scenario):
    name = "metrics"

    def missing(self) -> str | None:
        return packages.missing("prometheus_client")

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks, port = Checks(), free_port()
        users = folder / "users"
        made = subprocess.run(
            [program, "hash-password", "alice"], input=f"{_PASSWORD}\n".encode(), capture_output=True, check=True, env=environment()
        )
        users.write_bytes(made.stdout)
        flags = ["--http", f"127.0.0.1:{port}", "--domain", DOMAIN, "--auth-file", str(users)]
        flags += ["--limit", "errors=1000", "--limit", "connections-per-client=100"]
        with running(program, folder, certificate, flags) as server:
            counted = _Counted()
            clients = [threading.Thread(target=_send, args=(server.port, counted)) for _ in range(_CLIENTS)]
            for client in clients:
                client.start()
            while any(client.is_alive() for client in clients):
                _compare_shape(checks, port)
                time.sleep(_PAUSE_SECONDS)
            for client in clients:
                client.join()
            _wait_for_ends(port, counted.numbers["sessions"])
            _compare(checks, samples(scrape(port)), counted)
            asked = subprocess.run([program, "healthcheck", f"127.0.0.1:{port}"], capture_output=True, env=environment())
            checks.that(asked.returncode == 0, f"the program is not ready: {asked.stderr!r}")
        filter_metrics.compare(checks, program, folder / "filters", certificate)
        return checks


class _Counted:
    """What all clients have seen."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.replies: collections.Counter[tuple[str, str]] = collections.Counter()
        self.numbers: collections.Counter[str] = collections.Counter()

    def add(self, name: str, many: int = 1) -> None:
        with self.lock:
            self.numbers[name] += many


class _Client(smtplib.SMTP):
    """Notes each reply by the command that it answers."""

    def __init__(self, port: int, counted: _Counted) -> None:
        self.counted, self.verb = counted, "none"
        super().__init__("127.0.0.1", port, EHLO, timeout=SEND_SECONDS)

    def putcmd(self, cmd: str, args: str = "") -> None:
        self.verb = cmd.split()[0].upper()
        super().putcmd(cmd, args)

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()
        with self.counted.lock:
            self.counted.replies["other" if self.verb == "BOGUS" else self.verb, str(code)] += 1
        if code == 354:
            self.verb = "message"
        return code, text


def _send(port: int, counted: _Counted) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for number in range(_ROUNDS):
        client = _Client(port, counted)
        counted.add("sessions")
        client.ehlo()
        if number % 3 == 0:
            client.starttls(context=context)
            counted.add("tls")
            client.ehlo()
            for password in ("wrong", _PASSWORD):
                try:
                    client.user, client.password = "alice", password
                    client.auth("PLAIN", client.auth_plain)
                    counted.add("logins accepted")
                except smtplib.SMTPAuthenticationError:
                    counted.add("logins refused")
        client.docmd("BOGUS")
        client.mail(f"sender@{DOMAIN}")
        for recipient in (f"bob@{DOMAIN}", "bob@elsewhere.example"):
            code, _ = client.rcpt(recipient)
            counted.add("recipients accepted" if code == 250 else "recipients refused")
        if number % 5 == 4:
            # A bare line end is refused, and ends the session.
            client.docmd("DATA")
            client.send(b"bare\nline\r\n.\r\n")
            client.getreply()
            counted.add("messages refused")
            client.close()
            continue
        code, _ = client.data(_CONTENT)
        counted.add("messages accepted" if code == 250 else "messages refused")
        counted.add("bytes", len(_CONTENT))
        client.quit()
        counted.add("quit")


def _compare_shape(checks: Checks, port: int) -> None:
    """Both parsers read the page, and have the same samples."""
    from prometheus_client.parser import text_string_to_metric_families

    text = scrape(port)
    strict = samples(text)
    plain = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    checks.that({name for name, _ in strict} == plain, "the parsers differ")


def _wait_for_ends(port: int, sessions: int) -> None:
    """A session has ended a moment after its client has gone."""
    deadline = time.monotonic() + _END_SECONDS
    while time.monotonic() < deadline:
        values = samples(scrape(port))
        if sum(value for (name, _), value in values.items() if name == "mailchute_sessions_ended_total") == sessions:
            return
        time.sleep(0.01)


def _compare(checks: Checks, values: Samples, counted: _Counted) -> None:
    of = {
        tuple(labels[label] for label in ("verb", "code")): value
        for (name, pairs), value in values.items()
        if name == "mailchute_replies_total"
        for labels in [dict(pairs)]
    }
    differing = {key: (of.get(key), counted.replies.get(key)) for key in of.keys() | counted.replies.keys()}
    differing = {key: pair for key, pair in differing.items() if pair[0] != pair[1]}
    checks.that(not differing, f"replies differ: {differing}")
    numbers = counted.numbers

    for found, expected, what in (
        (total(values, "sessions_total"), numbers["sessions"], "sessions"),
        (total(values, "sessions_ended_total"), numbers["sessions"], "ended sessions"),
        (total(values, "sessions_ended_total", cause="quit"), numbers["quit"], "sessions that ended by QUIT"),
        (total(values, "messages_total", result="accepted"), numbers["messages accepted"], "accepted messages"),
        (total(values, "messages_total", result="refused"), numbers["messages refused"], "refused messages"),
        (total(values, "messages_total", result="cut_off"), 0, "messages that were cut off"),
        (total(values, "message_bytes_total"), numbers["bytes"], "bytes"),
        (total(values, "recipients_total", result="accepted"), numbers["recipients accepted"], "accepted recipients"),
        (total(values, "recipients_total", result="refused"), numbers["recipients refused"], "refused recipients"),
        (total(values, "tls_handshakes_total"), numbers["tls"], "handshakes"),
        (total(values, "logins_total", mechanism="PLAIN", result="accepted"), numbers["logins accepted"], "logins"),
        (total(values, "logins_total", mechanism="PLAIN", result="refused"), numbers["logins refused"], "refused logins"),
        (total(values, "connections_turned_away_total"), 0, "connections that were turned away"),
    ):
        checks.that(found == expected, f"{what}: the metrics say {found}, and the clients {expected}")

"""The metrics of filters: verdicts and refusals are exactly what the clients have seen, and times lie between what the
scanner and the clients have measured.

A limit lets some messages of the host through. A greylist refuses the first attempt of each sender. A web server that takes
its time accepts, rejects or puts aside, and does not get what is too large for it. Another one is gone, and its filter
accepts without it.
"""

from __future__ import annotations

import collections
import json
import os
import signal
import smtplib
import string
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from clients.base import EHLO, SEND_SECONDS
from message import DOMAIN
from openmetrics import Samples, samples, scrape, total
from relay import free_port
from server import Certificate, running

from .base import Checks

_CLIENTS, _ROUNDS, _ALLOWED = 4, 9, 30
_PAUSE_SECONDS = 0.02
_MOST_BYTES = 4096
_SUBJECTS = ("accept", "reject", "quarantine", "large")
# Clocks of several programs, and what the client does beside waiting.
_SLACK_SECONDS = 0.05


def compare(checks: Checks, program: Path, folder: Path, certificate: Certificate) -> None:
    """Plays it with a program of its own."""
    folder.mkdir()
    web, port = _Web(("127.0.0.1", 0), _Handler), free_port()
    threading.Thread(target=web.serve_forever, daemon=True).start()
    file = folder / "mailchute.toml"
    shared = (
        f'[[filter]]\nuse = "limits"\nmessages = "{_ALLOWED}/1d"\n'
        '[[filter]]\nuse = "greylist"\ndelay = "0s"\nknown-after = 0\n'
        f'[[filter]]\nuse = "http"\nname = "policy"\nurl = "http://127.0.0.1:{web.server_port}/"\nmax-size = {_MOST_BYTES}\n'
    )
    gone = f'[[filter]]\nuse = "http"\nname = "gone"\nurl = "http://127.0.0.1:{free_port()}/"\non-failure = "accept"\n'
    file.write_text(shared + gone)
    flags = ["--config", str(file), "--http", f"127.0.0.1:{port}", "--domain", DOMAIN, "--state", str(folder / "state")]
    try:
        with running(program, folder, certificate, flags, logging=("--log-level", "info")) as server:
            begin = samples(scrape(port))
            named = {dict(pairs)["filter"] for (name, pairs) in begin if name == "mailchute_filter_seconds_total"}
            checks.that(named == {"limits", "greylist", "policy", "gone"}, f"the filters before any mail: {named}")
            checks.that(not total(begin, "filter_verdicts_total"), "there are verdicts before any mail")
            seen = _Seen()
            clients = [threading.Thread(target=_send, args=(server.port, number, seen)) for number in range(_CLIENTS)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            _compare(checks, samples(scrape(port)), seen, web.seconds)
            # Without the filter that is gone, its counters stay, and those of the others go on.
            file.write_text(shared)
            os.kill(server.process, signal.SIGHUP)
            checks.that(_has_reloaded(port), "SIGHUP did not put the file in force")
            _send(server.port, 0, seen)
            _compare(checks, samples(scrape(port)), seen, web.seconds)
    finally:
        web.shutdown()
        web.server_close()


def _has_reloaded(port: int) -> bool:
    deadline = time.monotonic() + SEND_SECONDS
    while time.monotonic() < deadline:
        if total(samples(scrape(port)), "reloads_total", result="applied") == 1:
            return True
        time.sleep(0.01)
    return False


class _Web(ThreadingHTTPServer):
    daemon_threads = True
    # That it has spent on requests.
    seconds = 0.0
    lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"]
        began = time.monotonic()
        time.sleep(_PAUSE_SECONDS)
        subject = next(value.strip() for name, value in message["headers"] if name == "Subject")
        body = json.dumps({"action": subject}).encode()
        with self.server.lock:
            self.server.seconds += time.monotonic() - began
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class _Seen:
    """What all clients have seen."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.verdicts: collections.Counter[tuple[str, str]] = collections.Counter()
        self.refused: collections.Counter[str] = collections.Counter()
        # That clients have waited for replies to commands and messages.
        self.seconds = 0.0
        self.known: set[str] = set()


def _send(port: int, number: int, seen: _Seen) -> None:
    # A greylist takes senders that differ in their digits for one.
    sender = f"{string.ascii_lowercase[number] * 8}@{DOMAIN}"
    for turn in range(_ROUNDS):
        subject = _SUBJECTS[turn % len(_SUBJECTS)]
        began = time.monotonic()
        with smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS) as client:
            client.ehlo()
            found, refused = _converse(client, sender, subject, sender in seen.known)
        with seen.lock:
            seen.verdicts.update(found)
            seen.refused.update(refused)
            seen.seconds += time.monotonic() - began
            if ("greylist", "pass") in found:
                seen.known.add(sender)


def _converse(client: smtplib.SMTP, sender: str, subject: str, is_known: bool) -> tuple[list[tuple[str, str]], list[str]]:
    """The verdicts and the filters that have refused, as the replies tell them."""
    found: list[tuple[str, str]] = []
    refused: list[str] = []
    code, text = client.mail(sender)
    if code != 250:
        assert b"Too many messages" in text, text
        return [("limits", "over")], ["limits"]
    code, text = client.rcpt(f"bob@{DOMAIN}")
    while code == 451 and b"Greylisted" in text:
        found.append(("greylist", "wait"))
        refused.append("greylist")
        code, text = client.rcpt(f"bob@{DOMAIN}")
    assert code == 250, text
    found.append(("greylist", "known" if is_known else "pass"))
    lines = 1 + (_MOST_BYTES if subject == "large" else 0) // 70
    code, _ = client.data(f"Subject: {subject}\r\n\r\n".encode() + lines * (b"x" * 70 + b"\r\n"))
    found.append(("policy", "skipped" if subject == "large" else subject))
    if code == 250:
        found.append(("gone", "failed"))
    else:
        refused.append("policy")
    return found, refused


def _compare(checks: Checks, values: Samples, seen: _Seen, web_seconds: float) -> None:
    verdicts = {
        (labels["check"], labels["result"]): value
        for (name, pairs), value in values.items()
        if name == "mailchute_filter_verdicts_total"
        for labels in [dict(pairs)]
    }
    checks.that(verdicts == dict(seen.verdicts), f"verdicts: the metrics say {verdicts}, and the clients {dict(seen.verdicts)}")
    for name in ("limits", "greylist", "policy", "gone"):
        found, expected = total(values, "filter_refusals_total", filter=name), seen.refused[name]
        checks.that(found == expected, f"{name} has refused {found} times, and the clients say {expected}")
        checks.that(total(values, "filter_seconds_total", filter=name) > 0, f"{name} has taken no time")
    policy = total(values, "filter_seconds_total", filter="policy")
    # The greylist of SQLite and the limit need some milliseconds in all.
    checks.that(web_seconds <= policy <= web_seconds + _CLIENTS * _ROUNDS * _SLACK_SECONDS, f"policy took {policy} s, and its web server {web_seconds} s")
    everything = total(values, "filter_seconds_total")
    checks.that(everything <= seen.seconds, f"all filters took {everything} s, and the clients have waited {seen.seconds} s")
    checks.that(total(values, "events_missed_total") == 0, "events were missed that nobody wanted")

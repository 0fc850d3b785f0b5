"""LMTP: Postfix delivers to the program over a Unix socket, smtplib and swaks over that and TCP.

Postfix has several messages, each for several recipients of which the program refuses one. Its log must say
for each recipient what the program said, the Maildir must hold each message once for those accepted, and the
reports about those refused come back the same way.
"""

from __future__ import annotations

import re
import shutil
import smtplib
from pathlib import Path

import trace_headers
from clients.base import EHLO, SEND_SECONDS, run
from message import DOMAIN
from relay import RELAY_NAME, RelayError, Route, relaying, settles
from server import Certificate, Server, ServerError, running

from .base import Checks, Scenario

_QUEUE_SECONDS = 60
_MESSAGES = 12
_RECIPIENTS = 5
_STATUS = re.compile(r"/lmtp\[\d+\]: \w+: to=<([^>]+)>.* status=(\w+) \((.*)\)$", re.MULTILINE)
_SENDER = f"sender@{DOMAIN}"
_STRANGER = "stranger@elsewhere.example"


class Lmtp(Scenario):
    name = "lmtp"

    def missing(self) -> str | None:
        lacking = [name for name in ("postfix", "swaks") if not shutil.which(name, path="/usr/sbin:/usr/bin:/bin")]
        return f"{lacking} (the Debian packages of these names)" if lacking else None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        socket = folder / "lmtp"
        flags = ["--lmtp", f"unix:{socket}", "--lmtp", "127.0.0.1:0", "--domain", DOMAIN]
        with running(program, folder, certificate, flags) as server:
            try:
                _postfix(checks, server, socket, folder)
            except RelayError as error:
                raise ServerError(str(error)) from error
            _smtplib(checks, server, str(socket), 0, "smtplib over a Unix socket")
            _smtplib(checks, server, "127.0.0.1", server.lmtp_port, "smtplib over TCP")
            _swaks(checks, server, ["--socket", str(socket)], "swaks over a Unix socket")
            _swaks(checks, server, ["--server", f"127.0.0.1:{server.lmtp_port}"], "swaks over TCP")
        checks.that(not socket.exists(), f"{socket} is still there after the program has ended")
        return checks


def _kept(server: Server) -> dict[str, list[trace_headers.Stored]]:
    """What the Maildir holds, by the subject."""
    kept: dict[str, list[trace_headers.Stored]] = {}
    for file in server.maildir.glob("new/*"):
        stored = trace_headers.take_apart(file.read_bytes())
        subject = re.search(rb"^Subject: ([^\r\n]*)", stored.content, re.MULTILINE)
        kept.setdefault(subject[1].decode() if subject else "", []).append(stored)
    return kept


def _is_kept(checks: Checks, server: Server, subject: str, ehlo: str, recipients: list[str], where: str) -> None:
    """Once, for each of these recipients named once, with a Received that tells of LMTP."""
    found = _kept(server).get(subject, [])
    if not checks.that(len(found) == 1, f"{subject!r} is in the Maildir {len(found)} times"):
        return
    to = [recipient.decode() for recipient in found[0].recipients]
    checks.that(sorted(to) == sorted(set(recipients)), f"{subject!r} is kept for {to}")
    pattern = rf"from {re.escape(ehlo)} \({re.escape(where)}\)\s+by \S+ \(Mailchute\) with LMTP id "
    received = found[0].received.decode()
    checks.that(re.match(pattern, received) is not None, f"{subject!r} has Received: {received}")


def _postfix(checks: Checks, server: Server, socket: Path, folder: Path) -> None:
    route = Route(f"default_transport = lmtp:unix:{socket}", bounces=True)
    accepted = {number: [f"r{number}-{n}@{DOMAIN}" for n in range(_RECIPIENTS)] for number in range(_MESSAGES)}
    with relaying(folder / "postfix", route) as relay:
        with smtplib.SMTP("127.0.0.1", relay.port, EHLO, timeout=SEND_SECONDS) as session:
            for number, recipients in accepted.items():
                to = [*recipients[:2], f"{number}-{_STRANGER}", *recipients[2:]]
                text = f"From: {_SENDER}\r\nSubject: postfix {number}\r\n\r\n.dot {number}\r\n"
                session.sendmail(_SENDER, to, text)
        empty = settles(relay, _QUEUE_SECONDS)
        checks.that(empty, f"Postfix's queue is not empty: {relay.complaints()}")
        told = {to: (status, said) for to, status, said in _STATUS.findall(relay.log())}
    for number, recipients in accepted.items():
        for recipient in recipients:
            status, said = told.get(recipient, ("nothing", ""))
            checks.that(status == "sent" and said.startswith("250 2."), f"{recipient}: Postfix says {status} ({said})")
        status, said = told.get(f"{number}-{_STRANGER}", ("nothing", ""))
        refused = status == "bounced" and "550 5.7.1 Relaying denied" in said
        checks.that(refused, f"{number}-{_STRANGER}: Postfix says {status} ({said})")
        _is_kept(checks, server, f"postfix {number}", RELAY_NAME, recipients, "local socket")
    reports = _kept(server).get("Undelivered Mail Returned to Sender", [])
    is_report = all(not report.reverse_path and report.recipients == (_SENDER.encode(),) for report in reports)
    checks.that(len(reports) == _MESSAGES and is_report, f"{len(reports)} reports for {_MESSAGES} refused recipients")


def _smtplib(checks: Checks, server: Server, host: str, port: int, subject: str) -> None:
    """smtplib.LMTP reads one reply to a message, so those for further recipients are read by hand."""
    recipients = [f"a@{DOMAIN}", f"b@{DOMAIN}", f"a@{DOMAIN}"]
    session = smtplib.LMTP(host, port, EHLO)
    session.ehlo_or_helo_if_needed()
    checks.that(session.has_extn("pipelining") and session.has_extn("enhancedstatuscodes"), f"{subject}: LHLO")
    codes = [session.mail(_SENDER)[0], *(session.rcpt(to)[0] for to in [*recipients, _STRANGER])]
    checks.that(codes == [250, 250, 250, 250, 550], f"{subject}: MAIL and RCPT were answered {codes}")
    codes = [session.data(f"Subject: {subject}\r\n\r\nhello\r\n")[0], *(session.getreply()[0] for _ in recipients[1:])]
    checks.that(codes == [250, 250, 250], f"{subject}: the message was answered {codes}")
    # No other input is waiting.
    checks.that(session.quit()[0] == 221, f"{subject}: QUIT")
    _is_kept(checks, server, subject, EHLO, recipients, "local socket" if host.startswith("/") else "[127.0.0.1]")


def _swaks(checks: Checks, server: Server, where: list[str], subject: str) -> None:
    recipients = [f"c@{DOMAIN}", f"d@{DOMAIN}"]
    done = run(
        ["swaks", *where, "--protocol", "LMTP", "--helo", EHLO, "--from", _SENDER, "--to", ",".join(recipients),
         "--header", f"Subject: {subject}", "--body", "hello"],
    )  # fmt: skip
    said = done.stdout.decode(errors="replace")
    checks.that(done.returncode == 0, f"{subject}: it ended with {done.returncode}: {said[-600:]}")
    _is_kept(checks, server, subject, EHLO, recipients, "local socket" if "--socket" in where else "[127.0.0.1]")

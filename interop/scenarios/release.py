"""`mailchute inbox` releases kept messages to Postfix, by TLS that is verified. Postfix hands them on to a second program,
which keeps them, and refuses an unknown recipient in its own words. Then Postfix stops, and the answer says so."""

from __future__ import annotations

import contextlib
import json
import smtplib
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import authority
import relay
import trace_headers
from clients.base import EHLO, SEND_SECONDS
from message import DOMAIN
from relay import RelayError, Route, relaying, requiring_tls, settles
from server import Certificate, Server, ServerError, listening, running

from .base import Checks, Scenario

_SENDER = f"sender@{DOMAIN}"
_BOB, _EVE, _NO = (f"{name}@{DOMAIN}" for name in ("bob", "eve", "no"))
_REFUSAL = "550 5.1.1 Nobody of that name"
# Dots, bytes beyond ASCII, an empty line at the end, and fields that look like those of a delivery.
_MESSAGE = (
    b"Delivered-To: forged@example.net\r\nSubject: released\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b".one\r\n..two\r\n.\xc3\xbc\r\nthree\r\n\r\n"
)


class Release(Scenario):
    name = "release"

    def missing(self) -> str | None:
        return relay.missing()

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        authority.make(folder)
        trusted, chain, key = authority.paths(folder)
        behind = folder / "behind"
        behind.mkdir()
        with running(program, behind, certificate, ["--lmtp", "127.0.0.1:0"]) as last:
            route = Route(
                f"default_transport = lmtp:inet:127.0.0.1:{last.lmtp_port}\n"
                f"smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ {_NO} = {_REFUSAL} }} }}\n"
                f"{requiring_tls(chain, key)}",
                bounces=True,
            )
            try:
                with contextlib.ExitStack() as running_postfix:
                    postfix = running_postfix.enter_context(relaying(folder / "postfix", route))
                    inbox = _inbox(program, folder, f"smtp://localhost:{postfix.port}?tls=require&ca={trusted}")
                    with inbox as (ports, _):
                        api = _Api(f"http://127.0.0.1:{ports['http']}")
                        _send(ports["smtp"])
                        _all_take_it(checks, api)
                        _some_take_it(checks, api)
                        _nobody_is_allowed(checks, api, postfix)
                        checks.that(settles(postfix), f"Postfix's queue is not empty: {postfix.complaints()}")
                        _arrived(checks, last)
                        running_postfix.close()
                        _next_hop_is_down(checks, api)
            except RelayError as error:
                raise ServerError(str(error)) from error
        return checks


def _inbox(program: Path, folder: Path, url: str):
    command = [
        str(program), "inbox", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--sandbox",
        "--console-release", url, "--console-release-to", f"{_BOB},{_EVE}", "--console-release-to", _NO,
    ]  # fmt: skip
    return listening(command, folder, folder / "inbox.stderr")


@dataclass(frozen=True)
class _Api:
    url: str

    def release(self, *to: str, path: str = "messages/latest", member: str = "to") -> tuple[int, object]:
        """The status, and the JSON or the text of the answer."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/{path}/release",
            json.dumps({member: to}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=SEND_SECONDS) as answer:
                text = answer.read().decode()
                return answer.status, json.loads(text) if text.startswith("{") else text
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def _send(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS) as session:
        session.sendmail(_SENDER, ["customer@example.net"], _MESSAGE, ["BODY=8BITMIME"])


def _all_take_it(checks: Checks, api: _Api) -> None:
    status, answer = api.release(_BOB, _EVE)
    checks.that(status == 200, f"the release was answered {status} {answer}")
    told = [(one["address"], one["accepted"]) for one in answer.get("recipients", [])]
    checks.that(told == [(_BOB, True), (_EVE, True)], f"the release tells {answer}")
    replies = {one["reply"] for one in answer.get("recipients", [])}
    queued = len(replies) == 1 and "queued as" in replies.pop()
    checks.that(queued, f"the replies are not those of Postfix: {answer}")
    answer = api.release(_BOB, path="message/latest", member="To")
    checks.that(answer == (200, "ok"), f"in Mailpit's form the release was answered {answer}")


def _some_take_it(checks: Checks, api: _Api) -> None:
    status, problem = api.release(_NO, _EVE)
    told = [(one["address"], one["accepted"], one["temporary"]) for one in problem.get("recipients", [])]
    checks.that(status == 502, f"a part that fails was answered {status}")
    checks.that(told == [(_NO, False, False), (_EVE, True, False)], f"a part that fails: {problem}")
    holds = _NO in problem["detail"] and "Nobody of that name" in problem["detail"]
    checks.that(holds and problem["detail"].endswith("The others have it."), f"a part that fails: {problem}")


def _nobody_is_allowed(checks: Checks, api: _Api, postfix: relay.Relay) -> None:
    status, problem = api.release(_BOB, "victim@example.net")
    checks.that(status == 403 and "victim@example.net" in problem["detail"], f"another recipient: {status} {problem}")
    checks.that("victim@example.net" not in postfix.log(), "Postfix has heard of a recipient that is not allowed")


def _arrived(checks: Checks, last: Server) -> None:
    """One message for both, one for bob alone, one for eve alone, all with the bytes that were sent."""
    stored = [trace_headers.take_apart(file.read_bytes()) for file in last.maildir.glob("new/*")]
    to = sorted(sorted(one.decode() for one in message.recipients) for message in stored)
    checks.that(to == [[_BOB], [_BOB, _EVE], [_EVE]], f"behind Postfix there are messages to {to}")
    for message in stored:
        checks.that(message.reverse_path.decode() == _SENDER, f"the sender is {message.reverse_path!r}")
        head, _, rest = message.content.partition(b"Delivered-To: ")
        checks.that(b"Delivered-To: " + rest == _MESSAGE, f"the content is {message.content!r}")
        fields = (head.count(b"Received: "), head.count(b"(Mailchute)"), head.count(b"Return-Path"))
        checks.that(fields == (2, 1, 0), f"the fields of Postfix and of the inbox are {head!r}")


def _next_hop_is_down(checks: Checks, api: _Api) -> None:
    status, problem = api.release(_BOB)
    checks.that(status == 502 and "cannot be reached" in problem["detail"], f"without Postfix: {status} {problem}")
    checks.that(problem["recipients"][0]["temporary"], f"without Postfix: {problem}")

"""Two programs share limits and a greylist in a real Redis server, one by a Unix socket and one by TLS.

Rates hold for both together, and mail that one has told to wait passes at the other. Redis is killed and frozen: each
program goes on by itself, with one warning. A program that is killed knows from its file which mail it has told to wait.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import smtplib
import time
from pathlib import Path
from unittest import mock

import redis_scripts
import redis_server
from clients.base import EHLO, SEND_SECONDS
from message import DOMAIN
from redis_server import PASSWORD, Client, RedisServer
from server import Certificate, Server, ServerError, running

from .base import Checks, Scenario

_SEED = 20_261_129
_DELAY = 2
_MESSAGES = 10
_LOST, _BACK = "Redis does not answer", "Redis is back"
_LOG_SECONDS = 10


class Limits(Scenario):
    name = "limits"

    def missing(self) -> str | None:
        return redis_server.missing()

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with redis_server.running(folder) as redis:
            with Client(redis) as client:
                dice = random.Random(_SEED)
                for differs in (redis_scripts.differs_in_limits, redis_scripts.differs_in_greylist):
                    fault = differs(client, dice)
                    checks.that(fault is None, f"seed {_SEED}: {fault}")
                kept = redis_scripts.never_forgets(client)
                checks.that(not kept, f"Redis never forgets {kept}")
            trusted = {"SSL_CERT_FILE": str(redis.authority)}
            with (
                mock.patch.dict(os.environ, trusted),
                _program(program, folder / "one", certificate, _shared(folder, f"unix://{redis.socket}")) as one,
                _program(program, folder / "two", certificate, _shared(folder, f"rediss://localhost:{redis.tls_port}")) as two,
            ):
                _hold_together(checks, redis, one, two)
                _go_on_alone(checks, redis, one)
        _knows_after_a_kill(checks, program, folder, certificate)
        return checks


def _shared(folder: Path, url: str) -> str:
    secret = folder / "redis.secret"
    secret.write_text(PASSWORD + "\n")
    shared = f'shared = "{url}"\nsecret = "file:{secret}"\n'
    return (
        f'[[filter]]\nuse = "limits"\nmessages = "{_MESSAGES}/1h"\n{shared}'
        f'[[filter]]\nuse = "greylist"\ndelay = {_DELAY}\nknown-after = 0\n{shared}'
    )


def _program(program: Path, folder: Path, certificate: Certificate, filters: str) -> contextlib.AbstractContextManager[Server]:
    folder.mkdir(exist_ok=True)
    configuration = folder / "mailchute.toml"
    configuration.write_text(filters)
    flags = ["--config", str(configuration), "--state", str(folder / "state"), "--sandbox", "--domain", DOMAIN]
    return running(program, folder, certificate, flags, logging=("--log-level", "info"))


def _send(server: Server, sender: str) -> str:
    """Sends a message; returns the reply that decided."""
    with smtplib.SMTP("127.0.0.1", server.port, EHLO, timeout=SEND_SECONDS) as session:
        session.ehlo()
        for code, text in (session.mail(f"{sender}@client.example"), session.rcpt(f"bob@{DOMAIN}")):
            if code != 250:
                return f"{code} {text.decode()}"
        code, text = session.data(b"Subject: hello\r\n\r\nHello\r\n")
        return f"{code} {text.decode()}"


def _lines(server: Server, text: str, number: int) -> int:
    """How often the log has the text, once it has it as often as it should."""
    deadline = time.monotonic() + _LOG_SECONDS
    while (found := server.logged(text).count(text)) < number and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def _hold_together(checks: Checks, redis: RedisServer, one: Server, two: Server) -> None:
    answer = _send(one, "alice")
    checks.that(answer.startswith("451 4.7.1 Greylisted; try again in "), f"the first try is answered {answer}")
    time.sleep(_DELAY + 0.1)
    answer = _send(two, "alice")
    checks.that(answer.startswith("250 "), f"the second try, at the other program, is answered {answer}")
    answers = [_send((one, two)[number % 2], "alice") for number in range(_MESSAGES)]
    passed = sum(answer.startswith("250 ") for answer in answers)
    # Two messages came before.
    checks.that(passed == _MESSAGES - 2, f"both programs take {passed} messages: {answers}")
    for server in (one, two):
        answer = _send(server, "alice")
        told = answer.startswith("451 4.7.1 Too many messages; try again in 6 min")
        checks.that(told, f"over the rate, the answer is {answer}")
    with Client(redis) as client:
        keys = client.ask("EVAL", "return table.concat(redis.call('KEYS', 'mailchute:*'), ' ')", 0)
        # One bucket, one triplet, one network.
        checks.that(len(str(keys).split()) == 3, f"Redis has the keys {keys}")
        checks.that("alice" not in str(keys) and "127.0.0.1" not in str(keys), f"Redis has the keys {keys}")


def _go_on_alone(checks: Checks, redis: RedisServer, one: Server) -> None:
    redis.kill()
    answers = [_send(one, "alice") for _ in range(_MESSAGES)]
    passed = sum(answer.startswith("250 ") for answer in answers)
    # It has taken five of ten before, and knows the mail that has waited.
    checks.that(passed == _MESSAGES // 2, f"without Redis, one program takes {passed} messages: {answers}")
    checks.that((times := _lines(one, _LOST, 1)) == 1, f"Redis is lost {times} times")
    redis.start()
    time.sleep(1.1)
    # The new Redis knows nothing, so both the rate and the wait begin again.
    answer = _send(one, "alice")
    checks.that(answer.startswith("451 4.7.1 Greylisted; "), f"with Redis again, the answer is {answer}")
    checks.that((times := _lines(one, _BACK, 1)) == 1, f"Redis is back {times} times")
    redis.freeze()
    began = time.monotonic()
    answer = _send(one, "carol")
    took = time.monotonic() - began
    checks.that(answer.startswith("451 4.7.1 ") and took < 2, f"a frozen Redis makes {answer} after {took:.2f} s")
    # Three answers in a row are late before Redis is lost, and a message asks up to two questions.
    for _ in range(2):
        _send(one, "carol")
    redis.thaw()
    checks.that((times := _lines(one, _LOST, 2)) == 2, f"Redis is lost {times} times")


def _knows_after_a_kill(checks: Checks, program: Path, folder: Path, certificate: Certificate) -> None:
    filters = f'[[filter]]\nuse = "greylist"\ndelay = {_DELAY}\n'
    # The wait of the first program holds for the second, and its success for the third.
    answers = []
    for _ in range(3):
        with contextlib.suppress(ServerError), _program(program, folder / "killed", certificate, filters) as server:
            answers.append(_send(server, "alice"))
            os.kill(server.process, signal.SIGKILL)
        time.sleep(_DELAY + 0.1)
    begins = [answer[:4] for answer in answers]
    checks.that(begins == ["451 ", "250 ", "250 "], f"over two kills, the answers are {answers}")

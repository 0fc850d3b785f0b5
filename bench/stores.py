"""Each store of the program with a fast receiver behind it, beside Postfix as a relay."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import processes
from behind import HTTP, LMTP, NATS, SMTP, Behind, standing
from measure import empty, one_run, remove
from place import BENCH, WORK
from running import Cores, Failed, Running, running
from servers import PROGRAM_LIMITS_OFF, PROGRAM_SERVE, Server
from workloads import WORKLOADS

# Each is sent to every store, and gets this share of the time.
_WORKLOADS = {"kept": 1.0, "100k": 1.0, "10m": 0.5}
_HANDING_ON_SECONDS = 120
_MAILDIR = WORK / "mail" / "stores"
_SECRET = WORK / "webhook.secret"
_POSTFIX = WORK / "postfix-relay"


@dataclass(frozen=True)
class Stored:
    """One run. Done means that the server has handed on all messages, which only Postfix does after its 250."""

    server: str
    workload: str
    round: int
    messages: int
    cpu_per_message: float
    accepted_per_second: float
    done_per_second: float
    peak_rss_kib: int


@dataclass(frozen=True)
class _Store:
    name: str
    # PORT is that of what stands behind it.
    url: str
    made_of: str
    behind: Behind | None = None
    maildir: Path | None = None

    def server(self, port: int) -> Server:
        command = f"{PROGRAM_SERVE} --store {self.url.replace('PORT', str(port))} {PROGRAM_LIMITS_OFF}"
        return Server(f"store-{self.name}", command, self.made_of, logs=True, maildir=self.maildir)


_STORES = (
    _Store("discard", "discard:", "Mailchute; discards"),
    _Store("maildir", f"maildir:{_MAILDIR}", "Mailchute; a Maildir, with fsync", maildir=_MAILDIR),
    _Store(
        "maildirs", f"maildir:{_MAILDIR}/{{{{user}}}}", "Mailchute; a Maildir a user, with fsync", maildir=_MAILDIR / "rcpt"
    ),
    _Store("lmtp", "lmtp:127.0.0.1:PORT", "Mailchute; LMTP to `smtp-sink`", LMTP),
    _Store("smtp", "smtp://127.0.0.1:PORT", "Mailchute; SMTP to `smtp-sink`", SMTP),
    _Store("webhook", f"http://127.0.0.1:PORT/mail?secret=file:{_SECRET}", "Mailchute; a signed webhook", HTTP),
    _Store("s3", f"s3://mail/{{{{id}}}}?endpoint=http://127.0.0.1:PORT&key=bench&secret=file:{_SECRET}", "Mailchute; S3", HTTP),
    _Store("nats", "nats://127.0.0.1:PORT/mail.{{domain}}?body=objects:content", "Mailchute; NATS JetStream in a file", NATS),
)


def described() -> dict[str, str]:
    """What each server is."""
    every = [*(store.server(0) for store in _STORES), _postfix(0)]
    return {server.name: server.made_of for server in every}


def stores(rounds: int, seconds: float, cores: Cores, tell: Callable[[str], None]) -> tuple[list[Stored], list[str]]:
    """Each store in turn, and Postfix, in each round."""
    _SECRET.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    found: list[Stored] = []
    errors: list[str] = []
    for number in range(rounds):
        for store in _STORES:
            with contextlib.ExitStack() as stack:
                try:
                    if store.maildir:
                        remove(replace(store.server(0), maildir=_MAILDIR))
                    port = stack.enter_context(standing(store.behind, cores)) if store.behind else 0
                    up = stack.enter_context(running(store.server(port), cores))
                    found += _run(up, number, seconds, cores, lambda: True, tell)
                except Failed as failure:
                    errors.append(f"store-{store.name}: {failure}")
                    tell("! " + errors[-1])
        with contextlib.ExitStack() as stack:
            try:
                port = stack.enter_context(standing(SMTP, cores))
                up = stack.enter_context(running(_postfix(port), cores))
                found += _run(up, number, seconds, cores, _is_handed_on, tell)
            except Failed as failure:
                errors.append(f"postfix-relay: {failure}")
                tell("! " + errors[-1])
    return found, errors


def _postfix(port: int) -> Server:
    command = f"{BENCH}/peers/postfix/serve {{port}} {{cert}} {{key}} {WORK} relay {port}"
    return Server("postfix-relay", command, "C; a queue file with fsync, then SMTP to `smtp-sink`")


def _is_handed_on() -> bool:
    queues = (_POSTFIX / "queue" / name for name in ("maildrop", "incoming", "active", "deferred"))
    return not any(files for queue in queues for _folder, _folders, files in os.walk(queue))


def _run(
    up: Running, number: int, seconds: float, cores: Cores, is_done: Callable[[], bool], tell: Callable[[str], None]
) -> list[Stored]:
    found = []
    for workload in (workload for workload in WORKLOADS if workload.name in _WORKLOADS):
        pilot = one_run(up, workload, workload.pilot, cores)
        messages = max(workload.pilot, int(pilot.messages_per_second * seconds * _WORKLOADS[workload.name]))
        _wait(is_done)
        clock, began = processes.CpuClock(up.process), time.monotonic()
        run = one_run(up, workload, messages, cores, number)
        _wait(is_done)
        taken, cpu = time.monotonic() - began, clock.elapsed()
        empty(up.server)
        one = Stored(
            up.server.name, workload.name, number, messages, cpu / messages, run.messages_per_second,
            messages / taken, run.peak_rss_kib,
        )  # fmt: skip
        found.append(one)
        tell(
            f"{number} {workload.name:10} {up.server.name:16} {one.cpu_per_message * 1e6:11.1f} us/message "
            f"{one.accepted_per_second:9.0f}/s accepted {one.done_per_second:9.0f}/s handed on"
        )
    return found


def _wait(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _HANDING_ON_SECONDS
    while not is_done():
        if time.monotonic() > deadline:
            raise Failed("messages are still in the queue")
        time.sleep(0.02)

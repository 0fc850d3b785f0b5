"""Durable speed: every message in a Maildir, on one disk, beside Postfix and OpenSMTPD."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aside import put_aside
from measure import empty, kept, one_run, remove
from place import SMTPGEN, WORK
from running import Cores, Failed, Running, running
from servers import Server
from workloads import KIB, Workload

SESSIONS = (1, 10, 100)
# Servers that queue mail first: the run lasts until everything has been delivered.
_DELIVERY_SECONDS = 120
_PROBES = 200


@dataclass(frozen=True)
class Durable:
    """One run. Accepted is what the client sees; delivered, that the messages lie in the Maildir."""

    server: str
    sessions: int
    round: int
    messages: int
    accepted_per_second: float
    delivered_per_second: float
    p50: float
    p99: float
    p999: float


def durable(
    servers: Sequence[Server],
    sessions: Sequence[int],
    rounds: int,
    share: float,
    cores: Cores,
    tell: Callable[[str], None],
) -> tuple[list[Durable], list[str]]:
    """Each server with each number of sessions; each run goes into an empty Maildir."""
    found: list[Durable] = []
    errors: list[str] = []
    for number in range(rounds):
        for server in servers:
            remove(server)
            try:
                with running(server, cores) as up:
                    for count in sessions:
                        one = _run(up, count, max(20, int(share * 400 * count**0.5)), number, cores)
                        found.append(one)
                        tell(
                            f"{number} durable {count:4} {server.name:18} {one.accepted_per_second:8.0f}/s accepted "
                            f"{one.delivered_per_second:8.0f}/s delivered  p99 {one.p99 * 1e3:.1f} ms"
                        )
            except Failed as failure:
                errors.append(f"{server.name}, durable: {failure}")
                tell("! " + errors[-1])
            finally:
                remove(server)
    return found, errors


def _run(up: Running, sessions: int, messages: int, number: int, cores: Cores) -> Durable:
    command = f"{SMTPGEN} send -p {{port}} -s {sessions} -o -l {4 * KIB} -m {{messages}}"
    workload = Workload("durable", "4 KiB", command, 4 * KIB, 0)
    empty(up.server)
    run = one_run(up, workload, messages, cores, number)
    accepted = time.monotonic()
    while kept(up.server) < messages:
        if time.monotonic() - accepted > _DELIVERY_SECONDS:
            raise Failed(f"only {kept(up.server)} of {messages} messages arrived in {up.server.maildir}")
        time.sleep(0.02)
    delivered = run.seconds + time.monotonic() - accepted
    return Durable(
        up.server.name,
        sessions,
        number,
        messages,
        run.messages_per_second,
        messages / delivered,
        run.p50 or 0,
        run.p99 or 0,
        run.p999 or 0,
    )


def disk_seconds() -> float:
    """What the disk takes for one fsync of a new file of 4 KiB, as a median: the bound for one session."""
    path = WORK / "probe"
    taken: list[float] = []
    for _ in range(_PROBES):
        began = time.monotonic()
        file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        os.write(file, b"x" * 4 * KIB)
        os.fsync(file)
        os.close(file)
        taken.append(time.monotonic() - began)
        put_aside(path)
    return statistics.median(taken)

"""System calls per message, counted by strace."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from place import WORK
from running import Cores, Failed, load, running
from servers import Server
from workloads import WORKLOADS

COUNTED = ("new", "kept", "pipelined")
_MESSAGES = 2_000
# Until strace has attached to every thread.
_ATTACHING = 1.0


@dataclass(frozen=True)
class SystemCalls:
    """How often a server calls the kernel for one message, in all and by call."""

    server: str
    workload: str
    all: float
    by_name: dict[str, float]


def system_calls(
    servers: Sequence[Server], cores: Cores, tell: Callable[[str], None]
) -> tuple[list[SystemCalls], list[str]]:
    """Each server under the workloads of small messages."""
    found: list[SystemCalls] = []
    errors: list[str] = []
    for server in servers:
        for workload in (workload for workload in WORKLOADS if workload.name in COUNTED):
            try:
                with running(server, cores) as up, _traced(up.process) as counts:
                    load(workload.arguments(up.port, _MESSAGES), cores)
            except Failed as failure:
                errors.append(f"{server.name} {workload.name}, system calls: {failure}")
                tell("! " + errors[-1])
                continue
            each = {name: count / _MESSAGES for name, count in counts.items()}
            one = SystemCalls(server.name, workload.name, sum(each.values()), each)
            found.append(one)
            tell(f"system calls {workload.name:10} {server.name:16} {one.all:.2f}")
    return found, errors


@contextlib.contextmanager
def _traced(process: int) -> Iterator[dict[str, int]]:
    """The calls of this process and its threads and children while the block runs, filled in at its end."""
    table = WORK / "strace.out"
    command = ["strace", "--summary-only", "--follow-forks", "--quiet=all", "--output", str(table), "--attach", str(process)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    counts: dict[str, int] = {}
    try:
        time.sleep(_ATTACHING)
        yield counts
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(30)
    for line in table.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
            counts[fields[-1]] = int(fields[3])

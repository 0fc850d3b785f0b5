"""How the library's figures move with threads, sessions, idle connections, recipients, header, size and hooks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from measure import Run, quieter_run
from place import SMTPGEN
from running import Cores, Failed, holding, running
from servers import FLOOR_SERVER, OURS, Server, library_with
from workloads import KIB, MIB, Workload

_EVERYWHERE = Cores()


@dataclass(frozen=True)
class Axis:
    """One quantity that grows, while everything else stays."""

    name: str
    title: str
    unit: str
    values: Sequence[int]
    # The flags of smtpgen for one value, and the number of messages in a run.
    load: Callable[[int], tuple[str, int]]
    server: Callable[[int], Server] = lambda _: OURS
    idle: Callable[[int], int] = lambda _: 0
    # A server that shows the cost of the kernel and of the load itself.
    beside: Server | None = None
    pinned: bool = True
    # Whether the work of a message should grow with the value, as it does with its size.
    grows: bool = False


AXES: tuple[Axis, ...] = (
    Axis(
        "threads",
        "Runtime threads, 100 sessions; server and load share all processors",
        "threads",
        (1, 2),
        lambda _: ("-s 100 -P", 20_000),
        server=lambda threads: library_with(threads=threads),
        pinned=False,
    ),
    Axis(
        "sessions",
        "Concurrent sessions, 1 KiB",
        "sessions",
        (10, 30, 100, 300, 1_000, 3_000, 10_000),
        # Enough messages to make the cost of opening a session small.
        lambda sessions: (f"-s {sessions} -o", max(40_000, 20 * sessions)),
        beside=FLOOR_SERVER,
    ),
    Axis(
        "connections",
        "Idle connections beside 20 sessions at work, 1 KiB",
        "idle connections",
        (10, 100, 1_000, 10_000),
        lambda _: ("-s 20", 20_000),
        idle=lambda connections: connections,
        beside=FLOOR_SERVER,
    ),
    Axis(
        "recipients",
        "Recipients of a message, pipelined",
        "recipients",
        (1, 3, 10, 30, 100, 300, 1_000),
        lambda recipients: (f"-s 20 -P -r {recipients}", max(200, 20_000 // recipients)),
        grows=True,
    ),
    Axis(
        "headers",
        "Header fields of a message",
        "fields",
        (10, 30, 100, 300, 990),
        lambda fields: (f"-s 20 -H {fields}", max(2_000, 200_000 // fields)),
        grows=True,
    ),
    Axis(
        "size",
        "Size of a message",
        "octets",
        (KIB, 10 * KIB, 100 * KIB, MIB, 10 * MIB, 24 * MIB),
        lambda octets: (f"-s 4 -l {octets}", max(20, min(20_000, 1_000 * MIB // octets))),
        grows=True,
    ),
    Axis(
        "hooks",
        "No-op hooks at each stage",
        "hooks",
        (1, 3, 10, 30, 100),
        lambda _: ("-s 20 -P", 20_000),
        server=lambda hooks: library_with(hooks=hooks),
        grows=True,
    ),
)


@dataclass(frozen=True)
class Point:
    """A run at one value of an axis."""

    axis: str
    value: int
    run: Run


def scaling(
    cores: Cores, rounds: int, share: float, tell: Callable[[str], None], axes: Sequence[Axis] = AXES
) -> tuple[list[Point], list[str]]:
    """All values of all axes, with this share of the messages."""
    points: list[Point] = []
    errors: list[str] = []
    for number in range(rounds):
        for axis, value in ((axis, value) for axis in axes for value in axis.values):
            for server in filter(None, (axis.server(value), axis.beside)):
                try:
                    run = _run(server, axis, value, cores, share, number)
                except Failed as failure:
                    errors.append(f"{server.name}, {axis.name} {value}: {failure}")
                    tell("! " + errors[-1])
                    continue
                points.append(Point(axis.name, value, run))
                tell(
                    f"{number} {axis.name:12} {value:9} {server.name:6} {run.cpu_per_message * 1e6:10.1f} us/message "
                    f"{run.messages_per_second:9.0f}/s  p99.9 {(run.p999 or 0) * 1e3:.1f} ms"
                )
    return points, errors


def _run(server: Server, axis: Axis, value: int, cores: Cores, share: float, number: int) -> Run:
    flags, messages = axis.load(value)
    command = f"{SMTPGEN} send -p {{port}} {flags} -m {{messages}}"
    workload = Workload(axis.name, axis.title, command, 0, 0)
    placed = cores if axis.pinned else _EVERYWHERE
    with contextlib.ExitStack() as stack:
        up = stack.enter_context(running(server, placed))
        if held := axis.idle(value):
            stack.enter_context(holding("idle", up.port, held, placed))
        return quieter_run(up, workload, max(20, int(messages * share)), placed, number)

"""All that one call of the benchmark has found, and how it becomes JSON."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from console import Mailbox
from durable import Durable
from filters import Filtered
from idle import Idle, Trickle
from measure import Run
from plot import Bar
from scaling import Point
from stores import Stored
from strictness import Strictness
from syscalls import SystemCalls

_T = TypeVar("_T")


@dataclass
class Results:
    """Every single run, with no figure left out."""

    when: str
    machine: str
    command: str
    # A description of each server.
    servers: dict[str, str]
    strictness: list[Strictness] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    idle: list[Idle] = field(default_factory=list)
    trickle: list[Trickle] = field(default_factory=list)
    scaling: list[Point] = field(default_factory=list)
    durable: list[Durable] = field(default_factory=list)
    # The time of an fsync on this disk; none if durable speed was not measured.
    fsync_seconds: float | None = None
    stores: list[Stored] = field(default_factory=list)
    filters: list[Filtered] = field(default_factory=list)
    # The program with and without the console.
    console: list[Run] = field(default_factory=list)
    mailbox: Mailbox | None = None
    system_calls: list[SystemCalls] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        """For programs; seconds, octets and KiB."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"


def begin(command: str, servers: dict[str, str]) -> Results:
    """Results of this machine, of now."""
    return Results(time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), _machine(), command, servers)


def spread(name: str, runs: Iterable[_T], figure: Callable[[_T], float]) -> Bar:
    """Median, least and most of one figure."""
    values = [figure(run) for run in runs]
    return Bar(name, statistics.median(values), min(values), max(values))


def by_server(runs: Iterable[_T], name: Callable[[_T], str]) -> dict[str, list[_T]]:
    """Runs of one server together, in the order in which servers come first."""
    found: dict[str, list[_T]] = {}
    for run in runs:
        found.setdefault(name(run), []).append(run)
    return found


def _machine() -> str:
    models = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} processors, {model}, Linux {platform.release()}"

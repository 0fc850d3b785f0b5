"""Measures servers under workloads, interleaved, so that whatever disturbs the machine disturbs all of them."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import processes
from aside import put_aside
from running import Cores, Failed, Running, load, running
from servers import Server
from workloads import Workload

# Of one processor: if others use more than this, the run is repeated.
_DISTURBED = 0.25


@dataclass(frozen=True)
class Run:
    """One run of one server under one workload. Seconds, octets and KiB."""

    server: str
    workload: str
    round: int
    messages: int
    seconds: float
    # Of the server's process tree.
    cpu: float
    # The use of other processes on the machine meanwhile, as a share of one processor.
    strangers: float
    peak_rss_kib: int
    p50: float | None = None
    p99: float | None = None
    p999: float | None = None

    @property
    def cpu_per_message(self) -> float:
        """Seconds."""
        return self.cpu / self.messages

    @property
    def messages_per_second(self) -> float:
        """By the clock."""
        return self.messages / self.seconds


def one_run(up: Running, workload: Workload, messages: int, cores: Cores, round_number: int = 0) -> Run:
    """Sends so many messages, all of which have to be accepted."""
    processes.forget_peak(up.process)
    machine_before, load_before = processes.busy_seconds(), _children_cpu()
    began = time.monotonic()
    clock = processes.CpuClock(up.process)
    told = load(workload.arguments(up.port, messages), cores)
    cpu = clock.elapsed()
    seconds = time.monotonic() - began
    strangers = processes.busy_seconds() - machine_before - cpu - (_children_cpu() - load_before)
    if told and told["delivered"] != messages:
        raise Failed(f"{told['delivered']} of {messages} messages were accepted")
    return Run(
        up.server.name,
        workload.name,
        round_number,
        messages,
        told.get("seconds", seconds),
        cpu,
        max(0.0, strangers / seconds),
        processes.peak_rss_kib(up.process),
        told.get("p50"),
        told.get("p99"),
        told.get("p999"),
    )


def quieter_run(up: Running, workload: Workload, messages: int, cores: Cores, round_number: int) -> Run:
    """As `one_run`, once more if strangers disturbed it."""
    first = one_run(up, workload, messages, cores, round_number)
    if first.strangers <= _DISTURBED:
        return first
    second = one_run(up, workload, messages, cores, round_number)
    return min(first, second, key=lambda run: run.strangers)


class Measurement:
    """All runs of some servers under some workloads, and what went wrong."""

    def __init__(self, cores: Cores, seconds: float, tell: Callable[[str], None]) -> None:
        self.runs: list[Run] = []
        self.errors: list[str] = []
        self._cores = cores
        self._seconds = seconds
        self._tell = tell
        # The number of messages in a run; 0 if the server cannot do the workload.
        self._messages: dict[tuple[str, str], int] = {}

    def rounds(self, servers: Sequence[Server], workloads: Sequence[Workload], rounds: int) -> None:
        """Measures each server under each workload so many times, each round with fresh processes."""
        for number in range(rounds):
            for kind in ("ec", "rsa"):
                chosen = [workload for workload in workloads if (workload.tls or "ec") == kind]
                if chosen:
                    self._round(servers, chosen, kind, number)

    def _round(self, servers: Sequence[Server], workloads: Sequence[Workload], kind: str, number: int) -> None:
        with contextlib.ExitStack() as stack:
            up: list[Running] = []
            for server in servers:
                if server.offers_tls or any(workload.tls is None for workload in workloads):
                    try:
                        up.append(stack.enter_context(running(server, self._cores, kind)))
                    except Failed as failure:
                        self._failed(server.name, "", number, failure)
            for workload in workloads:
                # Another server goes first in each round.
                turn = number % max(1, len(up))
                for one in up[turn:] + up[:turn]:
                    if workload.tls is None or one.server.offers_tls:
                        self._measure(one, workload, number)

    def _measure(self, up: Running, workload: Workload, number: int) -> None:
        try:
            messages = self._messages_of_a_run(up, workload)
            if not messages:
                return
            run = quieter_run(up, workload, messages, self._cores, number)
        except Failed as failure:
            self._messages.setdefault((up.server.name, workload.name), 0)
            self._failed(up.server.name, workload.name, number, failure)
            return
        finally:
            if up.server.maildir:
                empty(up.server)
        self.runs.append(run)
        self._tell(
            f"{number} {workload.name:10} {run.server:16} {run.cpu_per_message * 1e6:11.1f} us/message "
            f"{run.messages_per_second:9.0f}/s  strangers {run.strangers:.2f}"
        )

    def _messages_of_a_run(self, up: Running, workload: Workload) -> int:
        """Enough for the seconds aimed at, found out once; later this warms a fresh process up."""
        key = (up.server.name, workload.name)
        if workload.fixed:
            return workload.fixed
        known = self._messages.get(key)
        if known:
            one_run(up, workload, max(2, known // 10), self._cores)
        elif known is None:
            pilot = one_run(up, workload, workload.pilot, self._cores)
            if pilot.seconds < 1:
                pilot = one_run(up, workload, 4 * workload.pilot, self._cores)
            self._messages[key] = max(workload.pilot, int(pilot.messages * self._seconds / pilot.seconds))
        return self._messages.get(key, 0)

    def _failed(self, server: str, workload: str, number: int, failure: Failed) -> None:
        self.errors.append(f"{server} {workload} round {number}: {failure}")
        self._tell("! " + self.errors[-1])


def empty(server: Server) -> None:
    """Takes the messages that this server keeps away, so that folders do not grow from run to run."""
    if server.maildir:
        for file in server.maildir.glob("new/*"):
            put_aside(file)


def kept(server: Server) -> int:
    """How many messages this server keeps."""
    return sum(1 for _ in server.maildir.glob("new/*")) if server.maildir else 0


def remove(server: Server) -> None:
    """Takes the Maildir of this server away."""
    if server.maildir and server.maildir.exists():
        put_aside(server.maildir)


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

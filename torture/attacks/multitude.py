"""Ten thousand idle connections from as many addresses."""

from __future__ import annotations

import resource
from collections import Counter
from multiprocessing.synchronize import Event
from pathlib import Path

from .base import Attack, connect, hello


class Multitude(Attack):
    name = "multitude"
    connections = 10_000
    # Below nine tenths, so that no timeout is shortened.
    flags = ("--limit", "connections=12000")
    memory_of_each = 4 / 1024

    def prepare(self, program: Path, folder: Path) -> tuple[str, ...]:
        # The program and the attackers are started after this and have the same limit.
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return self.flags

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        held = []
        seen: Counter[str] = Counter()
        for number in range(self.connections):
            held.append(connect(port, number))
            seen[hello(held[-1])] += 1
        begun.set()
        over.wait()
        for connection in held:
            connection.sendall(b"NOOP\r\n")
            seen[f"in the end {connection.recv(100)[:3].decode() or 'closed'}"] += 1
            connection.close()
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        due = {"250": self.connections, "in the end 250": self.connections}
        return [] if seen == due else [f"was told {dict(seen)} instead of {due}"]

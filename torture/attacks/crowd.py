"""Many addresses with one idle connection each, up to the last tenth of all places."""

from __future__ import annotations

from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect, line


class Crowd(Attack):
    name = "crowd"
    connections = 900
    flags = ("--limit", "connections=1000")

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        held = [connect(port, number) for number in range(self.connections)]
        seen = Counter(line(connection) for connection in held)
        begun.set()
        over.wait()
        for connection in held:
            connection.close()
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        due = {"220": self.connections}
        return [] if seen == due else [f"was told {dict(seen)} instead of {due}"]

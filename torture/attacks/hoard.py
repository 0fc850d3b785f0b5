"""One address takes every place that it can get, and keeps it."""

from __future__ import annotations

from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect, line

_SHARE = 20


class Hoard(Attack):
    name = "hoard"
    connections = 300
    flags = ("--limit", f"connections-per-client={_SHARE}")

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        held = [connect(port, 0) for _ in range(self.connections)]
        seen = Counter(line(connection) for connection in held)
        begun.set()
        over.wait()
        for connection in held:
            connection.close()
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        due = {"220": _SHARE, "421 4.7.0": self.connections - _SHARE}
        return [] if seen == due else [f"was told {dict(seen)} instead of {due}"]

"""Connections from many addresses, one after the other, that say nothing and go."""

from __future__ import annotations

from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect


class Flood(Attack):
    name = "flood"
    connections = 1

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        seen: Counter[str] = Counter()
        begun.set()
        while seen["connections"] < 2000 or not over.is_set():
            connect(port, seen["connections"] % 60_000).close()
            seen["connections"] += 1
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        return []

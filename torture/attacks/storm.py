"""Connections from many addresses that say EHLO and go, dozens at a time."""

from __future__ import annotations

from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect, line, to_the_end

_AT_A_TIME = 100


class Storm(Attack):
    name = "storm"
    connections = _AT_A_TIME

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        seen: Counter[str] = Counter()
        begun.set()
        number = 0
        while number < 2000 or not over.is_set():
            gust = [connect(port, (number + one) % 60_000) for one in range(_AT_A_TIME)]
            number += _AT_A_TIME
            for connection in gust:
                seen[line(connection)] += 1
                connection.sendall(b"EHLO x.example\r\nQUIT\r\n")
            for connection in gust:
                with connection:
                    seen[to_the_end(connection)] += 1
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        due = {"220", "221 2.0.0"}
        return [] if set(seen) == due and len(set(seen.values())) == 1 else [f"was told {dict(seen)}"]

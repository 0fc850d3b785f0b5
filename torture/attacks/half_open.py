"""Clients that close their side at every stage of a session in turn, and wait."""

from __future__ import annotations

import socket
from collections import Counter
from multiprocessing.synchronize import Event

from .base import STAGES, Attack, connect, line, to_the_end


class HalfOpen(Attack):
    name = "half-open"
    connections = len(STAGES)

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        seen: Counter[str] = Counter()
        begun.set()
        rounds = 0
        while rounds < 20 or not over.is_set():
            held = []
            for stage in range(len(STAGES)):
                connection = connect(port, rounds % 1000)
                line(connection)
                connection.sendall(b"".join(STAGES[: stage + 1]))
                connection.shutdown(socket.SHUT_WR)
                held.append(connection)
            for connection in held:
                with connection:
                    # Earlier input of the client is answered, and then the server closes too.
                    seen["reset" if to_the_end(connection) == "reset" else "closed"] += 1
            rounds += 1
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        return [] if set(seen) == {"closed"} else [f"came to {dict(seen)}"]

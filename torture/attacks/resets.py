"""Connections that are reset, at every stage of a session in turn."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from multiprocessing.synchronize import Event

from .base import STAGES, Attack, connect, line


class Resets(Attack):
    name = "resets"
    connections = 1

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        seen: Counter[str] = Counter()
        begun.set()
        number = 0
        while number < 50 * len(STAGES) or not over.is_set():
            stage = number % len(STAGES)
            with connect(port, number % 1000) as connection:
                line(connection)
                for sent in STAGES[: stage + 1]:
                    connection.sendall(sent)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            seen[f"stage {stage}"] += 1
            number += 1
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        return [] if len(seen) == len(STAGES) else [f"came to {dict(seen)}"]

"""Command lines that never end."""

from __future__ import annotations

import select
import socket
from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect, line, to_the_end

_PIECE = b"A" * 1024
# More than the program reads and the kernel buffers.
_MOST = 64 * 1024 * 1024


class EndlessLine(Attack):
    name = "endless-line"
    connections = 1

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        seen: Counter[str] = Counter()
        begun.set()
        number = 0
        while not seen or not over.is_set():
            with connect(port, number % 1000) as connection:
                number += 1
                line(connection)
                seen[self._send(connection)] += 1
        return seen

    def _send(self, connection: socket.socket) -> str:
        try:
            for _ in range(_MOST // len(_PIECE)):
                if select.select([connection], [], [], 0)[0]:
                    return to_the_end(connection)
                connection.sendall(_PIECE)
        except ConnectionError:
            return "reset"
        return "taken"

    def faults(self, seen: Counter[str]) -> list[str]:
        # Bytes on their way while the server closes make the kernel reset, sometimes before the reply is read.
        return [] if seen and set(seen) <= {"421 4.7.0", "500 5.5.2", "reset"} else [f"was told {dict(seen)}"]

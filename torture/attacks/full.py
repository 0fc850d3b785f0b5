"""Many addresses take all places, again and again; one client was there before."""

from __future__ import annotations

import socket
from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect, hello, line

_PLACES = 200
_NEWCOMERS = 20
_TRANSACTION = (
    (b"MAIL FROM:<>\r\n", "250"), (b"RCPT TO:<nobody@receiver.example>\r\n", "250"), (b"RSET\r\n", "250"),
)  # fmt: skip


class Full(Attack):
    name = "full"
    connections = _PLACES
    flags = ("--limit", f"connections={_PLACES}")
    takes_all_places = True

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        seen: Counter[str] = Counter()
        with connect(port, 60_000) as early:
            hello(early)
            begun.set()
            while not seen or not over.is_set():
                self._fill(port, early, seen)
        return seen

    def _fill(self, port: int, early: socket.socket, seen: Counter[str]) -> None:
        held = []
        number = 0
        # Other clients come and go, so the server is full once a few in a row are refused.
        turned_away = 0
        while turned_away < _NEWCOMERS:
            connection = connect(port, number)
            number += 1
            told = line(connection)
            if told == "220":
                held.append(connection)
                turned_away = 0
                continue
            connection.close()
            seen[f"a newcomer: {told}"] += 1
            turned_away += 1
        for command, due in _TRANSACTION:
            early.sendall(command)
            told = line(early)
            seen["served" if told == due else f"not served: {told}"] += 1
        for connection in held:
            connection.close()

    def faults(self, seen: Counter[str]) -> list[str]:
        return [] if set(seen) == {"a newcomer: 421 4.3.2", "served"} else [f"came to {dict(seen)}"]

"""Clients that send commands without end, and read all replies so that it never ends."""

from __future__ import annotations

import select
from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect

_COMMANDS = b"NOOP\r\n" * 1000


class Glutton(Attack):
    name = "glutton"
    connections = 200

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        held = {}
        poll = select.poll()
        for number in range(self.connections):
            connection = connect(port, number)
            connection.setblocking(False)
            held[connection.fileno()] = connection
            poll.register(connection, select.POLLIN | select.POLLOUT)
        seen: Counter[str] = Counter()
        begun.set()
        while seen["octets of replies"] < 1_000_000 or not over.is_set():
            for descriptor, event in poll.poll(1000):
                if event & select.POLLIN:
                    seen["octets of replies"] += len(held[descriptor].recv(256 * 1024))
                if event & select.POLLOUT:
                    held[descriptor].send(_COMMANDS)
        for connection in held.values():
            connection.close()
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        return []

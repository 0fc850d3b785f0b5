"""Clients that send commands without end, and read all replies so that it never ends."""

from __future__ import annotations

import select
import socket
from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect

_COMMANDS = b"NOOP\r\n" * 1000


class Glutton(Attack):
    name = "glutton"
    connections = 200

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        held: dict[int, socket.socket] = {}
        poll = select.poll()
        seen: Counter[str] = Counter()

        def come(number: int) -> None:
            connection = connect(port, number)
            connection.setblocking(False)
            held[connection.fileno()] = connection
            poll.register(connection, select.POLLIN | select.POLLOUT)

        def go(descriptor: int) -> None:
            poll.unregister(descriptor)
            held.pop(descriptor).close()
            seen["closed"] += 1

        for number in range(self.connections):
            come(number)
        begun.set()
        while seen["octets of replies"] < 1_000_000 or not over.is_set():
            for descriptor, event in poll.poll(1000):
                try:
                    if event & select.POLLIN:
                        seen["octets of replies"] += len(held[descriptor].recv(256 * 1024))
                    # After the file is closed this fails, for any event.
                    held[descriptor].send(_COMMANDS)
                except BlockingIOError:
                    pass
                except ConnectionError:
                    go(descriptor)
                    come(seen["closed"] % self.connections)
        for connection in held.values():
            connection.close()
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        return []

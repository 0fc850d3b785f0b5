"""Clients that send commands without end and read no reply."""

from __future__ import annotations

import socket
import time
from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect

_COMMANDS = b"NOOP\r\n" * 1000


class NeverReading(Attack):
    name = "never-reading"
    connections = 200

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        held = [connect(port, number) for number in range(self.connections)]
        for connection in held:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.setblocking(False)
        seen: Counter[str] = Counter()
        begun.set()
        while (held and not seen["full"]) or not over.is_set():
            for connection in held[:]:
                try:
                    seen["octets"] += connection.send(_COMMANDS)
                except BlockingIOError:
                    seen["full"] += 1
                except ConnectionError:
                    seen["closed"] += 1
                    connection.close()
                    held.remove(connection)
            time.sleep(0.001)
        for connection in held:
            connection.close()
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        sent = seen["octets"] >= self.connections * len(_COMMANDS)
        return [] if sent and seen["full"] else [f"came to {dict(seen)}"]

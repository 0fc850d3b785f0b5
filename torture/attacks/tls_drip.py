"""Clients that finish the TLS handshake and then send an octet at a time, each in a record of its own."""

from __future__ import annotations

import ssl
import time
from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect, secure

_COMMAND = b"EHLO " + b"x" * 500
_PAUSE = 0.05


class TlsDrip(Attack):
    name = "tls-drip"
    connections = 100
    flags = ("--timeout", "command=2")
    # A session inside TLS holds its keys and a record.
    memory_of_each = 64 / 1024

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        held = [secure(connect(port, number)) for number in range(self.connections)]
        for connection in held:
            connection.settimeout(0)
        seen: Counter[str] = Counter()
        begun.set()
        octets = iter(_COMMAND)
        while held or not over.is_set():
            octet = bytes((next(octets, ord("x")),))
            for connection in held[:]:
                if told := _drip(connection, octet):
                    seen[told] += 1
                    connection.close()
                    held.remove(connection)
            time.sleep(_PAUSE)
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        return [] if seen == {"421 4.4.2": self.connections} else [f"was told {dict(seen)}"]


def _drip(connection: ssl.SSLSocket, octet: bytes) -> str:
    """What the server has said, or nothing."""
    try:
        told = connection.recv(100)
    except ssl.SSLWantReadError:
        connection.sendall(octet)
        return ""
    except ConnectionError:
        return "reset"
    return " ".join(told.decode().split()[:2]) or "closed"

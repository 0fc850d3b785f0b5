"""What an attack is, and what all of them do."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections import Counter
from multiprocessing.synchronize import Event

_PATIENCE = 30


class Attack(ABC):
    """Something that hostile clients do; it runs in a process of its own."""

    name: str
    # The most that are connected at a time.
    connections: int
    flags: tuple[str, ...] = ()

    @abstractmethod
    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        """Attacks from `begun`, which it sets, until `over`; returns what it was told, and how often."""

    @abstractmethod
    def faults(self, seen: Counter[str]) -> list[str]:
        """What of it is not as documented; an attack that came to nothing is a fault."""


def connect(port: int, number: int) -> socket.socket:
    """A connection from an address of its own for each number below 65,024."""
    made = socket.socket()
    made.settimeout(_PATIENCE)
    try:
        made.bind((f"127.9.{number // 254}.{number % 254 + 1}", 0))
        made.connect(("127.0.0.1", port))
    except BaseException:
        made.close()
        raise
    return made


def line(connection: socket.socket) -> str:
    """The code and the enhanced code of the next line; 220 and 250 come without the latter."""
    got = bytearray()
    while not got.endswith(b"\n"):
        octet = connection.recv(1)
        if not octet:
            return "closed"
        got += octet
    words = got.decode(errors="replace").split()
    return words[0][:3] if words[0][:3] in ("220", "250") else " ".join(words[:2])


def to_the_end(connection: socket.socket) -> str:
    """The last line before the server closed, or `reset` if that came first."""
    last = "closed"
    try:
        while (one := line(connection)) != "closed":
            last = one
    except ConnectionError:
        return "reset"
    return last

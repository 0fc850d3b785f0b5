"""What an attack is, and what all of them do."""

from __future__ import annotations

import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

from client import trusting

_PATIENCE = 30
_TLS = trusting()

# A session in pieces, to stop in the middle of.
STAGES = (
    b"", b"EH", b"EHLO x.example\r\n", b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<one@receiver.example>\r\n",
    b"DATA\r\n", b"Subject: half", b" a line\r\n\r\ntext\r\n.",
)  # fmt: skip


class Attack(ABC):
    """Something that hostile clients do; it runs in a process of its own."""

    name: str
    # The most connections at a time.
    connections: int
    flags: tuple[str, ...] = ()
    # MiB that the program may use for it beyond what connections use.
    memory: float = 16.0
    # MiB that each of these may take.
    memory_of_each: float = 32 / 1024
    # Other clients get 421 now and then, and have to try again.
    takes_all_places = False

    def prepare(self, program: Path, folder: Path) -> tuple[str, ...]:
        """Makes what the program needs for it; returns the flags that it is started with."""
        return self.flags

    @abstractmethod
    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        """Attacks from `begun`, which it sets, until `over`; returns what it was told, and how often."""

    @abstractmethod
    def faults(self, seen: Counter[str]) -> list[str]:
        """What of it is not as documented; an attack that came to nothing is a fault."""


def together(count: int, begun: Event, work: Callable[[int], None]) -> None:
    """Does the work of all numbers below `count` at once, and waits for the end of all."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    begun.set()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


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


def hello(connection: socket.socket) -> str:
    """Reads the greeting and says EHLO; returns the code of the reply."""
    told = line(connection)
    if told != "220":
        return told
    connection.sendall(b"EHLO x.example\r\n")
    reply = bytearray()
    while not reply.endswith(b"\n") or reply.rpartition(b"\r\n")[0].rpartition(b"\n")[2][3:4] == b"-":
        octets = connection.recv(4096)
        if not octets:
            return "closed"
        reply += octets
    return reply[:3].decode()


def secure(connection: socket.socket) -> ssl.SSLSocket:
    """Says STARTTLS and shakes hands, with whatever certificate."""
    hello(connection)
    connection.sendall(b"STARTTLS\r\n")
    line(connection)
    return _TLS.wrap_socket(connection)


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

"""Messages whose header never ends."""

from __future__ import annotations

from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect, line, to_the_end

_ENVELOPE = b"EHLO x.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<one@receiver.example>\r\nDATA\r\n"
# The limit is 1,000 fields.
_FIELDS = b"X: y\r\n" * 100_000


class HeaderFlood(Attack):
    name = "header-flood"
    connections = 1

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        seen: Counter[str] = Counter()
        begun.set()
        number = 0
        while number < 20 or not over.is_set():
            with connect(port, number % 1000) as connection:
                line(connection)
                connection.sendall(_ENVELOPE)
                while line(connection) != "354 End":
                    pass
                connection.sendall(_FIELDS + b"\r\ntext\r\n.\r\n")
                seen[line(connection)] += 1
                connection.sendall(b"QUIT\r\n")
                to_the_end(connection)
            number += 1
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        return [] if set(seen) == {"552 5.3.4"} else [f"was told {dict(seen)}"]

"""Lines that are no commands, many at once."""

from __future__ import annotations

import random
from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect, line, to_the_end


class Garbage(Attack):
    name = "garbage"
    connections = 100
    # The program delays after each error; a lower limit keeps that short.
    flags = ("--limit", "errors=5")

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        held = [connect(port, number) for number in range(self.connections)]
        seen: Counter[str] = Counter()
        for number, connection in enumerate(held):
            dice = random.Random(number)
            line(connection)
            connection.sendall(b"".join(dice.randbytes(20).hex().encode() + b"\r\n" for _ in range(200)))
        begun.set()
        for connection in held:
            with connection:
                seen[to_the_end(connection)] += 1
        over.wait()
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        # A reset may overtake the reply if garbage is left unread.
        closed = seen["421 4.7.0"] + seen["reset"]
        return [] if closed == self.connections and seen["421 4.7.0"] else [f"was told {dict(seen)}"]

"""What became of each message, as its client knows it, and how often it was found in the store."""

from __future__ import annotations

import enum
import mmap
from collections import Counter
from collections.abc import Iterable


class Fate(enum.IntEnum):
    """How far a message came."""

    UNSENT = 0
    # The end was not sent, so the message must not be there.
    BEGUN = 1
    # Everything was sent and no reply came, so the message may be there or not.
    SENT = 2
    ACCEPTED = 3
    REFUSED = 4


class Ledger:
    """The fate of each message by its number; processes that fork share it."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._fates = mmap.mmap(-1, capacity)
        self._found = mmap.mmap(-1, capacity)
        self._numbers = iter(range(capacity))

    def share(self, index: int, count: int) -> None:
        """From here on this process takes one in `count` numbers, so that others can take the rest."""
        self._numbers = iter(range(index, self.capacity, count))

    def next(self) -> int | None:
        """A number that nobody has, or nothing if all are taken."""
        return next(self._numbers, None)

    def note(self, number: int, fate: Fate) -> None:
        self._fates[number] = fate

    def fate(self, number: int) -> Fate:
        return Fate(self._fates[number])

    def found(self, number: int) -> None:
        if number >= self.capacity:
            raise ValueError(f"number {number} was never given")
        self._found[number] = min(self._found[number] + 1, 255)

    def count(self, fate: Fate) -> int:
        return self._fates[:].count(fate)

    @property
    def stored(self) -> int:
        """How many messages were found, each once."""
        return self.capacity - self._found[:].count(0)

    def faults(self, refused_may_be_there: bool = False) -> list[str]:
        """What was lost, doubled or kept without need, of all that was sent so far."""
        may = {Fate.UNSENT: (0,), Fate.BEGUN: (0,), Fate.SENT: (0, 1), Fate.ACCEPTED: (1,), Fate.REFUSED: (0,)}
        if refused_may_be_there:
            may[Fate.REFUSED] = (0, 1)
        pairs = Counter(zip(self._fates[:], self._found[:]))
        wrong = {pair: times for pair, times in pairs.items() if pair[1] not in may[Fate(pair[0])]}
        return [
            f"{times} messages {Fate(fate).name} stand {found} times in the store: {self._some(fate, found)}"
            for (fate, found), times in wrong.items()
        ]

    def _some(self, fate: int, found: int) -> str:
        pairs: Iterable[tuple[int, tuple[int, int]]] = enumerate(zip(self._fates[:], self._found[:]))
        numbers = [number for number, pair in pairs if pair == (fate, found)]
        return ", ".join(map(str, numbers[:10]))

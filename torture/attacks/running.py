"""An attack under way, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from .base import Attack

_PATIENCE = 60


class Attacker:
    """Use it by `attacking`."""

    def __init__(self, attack: Attack, port: int, niceness: int) -> None:
        fork = multiprocessing.get_context("fork")
        self._begun, self._over = fork.Event(), fork.Event()
        self._results, results = fork.Pipe(duplex=False)

        def run() -> None:
            os.nice(niceness)
            results.send(attack.run(port, self._begun, self._over))

        self.process = fork.Process(target=run, daemon=True)
        self.process.start()
        results.close()

    def has_begun(self) -> bool:
        """Waits until it has; says so if it never does."""
        return self._begun.wait(_PATIENCE)

    def end(self) -> Counter[str] | None:
        """Lets it come to its end; returns what it was told, or nothing if it does not end."""
        self._over.set()
        try:
            return self._results.recv() if self._results.poll(_PATIENCE) else None
        except EOFError:
            return None


@contextmanager
def attacking(attack: Attack, port: int, niceness: int = 0) -> Iterator[Attacker]:
    """Leaves no attacker behind, whatever happens."""
    attacker = Attacker(attack, port, niceness)
    try:
        yield attacker
    finally:
        attacker.process.kill()
        attacker.process.join()

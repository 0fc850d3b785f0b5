"""What an ordeal is, and what all of them do."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import maildir_check
from ledger import Ledger
from letters import Letters
from load import Load
from program import Ports, Program
from scenarios.base import Checks


@dataclass(frozen=True)
class Stage:
    """What an ordeal has to work with."""

    program: Path
    # Of this ordeal alone.
    folder: Path
    # Of faults.c.
    fault_library: Path
    seed: int
    kills: int
    handovers: int
    soak: int
    plot: Path | None
    # By their names.
    attacks: Sequence[str]


class Ordeal(ABC):
    """Something that goes wrong around the program, and what must hold all the same."""

    name: str
    # It takes long, or is meaningful only on an idle machine.
    only_by_name = False

    @abstractmethod
    def run(self, stage: Stage) -> Checks:
        """Plays it and says what held."""


@contextmanager
def ended(program: Program) -> Iterator[Program]:
    """Leaves nothing running, whatever happens."""
    try:
        yield program
    finally:
        program.end()


def deliver(ports: Ports, load: Load, messages: int) -> Counter[str]:
    """Sends so many messages from many sessions; returns how often each reply came at their end."""
    before = load.replies.copy()
    asyncio.run(load.send(ports, messages))
    return load.replies - before


def look(
    checks: Checks, program: Program, letters: Letters, ledger: Ledger, refused_may_be_there: bool = False
) -> None:
    """Takes what is in the store, and holds it against the ledger."""
    faults = maildir_check.collect(program.store, letters, ledger)
    checks.that(not faults, "not what was sent: " + "; ".join(faults[:5]))
    faults = ledger.faults(refused_may_be_there)
    checks.that(not faults, "; ".join(faults))
    faults = program.faults()
    checks.that(not faults, "; ".join(faults[:3]))

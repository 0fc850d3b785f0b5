"""Each call to the disk fails now and then: whoever is told 250 has a message that is kept, and all others are told."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass

import maildir_check
from faults import ALWAYS, HALF, Faults, Operation
from ledger import Ledger
from letters import Letters
from load import Load
from program import Ports, Program
from scenarios.base import Checks

from .base import Ordeal, Stage, deliver, ended, look

_ACCEPTED = "250 2.6.0"
_NO_ROOM = "452 4.3.1"
_FAILURE = "451 4.3.0"
_OFTEN = ALWAYS // 3
_MESSAGES = 48
_AFTERWARDS = 8


@dataclass(frozen=True)
class Case:
    """What fails, and how the program must refuse because of it; with None it must not."""

    faults: Sequence[tuple[Operation, int, int]]
    refusal: str | None
    # A refused message stays if it cannot be removed.
    refused_may_stay: bool = False

    def __str__(self) -> str:
        return " and ".join(f"{operation.name}: {_error(error)}" for operation, error, _ in self.faults)


_CASES = (
    Case([(Operation.CREATE, errno.EIO, _OFTEN)], _FAILURE),
    Case([(Operation.CREATE, errno.ENOSPC, _OFTEN)], _NO_ROOM),
    Case([(Operation.CREATE, errno.EMFILE, _OFTEN)], _FAILURE),
    Case([(Operation.WRITE, errno.EIO, _OFTEN)], _FAILURE),
    Case([(Operation.WRITE, errno.ENOSPC, _OFTEN)], _NO_ROOM),
    Case([(Operation.WRITE, errno.EDQUOT, _OFTEN)], _NO_ROOM),
    Case([(Operation.WRITE, errno.EINTR, _OFTEN)], None),
    Case([(Operation.WRITE, HALF, _OFTEN)], None),
    Case([(Operation.FLUSH_FILE, errno.EIO, _OFTEN)], _FAILURE),
    Case([(Operation.FLUSH_FILE, errno.ENOSPC, _OFTEN)], _NO_ROOM),
    Case([(Operation.FLUSH_DIRECTORY, errno.EIO, _OFTEN)], _FAILURE),
    Case([(Operation.FLUSH_DIRECTORY, errno.ENOSPC, _OFTEN)], _NO_ROOM),
    Case([(Operation.RENAME, errno.EIO, _OFTEN)], _FAILURE),
    Case([(Operation.RENAME, errno.ENOSPC, _OFTEN)], _NO_ROOM),
    Case([(Operation.RENAME, errno.EEXIST, _OFTEN)], None),
    Case([(Operation.RENAME, errno.EINVAL, ALWAYS)], None),
    Case([(Operation.RENAME, errno.EINVAL, ALWAYS), (Operation.LINK, errno.EIO, _OFTEN)], _FAILURE),
    Case([(Operation.FLUSH_FILE, errno.EIO, _OFTEN), (Operation.REMOVE, errno.EIO, _OFTEN)], _FAILURE),
    Case(
        [(Operation.FLUSH_DIRECTORY, errno.EIO, _OFTEN), (Operation.REMOVE, errno.EIO, _OFTEN)],
        _FAILURE,
        refused_may_stay=True,
    ),
)


class FailingDisk(Ordeal):
    """One program goes through all cases, and works again after each."""

    name = "failing-disk"

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        faults = Faults(stage.fault_library, stage.folder)
        program = Program(stage.program, stage.folder, variables=faults.environment)
        with ended(program):
            ports = program.start()
            for case in _CASES:
                _play(checks, case, program, ports, faults, Letters(stage.seed, largest=400_000))
            program.stop()
        return checks


def _play(checks: Checks, case: Case, program: Program, ports: Ports, faults: Faults, letters: Letters) -> None:
    load = Load(letters, Ledger(_MESSAGES + _AFTERWARDS))
    before = {operation: faults.done(operation) for operation, _, _ in case.faults}
    for operation, error, per_million in case.faults:
        faults.set(operation, error, per_million)
    replies = deliver(ports, load, _MESSAGES)
    faults.clear()
    for operation, count in before.items():
        checks.that(faults.done(operation) > count, f"{case}: no {operation.name} failed")
    expected = {_ACCEPTED, case.refusal} if case.refusal else {_ACCEPTED}
    checks.that(set(replies) == expected, f"{case}: replies {dict(replies)}, expected {expected}")
    after = deliver(ports, load, _AFTERWARDS)
    checks.that(set(after) == {_ACCEPTED}, f"{case}: afterwards replies {dict(after)}")
    checks.that(not load.faults and not load.cut, f"{case}: {load.cut} sessions cut; {load.faults[:3]}")
    left = maildir_check.leftovers(program.store)
    if any(operation is Operation.REMOVE for operation, _, _ in case.faults):
        for name in os.listdir(program.store / "tmp"):
            (program.store / "tmp" / name).unlink()
    else:
        checks.that(not left, f"{case}: {', '.join(left[:3])}")
    look(checks, program, letters, load.ledger, case.refused_may_stay)


def _error(error: int) -> str:
    return errno.errorcode[error] if error else "half"

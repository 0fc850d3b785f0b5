"""What must reach the disk before a 250 has reached it: proved from a record of every system call."""

from __future__ import annotations

import dataclasses
import errno
import re
from collections.abc import Sequence
from pathlib import Path

import witness
from client import Kind
from faults import HALF, Faults, Operation
from ledger import Fate, Ledger
from letters import Letters
from load import Load
from program import Program
from scenarios.base import Checks

from .base import Ordeal, Stage, deliver, ended, look

_MESSAGES = 250
_SELDOM = 50_000
_ID = re.compile(rb"\sid ([^\s;]+)")
# Replies inside TLS cannot be read.
_KINDS = (Kind.LOCK_STEP, Kind.PIPELINED, Kind.CHUNKED, Kind.LMTP)
_FAILING = (Operation.WRITE, Operation.FLUSH_FILE, Operation.FLUSH_DIRECTORY, Operation.RENAME)
# Steps that a careless store would omit, or do too early.
_TAMPERINGS = ("flush-file", "flush-directory")


class Order(Ordeal):
    """First on a sound disk, then on one that fails now and then."""

    name = "order"

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        for disk in ("sound", "failing"):
            folder = stage.folder / disk
            folder.mkdir()
            faults = Faults(stage.fault_library, folder, folder / "calls")
            failing = _FAILING if disk == "failing" else ()
            program = Program(stage.program, folder, variables=faults.environment)
            _play(checks, program, faults, failing, stage.seed)
        return checks


def _play(checks: Checks, program: Program, faults: Faults, failing: Sequence[Operation], seed: int) -> None:
    letters = Letters(seed)
    load = Load(letters, Ledger(2 * _MESSAGES), kinds=_KINDS)
    with ended(program):
        ports = program.start()
        # Only now: on a disk that fails while the store is opened, the program does not start.
        for operation in failing:
            faults.set(operation, errno.EIO, _SELDOM)
        deliver(ports, load, _MESSAGES)
        faults.clear()
        # A write that takes only half is not a failure: the last write counts.
        faults.set(Operation.WRITE, HALF, 10 * _SELDOM)
        deliver(ports, load, _MESSAGES)
        program.stop()
    events = witness.read(Path(faults.environment["TORTURE_LOG"]))
    files = {_id(file): str(file) for file in (program.store / "new").iterdir()}
    promises = witness.promises(events)
    accepted = load.ledger.count(Fate.ACCEPTED)
    checks.that(0 < accepted == len(promises), f"{accepted} messages accepted, {len(promises)} replies recorded")
    broken = witness.broken_promises(events, files)
    checks.that(not broken, f"{len(broken)} of {accepted} replies were not true: {list(broken.items())[:5]}")
    unflushed = witness.unflushed_directories(events, min(promises.values(), default=0))
    checks.that(not unflushed, f"directories that were not flushed into theirs: {unflushed}")
    # A witness that sees nothing would accept everything.
    for operation in _TAMPERINGS:
        without = [event for event in events if event.operation != operation]
        unseen = len(promises) - len(witness.broken_promises(without, files))
        checks.that(not unseen, f"without {operation} the witness still believes {unseen} replies")
        late = [
            dataclasses.replace(event, begin=event.begin + 1_000_000, end=event.end + 1_000_000)
            if event.operation == operation else event
            for event in events
        ]  # fmt: skip
        unseen = len(promises) - len(witness.broken_promises(late, files))
        checks.that(not unseen, f"with {operation} too late the witness still believes {unseen} replies")
    print(f"  {len(events)} calls recorded; {accepted - len(broken)} of {accepted} replies 250 were true when sent", flush=True)
    look(checks, program, letters, load.ledger)
    checks.that(not load.faults and not load.cut, f"{load.cut} sessions cut; {load.faults[:3]}")


def _id(file: Path) -> str:
    found = _ID.search(file.read_bytes()[:2_000])
    return found[1].decode() if found else ""

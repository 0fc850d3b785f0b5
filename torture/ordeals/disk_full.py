"""A disk without room: 452 4.3.1 and nothing half-written, and mail again as soon as there is room."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import maildir_check
from faults import Faults, Operation
from ledger import Ledger
from letters import Letters
from load import Load
from program import Program
from scenarios.base import Checks

from .base import Ordeal, Stage, deliver, ended, look

_FILLING = 500
_AFTERWARDS = 30
# Real disks in memory: one that lacks room for bytes, one that lacks room for files.
_SMALL = {"octets": "size=1m", "files": "size=64m,nr_inodes=100"}
_EVERY_THIRD = 333_333


class DiskFull(Ordeal):
    """Needs root for a small tmpfs; without it, the same errors come from faults.c, and the report says so."""

    name = "disk-full"

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        for lacking, options in _SMALL.items():
            folder = stage.folder / lacking
            folder.mkdir()
            program = Program(stage.program, folder)
            with _mounted(program.disk, options) as is_mounted:
                if is_mounted:
                    print(f"  no room for {lacking}: a tmpfs with {options}", flush=True)
                    _fill(checks, program, stage.seed, None)
                else:
                    print(f"  no room for {lacking}: tmpfs cannot be mounted here, ENOSPC by faults.c", flush=True)
                    faults = Faults(stage.fault_library, folder)
                    operation = Operation.WRITE if lacking == "octets" else Operation.CREATE
                    faults.set(operation, errno.ENOSPC, _EVERY_THIRD)
                    program = Program(stage.program, folder, variables=faults.environment)
                    _fill(checks, program, stage.seed, faults)
        return checks


def _fill(checks: Checks, program: Program, seed: int, faults: Faults | None) -> None:
    letters = Letters(seed, largest=50_000)
    load = Load(letters, Ledger(_FILLING + _AFTERWARDS))
    with ended(program):
        ports = program.start()
        replies = deliver(ports, load, _FILLING)
        checks.that(set(replies) == {"250 2.6.0", "452 4.3.1"}, f"on the full disk: replies {dict(replies)}")
        left = maildir_check.leftovers(program.store)
        checks.that(not left, f"on the full disk: {', '.join(left[:3])}")
        if faults:
            faults.clear()
        # Removes the mail to make room.
        look(checks, program, letters, load.ledger)
        after = deliver(ports, load, _AFTERWARDS)
        checks.that(set(after) == {"250 2.6.0"}, f"with room again: replies {dict(after)}")
        program.stop()
    look(checks, program, letters, load.ledger)
    checks.that(not load.faults and not load.cut, f"{load.cut} sessions cut; {load.faults[:3]}")


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[bool]:
    """A small disk there, if this process may mount one."""
    command = ["mount", "-t", "tmpfs", "-o", options, "torture", str(folder)]
    is_mounted = subprocess.run(command, capture_output=True, timeout=10).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder)], check=True, timeout=10)

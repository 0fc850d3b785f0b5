"""Directories that cannot be written to, or are gone: 451 4.3.0 as long as that lasts, and mail again afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ledger import Ledger
from letters import Letters
from load import Load
from program import NOBODY, Program
from scenarios.base import Checks

from .base import Ordeal, Stage, deliver, ended, look

_MESSAGES = 30
_UNUSABLE = 3


class ReadOnly(Ordeal):
    """The program runs as nobody if the harness is root, whom permissions do not bind."""

    name = "read-only"

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        user = NOBODY if os.geteuid() == 0 else None
        program = Program(stage.program, stage.folder, user=user)
        if user is not None:
            os.chown(program.disk, user, user)
        letters = Letters(stage.seed, largest=50_000)
        load = Load(letters, Ledger(10 * _MESSAGES))

        def expect(reply: str, when: str) -> None:
            replies = deliver(ports, load, _MESSAGES)
            checks.that(set(replies) == {reply}, f"{when}: replies {dict(replies)}")

        with ended(program):
            ports = program.start()
            for folder in ("tmp", "new"):
                for spoil, mend in (_forbidden(program.store / folder), _gone(program.store / folder)):
                    spoil()
                    expect("451 4.3.0", f"{folder}/ cannot be used")
                    mend()
                    expect("250 2.6.0", f"{folder}/ can be used again")
            program.stop()
            look(checks, program, letters, load.ledger)
            (program.store / "tmp").chmod(0o500)
            program.spawn()
            code = program.end_by_itself()
            checks.that(code == _UNUSABLE, f"started with a tmp/ that is read-only, it ended with {code}")
            said = program.log.read_text()
            named = str(program.store / "tmp") in said.splitlines()[-1]
            checks.that(named, f"the last line does not name the directory: {said[-500:]}")
            (program.store / "tmp").chmod(0o700)
        checks.that(not load.faults and not load.cut, f"{load.cut} sessions cut; {load.faults[:3]}")
        return checks


def _forbidden(folder: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    return lambda: folder.chmod(0o500), lambda: folder.chmod(0o700)


def _gone(folder: Path) -> tuple[Callable[[], object], Callable[[], object]]:
    elsewhere = folder.with_name("elsewhere")
    return lambda: folder.rename(elsewhere), lambda: elsewhere.rename(folder)

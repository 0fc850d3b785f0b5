"""SIGKILL at random instants: what was answered 250 is there once and whole, and nothing half-done is."""

from __future__ import annotations

import asyncio
import errno
import random
import time

import maildir_check
from faults import ALWAYS, Faults, Operation
from ledger import Fate, Ledger
from letters import Letters
from load import Load
from program import Ports, Program
from scenarios.base import Checks

from .base import Ordeal, Stage, ended, look

_LONGEST = 0.25
# The share of kills that hit a program that is starting.
_AT_START = 0.1
_STARTING = 0.03
_MESSAGES_PER_KILL = 5_000
# Younger files may belong to a running process.


class Kills(Ordeal):
    """On a file system that can rename without replacing, as all of Linux's own can."""

    name = "kills"

    def run(self, stage: Stage) -> Checks:
        return torment(Program(stage.program, stage.folder), stage, stage.kills)


class KillsWithoutRename(Ordeal):
    """On one that cannot, as NFS: there a message has two names for a moment."""

    name = "kills-without-rename"

    def run(self, stage: Stage) -> Checks:
        faults = Faults(stage.fault_library, stage.folder)
        faults.set(Operation.RENAME, errno.EINVAL, ALWAYS)
        program = Program(stage.program, stage.folder, variables=faults.environment)
        checks = torment(program, stage, -(-stage.kills // 10))
        checks.that(faults.done(Operation.RENAME) > 0, "nothing was to be renamed")
        return checks


def torment(program: Program, stage: Stage, kills: int) -> Checks:
    """Kills the program so often, each time while mail comes in, and looks at its store after each start."""
    checks = Checks()
    dice = random.Random(stage.seed)
    letters = Letters(stage.seed)
    load = Load(letters, Ledger(kills * _MESSAGES_PER_KILL), mischief=0.05)
    torn = at_start = 0
    with ended(program):
        for _ in range(kills):
            if dice.random() < _AT_START:
                program.spawn()
                time.sleep(dice.uniform(0, _STARTING))
                program.kill()
                torn += _torn(program)
                at_start += 1
                continue
            ports = program.start()
            _look_at_tmp(checks, program)
            faults = maildir_check.collect(program.store, letters, load.ledger)
            checks.that(not faults, "not what was sent: " + "; ".join(faults[:5]))
            asyncio.run(_send_until_killed(program, load, ports, dice.uniform(0, _LONGEST)))
            torn += _torn(program)
        program.start()
        _look_at_tmp(checks, program)
        program.stop()
        look(checks, program, letters, load.ledger)
    accepted, unknown = load.ledger.count(Fate.ACCEPTED), load.ledger.count(Fate.SENT)
    checks.that(accepted > 0 and unknown > 0, f"{accepted} messages accepted, {unknown} unanswered: nothing was shown")
    checks.that(kills < 20 or torn > 0, "no kill left anything in tmp/, so nothing was shown of its cleaning")
    checks.that(set(load.replies) <= {"250 2.6.0"}, f"replies {dict(load.replies)}")
    checks.that(not load.faults and not load.cut, f"{load.cut} sessions cut; {load.faults[:5]}")
    print(
        f"  {kills} kills, {at_start} of them at the start; {accepted} messages answered 250, {unknown} without an "
        f"answer; {load.ledger.stored} in the store; {torn} files were left in tmp/ and cleaned",
        flush=True,
    )
    return checks


async def _send_until_killed(program: Program, load: Load, ports: Ports, seconds: float) -> None:
    dead = False

    def kill() -> None:
        nonlocal dead
        dead = True
        program.kill()

    asyncio.get_running_loop().call_later(seconds, kill)
    await load.send(ports, _MESSAGES_PER_KILL, lambda: dead)
    if not dead:
        raise RuntimeError(f"{_MESSAGES_PER_KILL} messages were sent in {seconds} s, before the kill")


def _torn(program: Program) -> int:
    """How much lies in `tmp/`."""
    return len(list((program.store / "tmp").iterdir()))


def _look_at_tmp(checks: Checks, program: Program) -> None:
    left = maildir_check.leftovers(program.store)
    checks.that(not left, f"after a start {len(left)} files are {', '.join(left[:3])}")

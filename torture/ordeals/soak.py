"""Many messages from clients of every kind, some of whom misbehave, while the disk fails now and then."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sys
import time
from pathlib import Path

import maildir_check
from faults import Faults, Operation
from ledger import Fate, Ledger
from letters import Letters
from load import Load
from program import Ports, Program
from scenarios.base import Checks
from vitals import Sample, files_of, growth, plot, sample

from .base import Ordeal, Stage, ended, look

_LOADERS = 2
_SESSIONS = 40
_MISCHIEF = 0.02
# One call in two thousand fails.
_RARELY = 500
_PAUSE = 0.25
# The allocator keeps some of what was freed.
_GROWTH_MIB = 8.0
# A plot of fewer samples says nothing about memory.
_LOOKS = 60
_REPLIES = {"250 2.6.0", "451 4.3.0", "452 4.3.1"}


class Soak(Ordeal):
    """Count in is count out, memory is flat, and in the end nothing is still open."""

    name = "soak"

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        faults = Faults(stage.fault_library, stage.folder)
        program = Program(stage.program, stage.folder, variables=faults.environment)
        letters = Letters(stage.seed, largest=300_000)
        ledger = Ledger(stage.soak)
        with ended(program):
            ports = program.start()
            at_rest = files_of(program.process)
            for operation in (Operation.CREATE, Operation.WRITE, Operation.FLUSH_FILE, Operation.FLUSH_DIRECTORY):
                faults.set(operation, errno.EIO, _RARELY)
            faults.set(Operation.RENAME, errno.ENOSPC, _RARELY)
            began = time.monotonic()
            reports = [stage.folder / f"report-{index}" for index in range(_LOADERS)]
            loaders = [_fork(ports, letters, ledger, index, stage.soak, report) for index, report in enumerate(reports)]
            samples = _watch(checks, program, letters, ledger, loaders, began)
            seconds = time.monotonic() - began
            faults.clear()
            _wait_until_closed(checks, program, at_rest)
            stopping = time.monotonic()
            program.stop()
            took = time.monotonic() - stopping
            # Stuck sessions would hold it for the 30 s of grace.
            checks.that(took < 10, f"it took {took:.1f} s to stop, with nothing to do")
        look(checks, program, letters, ledger)
        left = maildir_check.leftovers(program.store)
        checks.that(not left, ", ".join(left[:3]))
        for report in reports:
            said = json.loads(report.read_text())
            checks.that(set(said["replies"]) <= _REPLIES, f"replies {said['replies']}")
            checks.that(not said["faults"] and not said["cut"], f"{said['cut']} sessions cut; {said['faults'][:3]}")
        fates = {fate.name.lower(): ledger.count(fate) for fate in Fate}
        print(f"  {stage.soak} messages in {seconds:.0f} s: {fates}; {ledger.stored} in the store", flush=True)
        injected = {operation.name: faults.done(operation) for operation in Operation if faults.done(operation)}
        print(f"  calls that were made to fail: {injected}", flush=True)
        memory, most = samples[-1].memory, max(sample.files for sample in samples)
        grown = growth(samples) if len(samples) >= _LOOKS else 0.0
        print(f"  memory {memory:.1f} MiB in the end, {grown:+.1f} MiB; files {at_rest} at rest, {most} at most")
        checks.that(grown < _GROWTH_MIB, f"memory grew by {grown:.1f} MiB")
        if stage.plot:
            plot(samples, f"{stage.soak} messages", stage.plot)
        return checks


def _fork(ports: Ports, letters: Letters, ledger: Ledger, index: int, messages: int, report: Path) -> int:
    """Lets a process of its own send its share; returns its id."""
    loader = os.fork()
    if loader:
        return loader
    code = 1
    try:
        ledger.share(index, _LOADERS)
        load = Load(letters, ledger, sessions=_SESSIONS // _LOADERS, mischief=_MISCHIEF)
        asyncio.run(load.send(ports, messages))
        report.write_text(json.dumps({"replies": load.replies, "faults": load.faults, "cut": load.cut}))
        code = 0
    except BaseException as error:  # noqa: BLE001
        print(f"torture: a loader ended by {error!r}", file=sys.stderr, flush=True)
    finally:
        # No clean-up here: the parent owns everything.
        os._exit(code)


def _watch(
    checks: Checks, program: Program, letters: Letters, ledger: Ledger, loaders: list[int], began: float
) -> list[Sample]:
    """Takes mail out of the store and looks at the program until the loaders have ended."""
    samples: list[Sample] = []
    running = set(loaders)
    while running:
        faults = maildir_check.collect(program.store, letters, ledger)
        checks.that(not faults, "not what was sent: " + "; ".join(faults[:5]))
        samples.append(sample(program.process, time.monotonic() - began, ledger.stored))
        time.sleep(_PAUSE)
        for loader in list(running):
            ended_one, status = os.waitpid(loader, os.WNOHANG)
            if ended_one:
                running.discard(loader)
                checks.that(status == 0, f"a loader ended with status {status}")
    return samples


def _wait_until_closed(checks: Checks, program: Program, at_rest: int) -> None:
    """The program closes what its clients have left: then it has as many files open as at its start."""
    deadline = time.monotonic() + 10
    while (now := files_of(program.process)) > at_rest and time.monotonic() < deadline:
        time.sleep(0.05)
    checks.that(now <= at_rest, f"{now} files are open with nobody connected, {at_rest} were at the start")

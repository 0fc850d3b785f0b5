"""Hostile clients: the others lose nothing, memory stays bounded, and nothing is left open."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from dataclasses import replace
from pathlib import Path

import maildir_check
from attacks import attacks
from attacks.base import Attack
from latency import Probe
from ledger import Fate, Ledger
from letters import Letters
from load import Load
from program import Program
from scenarios.base import Checks
from vitals import files_of

from .base import Ordeal, Stage, deliver, ended, look

_MESSAGES = 200
_SESSIONS = 5
_PATIENCE = 60
# MiB that each hostile connection may take.
_PER_CONNECTION = 32 / 1024


class Hostility(Ordeal):
    """Each attack on a fresh program with its own limits, while well-behaved clients send mail."""

    name = "hostility"

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        for attack in attacks():
            folder = stage.folder / attack.name
            folder.mkdir()
            try:
                self._attack(checks, attack, replace(stage, folder=folder))
            except OSError as error:
                checks.that(False, f"{attack.name}: {error!r}")
        return checks

    def _attack(self, checks: Checks, attack: Attack, stage: Stage) -> None:
        started = time.monotonic()
        program = Program(stage.program, stage.folder, flags=attack.prepare(stage.program, stage.folder), unlimited=())
        letters = Letters(stage.seed, largest=50_000)
        load = Load(letters, Ledger(2 * _MESSAGES), sessions=_SESSIONS)
        with ended(program):
            ports = program.start()
            probe = Probe(ports.smtp)
            before = deliver(ports, load, _MESSAGES)
            when_quiet = probe.end()
            files, quiet = _at_rest(program.process, 0), _peak(program.process)
            fork = multiprocessing.get_context("fork")
            begun, over = fork.Event(), fork.Event()
            results, child_end = fork.Pipe(duplex=False)
            attacker = fork.Process(
                target=lambda: child_end.send(attack.run(ports.smtp, begun, over)), daemon=True
            )
            attacker.start()
            child_end.close()
            try:
                checks.that(begun.wait(_PATIENCE), f"{attack.name}: did not begin")
                probe = Probe(ports.smtp)
                deadline = time.monotonic() + _PATIENCE
                replies = load.replies.copy()
                asyncio.run(load.send(ports, _MESSAGES, lambda: time.monotonic() > deadline))
                when_attacked = probe.end()
                over.set()
                seen = results.recv() if results.poll(_PATIENCE) else None
            finally:
                attacker.kill()
                attacker.join()
            if checks.that(seen is not None, f"{attack.name}: did not end"):
                for fault in attack.faults(seen):
                    checks.that(False, f"{attack.name}: {fault}")
            during = load.replies - replies
            accepted = {"250 2.6.0"}
            checks.that(set(before) == set(during) == accepted, f"{attack.name}: others were told {dict(during)}")
            stored = load.ledger.count(Fate.ACCEPTED)
            checks.that(stored == 2 * _MESSAGES, f"{attack.name}: {stored} of {2 * _MESSAGES} messages were taken")
            bound = quiet + attack.memory + attack.connections * _PER_CONNECTION
            peak = _peak(program.process)
            checks.that(peak <= bound, f"{attack.name}: took {peak:.1f} MiB, {quiet:.1f} when quiet")
            left = _at_rest(program.process, files)
            checks.that(left <= files, f"{attack.name}: {left} files open, {files} before")
            seconds = time.monotonic() - started
            print(
                f"  {attack.name}: {seconds:.1f} s, {quiet:.1f} MiB, attacked {peak:.1f}; {dict(seen or {})}",
                flush=True,
            )
            print(f"    NOOP when quiet: {when_quiet}\n    attacked:        {when_attacked}", flush=True)
            program.stop()
        checks.that(not load.faults and not load.cut, f"{attack.name}: {load.cut} cut; {load.faults[:3]}")
        left_behind = maildir_check.leftovers(program.store)
        checks.that(not left_behind, f"{attack.name}: " + ", ".join(left_behind[:3]))
        look(checks, program, letters, load.ledger)


def _peak(process: int) -> float:
    """The most resident memory it ever had, in MiB."""
    for entry in Path(f"/proc/{process}/status").read_text().splitlines():
        if entry.startswith("VmHWM:"):
            return int(entry.split()[1]) / 1024
    raise OSError("the kernel does not say VmHWM")


def _at_rest(process: int, least: int) -> int:
    """Its open files once they are no more than `least`, or no longer change."""
    deadline = time.monotonic() + (10 if least else 0.5)
    while (count := files_of(process)) > least and time.monotonic() < deadline:
        time.sleep(0.02)
    return count

"""Hostile clients: the others lose nothing, memory stays bounded, and nothing is left open."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import maildir_check
from attacks import attacks
from attacks.base import Attack
from attacks.running import attacking
from client import Kind
from ledger import Fate, Ledger
from letters import Letters
from load import Load
from program import Program
from scenarios.base import Checks
from vitals import files_of, most_memory

from .base import Ordeal, Stage, deliver, ended, look

_MESSAGES = 200
_SESSIONS = 5
_PATIENCE = 60


class Hostility(Ordeal):
    """Each attack on a fresh program with its own limits, while well-behaved clients send mail."""

    name = "hostility"

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        for attack in attacks(stage.attacks):
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
            before = deliver(ports, load, _MESSAGES)
            files, quiet = _at_rest(program.process, 0), most_memory(program.process)
            with attacking(attack, ports.smtp) as attacker:
                checks.that(attacker.has_begun(), f"{attack.name}: did not begin")
                deadline = time.monotonic() + _PATIENCE
                replies = load.replies.copy()
                asyncio.run(load.send(ports, _MESSAGES, lambda: time.monotonic() > deadline))
                seen = attacker.end()
            if checks.that(seen is not None, f"{attack.name}: did not end"):
                for fault in attack.faults(seen):
                    checks.that(False, f"{attack.name}: {fault}")
            during = load.replies - replies
            accepted = {"250 2.6.0"}
            checks.that(set(before) == set(during) == accepted, f"{attack.name}: others were told {dict(during)}")
            stored = load.ledger.count(Fate.ACCEPTED)
            checks.that(stored == 2 * _MESSAGES, f"{attack.name}: {stored} of {2 * _MESSAGES} messages were taken")
            bound = quiet + attack.memory + attack.connections * attack.memory_of_each
            peak = most_memory(program.process)
            checks.that(peak <= bound, f"{attack.name}: took {peak:.1f} MiB, {quiet:.1f} when quiet")
            left = _at_rest(program.process, files)
            checks.that(left <= files, f"{attack.name}: {left} files open, {files} before")
            seconds = time.monotonic() - started
            print(
                f"  {attack.name}: {seconds:.1f} s, {quiet:.1f} MiB, attacked {peak:.1f}; {dict(seen or {})}",
                flush=True,
            )
            program.stop()
        cut = _without_a_word(load) if attack.takes_all_places else load.cut
        checks.that(not load.faults and not cut, f"{attack.name}: {cut} cut; {load.faults[:3]}")
        left_behind = maildir_check.leftovers(program.store)
        checks.that(not left_behind, f"{attack.name}: " + ", ".join(left_behind[:3]))
        look(checks, program, letters, load.ledger)


def _without_a_word(load: Load) -> int:
    """Sessions that were not even told 421; a client that expects TLS could not read it."""
    return sum(Kind.TLS.value not in session for session in load.gone)


def _at_rest(process: int, least: int) -> int:
    """Its open files once they are no more than `least`, or no longer change."""
    deadline = time.monotonic() + (10 if least else 0.5)
    while (count := files_of(process)) > least and time.monotonic() < deadline:
        time.sleep(0.02)
    return count

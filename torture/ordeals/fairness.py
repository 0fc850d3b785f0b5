"""How long a well-behaved client waits while others attack."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from attacks import attacks
from attacks.base import Attack
from attacks.running import attacking
from latency import Latency, Probe, Waits
from program import Program
from scenarios.base import Checks

from .base import Ordeal, Stage, ended

_MESSAGES = 500
# The most by which p99 may exceed its quiet value, and the milliseconds that are always acceptable.
_GOAL = 3.0
_FLOOR = 2.0
# Above the machine's other work; attackers count as such.
_HIGH = -10


class Fairness(Ordeal):
    """Each attack on a fresh program; the program has one processor, the client and the attackers have the others.

    It measures time, which no test can rely on, so it is run by its name only.
    """

    name = "fairness"
    only_by_name = True

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        print("  | attack | | quiet p50 | p99 | longest | attacked p50 | p99 | longest | p99, times quiet |")
        print("  |---|---|---|---|---|---|---|---|---|", flush=True)
        for attack in attacks(stage.attacks):
            folder = stage.folder / attack.name
            folder.mkdir()
            try:
                quiet, attacked = self._measure(attack, replace(stage, folder=folder))
            except OSError as error:
                checks.that(False, f"{attack.name}: {error!r}")
                continue
            _judge(checks, attack, "NOOP", quiet.commands, attacked.commands)
            _judge(checks, attack, "message", quiet.messages, attacked.messages)
        return checks

    def _measure(self, attack: Attack, stage: Stage) -> tuple[Latency, Latency]:
        flags = attack.prepare(stage.program, stage.folder)
        program = Program(stage.program, stage.folder, flags=flags, unlimited=("transactions",))
        first, *others = sorted(os.sched_getaffinity(0))
        with ended(program), _raised():
            with _confined({first}):
                ports = program.start()
            with _confined(set(others) or {first}):
                probe = Probe(ports.smtp)
                try:
                    # Work that is done once, such as creating the Maildir, is not part of it.
                    probe.measure(50)
                    quiet = probe.measure(_MESSAGES)
                    with attacking(attack, ports.smtp, niceness=-_HIGH) as attacker:
                        if not attacker.has_begun():
                            raise OSError("did not begin")
                        attacked = probe.measure(_MESSAGES)
                        seen = attacker.end()
                    if seen is None or (faults := attack.faults(seen)):
                        raise OSError("did not end" if seen is None else "; ".join(faults))
                finally:
                    probe.end()
        return quiet, attacked


def _judge(checks: Checks, attack: Attack, what: str, quiet: Waits, attacked: Waits) -> None:
    ratio = attacked.p99 / quiet.p99
    columns = [f"{value:.2f}" for waits in (quiet, attacked) for value in (waits.p50, waits.p99, waits.longest)]
    print(f"  | `{attack.name}` | {what} | {' | '.join(columns)} | {ratio:.1f} |", flush=True)
    checks.that(
        ratio <= _GOAL or attacked.p99 <= _FLOOR,
        f"{attack.name}: {what} has a p99 of {attacked.p99:.2f} ms, {quiet.p99:.2f} when quiet",
    )


@contextmanager
def _raised() -> Iterator[None]:
    """What is started meanwhile goes before other work of the machine, where that is allowed."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _HIGH)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


@contextmanager
def _confined(processors: set[int]) -> Iterator[None]:
    """What is started meanwhile runs on these."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

"""SIGUSR2 again and again while mail comes in: no client is refused, and each message is there once."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

from client import Kind
from generations import Generations, open_files
from ledger import Fate, Ledger
from letters import Letters
from load import Load
from program import Ports, Program
from scenarios.base import Checks
from server import Certificate, make_certificate

from .base import Ordeal, Stage, look

_LONGEST = 0.4
_MESSAGES_PER_HANDOVER = 2_000
_SECONDS_TO_SETTLE = 10


class Handover(Ordeal):
    """With a program and a certificate that are broken for a while in the middle."""

    name = "handover"

    def run(self, stage: Stage) -> Checks:
        path = Path(shutil.copy(stage.program, stage.folder / "own"))
        certificate = make_certificate(stage.folder)
        generations = Generations(stage.folder)
        unix = stage.folder / "lmtp"
        flags = [
            f"--lmtp=unix:{unix}", f"--tls-cert={certificate.certificate}", f"--tls-key={certificate.key}",
        ]  # fmt: skip
        program = Program(path, stage.folder, flags, generations.variables)
        checks = Checks()
        letters = Letters(stage.seed)
        ledger = Ledger((stage.handovers + 1) * _MESSAGES_PER_HANDOVER)
        load = Load(letters, ledger, kinds=tuple(Kind))
        try:
            ports = replace(program.start(), socket=unix)
            generations.begin(program.process)
            files = open_files(program.process)
            asyncio.run(_torment(generations, program, path, certificate, load, ports, stage))
            checks.that(generations.count == stage.handovers, f"handed over {generations.count} times")
            left = _settled(generations.newest, files)
            checks.that(left <= files, f"{files} files were open in the first process, {left} are in the last")
            faults = generations.end(program.popen)
            checks.that(not faults, "; ".join(faults[:5]))
            checks.that(not unix.exists(), "the file of the Unix socket was left")
            program.ended()
        finally:
            generations.close()
        judge(checks, load)
        look(checks, program, letters, ledger)
        print(
            f"  {stage.handovers} handovers and 2 that failed; {ledger.count(Fate.ACCEPTED)} messages answered 250, "
            f"{ledger.stored} in the store; {load.cut} sessions told 421, {len(load.gone)} cut without; {files} files "
            f"open in the first process, {left} in the last",
            flush=True,
        )
        return checks


def judge(checks: Checks, load: Load) -> None:
    """What clients must have seen of it: nothing but a 421 between two messages."""
    unknown = load.ledger.count(Fate.SENT)
    checks.that(load.ledger.count(Fate.ACCEPTED) > 0, "no message was sent, so nothing was shown")
    checks.that(unknown == 0, f"{unknown} messages were sent whole and never answered")
    checks.that(set(load.replies) <= {"250 2.6.0"}, f"replies {dict(load.replies)}")
    checks.that(not load.faults, f"{load.faults[:5]}")
    checks.that(not load.gone, f"{len(load.gone)} sessions were refused or cut without a 421: {load.gone[:5]}")


async def _torment(
    generations: Generations,
    program: Program,
    path: Path,
    certificate: Certificate,
    load: Load,
    ports: Ports,
    stage: Stage,
) -> None:
    dice = random.Random(stage.seed)
    is_over = False
    sending = asyncio.create_task(load.send(ports, load.ledger.capacity, lambda: is_over))
    try:
        for turn in range(stage.handovers):
            await asyncio.sleep(dice.uniform(0, _LONGEST))
            if turn == stage.handovers // 2:
                for broken in (certificate.certificate, path):
                    await _break(generations, program, broken)
            await generations.hand_over()
    finally:
        is_over = True
        await sending


async def _break(generations: Generations, program: Program, file: Path) -> None:
    """Hands over in vain while there is nonsense in place of a file."""
    aside = file.rename(file.with_suffix(".aside"))
    file.write_text("nonsense\n")
    file.chmod(0o755)
    await generations.hand_over_in_vain(program.log)
    aside.replace(file)


def _settled(process: int, expected: int) -> int:
    """How many files it has open when the sessions are over."""
    deadline = time.monotonic() + _SECONDS_TO_SETTLE
    while (left := open_files(process)) > expected and time.monotonic() < deadline:
        time.sleep(0.02)
    return left

"""SIGKILL while a message becomes several files: each recipient has a copy, or none has and the client was not told 250."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import trace_headers
from client import Kind
from faults import DIE, Faults, Operation
from ledger import Fate, Ledger
from letters import DamagedError, Letters
from load import Load
from maildir_check import RECIPIENTS, leftovers
from program import Program
from scenarios.base import Checks

from .base import Ordeal, Stage, ended

_USERS = tuple(recipient.decode().partition("@")[0] for recipient in RECIPIENTS)
# After any of these calls the store is in another state than before.
_INSTANTS = (Operation.CREATE, Operation.FLUSH_FILE, Operation.FLUSH_DIRECTORY, Operation.RENAME, Operation.REMOVE)
# Rare enough that the program first has some messages under way.
_PER_MILLION = 4_000
_MOST_MESSAGES = 3_000
_LARGEST = 20_000
_WITHDRAWN = "took back copies"


class KillsBetweenCopies(Ordeal):
    """The program kills itself right after a call that changes its store; it has a Maildir for each user."""

    name = "kills-between-copies"

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        dice = random.Random(stage.seed)
        letters = Letters(stage.seed, _LARGEST)
        kills = -(-stage.kills // 3)
        load = Load(letters, Ledger((kills + 1) * _MOST_MESSAGES), kinds=(Kind.LMTP,))
        faults = Faults(stage.fault_library, stage.folder)
        store = stage.folder / "disk" / "mail"
        program = Program(
            stage.program, stage.folder, variables=faults.environment, log_level="warn", store=f"maildir:{store}/{{user}}?line-ends=crlf"
        )
        copies: Counter[tuple[str, int]] = Counter()
        with ended(program):
            for _ in range(kills):
                faults.clear()
                ports = program.start()
                _collect(checks, store, letters, copies)
                instant = dice.choice(_INSTANTS)
                faults.set(instant, DIE, _PER_MILLION)
                asyncio.run(load.send(ports, _MOST_MESSAGES, lambda: program.popen.poll() is not None))
                checks.that(program.popen.poll() is not None, f"no kill after a {instant.name} in {_MOST_MESSAGES} messages")
                program.kill()
            faults.clear()
            # A Maildir is cleaned when its user next gets mail.
            asyncio.run(load.send(program.start(), 2 * load.sessions))
            program.stop()
            left = [name for user in _USERS for name in leftovers(store / user)]
            checks.that(not left, f"{len(left)} files are {', '.join(left[:3])}")
            _collect(checks, store, letters, copies)
        kept = {number for _, number in copies}
        uneven = [number for number in kept if {copies[user, number] for user in _USERS} != {1}]
        checks.that(not uneven, f"not one copy for each recipient: {uneven[:5]}")
        for number in kept:
            load.ledger.found(number)
        checks.that(not load.ledger.faults(), "; ".join(load.ledger.faults()))
        checks.that(not program.faults(), "; ".join(program.faults()[:3]))
        withdrawn = program.log.read_text(errors="replace").count(_WITHDRAWN)
        checks.that(kills < 10 or withdrawn > 0, "no start took a copy back, so nothing was shown")
        accepted, unknown = load.ledger.count(Fate.ACCEPTED), load.ledger.count(Fate.SENT)
        checks.that(accepted > 0 and unknown > 0, f"{accepted} messages accepted, {unknown} unanswered: nothing was shown")
        print(
            f"  {kills} kills; {accepted} messages answered 250, {unknown} without an answer; {len(kept)} in both "
            f"Maildirs; copies of {withdrawn} were taken back",
            flush=True,
        )
        return checks


def _collect(checks: Checks, store: Path, letters: Letters, copies: Counter[tuple[str, int]]) -> None:
    """Takes every message out of the Maildirs, and counts the copies of each user."""
    faults = []
    for user, recipient in zip(_USERS, RECIPIENTS):
        maildir = store / user
        for file in (maildir / "new").glob("*"):
            try:
                stored = trace_headers.take_apart(file.read_bytes())
                copies[user, letters.read(stored.content)] += 1
                if set(stored.recipients) != {recipient}:
                    faults.append(f"{file.name} of {user}: is for {stored.recipients}")
            except (trace_headers.TraceError, DamagedError) as error:
                faults.append(f"{file.name} of {user}: {error}")
            file.unlink()
    checks.that(not faults, "; ".join(faults[:3]))

"""SIGKILL while two stores get each message: what was answered 250 is in both, and what was refused is in no Maildir."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter

import maildir_check
from next_hop import NextHop
from one_try import send
from program import Ports, Program
from scenarios.base import Checks

from .base import Ordeal, Stage, ended
from .forward import RECIPIENTS, send_large

_SESSIONS = 8
_LONGEST = 0.5
_STORE_SECONDS = 1
# Lines of the longest message, a few of which are longer than what the Maildir gathers before it writes.
_LINES = 20_000


class Several(Ordeal):
    """A Maildir and a next hop that fails in many ways."""

    name = "several"

    def run(self, stage: Stage) -> Checks:
        return asyncio.run(_run(stage))


async def _run(stage: Stage) -> Checks:
    checks = Checks()
    hop = NextHop(stage.seed, late_seconds=_STORE_SECONDS * 1.5)
    await hop.listen()
    flags = (f"--store=lmtp:127.0.0.1:{hop.port}", f"--timeout=store={_STORE_SECONDS}s")
    program = Program(stage.program, stage.folder, flags)
    dice = random.Random(stage.seed)
    # The reply to each message, by its name. It is empty where the kill came first.
    replies: dict[str, str] = {}
    with ended(program):
        for kill in range(stage.kills):
            ports = await asyncio.to_thread(program.start)
            sessions = [asyncio.create_task(_session(ports, f"{kill}-{number}", replies)) for number in range(_SESSIONS)]
            # The store's time limit and the late answers of the next hop count too.
            await asyncio.sleep(dice.uniform(0, _LONGEST if kill % 10 else 3 * _STORE_SECONDS))
            await asyncio.to_thread(program.kill)
            await asyncio.wait_for(asyncio.gather(*sessions), 30)
        await asyncio.to_thread(program.start)
        left = maildir_check.leftovers(program.store)
        checks.that(not left, f"after a start {len(left)} files are {', '.join(left[:3])}")
        await asyncio.to_thread(program.stop)
        checks.that(not program.faults(), "; ".join(program.faults()[:3]))
    # Until the last late answer.
    await asyncio.sleep(hop.late_seconds)
    hop.failing = False
    patient = stage.folder / "patient"
    patient.mkdir()
    program_of_large = Program(stage.program, patient, flags[:1])
    with ended(program_of_large):
        ports = await asyncio.to_thread(program_of_large.start)
        await send_large(checks, program_of_large, ports)
        await asyncio.to_thread(program_of_large.stop)
    await hop.close()
    _look(checks, program, hop, replies)
    return checks


async def _session(ports: Ports, session: str, replies: dict[str, str]) -> None:
    """Sends messages until the program is killed, each once."""
    dice = random.Random(session)
    number = 0
    while True:
        name = f"{session}-{number}"
        number += 1
        content = f"Subject: {name}\r\n\r\n".encode() + b"some line of text\r\n" * int(_LINES * dice.random() ** 8)
        replies[name] = ""
        with contextlib.suppress(OSError):
            replies[name] = await send(ports.smtp, RECIPIENTS, content)
        if not replies[name]:
            return


def _look(checks: Checks, program: Program, hop: NextHop, replies: dict[str, str]) -> None:
    kept = Counter(_name(file.read_bytes()) for file in (program.store / "new").iterdir())
    accepted = [name for name, reply in replies.items() if reply.startswith("250")]
    refused = [name for name, reply in replies.items() if reply and not reply.startswith("250")]
    unanswered = [name for name, reply in replies.items() if not reply]
    wrong = [name for name in accepted if kept[name] != 1]
    checks.that(not wrong, f"answered 250, and not once in the Maildir: {wrong[:5]}")
    wrong = [f"{name} for {to}" for name in accepted for to in RECIPIENTS if hop.copies[name, to] != 1]
    checks.that(not wrong, f"answered 250, and not once at the next hop: {wrong[:5]}")
    wrong = [f"{name}: {replies[name]}" for name in refused if kept[name]]
    checks.that(not wrong, f"refused, and in the Maildir: {wrong[:5]}")
    wrong = [name for name, times in kept.items() if times > 1 or name not in replies]
    checks.that(not wrong, f"in the Maildir twice, or never sent: {wrong[:5]}")
    at_hop = {name for name, _ in hop.copies}
    between = [name for name in unanswered if name in at_hop and not kept[name]]
    checks.that(bool(accepted and refused and unanswered), f"{len(accepted)} accepted, {len(refused)} refused: too few")
    codes = Counter(replies[name][:9] for name in refused)
    print(
        f"  {len(accepted)} messages answered 250, {len(refused)} refused {dict(codes)}, {len(unanswered)} unanswered, "
        f"{len(between)} of which only the next hop has",
        flush=True,
    )


def _name(message: bytes) -> str:
    return message.partition(b"\r\nSubject: ")[2].partition(b"\r\n")[0].decode()

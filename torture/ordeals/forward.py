"""A next hop that fails in many ways: what was answered 250 is there exactly once, and memory stays flat."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter

from next_hop import Failure, NextHop
from one_try import send
from program import Ports, Program
from scenarios.base import Checks
from vitals import peak, sample

from .base import Ordeal, Stage, ended

_SESSIONS = 12
_MESSAGES = 25
RECIPIENTS = ("bob@example.com", "eve@example.com", "joe@example.com")
_STORE_SECONDS = 1
_TRIES = 200
_LARGE = 10 * 2**20
_LARGE_MESSAGES = 6
# Buffers of both sides, and what the allocator keeps.
_MOST_GROWTH = 48.0
_SECONDS = 240


class Forward(Ordeal):
    name = "forward"

    def run(self, stage: Stage) -> Checks:
        return asyncio.run(_run(stage))


async def _run(stage: Stage) -> Checks:
    checks = Checks()
    hop = NextHop(stage.seed, late_seconds=_STORE_SECONDS * 1.5)
    await hop.listen()
    flags = (f"--timeout=store={_STORE_SECONDS}s",)
    store = f"lmtp:127.0.0.1:{hop.port}"
    program = Program(stage.program, stage.folder, flags, store=store)
    dice = random.Random(stage.seed)
    with ended(program):
        ports = await asyncio.to_thread(program.start)
        replies: Counter[str] = Counter()
        pausing = asyncio.create_task(_go_away(hop, dice))
        sessions = [_session(ports, number, replies) for number in range(_SESSIONS)]
        unsent = sum(await asyncio.wait_for(asyncio.gather(*sessions), _SECONDS))
        pausing.cancel()
        hop.failing = False
        checks.that(unsent == 0, f"{unsent} messages were never accepted: {dict(replies)}")
        missing, doubled = _copies(hop)
        checks.that(not missing, f"answered 250 and not there: {missing[:5]}")
        checks.that(not doubled, f"there more than once: {doubled[:5]}")
        every = [failure for failure in Failure if not hop.failures[failure]]
        checks.that(not every, f"never happened: {every}")
        await hop.pause(0)
        await asyncio.to_thread(program.stop)
        checks.that(not program.faults(), "; ".join(program.faults()[:3]))
    # Large messages take as long as the machine needs.
    patient = stage.folder / "patient"
    patient.mkdir()
    program = Program(stage.program, patient, store=store)
    with ended(program):
        ports = await asyncio.to_thread(program.start)
        await send_large(checks, program, ports)
        before = hop.farewells
        await asyncio.to_thread(program.stop)
        checks.that(hop.farewells > before, "its connections ended without QUIT")
    await hop.close()
    return checks


async def _go_away(hop: NextHop, dice: random.Random) -> None:
    """Lets the next hop refuse connections at random instants, without end."""
    while True:
        await asyncio.sleep(dice.uniform(0.2, 1.0))
        await hop.pause(dice.uniform(0.02, 0.2))


def _copies(hop: NextHop) -> tuple[list[str], list[str]]:
    names = [f"{session}-{number}" for session in range(_SESSIONS) for number in range(_MESSAGES)]
    wanted = [(name, recipient) for name in names for recipient in RECIPIENTS]
    missing = [f"{name} for {to}" for name, to in wanted if not hop.copies[name, to]]
    doubled = [f"{name} for {to}" for name, to in wanted if hop.copies[name, to] > 1]
    return missing, doubled


async def _session(ports: Ports, session: int, replies: Counter[str]) -> int:
    """Sends its messages, each until it is accepted; returns how many were not."""
    unsent = 0
    for number in range(_MESSAGES):
        content = f"Subject: {session}-{number}\r\n\r\n".encode() + b"x" * 70 + b"\r\n"
        content += b"some line of text\r\n" * (number * 40)
        for _ in range(_TRIES):
            reply = await send(ports.smtp, RECIPIENTS, content)
            replies[reply[:9]] += 1
            if reply.startswith("250"):
                break
            # Long enough for an answer that comes late.
            await asyncio.sleep(_STORE_SECONDS if reply.startswith("451 4.3.0") else 0.05)
        else:
            unsent += 1
    return unsent


async def send_large(checks: Checks, program: Program, ports: Ports) -> None:
    """Several large messages at once, whose content a file keeps beyond the first megabyte."""
    before = sample(program.process, 0, 0).memory
    line = b"y" * 998 + b"\r\n"
    content = b"Subject: large\r\n\r\n" + line * (_LARGE // len(line))
    sending = [asyncio.create_task(send(ports.smtp, RECIPIENTS, content)) for _ in range(_LARGE_MESSAGES)]
    began = time.monotonic()
    most = await peak(program.process, sending)
    replies = [task.result() for task in sending]
    checks.that(all(reply.startswith("250") for reply in replies), f"large messages were answered {replies}")
    checks.that(most - before < _MOST_GROWTH, f"memory grew by {most - before:.0f} MiB with large messages")
    checks.that(time.monotonic() - began < 120, "large messages took more than two minutes")

"""A web server that takes webhooks, and the program, are killed again and again: what was answered 250 is there once.

Then the web server hangs, and reads slowly: clients learn so in time, other sessions go on, and memory stays flat.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from one_try import send
from program import Ports, Program
from scenarios.base import Checks
from vitals import peak, sample
from webhooks import WebServer

from .base import Ordeal, Stage, ended

_SESSIONS = 10
# Kills for each one that other ordeals do.
_KILLS = 2
_PAUSE = (0.0, 0.12)
_TRY_AGAIN = 0.02
_SECONDS = 240
_TIMEOUT = 2
_HANGING = 10
_QUICK = 50
_LARGE = 10 * 2**20
_LARGE_MESSAGES = 6
# Buffers of both sides, a spool of 1 MiB a message, and what the allocator keeps.
_MOST_GROWTH = 48.0
# The parser needs a message whole, and its parts next to it; 64 MiB of messages at a time.
_MOST_GROWTH_OF_JSON = 300.0


class Webhook(Ordeal):
    name = "webhook"

    def run(self, stage: Stage) -> Checks:
        return asyncio.run(_run(stage))


@dataclass
class _Play:
    """What is known of the messages."""

    program: Program
    web: WebServer
    ports: Ports
    is_over: bool = False
    # By the name of the message.
    sent: dict[str, bytes] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    replies: Counter[str] = field(default_factory=Counter)


async def _run(stage: Stage) -> Checks:
    checks = Checks()
    web = WebServer(stage.folder / "kept")
    url = f"http://127.0.0.1:{web.port}/{{user}}?timeout={_TIMEOUT}s"
    program = Program(stage.program, stage.folder, store=url)
    try:
        await asyncio.to_thread(web.start)
        with ended(program):
            play = _Play(program, web, await asyncio.to_thread(program.start))
            await _kills(checks, stage, play)
            await _hangs(checks, play)
            await asyncio.to_thread(program.stop)
            checks.that(not program.faults(), "; ".join(program.faults()[:3]))
        for format, most in (("raw", _MOST_GROWTH), ("json", _MOST_GROWTH_OF_JSON)):
            folder = stage.folder / format
            folder.mkdir()
            url = f"http://127.0.0.1:{web.port}/{{user}}?format={format}"
            program = Program(stage.program, folder, store=url)
            with ended(program):
                await _large(checks, program, web, format, most)
                await asyncio.to_thread(program.stop)
    finally:
        web.kill()
    return checks


async def _kills(checks: Checks, stage: Stage, play: _Play) -> None:
    """Kills both at random instants while sessions send."""
    sending = [asyncio.create_task(_session(play, number)) for number in range(_SESSIONS)]
    dice = random.Random(stage.seed)
    kills = _KILLS * stage.kills
    began = time.monotonic()
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(*_PAUSE))
        if dice.random() < 0.5:
            await asyncio.to_thread(play.web.kill)
            await asyncio.to_thread(play.web.start)
        else:
            await asyncio.to_thread(play.program.kill)
            play.ports = await asyncio.to_thread(play.program.start)
    seconds = time.monotonic() - began
    play.is_over = True
    await asyncio.wait_for(asyncio.gather(*sending), _SECONDS)
    checks.that(len(play.accepted) >= _SESSIONS, f"only {len(play.accepted)} messages were accepted: {play.replies}")
    kept: dict[str, list[bytes]] = {}
    for one in play.web.kept().values():
        kept.setdefault(one.body.split(b"\r\n")[0].decode(), []).append(one.body)
    names = {f"Subject: {name}": name for name in play.sent}
    missing = [name for subject, name in names.items() if name in play.accepted and subject not in kept]
    checks.that(not missing, f"answered 250 and not there: {missing[:5]}")
    doubled = [subject for subject, bodies in kept.items() if len(bodies) > 1]
    checks.that(not doubled, f"under more than one name: {doubled[:5]}")
    wrong = [subject for subject, bodies in kept.items() if bodies[0] != play.sent[names[subject]]]
    checks.that(not wrong, f"not what was sent: {wrong[:5]}")
    again = len(play.web.lines("again"))
    # A message that came again is the reason for names.
    checks.that(again > 0, "no message came again after it was kept")
    print(f"  {kills} kills in {seconds:.0f} s, {len(play.accepted)} messages accepted, {again} came again", flush=True)


async def _session(play: _Play, session: int) -> None:
    """Sends messages, each until it is accepted."""
    number = 0
    while not play.is_over:
        name = f"{session}-{number}"
        # Every third is longer than one piece in memory, and some are longer than the spool.
        lines = (3, 20, 3_000, 5, 50, 20_000)[number % 6] + session
        content = f"Subject: {name}\r\n\r\n".encode() + b"some line of a text that is not short at all\r\n" * lines
        play.sent[name] = content
        while name not in play.accepted:
            reply = await _send(play.ports, "keep", content)
            play.replies[reply[:9]] += 1
            if reply.startswith("250"):
                play.accepted.add(name)
            else:
                await asyncio.sleep(_TRY_AGAIN)
        number += 1


async def _hangs(checks: Checks, play: _Play) -> None:
    """Some recipients have a web server that never answers; others must not notice."""
    content = b"Subject: hangs\r\n\r\nHello\r\n"
    began = time.monotonic()
    hanging = [asyncio.create_task(_send(play.ports, "hang", content)) for _ in range(_HANGING)]
    slowest = 0.0
    for number in range(_QUICK):
        before = time.monotonic()
        reply = await _send(play.ports, "keep", f"Subject: quick {number}\r\n\r\n".encode())
        slowest = max(slowest, time.monotonic() - before)
        checks.that(reply.startswith("250"), f"beside a server that hangs: {reply}")
    checks.that(slowest < _TIMEOUT / 2, f"a session took {slowest:.1f} s beside a server that hangs")
    replies = await asyncio.gather(*hanging)
    seconds = time.monotonic() - began
    checks.that(all(reply.startswith("451 4.4.2") for reply in replies), f"a server that hangs: {replies}")
    checks.that(seconds < _TIMEOUT + 5, f"a server that hangs was waited for {seconds:.1f} s")


async def _large(checks: Checks, program: Program, web: WebServer, format: str, growth: float) -> None:
    """Several large messages at once to a web server that reads slowly."""
    ports = await asyncio.to_thread(program.start)
    await _send(ports, "keep", f"Subject: {format} first\r\n\r\n".encode())
    before = sample(program.process, 0, 0).memory
    line = b"y" * 998 + b"\r\n"
    content = f"Subject: {format} large\r\n\r\n".encode() + line * (_LARGE // len(line))
    sending = [asyncio.create_task(_send(ports, "slow", content)) for _ in range(_LARGE_MESSAGES)]
    most = await peak(program.process, sending)
    replies = [task.result() for task in sending]
    checks.that(all(reply.startswith("250") for reply in replies), f"large messages were answered {replies}")
    checks.that(most - before < growth, f"memory grew by {most - before:.0f} MiB with large messages, {format}")
    print(f"  {format}: {_LARGE_MESSAGES} messages of 10 MiB at a time took {most - before:.0f} MiB", flush=True)


async def _send(ports: Ports, user: str, content: bytes) -> str:
    """One try with one connection; returns the reply that ended it, or what went wrong."""
    try:
        return await send(ports.smtp, [f"{user}@example.com"], content)
    except OSError:
        return "connection lost"

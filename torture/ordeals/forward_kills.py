"""SIGKILL of the program or of its next hop at random instants: what was answered 250 is there, and once where that can be.

If the next hop dies between keeping a message and saying so, or the program between hearing so and telling its client,
nobody can know: the client sends the message again, and there are two copies. Such tries are counted, and no message may
have more copies than they explain.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from program import Ports, Program
from scenarios.base import Checks

from .base import Ordeal, Stage, ended

_SESSIONS = 10
# Kills for each one that other ordeals do.
_KILLS = 2
_PAUSE = (0.0, 0.12)
_TRY_AGAIN = 0.02
_SECONDS = 120
_USERS = ("bob", "eve")
_LOST = "connection lost"
# After the end of the content these leave it open whether the next hop has the message.
_UNKNOWN = (_LOST, "451 4.4.2")
_LATE_MESSAGES = 8
_LATE_ROUNDS = 5
_STORE_SECONDS = 1
_SETTLED = 20


class ForwardKills(Ordeal):
    """The next hop is this program too, in a process of its own, with a Maildir for each user."""

    name = "forward-kills"

    def run(self, stage: Stage) -> Checks:
        return asyncio.run(_run(stage))


@dataclass
class _Play:
    """What is known of the messages."""

    front: Program
    hop: Program
    ports: Ports
    is_over: bool = False
    # By the name of the message.
    sent: dict[str, bytes] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    unknown: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)

    def note(self, name: str, reply: str, is_whole: bool) -> None:
        self.replies[reply[:9]] += 1
        if reply.startswith("250"):
            self.accepted.add(name)
        elif is_whole and reply.startswith(_UNKNOWN):
            self.unknown[name] += 1


async def _run(stage: Stage) -> Checks:
    checks = Checks()
    folders = [stage.folder / "front", stage.folder / "hop"]
    for folder in folders:
        folder.mkdir()
    # A Unix socket has the same name after a restart.
    socket = folders[1] / "lmtp"
    hop = Program(
        stage.program, folders[1], (f"--lmtp=unix:{socket}",), store=f"maildir:{folders[1]}/disk/mail/{{user}}?line-ends=crlf"
    )
    front = Program(stage.program, folders[0], store=f"lmtp:unix:{socket}")
    with ended(hop), ended(front):
        await asyncio.to_thread(hop.start)
        play = _Play(front, hop, await asyncio.to_thread(front.start))
        await _kills(checks, stage, play)
        await asyncio.to_thread(front.stop)
        # From here on the program is less patient than the next hop is slow.
        front = Program(stage.program, folders[0], (f"--timeout=store={_STORE_SECONDS}s",), store=f"lmtp:unix:{socket}")
        with ended(front):
            play.front, play.ports = front, await asyncio.to_thread(front.start)
            await _late(checks, play)
            await asyncio.to_thread(front.stop)
        await asyncio.to_thread(hop.stop)
        for program in (front, hop):
            checks.that(not program.faults(), "; ".join(program.faults()[:3]))
    return checks


async def _kills(checks: Checks, stage: Stage, play: _Play) -> None:
    """Kills both while sessions send."""
    sending = [asyncio.create_task(_session(play, number)) for number in range(_SESSIONS)]
    dice = random.Random(stage.seed)
    kills = _KILLS * stage.kills
    began = time.monotonic()
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(*_PAUSE))
        if dice.random() < 0.5:
            await asyncio.to_thread(play.hop.kill)
            await asyncio.to_thread(play.hop.start)
        else:
            await asyncio.to_thread(play.front.kill)
            play.ports = await asyncio.to_thread(play.front.start)
    seconds = time.monotonic() - began
    play.is_over = True
    await asyncio.wait_for(asyncio.gather(*sending), _SECONDS)
    checks.that(len(play.accepted) >= _SESSIONS, f"only {len(play.accepted)} messages were accepted: {dict(play.replies)}")
    doubled = _look(checks, play)
    unknown = play.unknown.total()
    checks.that(unknown > 0, "no kill left a client without knowing, so nothing was shown")
    print(
        f"  {kills} kills in {seconds:.0f} s; {len(play.accepted)} messages answered 250, none lost; {unknown} tries whose "
        f"answer was lost made {doubled} second copies",
        flush=True,
    )


def _look(checks: Checks, play: _Play) -> int:
    """Compares what is there with what was sent, and returns the number of copies beyond the first."""
    copies, wrong = _copies(play)
    checks.that(not wrong, f"not what was sent: {wrong[:5]}")
    wanted = [(name, user) for name in play.accepted for user in _USERS]
    missing = [place for place in wanted if not copies[place]]
    checks.that(not missing, f"answered 250 and not there: {missing[:5]}")
    many = [place for place in copies if copies[place] > (place[0] in play.accepted) + play.unknown[place[0]]]
    checks.that(not many, f"more copies than lost answers: {many[:5]}")
    return sum(count - 1 for count in copies.values())


def _copies(play: _Play) -> tuple[Counter[tuple[str, str]], list[str]]:
    """The copies by name and user, and the files that are not what was sent."""
    copies: Counter[tuple[str, str]] = Counter()
    wrong = []
    for user in _USERS:
        for file in (play.hop.store / user / "new").glob("*"):
            content = file.read_bytes()
            body = content[content.find(b"Subject: ") :]
            name = body.split(b"\r\n", 1)[0][9:].decode(errors="replace")
            copies[name, user] += 1
            if play.sent.get(name) != body:
                wrong.append(f"{file.name} of {user}")
    return copies, wrong


async def _session(play: _Play, session: int) -> None:
    """Sends messages, each until it is accepted."""
    number = 0
    while not play.is_over:
        # Some are longer than what is gathered before a write.
        await _send_until_accepted(play, f"{session}-{number}", (3, 20, 3_000, 5)[number % 4] + session)
        number += 1


async def _send_until_accepted(play: _Play, name: str, lines: int) -> None:
    play.sent[name] = f"Subject: {name}\r\n\r\n".encode() + b"some line of a text that is not short at all\r\n" * lines
    while name not in play.accepted:
        client = _Client()
        reply = await client.send(play, name)
        play.note(name, reply, client.is_whole)
        if name not in play.accepted:
            await asyncio.sleep(_TRY_AGAIN)


class _Client:
    """One try with one connection."""

    def __init__(self) -> None:
        # Whether the end of the content may have been read.
        self.is_whole = False

    async def send(self, play: _Play, name: str, at_half: asyncio.Barrier | None = None) -> str:
        """Returns the reply that ended it. The barrier is passed in the middle of the content."""
        writer = None
        content = play.sent[name]
        # The program looks closer at senders that it remembers something of.
        sender = name.rpartition("-")[0]
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", play.ports.smtp)

            async def reply() -> str:
                while (line := (await reader.readline()).decode())[3:4] == "-":
                    pass
                if not line:
                    raise ConnectionError
                return line.strip()

            answer = await reply()
            commands = ["EHLO client.example", f"MAIL FROM:<{sender}@client.example>"]
            commands += [f"RCPT TO:<{user}@example.com>" for user in _USERS] + ["DATA"]
            for command in commands:
                writer.write(f"{command}\r\n".encode())
                answer = await reply()
                if answer[:1] not in "23":
                    return answer
            half = len(content) // 2
            writer.write(content[:half])
            await writer.drain()
            if at_half:
                await at_half.wait()
                await at_half.wait()
            self.is_whole = True
            writer.write(content[half:] + b".\r\n")
            await writer.drain()
            return await reply()
        except OSError:
            return _LOST
        finally:
            if writer:
                writer.close()


async def _late(checks: Checks, play: _Play) -> None:
    """The next hop stands still in the content and keeps messages later. The program remembers, although it is killed."""
    late = 0
    for round_number in range(_LATE_ROUNDS):
        names = [f"late-{round_number}-{number}" for number in range(_LATE_MESSAGES)]
        await _stand_still(checks, play, names)
        play.hop.popen.send_signal(signal.SIGCONT)
        late += await _settle(checks, play)
        await asyncio.to_thread(play.front.kill)
        play.ports = await asyncio.to_thread(play.front.start)
        await asyncio.gather(*(_send_until_accepted(play, name, 50) for name in names))
        if late:
            break
    checks.that(late > 0, "no message was kept late, so nothing was shown")
    doubled = _look(checks, play)
    print(f"  {late} messages were kept after their client was put off, and remembered over a kill; {doubled} second copies in all", flush=True)


async def _stand_still(checks: Checks, play: _Play, names: list[str]) -> None:
    """Sends these to a next hop that stops in the middle, so that all are put off."""
    at_half = asyncio.Barrier(len(names) + 1)
    sending = []
    for name in names:
        play.sent[name] = f"Subject: {name}\r\n\r\n".encode() + b"some line of a text that is not short at all\r\n" * 50
        sending.append(asyncio.create_task(_Client().send(play, name, at_half)))
    await asyncio.wait_for(at_half.wait(), 30)
    # Most have 354 of the next hop by then.
    await asyncio.sleep(0.3)
    play.hop.popen.send_signal(signal.SIGSTOP)
    await at_half.wait()
    replies = await asyncio.gather(*sending)
    are_put_off = all(reply.startswith("451 4.3.0") for reply in replies)
    checks.that(are_put_off, f"beside a next hop that stands still: {Counter(replies)}")


async def _settle(checks: Checks, play: _Play) -> int:
    """Waits until what the next hop has kept is remembered, and returns how many messages that is."""
    state = Path(play.front.log).parent / "state" / "forwarded"
    end = time.monotonic() + _SETTLED
    calm, kept = 0, set[str]()
    while calm < 5 and time.monotonic() < end:
        await asyncio.sleep(0.1)
        before = kept
        kept = {name for name, _ in _copies(play)[0] if name not in play.accepted}
        remembered = [file for file in state.glob("*/*") if not file.name.startswith("tmp-")]
        calm = calm + 1 if kept == before and len(remembered) >= len(kept) else 0
    checks.that(calm == 5, "late messages were not remembered")
    return len(kept)

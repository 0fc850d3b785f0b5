"""A stream of NATS under kills of the program and of its server: what was answered 250 is in the stream exactly once.

SIGKILL ends the program or nats-server at random instants, while sessions send each message until it is accepted. Some
messages are so large that their content goes into the object store. Then the server stands still with all its connections:
clients get 4xx in time, other commands are answered at once, and memory stays flat.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter

import jetstream
from jetstream import Client, Node
from one_try import send
from program import Ports, Program
from scenarios.base import Checks
from server import ServerError
from vitals import peak, sample

from .base import Ordeal, Stage, ended

_SESSIONS = 8
_LARGE_EVERY = 12
_LARGE = 1_500_000
_TRIES = 400
_SECONDS = 240
# More than the program holds in memory.
_SILENT_SESSIONS = 180
_SILENT_SIZE = 400_000
# The messages in memory, and what the allocator keeps.
_MOST_GROWTH = 160.0
_MOST_SECONDS = 30.0
_MOST_FOR_OTHERS = 2.0
_RECIPIENT = "bob@example.com"


class Nats(Ordeal):
    name = "nats"

    def run(self, stage: Stage) -> Checks:
        if lack := jetstream.missing():
            raise ServerError(f"not installed, see interop/install: {lack}")
        node = Node(stage.folder / "nats")
        client = Client(node)
        with jetstream.running(node):
            client.add_stream("MAIL", "mail.>")
            client.add_bucket("large")
            url = f"nats://127.0.0.1:{node.port}/mail.{{domain}}?body=objects:large"
            program = Program(stage.program, stage.folder, store=url, log_level="warn")
            with ended(program):
                return asyncio.run(_Story(stage, program, node, client).run())


class _Story:
    def __init__(self, stage: Stage, program: Program, node: Node, client: Client) -> None:
        self._checks = Checks()
        self._kills = stage.kills
        self._dice = random.Random(stage.seed)
        self._program = program
        self._node = node
        self._client = client
        self._ports: Ports | None = None
        self._killing = True
        self._sent: dict[str, bytes] = {}
        self._replies: Counter[str] = Counter()

    async def run(self) -> Checks:
        self._ports = await asyncio.to_thread(self._program.start)
        sessions = [asyncio.create_task(self._session(number)) for number in range(_SESSIONS)]
        await self._kill()
        self._killing = False
        unsent = sum(await asyncio.wait_for(asyncio.gather(*sessions), _SECONDS))
        self._checks.that(unsent == 0, f"{unsent} messages were never accepted: {dict(self._replies)}")
        refused = {reply for reply in self._replies if reply[:1] not in "24"}
        self._checks.that(not refused, f"some messages were refused permanently: {refused}")
        await asyncio.to_thread(self._look)
        await self._silence()
        await asyncio.to_thread(self._program.stop)
        faults = self._program.faults()
        self._checks.that(not faults, "; ".join(faults[:3]))
        return self._checks

    async def _kill(self) -> None:
        """Kills one of the two at a time, at random instants."""
        for _ in range(self._kills):
            await asyncio.sleep(self._dice.uniform(0.02, 0.5))
            if self._dice.random() < 0.5:
                await asyncio.to_thread(self._program.kill)
                self._ports = await asyncio.to_thread(self._program.start)
            else:
                await asyncio.to_thread(self._node.kill)
                await asyncio.sleep(self._dice.uniform(0, 0.2))
                await asyncio.to_thread(self._node.start)

    async def _session(self, session: int) -> int:
        """Sends messages as long as there are kills, each until it is accepted; returns how many were not."""
        unsent = number = 0
        while self._killing or number == 0:
            name = f"{session}-{number}"
            size = _LARGE if number % _LARGE_EVERY == session else 50 + number * 37 % 20_000
            content = f"Subject: {name}\r\n\r\n".encode() + (b"x" * 76 + b"\r\n") * (size // 78)
            self._sent[name] = content
            for _ in range(_TRIES):
                reply = await self._send(content)
                self._replies[reply[:9]] += 1
                if reply.startswith("250"):
                    break
                await asyncio.sleep(0.05)
            else:
                unsent += 1
            number += 1
        return unsent

    async def _send(self, content: bytes) -> str:
        try:
            return await asyncio.wait_for(send(self._ports.smtp, [_RECIPIENT], content), 40)
        except OSError:
            # The program was killed.
            return "421 killed"
        except TimeoutError:
            return "4xx no reply in time"

    def _look(self) -> None:
        """Holds what is in the stream against what was sent: all of it was accepted in the end."""
        found = self._client.messages("MAIL")
        copies: Counter[str] = Counter()
        wrong: list[str] = []
        for message in found:
            content = message.payload
            for body in message.all("Mailchute-Body"):
                bucket, _, name = body.removeprefix("objects:").partition("/")
                content = self._client.object(bucket, name)
            rest = b"Subject: " + content.partition(b"Subject: ")[2]
            name = rest.partition(b"\r\n")[0].decode().removeprefix("Subject: ")
            copies[name] += 1
            if rest != self._sent.get(name):
                wrong.append(f"{name}: {len(rest)} bytes")
        missing = [name for name in self._sent if not copies[name]]
        doubled = [name for name, count in copies.items() if count > 1]
        sent = len(self._sent)
        self._checks.that(not missing, f"answered 250 and not in the stream: {len(missing)} of {sent}: {missing[:5]}")
        self._checks.that(not doubled, f"in the stream more than once: {len(doubled)} of {sent}: {doubled[:5]}")
        self._checks.that(not wrong, f"not as it was sent: {wrong[:5]}")
        large = sum(1 for message in found if message.all("Mailchute-Body"))
        print(f"  {sent} messages, {large} of them large, {self._kills} kills: {dict(self._replies)}", flush=True)

    async def _silence(self) -> None:
        """Lets the server stand still, while many clients send."""
        before = sample(self._program.process, 0, 0).memory
        await asyncio.to_thread(self._node.freeze)
        began = time.monotonic()
        contents = [f"Subject: s-{number}\r\n\r\n".encode() + b"y" * 76 + b"\r\n" for number in range(_SILENT_SESSIONS)]
        sending = [
            asyncio.create_task(self._send(content + (b"z" * 76 + b"\r\n") * (_SILENT_SIZE // 78))) for content in contents
        ]
        memory = asyncio.create_task(peak(self._program.process, sending))
        slowest = 0.0
        while not all(task.done() for task in sending):
            slowest = max(slowest, await _greets(self._ports))
            await asyncio.sleep(0.1)
        took, most = time.monotonic() - began, await memory
        await asyncio.to_thread(self._node.thaw)
        replies = Counter(task.result()[:9] for task in sending)
        print(f"  silent: {took:.1f} s, +{most - before:.0f} MiB, others {slowest:.2f} s: {dict(replies)}", flush=True)
        self._checks.that(all(reply[:2] == "45" for reply in replies), f"a silent server made {dict(replies)}")
        self._checks.that(took < _MOST_SECONDS, f"a silent server held clients for {took:.0f} s")
        self._checks.that(slowest < _MOST_FOR_OTHERS, f"others waited {slowest:.1f} s beside a silent server")
        self._checks.that(most - before < _MOST_GROWTH, f"memory grew by {most - before:.0f} MiB beside a silent server")
        for _ in range(_TRIES):
            reply = await self._send(b"Subject: after\r\n\r\n")
            if reply.startswith("250"):
                break
            await asyncio.sleep(0.1)
        self._checks.that(reply.startswith("250"), f"after the silence a message is answered {reply}")


async def _greets(ports: Ports) -> float:
    """How long another client waits for its greeting, and for the answer to EHLO."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", ports.smtp)
    writer.write(b"EHLO other.example\r\nQUIT\r\n")
    await reader.read()
    writer.close()
    return time.monotonic() - began

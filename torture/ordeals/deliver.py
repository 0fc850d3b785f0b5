"""Mail through a stream under kills: what was answered 250 is in the Maildirs exactly once after `mailchute deliver`.

SIGKILL ends `mailchute serve`, one of two instances of `mailchute deliver`, or nats-server, at random instants. Sessions send
each message until it is accepted, and a reader moves messages from `new` to `cur`. For one recipient the store fails for
now every few moments, so that the others have their copies while this one waits. Some messages are so large that their
content is in the object store.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import jetstream
from deliverer import Deliverer, delivering
from jetstream import Client, Node
from one_try import send
from program import Ports, Program
from scenarios.base import Checks
from server import ServerError

from .base import Ordeal, Stage, ended
from .forward import RECIPIENTS

_SESSIONS = 6
_TRIES = 400
_SECONDS = 240
# After the last kill the stream hands out messages of killed instances once half a minute is over. A killed server of NATS
# may also wait for ever for a word about messages that are done.
_EMPTY_SECONDS = 50
_LARGE_EVERY = 15
_LARGE = 1_500_000


class Deliver(Ordeal):
    name = "deliver"

    def run(self, stage: Stage) -> Checks:
        if lack := jetstream.missing():
            raise ServerError(f"not installed, see interop/install: {lack}")
        node = Node(stage.folder / "nats")
        client = Client(node)
        with jetstream.running(node):
            client.add_queue("MAIL", "mail.>")
            client.add_stream("DEAD", "dead.>")
            client.add_bucket("large")
            url = f"nats://127.0.0.1:{node.port}"
            program = Program(stage.program, stage.folder, store=f"{url}/mail.{{domain}}?body=objects:large", log_level="warn")
            mail = stage.folder / "delivered"
            store = f"maildir:{mail}/{{domain}}/{{user}}?line-ends=crlf"
            instances = [
                Deliverer(stage.program, stage.folder / f"instance{number}", f"{url}/mail.>", store, "--backoff=1s")
                for number in range(2)
            ]
            with delivering(*instances), ended(program):
                return asyncio.run(_Story(stage, program, node, client, instances, mail / "example.com").run())


class _Story:
    def __init__(
        self, stage: Stage, program: Program, node: Node, client: Client, instances: list[Deliverer], mail: Path
    ) -> None:
        self._checks = Checks()
        self._kills = stage.kills
        self._dice = random.Random(stage.seed)
        self._program = program
        self._node = node
        self._client = client
        self._instances = instances
        self._mail = mail
        self._ports: Ports | None = None
        self._killing = True
        self._sent: dict[str, bytes] = {}
        # Messages that were sent more than once, since the first answer was lost.
        self._resent: set[str] = set()
        self._replies: Counter[str] = Counter()
        self._killed: Counter[str] = Counter()
        self._moved = 0

    async def run(self) -> Checks:
        self._ports = await asyncio.to_thread(self._program.start)
        reading = asyncio.create_task(self._read())
        hindering = asyncio.create_task(self._hinder())
        sessions = [asyncio.create_task(self._session(number)) for number in range(_SESSIONS)]
        await self._kill()
        self._killing = False
        unsent = sum(await asyncio.wait_for(asyncio.gather(*sessions), _SECONDS))
        self._checks.that(unsent == 0, f"{unsent} messages were never accepted: {dict(self._replies)}")
        await hindering
        began = time.monotonic()
        while (left := await asyncio.to_thread(self._unfinished)) and time.monotonic() - began < _EMPTY_SECONDS:
            await asyncio.sleep(0.5)
        print(f"  after {time.monotonic() - began:.0f} s the consumer waits for a word about {left} messages", flush=True)
        reading.cancel()
        for instance in self._instances:
            code, took = await asyncio.to_thread(instance.stop)
            self._checks.that(code == 0 and took < 10, f"SIGTERM ends an instance with {code} after {took:.1f} s")
        await asyncio.to_thread(self._look)
        await asyncio.to_thread(self._program.stop)
        faults = self._program.faults()
        self._checks.that(not faults, "; ".join(faults[:3]))
        return self._checks

    def _unfinished(self) -> int:
        return self._client.unfinished("MAIL", "mailchute-deliver")

    async def _kill(self) -> None:
        """Kills one of them at a time, at random instants."""
        for _ in range(self._kills):
            await asyncio.sleep(self._dice.uniform(0.02, 0.4))
            victim = self._dice.choice(("serve", "nats-server", "deliver", "deliver"))
            self._killed[victim] += 1
            if victim == "serve":
                await asyncio.to_thread(self._program.kill)
                self._ports = await asyncio.to_thread(self._program.start)
            elif victim == "nats-server":
                await asyncio.to_thread(self._node.kill)
                await asyncio.sleep(self._dice.uniform(0, 0.2))
                await asyncio.to_thread(self._node.start)
            else:
                instance = self._dice.choice(self._instances)
                await asyncio.to_thread(instance.kill)
                await asyncio.to_thread(instance.start, False)

    async def _session(self, session: int) -> int:
        """Sends messages as long as there are kills, each until it is accepted; returns how many were not."""
        unsent = number = 0
        while self._killing or number == 0:
            name = f"{session}-{number}"
            size = _LARGE if number % _LARGE_EVERY == session else 50 + number * 37 % 20_000
            content = f"Subject: {name}\r\n\r\n".encode() + (b"x" * 76 + b"\r\n") * (size // 78)
            self._sent[name] = content
            for attempt in range(_TRIES):
                if attempt == 1:
                    self._resent.add(name)
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
            return await asyncio.wait_for(send(self._ports.smtp, RECIPIENTS, content), 40)
        except OSError:
            return "421 killed"
        except TimeoutError:
            return "4xx no reply in time"

    async def _read(self) -> None:
        """Moves some messages as a reader does, without end."""
        while True:
            for file in self._mail.glob("*/new/*"):
                if self._dice.random() < 0.3:
                    with contextlib.suppress(FileNotFoundError):
                        file.rename(file.parents[1] / "cur" / f"{file.name}:2,S")
                        self._moved += 1
            await asyncio.sleep(0.05)

    async def _hinder(self) -> None:
        """Takes the Maildir of one recipient out of the way for moments, and puts a file in its place."""
        place = self._mail / RECIPIENTS[-1].partition("@")[0]
        aside = place.with_name("aside")
        while self._killing:
            await asyncio.sleep(self._dice.uniform(0.5, 2))
            if not place.is_dir():
                continue
            place.rename(aside)
            with contextlib.suppress(FileExistsError):
                place.touch(exist_ok=False)
            await asyncio.sleep(self._dice.uniform(0.1, 0.5))
            if place.is_dir():
                _merge(aside, place)
            else:
                place.unlink()
                aside.rename(place)

    def _look(self) -> None:
        """Holds what is in the Maildirs against what was sent: all of it was accepted in the end."""
        copies: Counter[tuple[str, str]] = Counter()
        wrong: list[str] = []
        for file in self._mail.glob("*/*/*"):
            if file.parent.name not in ("new", "cur"):
                continue
            top, _, rest = file.read_bytes().partition(b"\r\nSubject: ")
            rest = b"Subject: " + rest
            name, user = rest.partition(b"\r\n")[0].decode().removeprefix("Subject: "), file.parents[1].name
            copies[name, user] += 1
            if rest != self._sent.get(name) or top.count(b"\r\nReceived: ") != 1:
                wrong.append(f"{name}: {len(rest)} bytes under {top[:80]!r}")
        users = [recipient.partition("@")[0] for recipient in RECIPIENTS]
        wanted = [(name, user) for name in self._sent for user in users]
        missing = [f"{name} for {user}" for name, user in wanted if not copies[name, user]]
        # A server of NATS that is killed forgets the names of messages that are done. If the answer to one was lost too, its
        # client brings it again, as another message.
        twice = {name for (name, _), count in copies.items() if count > 1}
        doubled = sorted(twice - self._resent)
        logs = "".join(instance.log() for instance in self._instances)
        again = sum(" tries=1 " not in line for line in logs.splitlines() if " delivered " in line)
        print(
            f"  {len(self._sent)} messages for {len(users)}, kills {dict(self._killed)}, {again} results after the first try, "
            f"{self._moved} moved by the reader, {logs.count(' deferred ')} put off; missing {len(missing)}, doubled "
            f"{len(twice)}, of them {len(twice & self._resent)} that clients had sent again: {dict(self._replies)}",
            flush=True,
        )
        self._checks.that(not missing, f"answered 250 and not delivered: {len(missing)}: {missing[:5]}")
        self._checks.that(not doubled, f"delivered more than once: {len(doubled)}: {doubled[:5]}")
        self._checks.that(not wrong, f"not as it was sent: {wrong[:5]}")
        dead = self._client.count("DEAD")
        self._checks.that(dead == 0, f"{dead} messages are dead letters")
        self._checks.that(again > 0 or self._kills < 20, "no message came a second time, so the kills prove nothing")


def _merge(aside: Path, place: Path) -> None:
    """Puts messages back beside those that have come meanwhile."""
    for file in aside.glob("*/*"):
        shutil.move(file, place / file.parent.name / file.name)
    shutil.rmtree(aside)

"""A server of S3 that is killed, hangs and is slow, and kills of the program: what was answered 250 is in the bucket."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import object_server
import trace_headers
from daemon import listens
from one_try import send
from program import Program
from relay import free_port
from scenarios.base import Checks
from server import ServerError
from vitals import peak, sample

from .base import Ordeal, Stage, ended

_RECIPIENT = "bob@example.com"
_SECONDS = 10
_KILLS_OF_EACH = 6
_SESSIONS = 8
_STORE_SECONDS = 2
# The first request of a large message waits for this long.
_REQUEST_SECONDS = 5
_LARGE = 10 * 2**20
_LARGE_MESSAGES = 16
# The memory that all messages of the store share, buffers of both sides, and what the allocator keeps.
_MOST_GROWTH = 128 + 48.0


class S3(Ordeal):
    name = "s3"

    def run(self, stage: Stage) -> Checks:
        return asyncio.run(_run(stage))


class Bucket:
    """A server in a process of its own, and its objects."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, str(Path(object_server.__file__)), str(self.port), str(self.folder)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not listens(self.port):
            if time.monotonic() > deadline:
                raise ServerError("the server of S3 did not start")
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def slow(self, is_slow: bool) -> None:
        file = self.folder / "slow"
        file.touch() if is_slow else file.unlink(missing_ok=True)

    def uploads(self) -> int:
        return len(list((self.folder / "uploads").iterdir()))

    def objects(self) -> list[bytes]:
        """What clients have sent, in no order."""
        return [trace_headers.take_apart(file.read_bytes()).content for file in (self.folder / "objects").iterdir()]


async def _run(stage: Stage) -> Checks:
    checks = Checks()
    bucket = Bucket(stage.folder / "bucket")
    variables = {"AWS_ACCESS_KEY_ID": "mailchute", "AWS_SECRET_ACCESS_KEY": "hunter2"}
    store = f"s3://mail/{{domain}}/{{id}}?endpoint=http://127.0.0.1:{bucket.port}&timeout={_REQUEST_SECONDS}s"
    program = Program(stage.program, stage.folder, (f"--timeout=store={_STORE_SECONDS}s",), variables, store=store)
    try:
        bucket.start()
        with ended(program):
            await _kills(checks, program, bucket, random.Random(stage.seed))
            await _hangs(checks, program, bucket)
            await _slow(checks, program, bucket)
            await asyncio.to_thread(program.stop)
            checks.that(not program.faults(), "; ".join(program.faults()[:3]))
    finally:
        bucket.kill()
    return checks


async def _kills(checks: Checks, program: Program, bucket: Bucket, dice: random.Random) -> None:
    """Kills the program and the server at random instants."""
    place = [(await asyncio.to_thread(program.start)).smtp]
    accepted: dict[str, str] = {}
    replies: Counter[str] = Counter()
    end, over = time.monotonic() + _SECONDS, asyncio.Event()
    sessions = [asyncio.create_task(_session(place, number, accepted, replies, over)) for number in range(_SESSIONS)]
    kills: Counter[str] = Counter()
    # A busy machine has its kills, too, only later.
    while time.monotonic() < end or min(kills["program"], kills["server"]) < _KILLS_OF_EACH:
        await asyncio.sleep(dice.uniform(0.05, 0.6))
        who = dice.choice(("program", "server"))
        kills[who] += 1
        if who == "program":
            program.kill()
            place[0] = (await asyncio.to_thread(program.start)).smtp
        else:
            bucket.kill()
            await asyncio.sleep(dice.uniform(0, 0.3))
            await asyncio.to_thread(bucket.start)
    over.set()
    await asyncio.gather(*sessions)
    there = Counter(hashlib.sha256(content).hexdigest() for content in await asyncio.to_thread(bucket.objects))
    missing = [name for name, digest in accepted.items() if not there[digest]]
    print(f"s3: {len(accepted)} accepted, {sum(there.values())} objects, kills {dict(kills)}, {dict(replies)}")
    checks.that(len(accepted) > 20, f"only {len(accepted)} messages were accepted: {dict(replies)}")
    checks.that(not missing, f"answered 250 and not there: {missing[:5]}")


async def _session(
    place: list[int], session: int, accepted: dict[str, str], replies: Counter[str], over: asyncio.Event
) -> None:
    number = 0
    while not over.is_set():
        number += 1
        name = f"{session}-{number}"
        size = _LARGE // 2 + 2**17 if number % 10 == 0 else 1000 * number
        content = f"Subject: {name}\r\n\r\n".encode() + b"some line of text\r\n" * (size // 19)
        reply = "none"
        with contextlib.suppress(OSError, TimeoutError):
            reply = await asyncio.wait_for(send(place[0], [_RECIPIENT], content), 2 * _STORE_SECONDS + 10)
        replies[reply[:9]] += 1
        if reply.startswith("250"):
            accepted[name] = hashlib.sha256(content).hexdigest()
        else:
            await asyncio.sleep(0.02)


def _large(number: int) -> bytes:
    line = b"y" * 998 + b"\r\n"
    return f"Subject: large {number}\r\n\r\n".encode() + line * (_LARGE // len(line))


async def _hangs(checks: Checks, program: Program, bucket: Bucket) -> None:
    """A server that hangs: refusals come in time, and nothing remains when it goes on."""
    program.kill()
    await asyncio.to_thread(bucket.kill)
    await asyncio.to_thread(bucket.start)
    port = (await asyncio.to_thread(program.start)).smtp
    objects, uploads = len(bucket.objects()), bucket.uploads()
    bucket.signal(signal.SIGSTOP)
    began = time.monotonic()
    large = [asyncio.create_task(send(port, [_RECIPIENT], _large(number))) for number in range(4)]
    small = await asyncio.gather(*(send(port, [_RECIPIENT], b"Subject: small\r\n\r\n") for _ in range(_SESSIONS)))
    seconds = time.monotonic() - began
    checks.that(all(reply.startswith("451") for reply in small), f"while the server hangs the answers are {small}")
    checks.that(seconds < _STORE_SECONDS + 5, f"while the server hangs an answer takes {seconds:.0f} s")
    replies = await asyncio.gather(*large)
    seconds = time.monotonic() - began
    checks.that(all(reply.startswith("451") for reply in replies), f"large messages were answered {replies}")
    checks.that(seconds < _REQUEST_SECONDS + 15, f"large messages were answered after {seconds:.0f} s")
    bucket.signal(signal.SIGCONT)
    deadline = time.monotonic() + 60
    while bucket.uploads() > uploads + len(large) or len(bucket.objects()) > objects:
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    # The name of an upload whose beginning was not answered in time is not known, so it stays.
    left = (bucket.uploads() - uploads, len(bucket.objects()) - objects)
    checks.that(left[0] <= len(large) and left[1] == 0, f"after the server hung, {left} uploads and objects stay")


async def _slow(checks: Checks, program: Program, bucket: Bucket) -> None:
    """A slow server and many large messages: memory is bounded, and other sessions are not held up."""
    program.kill()
    port = (await asyncio.to_thread(program.start)).smtp
    bucket.slow(True)
    before = sample(program.process, 0, 0).memory
    sending = [asyncio.create_task(send(port, [_RECIPIENT], _large(number))) for number in range(_LARGE_MESSAGES)]
    memory = asyncio.create_task(peak(program.process, sending))
    longest = 0.0
    while not all(task.done() for task in sending):
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        longest = max(longest, time.monotonic() - began)
        writer.close()
        await asyncio.sleep(0.05)
    most = await memory
    bucket.slow(False)
    replies = Counter(task.result()[:9] for task in sending)
    print(f"s3: {_LARGE_MESSAGES} large messages were answered {dict(replies)}, memory grew by {most - before:.0f} MiB")
    checks.that(all(reply[:3] in ("250", "451", "452") for reply in replies), f"large messages: {dict(replies)}")
    checks.that(most - before < _MOST_GROWTH, f"memory grew by {most - before:.0f} MiB with large messages")
    checks.that(longest < 2, f"another session waited {longest:.1f} s for its greeting")
    reply = await send(port, [_RECIPIENT], _large(0))
    checks.that(reply.startswith("250"), f"after that a large message was answered {reply}")

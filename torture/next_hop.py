"""A server that speaks LMTP and fails in many ways: a next hop to forward to."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum


class Failure(Enum):
    """What goes wrong with one message."""

    NONE = "nothing"
    CLOSES_AT_MAIL = "it closes at MAIL"
    CLOSES_AT_DATA = "it closes at DATA"
    CLOSES_IN_CONTENT = "it closes in the content"
    CLOSES_AT_END = "it closes instead of answering, and keeps nothing"
    LATE = "it keeps the message, and answers when nobody waits any more"
    SLOW = "it reads slowly"
    SOME_LATER = "it refuses one recipient temporarily"
    GOES = "it says 421"


@dataclass
class NextHop:
    """Keeps what it has answered 250, and counts the copies of each recipient."""

    seed: int
    # Longer than the program waits for its store.
    late_seconds: float
    failing: bool = True
    copies: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: Counter[Failure] = field(default_factory=Counter)
    # How often it has heard QUIT.
    farewells: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def pause(self, seconds: float) -> None:
        """Refuses new connections for a while, as a server that starts again."""
        self._server.close()
        await asyncio.sleep(seconds)
        await self.listen()

    async def close(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    def _failure(self) -> Failure:
        if not self.failing or self._dice.random() < 0.5:
            return Failure.NONE
        return self._dice.choice([failure for failure in Failure if failure is not Failure.NONE])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())

        say("220 hop.example")
        recipients: list[str] = []
        failure = Failure.NONE
        while line := (await reader.readline()).decode():
            verb = line.split(maxsplit=1)[0].upper()
            if verb == "LHLO":
                say("250-hop.example\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME")
            elif verb == "MAIL":
                recipients, failure = [], self._failure()
                self.failures[failure] += 1
                if failure is Failure.CLOSES_AT_MAIL:
                    return
                say("421 4.3.2 Going" if failure is Failure.GOES else "250 2.1.0 Ok")
                if failure is Failure.GOES:
                    return
            elif verb == "RCPT":
                recipients.append(line.split("<")[1].split(">")[0])
                say("250 2.1.5 Ok")
            elif verb == "DATA":
                if failure is Failure.CLOSES_AT_DATA:
                    return
                say("354 Go on")
                if not await self._message(reader, say, recipients, failure):
                    return
                recipients = []
            elif verb == "QUIT":
                self.farewells += 1
                say("221 2.0.0 Bye")
                return
            else:
                say("250 2.0.0 Ok")
            await writer.drain()

    async def _message(self, reader: asyncio.StreamReader, say, recipients: list[str], failure: Failure) -> bool:
        """Reads the content and answers; says whether the connection goes on."""
        name = ""
        lines = 0
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                return False
            lines += 1
            if line.startswith(b"Subject: "):
                name = line[9:].strip().decode()
            if failure is Failure.CLOSES_IN_CONTENT and lines > 5:
                return False
            if failure is Failure.SLOW and lines % 200 == 0:
                await asyncio.sleep(0.002)
        if failure is Failure.CLOSES_AT_END:
            return False
        if failure is Failure.LATE:
            await asyncio.sleep(self.late_seconds)
        put_off = recipients[-1] if failure is Failure.SOME_LATER else None
        for recipient in recipients:
            if recipient == put_off:
                say("452 4.2.2 Full")
            else:
                self.copies[name, recipient] += 1
                say("250 2.0.0 Saved")
        return True

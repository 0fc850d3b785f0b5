"""How long a well-behaved client waits: for the reply to a command, and until a whole message is taken."""

from __future__ import annotations

import gc
import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

# The pause between two commands, so that this client does not keep the program busy.
_PAUSE = 0.001
# The pause between two commands while nothing is measured. A silent client would be disconnected.
_IDLE = 0.05
_COMMANDS_PER_MESSAGE = 4
_PATIENCE = 120
_CONTENT = b"Subject: how long does it take\r\n\r\n" + b"a line of text that is sixty-four octets long with its ending\r\n" * 16


@dataclass(frozen=True)
class Waits:
    """In milliseconds."""

    samples: int
    p50: float
    p99: float
    longest: float

    @classmethod
    def of(cls, seconds: list[float]) -> Waits:
        """Of what was measured, which must not be nothing."""
        ordered = sorted(seconds)
        at = [1000 * ordered[min(int(part * len(ordered)), len(ordered) - 1)] for part in (0.5, 0.99, 1)]
        return cls(len(ordered), *at)


@dataclass(frozen=True)
class Latency:
    """What one measurement came to."""

    commands: Waits
    messages: Waits


class Probe:
    """A client in a process of its own, with a connection for commands and one for messages, from now to `end`."""

    def __init__(self, port: int) -> None:
        fork = multiprocessing.get_context("fork")
        self._talk, talk = fork.Pipe()
        self._process = fork.Process(target=_probe, args=(port, talk), daemon=True)
        self._process.start()
        talk.close()

    def measure(self, messages: int) -> Latency:
        """Sends so many messages and four times as many commands, one at a time."""
        self._talk.send(messages)
        if not self._talk.poll(_PATIENCE):
            raise OSError(f"{messages} messages were not taken in {_PATIENCE} s")
        commands, whole = self._talk.recv()
        return Latency(Waits.of(commands), Waits.of(whole))

    def end(self) -> None:
        self._process.kill()
        self._process.join()


class _Client:
    def __init__(self, port: int) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._replies = self._connection.makefile("rb")
        self._expect(b"220")
        self._say(b"EHLO client.example\r\n", b"250")

    def command(self) -> None:
        self._say(b"NOOP\r\n", b"250")

    def message(self) -> None:
        self._say(b"MAIL FROM:<quiet@client.example>\r\n", b"250")
        self._say(b"RCPT TO:<one@receiver.example>\r\n", b"250")
        self._say(b"DATA\r\n", b"354")
        self._say(_CONTENT + b".\r\n", b"250")

    def _say(self, octets: bytes, code: bytes) -> None:
        self._connection.sendall(octets)
        self._expect(code)

    def _expect(self, code: bytes) -> None:
        while (line := self._replies.readline())[3:4] == b"-":
            pass
        if not line.startswith(code):
            raise ConnectionError(f"{line!r} where {code!r} was due")


def _probe(port: int, talk: Connection) -> None:
    # A garbage collection would count as a wait, and so would waiting for a busy processor.
    gc.disable()
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    commander, sender = _Client(port), _Client(port)
    while True:
        while not talk.poll(_IDLE):
            commander.command()
            sender.command()
        waits: tuple[list[float], list[float]] = ([], [])
        for _ in range(talk.recv()):
            for _ in range(_COMMANDS_PER_MESSAGE):
                waits[0].append(_seconds(commander.command))
            waits[1].append(_seconds(sender.message))
        talk.send(waits)


def _seconds(work: Callable[[], None]) -> float:
    since = time.perf_counter()
    work()
    took = time.perf_counter() - since
    time.sleep(_PAUSE)
    return took

"""How long a well-behaved client waits for a reply."""

from __future__ import annotations

import multiprocessing
import socket
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

_PAUSE = 0.002


@dataclass(frozen=True)
class Latency:
    """In milliseconds."""

    replies: int
    p50: float
    p99: float
    longest: float

    def __str__(self) -> str:
        return f"p50 {self.p50:.2f}, p99 {self.p99:.2f}, longest {self.longest:.1f} ms of {self.replies}"


class Probe:
    """A client in a process of its own that says NOOP 500 times a second at most."""

    def __init__(self, port: int) -> None:
        fork = multiprocessing.get_context("fork")
        self._over = fork.Event()
        self._result, result = fork.Pipe(duplex=False)
        self._process = fork.Process(target=_probe, args=(port, self._over, result), daemon=True)
        self._process.start()
        result.close()

    def end(self) -> Latency:
        self._over.set()
        try:
            waits = sorted(self._result.recv())
        finally:
            self._process.kill()
            self._process.join()
        at = [1000 * waits[min(int(part * len(waits)), len(waits) - 1)] for part in (0.5, 0.99, 1)]
        return Latency(len(waits), *at)


def _probe(port: int, over: Event, result: Connection) -> None:
    waits = []
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        replies = connection.makefile("rb")
        replies.readline()
        while not waits or not over.is_set():
            since = time.perf_counter()
            connection.sendall(b"NOOP\r\n")
            if not replies.readline().startswith(b"250"):
                raise ConnectionError("the probe was refused")
            waits.append(time.perf_counter() - since)
            time.sleep(_PAUSE)
    result.send(waits)

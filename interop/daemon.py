"""Starts a server that a scenario puts beside the program, and stops it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from server import ServerError

_STOP_SECONDS = 10


def listens(port: int) -> bool:
    """Whether a server on the loopback interface accepts connections."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def daemon(name: str, command: list[str], log: Path, is_up: Callable[[], bool], seconds: float) -> Iterator[None]:
    """The command, from when it is up for as long as the context lasts; what it says goes to the log."""
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        deadline = time.monotonic() + seconds
        while not is_up():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServerError(f"{name} did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)

"""Servers that a suite puts beside the program: they are started, frozen, killed and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from server import ServerError

_STOP_SECONDS = 10


def listens(address: int | str) -> bool:
    """Whether a server accepts connections: at a port of the loopback interface, or at the path of a Unix socket."""
    with contextlib.suppress(OSError):
        if isinstance(address, int):
            socket.create_connection(("127.0.0.1", address), 1).close()
        else:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(address)
        return True
    return False


@dataclass(eq=False)
class Process:
    """A server with all its processes. It may run several times; what it says is added to the log."""

    name: str
    command: list[str]
    log: Path
    is_up: Callable[[], bool]
    # It is given up after this time.
    seconds: float
    environment: Mapping[str, str] | None = None
    # The files of its Unix sockets, which are removed before it starts.
    sockets: Sequence[Path] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Starts it and waits until it is up."""
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Starts it."""
        for path in self.sockets:
            path.unlink(missing_ok=True)
        with self.log.open("ab") as said:
            self._process = subprocess.Popen(
                self.command, stdout=said, stderr=said, env=self.environment, start_new_session=True
            )

    def wait(self) -> None:
        """Waits until it is up."""
        deadline = time.monotonic() + self.seconds
        while not self.is_up():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerError(f"{self.name} did not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.01)

    def freeze(self) -> None:
        """Stops all its threads, so that it keeps its connections and does not answer."""
        if not self._process:
            return
        self._process.send_signal(signal.SIGSTOP)
        tasks = Path(f"/proc/{self._process.pid}/task")
        while not all(task.read_text().rpartition(") ")[2].startswith("T") for task in tasks.glob("*/stat")):
            time.sleep(0.01)

    def thaw(self) -> None:
        """Lets it go on."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Ends it at once with its children, as a crash would. If it does not run, nothing happens."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends it in good order."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if process := self._process:
            self._process = None
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def daemon(name: str, command: list[str], log: Path, is_up: Callable[[], bool], seconds: float) -> Iterator[None]:
    """The command, from when it is up for as long as the context lasts; what it says goes to the log."""
    process = Process(name, command, log, is_up, seconds)
    try:
        process.start()
        yield
    finally:
        process.stop()

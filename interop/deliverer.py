"""`mailchute deliver`: one instance that takes mail out of a stream, and what its log says."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from server import ServerError, environment

_START_SECONDS = 20
_STOP_SECONDS = 40


class Deliverer:
    """One instance. Its log goes on when it is started again."""

    def __init__(self, program: Path, folder: Path, source: str, store: str, *flags: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._log = folder / "log"
        self._log.touch()
        self._command = [str(program), "deliver", "--from", source, "--store", store, *flags]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, wait: bool = True) -> None:
        """Starts it and waits until it takes mail, or, without `wait`, not even for that."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.PIPE if wait else log, stderr=log, cwd=self._folder, env=environment()
            )
        if wait:
            with self._process.stdout as told:
                line = told.readline()
            if not line.startswith(b"delivering mail"):
                raise ServerError(f"mailchute deliver said {line!r}; its log: {self.log()[-2000:]}")

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> tuple[int, float]:
        """Ends it in good order. Returns its exit code, and the seconds that it took."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(_STOP_SECONDS)
        self._process = None
        return code, time.monotonic() - began

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def events(self, name: str) -> list[str]:
        """The lines of its log that begin with this text after time and level."""
        return re.findall(rf"^\S+ +[A-Z]+ +{re.escape(name)}.*$", self.log(), re.MULTILINE)

    def delivered(self) -> int:
        """For how many recipients it has delivered."""
        return sum(int(number) for line in self.events("delivered ") for number in re.findall(r" recipients=(\d+)", line))


@contextlib.contextmanager
def delivering(*instances: Deliverer) -> Iterator[None]:
    """The instances, until the end of the context."""
    try:
        for instance in instances:
            instance.start()
        yield
    finally:
        for instance in instances:
            instance.kill()


def comes_true(condition: Callable[[], bool], seconds: float = _START_SECONDS) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True

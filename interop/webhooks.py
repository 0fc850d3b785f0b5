"""The web server that takes webhooks, as a process, and what it has kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from daemon import listens
from relay import free_port
from server import ServerError

_PROGRAM = Path(__file__).resolve().parent / "web_server.py"
_START_SECONDS = 20


@dataclass(frozen=True)
class Kept:
    """A request that was answered 200."""

    path: str
    # Names in lower case.
    header: dict[str, str]
    body: bytes


class WebServer:
    """Starts and ends on one port."""

    def __init__(self, folder: Path, *certificate: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self._certificate = certificate
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it takes connections."""
        command = [sys.executable, "-I", "-S", str(_PROGRAM), str(self.port), str(self.folder)]
        with (self.folder / "said").open("ab") as said:
            self._process = subprocess.Popen([*command, *map(str, self._certificate)], stdout=said, stderr=said)
        deadline = time.monotonic() + _START_SECONDS
        while not listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerError(f"the web server did not start: {(self.folder / 'said').read_text()}")
            time.sleep(0.005)

    def kill(self) -> None:
        """Ends it at once, if it runs."""
        if self._process:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def kept(self) -> dict[str, Kept]:
        """What was answered 200, by its name."""
        found = {}
        for file in self.folder.glob("*.json"):
            told = json.loads(file.read_text())
            header = {name.lower(): value for name, value in told["header"]}
            found[file.stem] = Kept(told["path"], header, file.with_suffix(".body").read_bytes())
        return found

    def lines(self, name: str) -> list[str]:
        """The names of requests that were `seen`, or that came `again` after they were kept."""
        file = self.folder / name
        return file.read_text().split() if file.exists() else []

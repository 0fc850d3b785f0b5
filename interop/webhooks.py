"""The web server that takes webhooks, as a process, and what it has kept."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from daemon import Process, listens
from relay import free_port

_PROGRAM = Path(__file__).resolve().parent / "web_server.py"
_START_SECONDS = 20


@dataclass(frozen=True)
class Kept:
    """A request that was answered 200."""

    path: str
    # Names in lower case.
    header: dict[str, str]
    body: bytes


class WebServer(Process):
    """Starts and ends on one port."""

    def __init__(self, folder: Path, *certificate: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        command = [sys.executable, "-I", "-S", str(_PROGRAM), str(self.port), str(folder), *map(str, certificate)]
        super().__init__("the web server", command, folder / "said", lambda: listens(self.port), _START_SECONDS)

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

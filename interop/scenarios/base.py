"""What a scenario of the suite is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import trace_headers
from server import Certificate, Server


class Scenario(ABC):
    """Real software and the program, with settings of their own."""

    name: str

    @abstractmethod
    def missing(self) -> str | None:
        """What is not installed, if anything."""

    @abstractmethod
    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        """Plays it in this folder, which is its own, and says what held."""


class Checks:
    """What was looked at: each look either holds or is a fault."""

    def __init__(self) -> None:
        self.passed = 0
        self.faults: list[str] = []

    def that(self, holds: bool, fault: str) -> bool:
        """Counts one look; `fault` says what was seen instead."""
        if holds:
            self.passed += 1
        else:
            self.faults.append(fault)
        return holds


def kept_for(server: Server) -> dict[frozenset[str], bytes]:
    """The contents in the Maildir, by the recipients that each was kept for."""
    stored = [trace_headers.take_apart(file.read_bytes()) for file in server.maildir.glob("new/*")]
    return {frozenset(recipient.decode() for recipient in one.recipients): one.content for one in stored}

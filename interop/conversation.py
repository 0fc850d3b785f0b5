"""What clients said to the program and were answered, as the program logs it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from server import Server

# For `running`: log every command and every reply, for programs to read.
LOGGING = ("--log-level", "debug", "--log-format", "json")


@dataclass(frozen=True)
class Exchange:
    """One command, and the reply to it; a message's end has no command, and BDAT is answered by itself."""

    command: str
    reply: str


def exchanges(server: Server) -> list[Exchange]:
    """All that was said until now, in order."""
    entries = (json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{"))
    return [
        Exchange(entry.get("command", ""), entry.get("reply", ""))
        for entry in entries
        if "command" in entry or "reply" in entry
    ]


def commands(server: Server, verb: str) -> list[str]:
    """The commands with this verb that were not refused."""
    return [
        said.command
        for said in exchanges(server)
        if said.command.upper().startswith(verb) and not said.reply.startswith(("4", "5"))
    ]

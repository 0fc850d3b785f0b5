"""What clients said to the program and were answered, as the program logs it."""

from __future__ import annotations

import json
import smtplib
import time
import uuid
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
    log, mark = _written(server)
    entries = (json.loads(line) for line in log.splitlines() if line.startswith("{") and mark not in line)
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


def _written(server: Server, patience: float = 30) -> tuple[str, str]:
    """The log with all that was said until now, and a mark whose lines are none of the test's.

    The program writes its log a moment later than it answers. Lines keep their order, so once the mark is there all
    lines before it are. A program that has ended has written everything.
    """
    mark = f"mark-{uuid.uuid4().hex}"
    try:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=patience) as session:
            session.docmd("NOOP", mark)
    except ConnectionError:
        return server.log.read_text(), mark
    deadline = time.monotonic() + patience
    while mark not in server.log.read_text():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the log lacks {mark} after {patience} s")
        time.sleep(0.01)
    return server.log.read_text(), mark

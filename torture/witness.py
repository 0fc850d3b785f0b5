"""Reads what faults.c wrote down, and judges whether each 250 was true when it was sent.

A killed process leaves what it wrote in the kernel, so kills cannot tell whether anything was flushed. Here each 250 is
held against the calls that were over before it was sent.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_ACCEPTED = re.compile(rb"250 2\.6\.0 Message accepted as (\S+)\r\n")


@dataclass(frozen=True)
class Event:
    """One system call; `begin` and `end` are of one clock, so what ended before another began came before it."""

    begin: int
    end: int
    operation: str
    result: int
    path: str
    to: str
    sent: bytes

    @property
    def worked(self) -> bool:
        return self.result >= 0


def read(log: Path) -> list[Event]:
    """All events, in the order in which they began."""
    events = []
    for line in log.read_text().splitlines():
        begin, end, operation, result, path, to, sent = line.split(" ")
        octets = b"" if sent == "-" else bytes.fromhex(sent)
        events.append(Event(int(begin), int(end), operation, int(result), path, to, octets))
    return sorted(events, key=lambda event: event.begin)


def promises(events: Iterable[Event]) -> dict[str, int]:
    """When the 250 for each message began to be sent, by the message's id."""
    return {
        found[1].decode(): event.begin
        for event in events
        if event.operation == "send"
        for found in _ACCEPTED.finditer(event.sent)
    }


def broken_promises(events: list[Event], files: dict[str, str]) -> dict[str, str]:
    """The messages whose 250 was not true when it was sent, by id, and why; `files` has their paths in the store."""
    by_path: dict[str, list[Event]] = defaultdict(list)
    shown: dict[str, Event] = {}
    for event in events:
        by_path[event.path].append(event)
        if event.operation in ("rename", "link") and event.worked:
            shown[event.to] = event
    broken = {}
    for name, promised in promises(events).items():
        path = files.get(name)
        why = _lack(path, shown.get(path), by_path, promised) if path else "it is not in the store"
        if why:
            broken[name] = why
    return broken


def _lack(path: str, shown: Event | None, by_path: dict[str, list[Event]], promised: int) -> str | None:
    """What had not happened when the message at this path was promised."""
    if not shown or shown.end > promised:
        return "it was not shown"
    own = by_path[shown.path]
    written = max((event.end for event in own if event.operation == "write" and event.worked), default=0)
    if not written:
        return "nothing was written"
    flushed = [event for event in own if event.operation == "flush-file" and event.begin > written]
    # The kernel reports a failure once only: a later success proves nothing.
    if not flushed or not all(event.worked for event in flushed):
        return "its content was not flushed after the last write"
    if flushed[0].end > shown.begin:
        return "it was shown before its content was flushed"
    directory = path.rpartition("/")[0]
    names = (event for event in by_path[directory] if event.operation == "flush-directory" and event.worked)
    if not any(shown.end < event.begin and event.end < promised for event in names):
        return "its directory was not flushed between its rename and the reply"
    return None


def unflushed_directories(events: list[Event], first_promise: int) -> list[str]:
    """Directories whose own names could have been lost with all that is in them."""
    return [
        made.path
        for made in events
        if made.operation == "directory" and made.worked
        if not any(
            event.operation == "flush-directory"
            and event.path == made.path.rpartition("/")[0]
            and event.worked
            and made.end < event.begin
            and event.end < first_promise
            for event in events
        )
    ]

"""Looks into the program's Maildir."""

from __future__ import annotations

from pathlib import Path

import trace_headers


def received(maildir: Path, subject: str) -> str:
    """The program's own Received field of the one message with this subject."""
    field = f"Subject: {subject}\r\n".encode()
    stored = [trace_headers.take_apart(file.read_bytes()) for file in maildir.glob("new/*")]
    found = [message.received.decode() for message in stored if field in message.content]
    return found[0] if len(found) == 1 else f"({len(found)} messages with the subject {subject})"

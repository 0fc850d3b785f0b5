"""Words, lines and headers that the shapes are made of."""

from __future__ import annotations

import random

from message import domain_of

CRLF = b"\r\n"

_WORDS = (
    "the postman knocks twice and leaves a letter in a box under the stairs "
    "while rain falls on envelopes stamps parcels and a dog barks at nobody"
).split()


def header(tag: str, *fields: str | bytes) -> bytes:
    """An ordinary header with these fields added, and the empty line that ends it."""
    domain = domain_of(tag)
    lines: list[str | bytes] = [
        f"From: Sender <sender@{domain}>",
        f"To: reader@{domain}",
        f"Subject: a letter to {tag}",
        "Date: Mon, 01 Jan 2024 12:00:00 +0000",
        f"Message-ID: <{tag}@{domain}>",
        f"X-Interop-Id: {tag}",
        *fields,
    ]
    return b"".join(_encoded(line) + CRLF for line in lines) + CRLF


def sentence(rng: random.Random, length: int) -> bytes:
    """Words in a row, exactly `length` octets, with no space at either end."""
    text = ""
    while len(text) < length:
        text += rng.choice(_WORDS) + " "
    return (text[: length - 1].replace("  ", " ").strip().encode() + b"x" * length)[:length]


def paragraph(rng: random.Random, lines: int) -> bytes:
    """So many lines of ordinary width."""
    return b"".join(sentence(rng, rng.randint(20, 76)) + CRLF for _ in range(lines))


def _encoded(line: str | bytes) -> bytes:
    return line.encode() if isinstance(line, str) else line

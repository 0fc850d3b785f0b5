"""Long lines, empty lines, last lines without an end, and messages that hardly have any."""

from __future__ import annotations

import random

from message import Shape

from .text import header, paragraph, sentence

_LENGTHS = (78, 997, 998, 999, 1000, 2000, 2048, 4096, 8192, 16_384, 65_536, 100_000)

_BODIES = {
    "no body": b"",
    "one empty line": b"\r\n",
    "only empty lines": b"\r\n" * 200,
    "ends without a line end": b"the last line has no end",
    "ends with many empty lines": b"words\r\n" + b"\r\n" * 50,
    "blanks and tabs alone on lines": b" \r\n\t\r\n  \t \r\n" * 10,
    "blanks at line ends": b"words  \r\nmore\t\r\n  \r\n" * 10,
    "From at line starts": b"From here on\r\n>From there\r\nFrom a@b Mon Jan  1 00:00:00 2024\r\n",
    "SMTP verbs": b"QUIT\r\nRSET\r\nDATA\r\nEHLO x\r\nBDAT 10 LAST\r\nSTARTTLS\r\n250 OK\r\n354 go\r\n",
    "backslashes and percent signs": b"\\n \\r\\n %FROM_ADDRESS% %BODY% ${x} `x` \\. \\\r\n" * 5,
    "a line of one octet": b"x\r\n",
    "twenty thousand short lines": b"x\r\n" * 20_000,
    "fifty thousand empty lines": b"\r\n" * 50_000,
}


def shapes() -> list[Shape]:
    return [
        *(Shape(f"lines: of {length} octets", _long(length)) for length in _LENGTHS),
        Shape("lines: 100,000 octets, no line end", lambda tag, rng: header(tag) + sentence(rng, 100_000)),
        Shape(
            "lines: a dot, then 2,000 octets", lambda tag, rng: header(tag) + b"." + sentence(rng, 2000) + b"\r\n.\r\n"
        ),
        Shape("lines: 8-bit, 3,000 octets", lambda tag, rng: header(tag) + "é".encode() * 1500 + b"\r\n"),
        *(Shape(f"lines: {name}", _in_a_letter(body)) for name, body in _BODIES.items()),
        Shape("lines: a header and no empty line after it", lambda tag, rng: header(tag)[:-2]),
        Shape("lines: a header, unfinished", lambda tag, rng: header(tag)[:-4]),
        Shape("lines: an empty message", lambda tag, rng: b""),
        Shape("lines: a message of one line end", lambda tag, rng: b"\r\n"),
        Shape("lines: a message of line ends only", lambda tag, rng: b"\r\n" * 77),
        Shape("lines: a message of one octet", lambda tag, rng: b"x"),
        *(Shape(f"lines: random text {n}", _random_text) for n in range(1, 7)),
    ]


def _long(length: int):
    return lambda tag, rng: header(tag) + b"before\r\n" + sentence(rng, length) + b"\r\nafter\r\n"


def _in_a_letter(body: bytes):
    return lambda tag, _rng: header(tag) + body


def _random_text(tag: str, rng: random.Random) -> bytes:
    text = header(tag)
    for _ in range(rng.randint(5, 600)):
        text += rng.choice(
            [paragraph(rng, 1), b"\r\n", b"." + paragraph(rng, 1), sentence(rng, rng.randint(1, 1500)) + b"\r\n"]
        )
    return text

"""Lines that begin with a dot, or are one: what dot-stuffing is for."""

from __future__ import annotations

import random

from message import Shape

from .text import header, paragraph

_BODIES = {
    "a lone dot": b"before\r\n.\r\nafter\r\n",
    "a lone dot first": b".\r\nafter\r\n",
    "a lone dot last": b"before\r\n.\r\n",
    "a lone dot last, unfinished": b"before\r\n.",
    "only a lone dot": b".\r\n",
    "two dots": b"before\r\n..\r\nafter\r\n",
    "two dots first": b"..\r\nafter\r\n",
    "dots before a word": b".x\r\n..x\r\n...x\r\n. x\r\n .x\r\n",
    "dots growing": b"".join(b"." * n + b"\r\n" for n in range(1, 80)),
    "a hundred lone dots": b".\r\n" * 100,
    "lone dots between empty lines": b"\r\n.\r\n" * 50,
    "a dot, then the commands of a second message": (
        b".\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n.\r\nQUIT\r\n"
    ),
    "three thousand dots on a line": b"." * 3000 + b"\r\n",
    "a dot at the end of every line": b"words.\r\n" * 20,
}


def shapes() -> list[Shape]:
    return [
        *(Shape(f"dots: {name}", _in_a_letter(body)) for name, body in _BODIES.items()),
        Shape("dots: at the very start of the message", lambda tag, rng: b".x " + tag.encode() + b"\r\n.\r\n..\r\n"),
        Shape("dots: among the lines of a long text", _scattered),
    ]


def _in_a_letter(body: bytes):
    return lambda tag, _rng: header(tag) + body


def _scattered(tag: str, rng: random.Random) -> bytes:
    text = header(tag)
    for _ in range(400):
        text += rng.choice([b".", b"..", b". ", b".\t", b"", b""]) + paragraph(rng, 1)
        if rng.random() < 0.1:
            text += b".\r\n"
    return text

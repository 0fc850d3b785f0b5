"""Messages of exact sizes, and line ends and dots that lie across the borders of usual buffers."""

from __future__ import annotations

import random

from message import Shape

from .text import header, sentence

_BUFFERS = (1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072)
_BORDERS = (1024, 4096, 8192, 16_384, 65_536)
_LINE = 78


def shapes() -> list[Shape]:
    return [
        *(
            Shape(f"sizes: {buffer + more} octets", _exactly(buffer + more))
            for buffer in _BUFFERS
            for more in (-1, 0, 1)
        ),
        *(
            Shape(f"sizes: a line end and a dot {before} octets before {border}", _across(border, before))
            for border in _BORDERS
            for before in (0, 1, 2, 3, 4)
        ),
    ]


def _exactly(size: int):
    return lambda tag, rng: _filled(header(tag), size, rng)


def _across(border: int, before: int):
    """The lone dot's five octets, `CR LF . CR LF`, begin `before` octets before the border."""

    def write(tag: str, rng: random.Random) -> bytes:
        start = _filled(header(tag), border - before + 2, rng)
        return start + b".\r\n..\r\n.x\r\nafter the border\r\n"

    return write


def _filled(start: bytes, size: int, rng: random.Random) -> bytes:
    """The start, then lines of text up to exactly this size; the last ends as a line does."""
    content = bytearray(start)
    while (missing := size - len(content)) > 0:
        # A line takes at least two bytes, so never leave only one.
        width = missing if missing <= _LINE else min(_LINE, missing - 2)
        content += sentence(rng, width - 2) + b"\r\n"
    assert len(content) == size, f"{len(content)} octets for {size}"
    return bytes(content)

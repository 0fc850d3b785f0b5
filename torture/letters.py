"""The messages: each has a number, and a checksum that nobody can make who does not know the run's secret."""

from __future__ import annotations

import hashlib
import random
import re

_MARK = re.compile(rb"X-Torture: (\d+) (\d+) ([0-9a-f]+)\r\n")
_BLOCK = 2 * 1024 * 1024


class DamagedError(Exception):
    """What was kept is not what was sent."""


class Letters:
    """Writes messages by number, always the same for the same number, and reads them back."""

    def __init__(self, seed: int, largest: int = 1024 * 1024) -> None:
        dice = random.Random(seed)
        self._secret = dice.randbytes(16)
        self._largest = largest
        # Bodies are lines from this block. Some are empty, many begin with dots, some are only dots.
        lines: list[bytes] = []
        length = 0
        while length < _BLOCK:
            text = bytes(dice.choices(range(0x20, 0x7F), k=dice.choice((0, 1, 20, 60, 78))))
            lines.append(dice.choice((b"", b"", b"", b".", b"..")) + text + b"\r\n")
            length += len(lines[-1])
        self._block = b"".join(lines)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))

    def write(self, number: int) -> bytes:
        """The message with this number, as its author has it."""
        body = self._body(number)
        mark = b"X-Torture: %d %d %s\r\n" % (number, len(body), self._digest(number, body))
        return b"From: <torture@sender.example>\r\nSubject: number %d\r\n%s\r\n%s" % (number, mark, body)

    def read(self, content: bytes) -> int:
        """The number of a message that is whole."""
        header, _, body = content.partition(b"\r\n\r\n")
        mark = _MARK.search(header + b"\r\n")
        if not mark:
            raise DamagedError(f"no mark in the header {header[:200]!r}")
        number, length, digest = int(mark[1]), int(mark[2]), mark[3]
        if len(body) != length:
            raise DamagedError(f"number {number} has a body of {len(body)} octets, sent were {length}")
        if digest != self._digest(number, body):
            raise DamagedError(f"number {number} has another body than was sent")
        return number

    def _body(self, number: int) -> bytes:
        dice = random.Random(number)
        ceiling = dice.choices((2_000, 20_000, self._largest), (85, 13, 2))[0]
        size = dice.randint(0, min(ceiling, self._largest))
        # A line has about 30 bytes.
        count = min(size // 30, len(self._starts) - 1)
        first = dice.randint(0, len(self._starts) - 1 - count)
        return self._block[self._starts[first] : self._starts[first + count]]

    def _digest(self, number: int, body: bytes) -> bytes:
        salt = number.to_bytes(16, "big")
        return hashlib.blake2b(body, digest_size=16, key=self._secret, salt=salt).hexdigest().encode()

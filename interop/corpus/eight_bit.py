"""Bodies with octets above 127, in charsets of their own and in none."""

from __future__ import annotations

import random

from message import Shape

from .text import header, paragraph

_TEXTS = {
    "iso-8859-1": "Grüße aus Köln, où l'été est passé; señor, ¿qué tal? ½ ¾ ÿ\r\n" * 12,
    "koi8-r": "Письмо пришло вчера вечером.\r\n" * 12,
    "shift_jis": "手紙は昨日届きました。\r\n" * 12,
    "utf-8": "Grüße, γεια σου, привет, 手紙, नमस्ते, مرحبا\r\n" * 12,
    "emoji": "📮 ✉️ 👩‍👩‍👧‍👦 🏴‍☠️ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢\r\n" * 12,
}
_NO_NUL_CR_LF = bytes(octet for octet in range(1, 256) if octet not in b"\r\n")


def shapes() -> list[Shape]:
    return [
        *(Shape(f"eight bit: {name}", _text(name, text)) for name, text in _TEXTS.items()),
        Shape("eight bit: every octet but NUL, CR and LF", lambda tag, rng: _letter(tag, _NO_NUL_CR_LF * 3 + b"\r\n")),
        Shape("eight bit: every octet on a line of its own", _column),
        Shape(
            "eight bit: broken UTF-8",
            lambda tag, rng: _letter(tag, b"\xff\xfe\xc3\r\n\xe2\x82\r\n\xf8\x88\x80\x80\x80\r\n\xc0\xaf\r\n"),
        ),
        Shape(
            "eight bit: control characters",
            lambda tag, rng: _letter(tag, bytes(range(1, 10)) + b"\x0b\x0c\x0e\x1a\x1b[31m\x7f\x80\x85\r\n" * 5),
        ),
        Shape(
            "eight bit: a UTF-8 letter cut by a line's end",
            lambda tag, rng: _letter(tag, b"\xc3\r\n\xa9\r\n.\xc3\r\n.\xa9\r\n"),
        ),
        *(Shape(f"eight bit: {size} random octets in lines", _random_lines(size)) for size in (1000, 30_000, 300_000)),
    ]


def _letter(tag: str, body: bytes, charset: str = "unknown-8bit") -> bytes:
    return (
        header(
            tag,
            "MIME-Version: 1.0",
            f"Content-Type: text/plain; charset={charset}",
            "Content-Transfer-Encoding: 8bit",
        )
        + body
    )


def _text(name: str, text: str):
    charset = "utf-8" if name == "emoji" else name
    return lambda tag, rng: _letter(tag, text.encode(charset) + paragraph(rng, 3), charset)


def _column(tag: str, _rng: random.Random) -> bytes:
    return _letter(tag, b"".join(bytes([octet]) + b"\r\n" for octet in _NO_NUL_CR_LF))


def _random_lines(size: int):
    def write(tag: str, rng: random.Random) -> bytes:
        octets = rng.randbytes(size).translate(None, b"\x00\r\n")
        lines = []
        while octets:
            width = rng.randint(0, 200)
            lines.append(octets[:width] + b"\r\n")
            octets = octets[width:]
        return _letter(tag, b"".join(lines))

    return write

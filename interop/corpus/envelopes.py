"""Envelopes: many recipients, none to answer to, and every kind of address."""

from __future__ import annotations

import random

from message import Draft, Shape, domain_of

from .text import header, paragraph

# A local part each, also used for the reverse path.
_LOCAL_PARTS = {
    "every character an atom may have": "!#$%&'*+-/=?^_`{|}~",
    "one letter": "x",
    "64 octets": "l" * 64,
    "digits": "0123456789",
    "subaddress": "reader+folder-name",
    "dots": "a.b.c.d.e",
    "mixed case": "MixedCase.Reader",
    "quoted, with a blank": '"john doe"',
    "quoted, with an at sign": '"a@b"',
    "quoted, with two dots": '"a..b"',
    "quoted, with brackets": '"a<b>c"',
    "quoted, with a comma and a colon": '"a,b:c;d"',
    "quoted, with a quote and a backslash": r'"a\"b\\c"',
    "UTF-8 local part": "grüße",
    "UTF-8 local part in Greek and Chinese": "γεια.手紙",
    "UTF-8 local part, emoji": "📮",
}


def shapes() -> list[Shape]:
    return [
        *(Shape(f"envelopes: {name}", _local_part(local_part)) for name, local_part in _LOCAL_PARTS.items()),
        *(Shape(f"envelopes: {count} recipients", _many(count)) for count in (2, 10, 100)),
        Shape("envelopes: null reverse path", lambda tag, rng: Draft(_letter(tag, rng), reverse_path="")),
        Shape("envelopes: null reverse path, five recipients", _bounce),
        Shape(
            "envelopes: upper-case domain",
            lambda tag, rng: Draft(_letter(tag, rng), reverse_path="Sender@UPPER.Example"),
        ),
        Shape("envelopes: long domain", _long_domain),
        Shape(
            "envelopes: UTF-8 domain",
            lambda tag, rng: Draft(_letter(tag, rng), recipients=(f"reader@bücher.{domain_of(tag)}",)),
        ),
        Shape("envelopes: UTF-8 everywhere", _utf8_everywhere),
        Shape("envelopes: UTF-8 among ASCII recipients", _mixed),
    ]


def _letter(tag: str, rng: random.Random, *fields: str) -> bytes:
    return header(tag, *fields) + paragraph(rng, 4)


def _local_part(local_part: str):
    def write(tag: str, rng: random.Random) -> Draft:
        address = f"{local_part}@{domain_of(tag)}"
        return Draft(_letter(tag, rng), reverse_path=address, recipients=(address,))

    return write


def _many(count: int):
    def write(tag: str, rng: random.Random) -> Draft:
        recipients = tuple(f"reader{n}.{rng.randrange(10**6)}@{domain_of(tag)}" for n in range(count))
        return Draft(_letter(tag, rng), recipients=recipients)

    return write


def _bounce(tag: str, rng: random.Random) -> Draft:
    return Draft(_letter(tag, rng), reverse_path="", recipients=tuple(f"r{n}@{domain_of(tag)}" for n in range(5)))


def _long_domain(tag: str, rng: random.Random) -> Draft:
    domain = ".".join(["label" + "x" * 40] * 3 + [domain_of(tag)])
    return Draft(_letter(tag, rng), reverse_path=f"s@{domain}", recipients=(f"r@{domain}",))


def _utf8_everywhere(tag: str, rng: random.Random) -> Draft:
    return Draft(
        _letter(tag, rng, "X-Names: Grüße, 手紙") + "Grüße, 手紙\r\n".encode(),
        reverse_path=f"absenderin-jörg@{domain_of(tag)}",
        recipients=(f"empfänger@{domain_of(tag)}", f"收件人@{domain_of(tag)}"),
    )


def _mixed(tag: str, rng: random.Random) -> Draft:
    return Draft(_letter(tag, rng), recipients=(f"plain@{domain_of(tag)}", f"über@{domain_of(tag)}"))

"""Headers of every kind: none, many, folded, in UTF-8, and some that look like the server's own."""

from __future__ import annotations

import random

from message import Shape

from .text import header, paragraph, sentence

_STARTS = {
    "no header, one line": b"There is no header here.\r\n",
    "no header, many lines": b"no header\r\nno colon either\r\n\r\nand an empty line\r\n",
    "the empty line first": b"\r\nall of this is the body\r\nSubject: not a header\r\n",
    "a first line that begins with a blank": b" a continuation of nothing\r\nSubject: x\r\n\r\nbody\r\n",
    "a field, then a line that is none": b"Subject: x\r\nno colon in this one\r\nTo: y\r\n\r\nbody\r\n",
    "a mailbox separator first": b"From sender Mon Jan  1 00:00:00 2024\r\nSubject: x\r\n\r\nbody\r\n",
    "mailbox separators first, quoted": b">From a Mon Jan  1 2024\r\n>>From b\r\n c\r\nSubject: x\r\n\r\nFrom d\r\n",
    "a mailbox separator, then no header": b"From sender Mon Jan  1 00:00:00 2024\r\nno header\r\n",
    "From with a blank before the colon": b"From : a@b.example\r\nSubject: x\r\n\r\nbody\r\n",
}

_FIELDS = {
    "empty values": ["X-Empty:", "X-Blank: ", "X-Blanks:    "],
    "no blank after the colon": ["X-Tight:value", "X-Tabbed:\tvalue", "X-Loose:     value"],
    "the same field many times": ["X-Again: the same"] * 60,
    "odd names": ["X_under: 1", "x.y: 2", "X-!#$%&'*+/=?^`{|}~: 3", "1: 4", "-: 5"],
    "folded by blanks and tabs": ["X-Folded: one\r\n two\r\n\tthree\r\n    four\r\n\t\tfive"],
    "folded two hundred times": ["X-Folded: a" + "\r\n b" * 200],
    "folded with a dot first": ["X-Folded: a\r\n .b\r\n .\r\n ..\r\n c"],
    "folded to the next line at once": ["X-Folded:\r\n the value comes late"],
    "encoded words": ["X-Words: =?utf-8?B?R3LDvMOfZQ==?= =?iso-8859-1?Q?K=F6ln?="],
    "raw UTF-8": ["X-Names: Grüße, γεια σου, 手紙", "X-Emoji: 📮"],
    "raw UTF-8, folded": ["X-Names: Grüße\r\n γεια\r\n\t手紙"],
    "a field of 900 octets": ["X-Long: " + "v" * 900],
    "a field of 5,000 octets on one line": ["X-Long: " + "v" * 4992],
    "Bcc and Content-Length": [
        "Bcc: hidden@elsewhere.example",
        "Content-Length: 3",
        "Resent-Bcc: other@elsewhere.example",
    ],
    "resent fields": [
        "Resent-From: a@b.example",
        "Resent-To: c@d.example",
        "Resent-Date: Mon, 01 Jan 2024 12:00:00 +0000",
    ],
}


def shapes() -> list[Shape]:
    return [
        *(Shape(f"headers: {name}", _start(start)) for name, start in _STARTS.items()),
        *(Shape(f"headers: {name}", _with_fields(fields)) for name, fields in _FIELDS.items()),
        Shape(
            "headers: a raw Latin-1 subject",
            lambda tag, rng: header(tag, b"X-Subject: Gr\xfc\xdfe") + paragraph(rng, 3),
        ),
        Shape("headers: nine hundred fields", _many),
        Shape("headers: 200,000 octets of fields", _large),
        Shape("headers: forty Received fields first", _travelled),
        Shape("headers: the very names the server writes", _lookalike),
        Shape("headers: signatures", _signed),
    ]


def _start(start: bytes):
    return lambda tag, _rng: start + tag.encode() + b"\r\n"


def _with_fields(fields: list[str]):
    return lambda tag, rng: header(tag, *fields) + paragraph(rng, 3)


def _many(tag: str, rng: random.Random) -> bytes:
    return header(tag, *(f"X-Field-{n}: {rng.random()}" for n in range(900))) + paragraph(rng, 3)


def _large(tag: str, rng: random.Random) -> bytes:
    return header(tag, *(f"X-Field-{n}: ".encode() + sentence(rng, 480) for n in range(400))) + paragraph(rng, 3)


def _received(n: int) -> bytes:
    return (
        f"Received: from hop{n}.example (hop{n}.example [192.0.2.{n}])\r\n"
        f"\tby hop{n + 1}.example with ESMTPS id {n:08x}\r\n"
        f"\tfor <a@b.example>; Mon, 01 Jan 2024 12:00:{n:02} +0000\r\n"
    ).encode()


def _travelled(tag: str, rng: random.Random) -> bytes:
    return b"".join(_received(n) for n in range(40, 0, -1)) + header(tag) + paragraph(rng, 3)


def _lookalike(tag: str, rng: random.Random) -> bytes:
    own = (
        b"Return-Path: <somebody@else.example>\r\n"
        b"Delivered-To: nobody@else.example\r\n"
        b"X-Original-To: nobody@else.example\r\n"
    )
    return own + _received(1) + own + header(tag) + paragraph(rng, 3)


def _signed(tag: str, rng: random.Random) -> bytes:
    signature = rng.randbytes(256).hex()
    folded = "\r\n\t".join(signature[at : at + 64] for at in range(0, len(signature), 64))
    return header(
        tag,
        f"DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=x; h=from:to:\r\n\tsubject; bh=abc=;\r\n\tb={folded}",
        "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=b.example; s=x;\r\n\tb=abc=",
        "Authentication-Results: other.example; dkim=pass",
    ) + paragraph(rng, 3)

"""MIME: alternatives, attachments of up to ten megabytes, nesting, and transfer encodings."""

from __future__ import annotations

import base64
import quopri
import random

from message import Shape

from .text import header, paragraph

_ATTACHMENTS = {
    "1 octet": 1,
    "57 octets": 57,
    "1 kB": 1000,
    "100 kB": 100_000,
    "1 MB": 1_000_000,
    "4 MB": 4_000_000,
    "10 MB": 10_000_000,
}


def shapes() -> list[Shape]:
    return [
        *(Shape(f"MIME: an attachment of {name}", _attachment(size)) for name, size in _ATTACHMENTS.items()),
        Shape("MIME: plain text", lambda tag, rng: _single(tag, "text/plain; charset=us-ascii", paragraph(rng, 40))),
        Shape(
            "MIME: HTML",
            lambda tag, rng: _single(
                tag, "text/html; charset=utf-8", b"<!doctype html><p>.</p>\r\n.\r\n" + paragraph(rng, 40)
            ),
        ),
        Shape("MIME: quoted-printable", _quoted_printable),
        Shape("MIME: text and HTML", _alternative),
        Shape("MIME: HTML with an image inside", _related),
        Shape("MIME: text, HTML, image and twenty attachments", _everything),
        Shape("MIME: twelve levels deep", _nested),
        Shape("MIME: a letter in a letter", _enclosed),
        Shape("MIME: preamble and epilogue", _framed),
        Shape("MIME: a part with no content", lambda tag, rng: _multipart(tag, "mixed", [b"\r\n", b"\r\n\r\n"])),
        Shape("MIME: a boundary of dots", _dotted_boundary),
        Shape("MIME: 8-bit parts", _eight_bit_parts),
        Shape("MIME: a delivery report", _report),
        Shape("MIME: base64 in one long line", _long_base64),
    ]


def _single(tag: str, content_type: str, body: bytes, *fields: str) -> bytes:
    return header(tag, "MIME-Version: 1.0", f"Content-Type: {content_type}", *fields) + body


def _join(boundary: str, parts: list[bytes]) -> bytes:
    opening = f"--{boundary}\r\n".encode()
    return b"".join(opening + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


def _multipart(tag: str, kind: str, parts: list[bytes], boundary: str | None = None) -> bytes:
    boundary = boundary or f"=_{tag}"
    return _single(tag, f'multipart/{kind};\r\n\tboundary="{boundary}"', _join(boundary, parts))


def _text_part(rng: random.Random, kind: str = "plain") -> bytes:
    return f"Content-Type: text/{kind}; charset=us-ascii\r\n\r\n".encode() + paragraph(rng, 10)


def _base64_part(octets: bytes, name: str = "data.bin", kind: str = "application/octet-stream") -> bytes:
    fields = (
        f'Content-Type: {kind}; name="{name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    return fields.encode() + base64.encodebytes(octets).replace(b"\n", b"\r\n")


def _attachment(size: int):
    return lambda tag, rng: _multipart(tag, "mixed", [_text_part(rng), _base64_part(rng.randbytes(size))])


def _quoted_printable(tag: str, rng: random.Random) -> bytes:
    text = "Grüße = ein Wort, und ein Zeilenende mit Leerzeichen: \n.\n..\nFrom x\n".encode() * 20 + rng.randbytes(
        500
    ).translate(None, b"\x00\r\n")
    encoded = quopri.encodestring(text).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return _single(tag, "text/plain; charset=utf-8", encoded, "Content-Transfer-Encoding: quoted-printable")


def _alternative(tag: str, rng: random.Random) -> bytes:
    return _multipart(tag, "alternative", [_text_part(rng), _text_part(rng, "html")])


def _related(tag: str, rng: random.Random) -> bytes:
    image = _base64_part(rng.randbytes(5000), "image.png", "image/png").replace(b"attachment;", b"inline;")
    return _multipart(tag, "related", [_text_part(rng, "html"), b"Content-ID: <image@here>\r\n" + image])


def _everything(tag: str, rng: random.Random) -> bytes:
    inner = b'Content-Type: multipart/alternative; boundary="in.ner"\r\n\r\n' + _join(
        "in.ner", [_text_part(rng), _text_part(rng, "html")]
    )
    attachments = [_base64_part(rng.randbytes(rng.randint(0, 20_000)), f"file {n}.bin") for n in range(20)]
    return _multipart(tag, "mixed", [inner, *attachments])


def _nested(tag: str, rng: random.Random) -> bytes:
    part = _text_part(rng)
    for level in range(12):
        part = f'Content-Type: multipart/mixed; boundary="level-{level}"\r\n\r\n'.encode() + _join(
            f"level-{level}", [part, _text_part(rng)]
        )
    return _multipart(tag, "mixed", [part])


def _enclosed(tag: str, rng: random.Random) -> bytes:
    letter = b"Content-Type: message/rfc822\r\n\r\n" + _alternative(f"inner-{tag}", rng)
    return _multipart(tag, "mixed", [_text_part(rng), letter])


def _framed(tag: str, rng: random.Random) -> bytes:
    boundary = f"=_{tag}"
    body = b"This is the preamble.\r\n.\r\n" + _join(boundary, [_text_part(rng)]) + b"This is the epilogue.\r\n.."
    return _single(tag, f'multipart/mixed; boundary="{boundary}"', body)


def _dotted_boundary(tag: str, rng: random.Random) -> bytes:
    return _multipart(tag, "mixed", [_text_part(rng), b"\r\n.\r\n", b"\r\n..--...\r\n"], boundary="...")


def _eight_bit_parts(tag: str, rng: random.Random) -> bytes:
    latin = (
        b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + "Grüße\r\n".encode("latin-1") * 30
    )
    utf8 = (
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + "<p>Grüße, 手紙</p>\r\n".encode() * 30
    )
    return _multipart(tag, "alternative", [latin, utf8, _base64_part(rng.randbytes(3000))])


def _report(tag: str, rng: random.Random) -> bytes:
    status = (
        b"Content-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; other.example\r\n\r\n"
        b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    )
    return _multipart(tag, "report; report-type=delivery-status", [_text_part(rng), status])


def _long_base64(tag: str, rng: random.Random) -> bytes:
    part = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return _multipart(tag, "mixed", [part + base64.b64encode(rng.randbytes(60_000)) + b"\r\n"])

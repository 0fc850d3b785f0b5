"""Messages that are written to take a reader of MIME or HTML down, and what the console must say of each."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass

_MIB = 1024 * 1024
_SECONDS = 120
# Each is harmless once. Quadratic work over 25 MiB of any of them takes hours.
_PIECES = (
    b"<a href=x>", b"<b></i>", b"<", b'<a b="', b"&amp;", b"<!--", b"-->", b"<style>", b"</style>", b"url(", b"text cid: ",
    b"http://x ", b"://", b'<a href="https://example.com/%d">x</a>',
)  # fmt: skip


@dataclass(frozen=True)
class HostileMail:
    """A message, with a subject that finds it."""

    name: str
    content: bytes
    # What each page of it says, as its parts are not shown.
    refusal: str | None = None
    has_html: bool = False

    @property
    def subject(self) -> str:
        return f"hostile {self.name}"


def hostile_mails() -> list[HostileMail]:
    return [
        HostileMail(
            "nesting",
            b"Subject: hostile nesting\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 40_000,
            refusal="it has more than 100 nested messages",
        ),
        HostileMail(
            "parts",
            b"Subject: hostile parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
            refusal="it has more than 1,000 parts",
        ),
        HostileMail(
            "words",
            b"Subject: hostile words\r\nX-Words: " + b"=?utf-8?b?w7Y=?=\r\n " * 200_000 + b"\r\n\r\nx\r\n",
        ),
        HostileMail(
            "html",
            b"Subject: hostile html\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + _html(25 * _MIB),
            has_html=True,
        ),
    ]  # fmt: skip


def _html(size: int) -> bytes:
    """Equal shares of all pieces, on one line each."""
    share = size // len(_PIECES)
    return b"\r\n".join(piece * (share // len(piece)) for piece in _PIECES) + b"\r\n"


def send(port: int, mail: HostileMail) -> str:
    """The reply to the message."""
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=_SECONDS) as session:
        session.ehlo()
        session.mail("hostile@sender.example")
        session.rcpt("one@receiver.example")
        code, text = session.data(mail.content)
        return f"{code} {text.decode(errors='replace')}"

"""What must arrive: the transports, and the message as a client puts it on the wire."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Transport(enum.Enum):
    PLAIN = "plain"
    STARTTLS = "starttls"
    IMPLICIT_TLS = "tls"


@dataclass(frozen=True)
class Delivery:
    """What the server must have kept for one message."""

    reverse_path: str
    recipients: tuple[str, ...]
    content: bytes
    smtputf8: bool
    ehlo: str
    tls: bool


def with_final_line_end(content: bytes) -> bytes:
    """A DATA message ends with a line end, unless it has no line at all."""
    return content if not content or content.endswith(b"\r\n") else content + b"\r\n"


def domain_to_ascii(address: str) -> str:
    """The address with its domain in A-labels, for clients that look names up so."""
    local_part, at, domain = address.rpartition("@")
    return local_part + at + domain.encode("idna").decode() if at and not domain.isascii() else address

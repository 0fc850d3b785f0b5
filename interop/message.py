"""What the suite sends: a message with its envelope, and the shapes it is made from."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

DOMAIN = "interop.example"

_TAG_IN_DOMAIN = re.compile(rb"([a-z0-9-]+)\." + re.escape(DOMAIN.encode()) + rb"$")
_FIELD_NAME = re.compile(rb"[!-9;-~]+:")


@dataclass(frozen=True)
class Draft:
    """What a shape writes; an envelope left out is the ordinary one."""

    content: bytes
    reverse_path: str | None = None
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True)
class Message:
    """A message as its author has it: CRLF line ends, and the last one may be missing.

    `tag` is unique in a run and stands in the domain of every recipient, so that
    even an empty message can be found again.
    """

    name: str
    tag: str
    reverse_path: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.reverse_path, *self.recipients)

    @property
    def has_quoted_address(self) -> bool:
        return any('"' in address for address in self.addresses)

    @property
    def has_utf8_address(self) -> bool:
        return not all(address.isascii() for address in self.addresses)

    @property
    def has_utf8_header(self) -> bool:
        header = self.content.partition(b"\r\n\r\n")[0]
        try:
            return not header.decode().isascii()
        except UnicodeDecodeError:
            return False

    @property
    def is_8bit(self) -> bool:
        return not self.content.isascii()

    @property
    def is_well_formed(self) -> bool:
        """A header of named fields, folded or not, and an empty line after it."""
        header, empty_line, _body = self.content.partition(b"\r\n\r\n")
        lines = header.split(b"\r\n")
        return (
            bool(empty_line)
            and bool(_FIELD_NAME.match(lines[0]))
            and all(_FIELD_NAME.match(line) or line.startswith((b" ", b"\t")) for line in lines)
        )


@dataclass(frozen=True)
class Shape:
    """One kind of message: its name and the function that writes one, always the same for the same tag."""

    name: str
    write: Callable[[str, random.Random], Draft | bytes]

    def message(self, tag: str) -> Message:
        draft = self.write(tag, random.Random(f"{self.name} {tag}"))
        if isinstance(draft, bytes):
            draft = Draft(draft)
        reverse_path = draft.reverse_path
        if reverse_path is None:
            reverse_path = f"sender@{domain_of(tag)}"
        recipients = draft.recipients or (f"reader@{domain_of(tag)}",)
        return Message(self.name, tag, reverse_path, recipients, draft.content)


def domain_of(tag: str) -> str:
    """The domain of the message's recipients."""
    return f"{tag}.{DOMAIN}"


def tag_of(recipient: bytes) -> str | None:
    """The tag of the message that was sent to this recipient."""
    found = _TAG_IN_DOMAIN.search(recipient)
    return found[1].decode() if found else None

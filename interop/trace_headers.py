"""The trace headers that the server puts on top: takes them off a stored message, and checks them.

This file alone knows how they look:

    Return-Path: <reverse-path>
    Delivered-To: recipient            (once for each distinct recipient)
    Received: from NAME ... by ...     (folded, and it ends in a date)
        with PROTOCOL ...; DATE
"""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from delivery import Delivery

_RETURN_PATH = re.compile(rb"Return-Path: <([^\r\n]*)>\r\n")
_DELIVERED_TO = re.compile(rb"Delivered-To: ([^\r\n]*)\r\n")
# The message may itself begin with a blank, so the date ends the field, not the start of the next line.
_RECEIVED = re.compile(
    rb"Received: ((?:[^\r\n]|\r\n[ \t])*?;(?:\r\n)?[ \t]+"
    rb"(?P<date>(?:\w{3}, +)?\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4})(?: \(\w+\))?)\r\n"
)
_BEGINS_WITH_HEADER = re.compile(rb"[!-9;-~]{1,998}[ \t]*:|\r?\n|\Z")
# A line of an mbox file with its continuation; `From :` is a field.
_MAILBOX_LINE = re.compile(rb">*From (?![ \t]*:)[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)")
_CLOCK_TOLERANCE = timedelta(minutes=5)


class TraceError(Exception):
    """The stored message does not begin with the headers that the server promises."""


@dataclass(frozen=True)
class Stored:
    """A message as the store has it, taken apart."""

    reverse_path: bytes
    recipients: tuple[bytes, ...]
    received: bytes
    date: datetime
    content: bytes


def take_apart(file: bytes) -> Stored:
    """Parses exactly the server's own headers at the top; all that follows is the content."""
    return_path = _RETURN_PATH.match(file)
    if not return_path:
        raise TraceError(f"no Return-Path at the top: {file[:200]!r}")
    at = return_path.end()
    recipients = []
    while found := _DELIVERED_TO.match(file, at):
        recipients.append(found[1])
        at = found.end()
    if not recipients:
        raise TraceError(f"no Delivered-To after Return-Path: {file[at : at + 200]!r}")
    received = _RECEIVED.match(file, at)
    if not received:
        raise TraceError(f"no Received after Delivered-To: {file[at : at + 400]!r}")
    date = email.utils.parsedate_to_datetime(received["date"].decode())
    if date.tzinfo is None:
        # The zone -0000: universal time, without a statement of place.
        date = date.replace(tzinfo=UTC)
    unfolded = received[1].replace(b"\r\n", b"")
    return Stored(return_path[1], tuple(recipients), unfolded, date, file[received.end() :])


def below(content: bytes) -> bytes:
    """What stands below the headers: fields made of mailbox lines, and an empty line where no header follows."""
    above = b""
    while line := _MAILBOX_LINE.match(content):
        above += b"X-Mailbox-Line: " + line[0]
        content = content[line.end() :]
    return above + (content if _BEGINS_WITH_HEADER.match(content) else b"\r\n" + content)


def _mailbox(address: str) -> tuple[str, str]:
    """What two spellings of one recipient have in common: the case of the domain makes no difference."""
    local_part, _, domain = address.rpartition("@")
    return local_part, domain.lower()


def faults(stored: Stored, delivery: Delivery) -> list[str]:
    """What the trace headers say that is not so."""
    found = []
    if stored.reverse_path != delivery.reverse_path.encode():
        found.append(f"Return-Path is {stored.reverse_path!r}, sent was {delivery.reverse_path!r}")
    sent = list({_mailbox(recipient): recipient.encode() for recipient in reversed(delivery.recipients)}.values())
    if sorted(stored.recipients) != sorted(sent):
        missing = [recipient for recipient in sent if recipient not in stored.recipients]
        added = [recipient for recipient in stored.recipients if recipient not in sent]
        found.append(
            f"Delivered-To: {len(stored.recipients)} of {len(sent)}; missing {missing[:3]}, not sent {added[:3]}"
        )
    if not re.match(rb"from " + re.escape(delivery.ehlo.encode()) + rb"(?=[\s(])", stored.received):
        found.append(f"Received does not begin with 'from {delivery.ehlo}': {stored.received!r}")
    protocol = ("UTF8SMTP" if delivery.smtputf8 else "ESMTP") + ("S" if delivery.tls else "")
    if not re.search(rb"\sby\s+\S+.*\swith\s+" + protocol.encode() + rb"(?=[\s;])", stored.received):
        found.append(f"Received does not say 'by ... with {protocol}': {stored.received!r}")
    if abs(datetime.now(UTC) - stored.date) > _CLOCK_TOLERANCE:
        found.append(f"Received has the date {stored.date}")
    return found

"""Postfix as a relay: it takes the messages by SMTP and hands them on to the program.

On the wire: the content octet for octet (a CRLF added by smtplib if it does not end in one),
below one Received header of Postfix's own, which is taken off before comparing. Postfix puts an
empty line before a content that does not begin with a header, so such messages are not sent by it.
"""

from __future__ import annotations

import re
import shutil
import smtplib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from delivery import Delivery, Transport
from message import Message
from relay import RELAY_NAME, Relay, RelayError, Route, relaying
from server import Server

from .base import EHLO, SEND_SECONDS, Client
from .python_smtplib import deliver

_QUEUE_SECONDS = 40
_OWN_RECEIVED = re.compile(
    rb"Received: from [^\r\n]*\r\n"
    rb"\tby " + re.escape(RELAY_NAME.encode()) + rb" \(Postfix\) with \w+ id \w+(?:\r\n\tfor <[^\r\n]*>)?;"
    rb"(?: |\r\n\t)\w{3}, +\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4} \(\w+\)\r\n"
)


class Postfix(Client):
    name = "postfix"
    verifies = False

    def missing(self) -> str | None:
        found = shutil.which("postfix", path="/usr/sbin:/usr/bin:/sbin:/bin")
        return None if found else "postfix (the Debian package postfix)"

    def can_send(self, message: Message) -> bool:
        # It unquotes what needs no quotes, and takes an at sign in quotes for routing.
        return (message.is_well_formed or not message.content) and '"a@b"' not in "".join(message.addresses)

    def content(self, message: Message) -> bytes:
        return message.content if message.content.endswith(b"\r\n") else message.content + b"\r\n"

    def asks_for_smtputf8(self, message: Message) -> bool:
        return message.has_utf8_address or message.has_utf8_header

    def unwrap(self, kept: bytes) -> bytes:
        own = _OWN_RECEIVED.match(kept)
        if not own:
            raise ValueError(f"does not begin with Postfix's own Received: {kept[:300]!r}")
        return kept[own.end() :]

    def delivery(self, message: Message, transport: Transport) -> Delivery:
        sent = super().delivery(message, transport)
        return Delivery(sent.reverse_path, sent.recipients, sent.content, sent.smtputf8, RELAY_NAME, sent.tls)

    def send(self, messages: Sequence[Message], server: Server, transport: Transport, folder: Path) -> list[str]:
        faults: list[str] = []
        try:
            with relaying(folder / "postfix", Route.to(server, transport)) as relay:
                _inject(messages, relay, faults)
                if not relay.settles(_QUEUE_SECONDS):
                    faults.append(f"postfix: its queue is not empty: {relay.complaints()}")
        except (RelayError, OSError, subprocess.SubprocessError) as error:
            faults.append(f"postfix: {error}")
        return faults


def _inject(messages: Sequence[Message], relay: Relay, faults: list[str]) -> None:
    with smtplib.SMTP("127.0.0.1", relay.port, EHLO, timeout=SEND_SECONDS) as session:
        for message in messages:
            try:
                deliver(session, message, message.has_utf8_address or message.has_utf8_header)
            except smtplib.SMTPException as error:
                faults.append(f"{message.tag} ({message.name}): Postfix did not take it: {error!r:.600}")

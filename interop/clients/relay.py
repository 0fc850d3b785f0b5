"""A mail server as a client: it takes the messages by SMTP and hands them on to the program.

On the wire: the content octet for octet (a CRLF added by smtplib if it does not end in one),
below one Received header of the relay's own, which is taken off before comparing. Relays put an
empty line before a content that does not begin with a header, so such messages are not sent by them.
"""

from __future__ import annotations

import dataclasses
import re
import smtplib
import subprocess
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from delivery import Delivery, Transport
from message import Message
from relay import Queue, RelayError, settles
from server import Server

from .base import EHLO, SEND_SECONDS, Client
from .python_smtplib import deliver

class RelayClient(Client):
    """A relay between smtplib and the program."""

    # The relay's name in EHLO, and the Received header that it puts on top.
    ehlo: str
    own_received: re.Pattern[bytes]

    @abstractmethod
    def relaying(self, folder: Path, server: Server, transport: Transport) -> AbstractContextManager[Queue]:
        """The relay, as long as the context lasts."""

    def can_send(self, message: Message) -> bool:
        return message.is_well_formed or not message.content

    def asks_for_smtputf8(self, message: Message) -> bool:
        return message.has_utf8_address or message.has_utf8_header

    def content(self, message: Message) -> bytes:
        return message.content if message.content.endswith(b"\r\n") else message.content + b"\r\n"

    def unwrap(self, kept: bytes) -> bytes:
        own = self.own_received.match(kept)
        if not own:
            raise ValueError(f"does not begin with the Received of {self.name}: {kept[:300]!r}")
        return kept[own.end() :]

    def delivery(self, message: Message, transport: Transport) -> Delivery:
        return dataclasses.replace(super().delivery(message, transport), ehlo=self.ehlo)

    def send(self, messages: Sequence[Message], server: Server, transport: Transport, folder: Path) -> list[str]:
        faults: list[str] = []
        try:
            with self.relaying(folder / self.name, server, transport) as relay:
                self._inject(messages, relay, faults)
                if not settles(relay):
                    faults.append(f"{self.name}: its queue is not empty: {relay.complaints()}")
        except (RelayError, OSError, subprocess.SubprocessError) as error:
            faults.append(f"{self.name}: {error}")
        return faults

    def _inject(self, messages: Sequence[Message], relay: Queue, faults: list[str]) -> None:
        with smtplib.SMTP("127.0.0.1", relay.port, EHLO, timeout=SEND_SECONDS) as session:
            for message in messages:
                try:
                    deliver(session, message, self.asks_for_smtputf8(message))
                except smtplib.SMTPException as error:
                    faults.append(f"{message.tag} ({message.name}): {self.name} did not take it: {error!r:.600}")

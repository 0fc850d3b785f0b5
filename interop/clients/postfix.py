"""Postfix as a relay."""

from __future__ import annotations

import re
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import relay
from delivery import Transport
from message import Message
from server import Server

from .relay import RelayClient


class Postfix(RelayClient):
    name = "postfix"
    verifies = False
    ehlo = relay.RELAY_NAME
    own_received = re.compile(
        rb"Received: from [^\r\n]*\r\n"
        rb"\tby " + re.escape(relay.RELAY_NAME.encode()) + rb" \(Postfix\) with \w+ id \w+(?:\r\n\tfor <[^\r\n]*>)?;"
        rb"(?: |\r\n\t)\w{3}, +\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4} \(\w+\)\r\n"
    )

    def missing(self) -> str | None:
        return relay.missing()

    def can_send(self, message: Message) -> bool:
        # It unquotes local parts that need no quotes, and takes an at sign in quotes for routing.
        return super().can_send(message) and '"a@b"' not in "".join(message.addresses)

    def relaying(self, folder: Path, server: Server, transport: Transport) -> AbstractContextManager[relay.Relay]:
        return relay.relaying(folder, relay.Route.to(server, transport))

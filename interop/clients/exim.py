"""Exim as a relay: it sends in chunks (BDAT), and verifies the program's certificate."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path

import exim
from delivery import Transport
from server import Server

from .relay import RelayClient


class Exim(RelayClient):
    name = "exim"
    ehlo = exim.EXIM_NAME
    own_received = re.compile(
        rb"Received: from \[127\.0\.0\.1\] \(helo=[^\r\n]*\)\r\n"
        rb"\tby " + re.escape(exim.EXIM_NAME.encode()) + rb" with \w+ \(Exim [\w.]+\)\r\n"
        rb"(?:\t\(envelope-from <[^\r\n]*>\)\r\n)?"
        rb"\tid [\w-]+(?:\r\n\tfor [^\r\n]*)?;\r\n"
        rb"\t\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\r\n"
    )

    def missing(self) -> str | None:
        return exim.missing()

    def relaying(self, folder: Path, server: Server, transport: Transport) -> AbstractContextManager[exim.Exim]:
        return exim.relaying(folder, server, transport)

"""msmtp, told to leave the message as it is: no field added, none removed.

It is given LF line ends, as a program in a mail user agent's place would.
On the wire: CRLF for every LF, and one added if the last line has no end.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from delivery import Transport
from message import Message
from server import Server

from .base import EHLO, CommandClient, run

_UNTOUCHED = [
    "--set-from-header=off",
    "--set-date-header=off",
    "--set-msgid-header=off",
    "--remove-bcc-headers=off",
    "--undisclosed-recipients=off",
]


class Msmtp(CommandClient):
    name = "msmtp"

    def missing(self) -> str | None:
        return None if shutil.which("msmtp") else "msmtp (the Debian package msmtp)"

    def can_send(self, message: Message) -> bool:
        # It drops quoted local parts from the envelope and never asks for SMTPUTF8.
        return not message.has_quoted_address and not message.has_utf8_address

    def send_one(
        self, message: Message, server: Server, transport: Transport, folder: Path
    ) -> subprocess.CompletedProcess:
        command = [
            "msmtp", "--host=127.0.0.1", f"--domain={EHLO}", "--auth=off", "--timeout=20", *_UNTOUCHED,
            f"--from={message.reverse_path or '<>'}",
            f"--port={server.tls_port if transport is Transport.IMPLICIT_TLS else server.port}",
        ]  # fmt: skip
        if transport is not Transport.PLAIN:
            command += [
                "--tls=on",
                f"--tls-trust-file={server.certificate}",
                f"--tls-starttls={'on' if transport is Transport.STARTTLS else 'off'}",
            ]
        return run([*command, "--", *message.recipients], input=message.content.replace(b"\r\n", b"\n"))

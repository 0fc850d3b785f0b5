"""curl.

On the wire: the content octet for octet; a CRLF is added if it does not end in one.
Every other message is given as a file with LF line ends and --crlf, which makes them CRLF.
The domain of an address is sent in A-labels.
"""

from __future__ import annotations

import shutil
import subprocess
import zlib
from pathlib import Path

from delivery import Transport, domain_to_ascii
from message import Message
from server import Server

from .base import EHLO, CommandClient, run


class Curl(CommandClient):
    name = "curl"

    def missing(self) -> str | None:
        return None if shutil.which("curl") else "curl (the Debian package curl)"

    def reverse_path(self, message: Message) -> str:
        return domain_to_ascii(message.reverse_path)

    def recipients(self, message: Message) -> tuple[str, ...]:
        return tuple(map(domain_to_ascii, message.recipients))

    def send_one(
        self, message: Message, server: Server, transport: Transport, folder: Path
    ) -> subprocess.CompletedProcess:
        file = folder / message.tag
        converts = zlib.crc32(message.tag.encode()) % 2 == 0
        file.write_bytes(message.content.replace(b"\r\n", b"\n") if converts else message.content)
        scheme, port = ("smtps", server.tls_port) if transport is Transport.IMPLICIT_TLS else ("smtp", server.port)
        command = [
            "curl", "--disable", "--silent", "--show-error", "--max-time", "25",
            "--cacert", str(server.certificate), "--mail-from", message.reverse_path, "--upload-file", str(file),
        ]  # fmt: skip
        for recipient in message.recipients:
            command += ["--mail-rcpt", recipient]
        if transport is Transport.STARTTLS:
            command.append("--ssl-reqd")
        if converts:
            command.append("--crlf")
        return run([*command, f"{scheme}://127.0.0.1:{port}/{EHLO}"])

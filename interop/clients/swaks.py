"""swaks, the Swiss army knife for SMTP.

On the wire: the content octet for octet; a CRLF is added if it does not end in one.
swaks closes the data with `CRLF .` after whatever it is given, so the file carries the closing
dot that its manual allows, and the content's last CRLF is not sent twice. It takes a header
apart, and rewrites its own tokens and `\\n`; a message which that would change is given
dot-stuffed with --no-data-fixup, which puts the file on the wire as it is.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from delivery import Transport
from message import Message
from server import Server

from .base import EHLO, CommandClient, run

_TOKENS = re.compile(rb"\\n|%[A-Z_]+%")
_TRANSPORTS = {Transport.PLAIN: [], Transport.STARTTLS: ["--tls"], Transport.IMPLICIT_TLS: ["--tls-on-connect"]}


class Swaks(CommandClient):
    name = "swaks"
    verifies = False

    def missing(self) -> str | None:
        return None if shutil.which("swaks") else "swaks (the Debian package swaks; TLS needs libnet-ssleay-perl)"

    def can_send(self, message: Message) -> bool:
        # It knows no SMTPUTF8, takes a comma in --to as the end of a recipient, and replaces an empty message by its
        # own text.
        has_comma = any("," in recipient for recipient in message.recipients)
        return bool(message.content) and not message.has_utf8_address and not has_comma

    def send_one(
        self, message: Message, server: Server, transport: Transport, folder: Path
    ) -> subprocess.CompletedProcess:
        file = folder / message.tag
        content = self.content(message)
        takes_apart = message.is_well_formed and not _TOKENS.search(content)
        if takes_apart:
            file.write_bytes(content + b".\r\n")
        else:
            file.write_bytes(re.sub(rb"(?m)^\.", b"..", content) + b".")
        port = server.tls_port if transport is Transport.IMPLICIT_TLS else server.port
        command = [
            "swaks", "--server", "127.0.0.1", "--port", str(port), "--helo", EHLO, *_TRANSPORTS[transport],
            "--from", message.reverse_path or "<>", "--to", ",".join(message.recipients),
            "--data", f"@{file}", "--timeout", "20", "--hide-all",
        ]  # fmt: skip
        return run(command if takes_apart else [*command, "--no-data-fixup"])

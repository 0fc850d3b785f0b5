"""Net::SMTP, Perl's own library, by a script that sends all messages over one session.

On the wire: the content octet for octet; a CRLF is added if it does not end in one. It is given
in pieces whose borders may part a CR from its LF, or a line's end from the dot after it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from delivery import Transport
from message import Message
from server import Server

from .base import EHLO, Client, job

_SCRIPT = Path(__file__).parent / "perl" / "send.pl"
_SECONDS = 60


class NetSmtp(Client):
    name = "net-smtp"

    def missing(self) -> str | None:
        found = subprocess.run(["perl", "-MNet::SMTP", "-MIO::Socket::SSL", "-e", "1"], capture_output=True)
        return None if found.returncode == 0 else "IO::Socket::SSL (the Debian package libio-socket-ssl-perl)"

    def can_send(self, message: Message) -> bool:
        # It never ends the data of an empty message, and never asks for SMTPUTF8.
        return bool(message.content) and not message.has_utf8_address

    def send(self, messages: Sequence[Message], server: Server, transport: Transport, folder: Path) -> list[str]:
        jobs = [job(message, folder) for message in messages]
        order = folder / "order.json"
        order.write_text(
            json.dumps(
                {
                    "port": server.tls_port if transport is Transport.IMPLICIT_TLS else server.port,
                    "secure": transport is Transport.IMPLICIT_TLS,
                    "starttls": transport is Transport.STARTTLS,
                    "ca": str(server.certificate),
                    "ehlo": EHLO,
                    "jobs": jobs,
                }
            )
        )
        try:
            done = subprocess.run(["perl", str(_SCRIPT), str(order)], capture_output=True, timeout=_SECONDS, text=True)
            return json.loads(done.stdout) if done.returncode == 0 else [f"{self.name}: {done.stderr[-2000:]}"]
        except (subprocess.SubprocessError, ValueError) as error:
            return [f"{self.name}: {error}"]

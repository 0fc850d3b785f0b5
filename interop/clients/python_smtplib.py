"""Python's smtplib.

On the wire: the content octet for octet; a CRLF is added if it does not end in one,
to an empty message too.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

from delivery import Transport
from message import Message
from server import Server

from .base import EHLO, SEND_SECONDS, Client

# One connection carries this many messages at most.
_PER_CONNECTION = 20


class PythonSmtplib(Client):
    name = "smtplib"
    is_quick = True

    def missing(self) -> str | None:
        return None

    def content(self, message: Message) -> bytes:
        return message.content if message.content.endswith(b"\r\n") else message.content + b"\r\n"

    def asks_for_smtputf8(self, message: Message) -> bool:
        return message.has_utf8_address or message.has_utf8_header

    def send(self, messages: Sequence[Message], server: Server, transport: Transport, folder: Path) -> list[str]:
        faults: list[str] = []
        waiting = list(messages)
        while waiting:
            message = None
            try:
                with _session(server, transport) as session:
                    for _ in range(min(_PER_CONNECTION, len(waiting))):
                        message = waiting.pop(0)
                        deliver(session, message, self.asks_for_smtputf8(message))
            except (smtplib.SMTPException, OSError) as error:
                if message is None:
                    return [*faults, f"smtplib: no session: {error!r:.600}"]
                faults.append(f"{message.tag} ({message.name}): {error!r:.600}")
        return faults


def deliver(session: smtplib.SMTP, message: Message, smtputf8: bool) -> None:
    """One transaction; any refused recipient is an error."""
    options = ["SMTPUTF8"] if smtputf8 else []
    if message.is_8bit:
        options.append("BODY=8BITMIME")
    refused = session.sendmail(message.reverse_path, list(message.recipients), message.content, mail_options=options)
    if refused:
        raise smtplib.SMTPRecipientsRefused(refused)


@contextlib.contextmanager
def _session(server: Server, transport: Transport) -> Iterator[smtplib.SMTP]:
    trust = ssl.create_default_context(cafile=str(server.certificate))
    if transport is Transport.IMPLICIT_TLS:
        session = smtplib.SMTP_SSL("127.0.0.1", server.tls_port, EHLO, timeout=SEND_SECONDS, context=trust)
    else:
        session = smtplib.SMTP("127.0.0.1", server.port, EHLO, timeout=SEND_SECONDS)
    with session:
        if transport is Transport.STARTTLS:
            session.starttls(context=trust)
        yield session

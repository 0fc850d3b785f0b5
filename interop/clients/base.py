"""What a client of the suite is, and the usual way to send with a program: one process per message."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from delivery import Delivery, Transport, with_final_line_end
from message import DOMAIN, Message
from server import Server

EHLO = f"client.{DOMAIN}"
SEND_SECONDS = 30
_AT_ONCE = 4


class Client(ABC):
    """One SMTP client."""

    name: str
    # Whether it trusts a given certificate, or accepts any.
    verifies = True
    # Whether every transport gets every message, or each a share of them.
    is_quick = False

    @abstractmethod
    def missing(self) -> str | None:
        """What is not installed, if anything."""

    def can_send(self, message: Message) -> bool:
        """Whether the client can send such a message at all."""
        return True

    def extra_messages(self, tags: Sequence[str], folder: Path) -> list[Message]:
        """Messages that this client alone composes, at most one a tag."""
        return []

    def reverse_path(self, message: Message) -> str:
        return message.reverse_path

    def recipients(self, message: Message) -> tuple[str, ...]:
        return message.recipients

    def content(self, message: Message) -> bytes:
        """The message's content as the client puts it on the wire, before dot-stuffing."""
        return with_final_line_end(message.content)

    def asks_for_smtputf8(self, message: Message) -> bool:
        return message.has_utf8_address

    def unwrap(self, kept: bytes) -> bytes:
        """The kept content without what stands on top of the message because this client sent it."""
        return kept

    def delivery(self, message: Message, transport: Transport) -> Delivery:
        return Delivery(
            reverse_path=self.reverse_path(message),
            recipients=self.recipients(message),
            content=self.content(message),
            smtputf8=self.asks_for_smtputf8(message),
            ehlo=EHLO,
            tls=transport is not Transport.PLAIN,
        )

    @abstractmethod
    def send(self, messages: Sequence[Message], server: Server, transport: Transport, folder: Path) -> list[str]:
        """Sends all of them; tells what went wrong."""


class CommandClient(Client):
    """A program that sends one message each time it is run, four at once."""

    @abstractmethod
    def send_one(
        self, message: Message, server: Server, transport: Transport, folder: Path
    ) -> subprocess.CompletedProcess:
        """Runs the program once."""

    def send(self, messages: Sequence[Message], server: Server, transport: Transport, folder: Path) -> list[str]:
        def attempt(message: Message) -> str | None:
            try:
                done = self.send_one(message, server, transport, folder)
            except subprocess.TimeoutExpired:
                return f"{message.tag} ({message.name}): {self.name} took more than {SEND_SECONDS} s"
            if done.returncode != 0:
                said = (done.stderr + done.stdout).decode(errors="replace").strip()
                return f"{message.tag} ({message.name}): {self.name} ended with {done.returncode}: {said[-600:]}"
            return None

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                return [fault for fault in pool.map(attempt, messages) if fault]
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def job(message: Message, folder: Path) -> dict[str, object]:
    """The message for a script of another language: its envelope, and the file in this folder that holds it."""
    file = folder / message.tag
    file.write_bytes(message.content)
    return {
        "tag": message.tag,
        "name": message.name,
        "from": message.reverse_path,
        "to": message.recipients,
        "is8bit": message.is_8bit,
        "file": str(file),
    }


def run(command: list[str], **options) -> subprocess.CompletedProcess:
    """Runs a sending program, in bounded time and in a UTF-8 locale."""
    return subprocess.run(
        command,
        capture_output=True,
        timeout=SEND_SECONDS,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"},
        **options,
    )

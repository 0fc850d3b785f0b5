"""nodemailer, the Node.js library, by a script that sends all messages over a pool of connections.

On the wire: the content octet for octet; a CRLF is added if it does not end in one, to an
empty message too. An address's domain is sent in lower case, and in A-labels
unless the local part needs SMTPUTF8 anyhow. Besides the suite's own messages it sends some that it composes itself:
these must arrive as its composer writes them to a file, with each line feed in their text made CRLF.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from delivery import Transport, domain_to_ascii
from message import Message, domain_of
from server import Server

from .base import EHLO, Client, job

_SCRIPTS = Path(__file__).parent / "node"
FOLDER = Path(os.environ.get("MAILCHUTE_INTEROP_NODE") or Path(__file__).parents[2] / "target" / "interop" / "node")
_SECONDS = 60
_LINE_FEED = re.compile(rb"\r?\n")


class Nodemailer(Client):
    name = "nodemailer"
    is_quick = True

    def missing(self) -> str | None:
        if not shutil.which("node"):
            return "node (Node.js 20 or newer)"
        if not (FOLDER / "node_modules" / "nodemailer").is_dir():
            return f"nodemailer in {FOLDER} (interop/install puts it there)"
        return None

    def can_send(self, message: Message) -> bool:
        # It refuses addresses with angle brackets, quoted or not.
        return not any("<" in address for address in message.addresses)

    def content(self, message: Message) -> bytes:
        return message.content if message.content.endswith(b"\r\n") else message.content + b"\r\n"

    def reverse_path(self, message: Message) -> str:
        return _normalized(message.reverse_path)

    def recipients(self, message: Message) -> tuple[str, ...]:
        return tuple(map(_normalized, message.recipients))

    def asks_for_smtputf8(self, message: Message) -> bool:
        return not all(_normalized(address).isascii() for address in message.addresses)

    def extra_messages(self, tags: Sequence[str], folder: Path) -> list[Message]:
        composed = folder / "composed"
        composed.mkdir()
        node("compose.js", str(composed), json.dumps(list(tags)))
        return [
            Message(
                name=f"nodemailer: composed {file.stem.partition('.')[2]}",
                tag=(tag := file.stem.partition(".")[0]),
                reverse_path=f"sender@{domain_of(tag)}",
                recipients=(f"reader@{domain_of(tag)}",),
                content=_LINE_FEED.sub(b"\r\n", file.read_bytes()),
            )
            for file in sorted(composed.iterdir())
        ]

    def send(self, messages: Sequence[Message], server: Server, transport: Transport, folder: Path) -> list[str]:
        jobs = []
        for message in messages:
            composed = message.name.partition("nodemailer: composed ")[2]
            jobs.append({**job(message, folder), "composed": composed or None})
        order = {
            "port": server.tls_port if transport is Transport.IMPLICIT_TLS else server.port,
            "secure": transport is Transport.IMPLICIT_TLS,
            "requireTLS": transport is Transport.STARTTLS,
            "ignoreTLS": transport is Transport.PLAIN,
            "ca": str(server.certificate),
            "ehlo": EHLO,
            "jobs": jobs,
        }
        (folder / "order.json").write_text(json.dumps(order))
        try:
            return json.loads(node("send.js", str(folder / "order.json")))
        except (subprocess.SubprocessError, ValueError) as error:
            return [f"nodemailer: {error}"]


def _normalized(address: str) -> str:
    local_part, at, domain = address.rpartition("@")
    lowered = local_part + at + domain.lower()
    return domain_to_ascii(lowered) if local_part.isascii() else lowered


def node(script: str, *arguments: str) -> str:
    """Runs one of the scripts, with nodemailer where it is installed; what it prints."""
    environment = {**os.environ, "NODE_PATH": str(FOLDER / "node_modules")}
    done = subprocess.run(
        ["node", str(_SCRIPTS / script), *arguments],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        env=environment,
    )
    if done.returncode != 0:
        raise subprocess.SubprocessError(f"{script} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout

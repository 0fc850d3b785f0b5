"""An application under test, and the inbox that it sends its mail to."""

from __future__ import annotations

import contextlib
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from clients.base import SEND_SECONDS
from server import listening

ANN = "ann@example.com"
CODE = "481516"


@contextlib.contextmanager
def inbox(program: Path, folder: Path, *flags: str) -> Iterator[tuple[int, int]]:
    """The ports of SMTP and HTTP."""
    command = [str(program), "inbox", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", *flags]
    with listening(command, folder, folder / "inbox.stderr") as (ports, _):
        yield ports["smtp"], ports["http"]


def link(code: str = CODE) -> str:
    """What the reader is to click."""
    return f"https://app.example.com/confirm?token=t{code}&user=7"


def send(port: int, to: str = ANN, code: str = CODE) -> None:
    """Sends what an application sends to a new user, to a hidden recipient too."""
    message = EmailMessage()
    message["From"] = "App <app@example.com>"
    message["To"] = f"Ann <{to}>"
    message["Subject"] = "Welcome to the app"
    message["Date"] = "Sun, 29 Nov 2026 12:00:00 +0000"
    message["X-Tags"] = "Welcome, staging"
    message["Message-ID"] = "<welcome@app.example.com>"
    message.set_content(f"Confirm: {link(code)}\nYour code is {code}.\n")
    href = link(code).replace("&", "&amp;")
    message.add_alternative(f'<p>Your code is <b>{code}</b>.</p><a href="{href}">Confirm</a>', subtype="html")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="terms.pdf")
    with smtplib.SMTP("127.0.0.1", port, timeout=SEND_SECONDS) as session:
        # Any login is accepted.
        session.login("anyone", "anything")
        session.send_message(message, to_addrs=[to, "hidden@example.com"])

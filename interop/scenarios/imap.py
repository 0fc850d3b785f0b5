"""A Maildir for each user, which Dovecot reads by IMAP while the program still delivers into it.

Each user has one copy, which names no other recipient. Unknown users are refused, and so is the mail of a user who has
enough. A message that the user has read and moved stays as it is when more mail comes.
"""

from __future__ import annotations

import contextlib
import imaplib
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from clients.base import EHLO, SEND_SECONDS
from daemon import daemon, listens
from message import DOMAIN
from relay import free_port
from server import Certificate, running

from .base import Checks, Scenario

_SENDER = f"sender@{DOMAIN}"
_OWNER = "mail"
_START_SECONDS = 20

_DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{mail}/%n
passdb {{
  driver = static
  args = password=x
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={folder}/home/%n
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


class Imap(Scenario):
    name = "imap"

    def missing(self) -> str | None:
        program = Path("/usr/lib/dovecot/imap")
        return None if program.exists() else "dovecot with IMAP (the Debian package dovecot-imapd)"

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        mail = folder / "users"
        mail.mkdir()
        subprocess.run(["chown", f"{_OWNER}:{_OWNER}", str(mail)], check=True, timeout=10)
        (folder / "names").write_text("bob\neve\nfull\n")
        (folder / "aliases").write_text("sales: bob, eve\n")
        (folder / "domains.toml").write_text(
            f'[[domain]]\nname = "{DOMAIN}"\nrecipients = "file:{folder}/names"\naliases = "{folder}/aliases"\n'
        )
        flags = ["--config", str(folder / "domains.toml"), "--user", _OWNER]
        store = f"maildir:{mail}/{{user}}?max-messages=3"
        with running(program, folder, certificate, flags, store=store) as server, _dovecot(folder / "dovecot", mail) as port:
            _send(checks, server.port, "first", {"nobody": 550, "sales": 250, "bob+lists": 250, "full": 250})
            for user in ("bob", "eve", "full"):
                _reads(checks, port, user, ["first"])
            _moves(checks, port, "bob")
            _send(checks, server.port, "second", {"bob": 250, "full": 250})
            _send(checks, server.port, "third", {"full": 250})
            _send(checks, server.port, "fourth", {"full": 452, "eve": 250})
            _reads(checks, port, "bob", ["second"])
            _reads(checks, port, "eve", ["first", "fourth"])
            _reads(checks, port, "full", ["first", "second", "third"])
            with _session(port, "bob") as session:
                session.select("Archive")
                kept = session.search(None, "SEEN")[1]
                checks.that(kept == [b"1"], f"of the archive {kept} is seen, not the one message")
        return checks


def _send(checks: Checks, port: int, subject: str, codes: dict[str, int]) -> None:
    """Names these recipients, and sends the message to those who are taken."""
    with smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS) as session:
        session.ehlo()
        session.mail(_SENDER)
        for name, code in codes.items():
            answer = session.rcpt(f"{name}@{DOMAIN}")
            checks.that(answer[0] == code, f"{subject}: RCPT of {name} was answered {answer}, not {code}")
        answer = session.data(f"Subject: {subject}\r\n\r\n.one\r\n..two\r\nthree\r\n")
        checks.that(answer[0] == 250, f"{subject}: the content was answered {answer}")


def _reads(checks: Checks, port: int, user: str, subjects: list[str]) -> None:
    """The inbox has these messages, each whole and with no word of other recipients."""
    with _session(port, user) as session:
        session.select("INBOX", readonly=True)
        numbers = session.search(None, "ALL")[1][0].split()
        found = []
        for number in numbers:
            text = session.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1]
            head, _, body = text.partition(b"\r\n\r\n")
            checks.that(body == b".one\r\n..two\r\nthree\r\n", f"{user}: the body is {body!r}")
            lines = head.decode().split("\r\n")
            found += [line.removeprefix("Subject: ") for line in lines if line.startswith("Subject: ")]
            delivered = [line for line in lines if line.startswith("Delivered-To: ")]
            own = [f"Delivered-To: {name}@{DOMAIN}" for name in (user, f"{user}+lists")]
            checks.that(len(delivered) > 0 and set(delivered) <= set(own), f"{user}: {delivered} names others")
        checks.that(sorted(found) == sorted(subjects), f"{user} has {found}, not {subjects}")


def _moves(checks: Checks, port: int, user: str) -> None:
    """Reads the only message, and moves it into another mailbox."""
    with _session(port, user) as session:
        session.create("Archive")
        session.select("INBOX")
        session.store("1", "+FLAGS", r"(\Seen)")
        moved = session._simple_command("MOVE", "1", "Archive")[0]
        checks.that(moved == "OK", f"the move of a message was answered {moved}")


@contextlib.contextmanager
def _session(port: int, user: str) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", port, timeout=SEND_SECONDS) as session:
        session.login(user, "x")
        yield session


@contextlib.contextmanager
def _dovecot(folder: Path, mail: Path) -> Iterator[int]:
    """A private Dovecot over the Maildirs; its port of IMAP."""
    port = free_port()
    folder.mkdir()
    (folder / "home").mkdir()
    subprocess.run(["chown", f"{_OWNER}:{_OWNER}", str(folder / "home")], check=True, timeout=10)
    configuration = folder / "dovecot.conf"
    configuration.write_text(_DOVECOT.format(folder=folder, mail=mail, owner=_OWNER, port=port))

    with daemon("Dovecot", ["dovecot", "-F", "-c", str(configuration)], folder / "said", lambda: listens(port), _START_SECONDS):
        yield port

"""The servers that are compared: how each is started, and what it is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from place import (
    BENCH,
    FLOOR,
    FLOOR_TOKIO,
    GO_SMTP,
    HARAKA,
    LIBRARY,
    NODEMAILER,
    OPENSMTPD,
    PEERS_RUST,
    PROGRAM,
    PYTHON,
    WORK,
)

_PEERS = BENCH / "peers"
# One client that never stops is not an attack here.
PROGRAM_LIMITS_OFF = "--limit connections=0 --limit connections-per-client=0 --limit transactions=0"
PROGRAM_SERVE = f"{PROGRAM} serve --listen 127.0.0.1:{{port}} --tls-cert {{cert}} --tls-key {{key}}"
_LIBRARY = f"{LIBRARY} --listen 127.0.0.1:{{port}} --tls-cert {{cert}} --tls-key {{key}}"


@dataclass(frozen=True)
class Server:
    """A server that listens on 127.0.0.1:{port}, greets with 220, and stays in the foreground."""

    name: str
    command: str
    made_of: str
    offers_tls: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    # Differs if the number of connections must be set beforehand.
    idle_environment: Mapping[str, str] = field(default_factory=dict)
    most_idle: int = 10_000
    # Parts that are needed besides the program.
    needs: Path | None = None
    # It logs each message, which is its default, and the log is discarded.
    logs: bool = False
    # The directory of its messages, to count them and to empty it between runs.
    maildir: Path | None = None

    def missing(self) -> str | None:
        """What is not installed, if anything."""
        program = shlex.split(self.command)[0]
        for needed in (Path(program), self.needs):
            if needed and needed.is_absolute() and not needed.exists():
                return str(needed)
        return None


_MAILDIR = WORK / "mail" / "program"

OURS = Server("ours", _LIBRARY, "Mailchute, library; one no-op hook a stage, discards", logs=True)
FLOOR_SERVER = Server(
    "floor", f"{FLOOR} {{port}}", "C, one thread, epoll; only the system calls", offers_tls=False
)
PROGRAM_MAILDIR = Server(
    "program-maildir",
    f"{PROGRAM_SERVE} --store maildir:{_MAILDIR} {PROGRAM_LIMITS_OFF}",
    "Mailchute, program; Maildir with fsync",
    logs=True,
    maildir=_MAILDIR,
)

SERVERS: tuple[Server, ...] = (
    OURS,
    Server("ours-bare", f"{_LIBRARY} --hooks 0", "Mailchute, library; no hook, discards", logs=True),
    Server(
        "ours-watched",
        f"{_LIBRARY} --subscribers 1",
        "Mailchute, library; one hook a stage, one subscriber",
        logs=True,
    ),
    Server(
        "ours-silent", f"{_LIBRARY} --no-log", "Mailchute, library; one no-op hook a stage, discards, no log"
    ),
    Server(
        "program-discard", f"{PROGRAM_SERVE} --store discard: {PROGRAM_LIMITS_OFF}", "Mailchute, program; discards", logs=True
    ),
    Server(
        "program-silent",
        f"{PROGRAM_SERVE} --store discard: {PROGRAM_LIMITS_OFF} --log-level off",
        "Mailchute, program; discards, no log",
    ),
    PROGRAM_MAILDIR,
    FLOOR_SERVER,
    Server(
        "floor-tokio",
        f"{FLOOR_TOKIO} {{port}}",
        "Rust, the conversation of floor on tokio: what the runtime takes",
        offers_tls=False,
    ),
    Server(
        "smtp-sink",
        "/usr/sbin/smtp-sink -u nobody -m 30000 127.0.0.1:{port} 4096",
        "C, Postfix's test server",
        offers_tls=False,
    ),
    Server(
        "mailin-embedded",
        f"{PEERS_RUST}/peer-mailin-embedded {{port}} {{cert}} {{key}}",
        "Rust, a pool of threads, one per connection",
        environment={"THREADS": "64"},
        idle_environment={"THREADS": "10100"},
    ),
    Server(
        "smtpd",
        f"{PEERS_RUST}/peer-smtpd {{port}} {{cert}} {{key}}",
        "Rust, tokio",
    ),
    Server(
        "samotop",
        f"{PEERS_RUST}/peer-samotop {{port}} {{cert}} {{key}}",
        "Rust, async-std",
    ),
    Server(
        "nodemailer",
        f"node {_PEERS}/nodemailer/server.js {{port}} {{cert}} {{key}}",
        "Node, smtp-server, one process",
        environment={"NODE_PATH": str(NODEMAILER)},
        needs=NODEMAILER / "smtp-server",
    ),
    Server(
        "haraka",
        f"{_PEERS}/haraka/serve {{port}} {{cert}} {{key}} {WORK} {HARAKA}",
        "Node, one process",
        needs=HARAKA / "Haraka",
    ),
    Server(
        "aiosmtpd",
        f"{PYTHON} {_PEERS}/aiosmtpd/server.py {{port}} {{cert}} {{key}}",
        "Python, asyncio",
    ),
    Server(
        "go-smtp",
        f"{GO_SMTP} {{port}} {{cert}} {{key}}",
        "Go, go-smtp 0.12 and Go 1.19 of Debian 12",
    ),
    Server(
        "postfix",
        f"{_PEERS}/postfix/serve {{port}} {{cert}} {{key}} {WORK} discard",
        "C, a process a connection; a queue file, which an access rule discards",
        most_idle=90,
        needs=Path("/usr/sbin/postfix"),
    ),
)

# Compared only in durable speed: these keep every message in a Maildir.
DURABLE: tuple[Server, ...] = (
    PROGRAM_MAILDIR,
    Server(
        "postfix-maildir",
        f"{_PEERS}/postfix/serve {{port}} {{cert}} {{key}} {WORK} maildir",
        "C, a queue file with fsync, then virtual(8) into a Maildir",
        needs=Path("/usr/sbin/postfix"),
        maildir=WORK / "mail" / "postfix",
    ),
    Server(
        "opensmtpd-maildir",
        f"{_PEERS}/opensmtpd/serve {{port}} {{cert}} {{key}} {WORK}",
        "C, a queue file without fsync, then mail.maildir with fsync, a process per message",
        needs=OPENSMTPD / "usr" / "sbin" / "smtpd",
        maildir=WORK / "mail" / "opensmtpd",
    ),
)


def library_with(**flags: int) -> Server:
    """The library with these flags, such as hooks=10."""
    words = " ".join(f"--{name} {value}" for name, value in flags.items())
    return Server("ours", f"{_LIBRARY} {words}", OURS.made_of, logs=True)

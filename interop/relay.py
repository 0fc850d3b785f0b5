"""A private Postfix: its own configuration, queue and data in a folder, loopback only, no DNS."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from delivery import Transport
from message import DOMAIN
from server import Certificate, Server

RELAY_NAME = f"relay.{DOMAIN}"

# Below those that the kernel gives to clients, so that no client takes one before its server does.
_PORTS = range(20_000, 32_000)
_START_SECONDS = 20
_STOP_SECONDS = 20
_QUEUE_SECONDS = 40
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

# The queues in the order that a message passes through them.
_WAITING = ("maildrop", "incoming", "active")

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = {name}
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtp_dns_support_level = disabled
smtp_host_lookup = native
{route}
smtp_helo_name = {name}
smtp_destination_recipient_limit = 1000
smtp_tls_security_level = {tls_level}
smtp_tls_wrappermode = {tls_wrapper}
smtputf8_enable = yes
message_size_limit = 0
# The message passes unchanged: no long line is cut, no field is dropped, added or rewritten.
smtp_line_length_limit = 0
header_size_limit = 10000000
message_drop_headers =
local_header_rewrite_clients =
# With soft bounces a refusal leaves the message in the queue, where the suite finds it.
soft_bounce = {soft_bounce}
notify_classes =
minimal_backoff_time = 2s
maximal_backoff_time = 2s
queue_run_delay = 2s
"""

_MASTER = """\
127.0.0.1:{relay_port} inet n - n - - smtpd
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
lmtp      unix  - - n - - lmtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class RelayError(Exception):
    """A relay did not start or did not stop."""


@dataclass(frozen=True)
class Relay:
    """A running Postfix that relays all it gets to the server."""

    folder: Path
    port: int

    def queued(self) -> tuple[int, int]:
        """How many messages are on their way, and how many Postfix has put off."""
        waiting = sum(self._count(queue) for queue in _WAITING)
        return waiting, self._count("deferred")

    def log(self) -> str:
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def complaints(self) -> str:
        """What its log says about messages that did not go through."""
        lines = self.log().splitlines()
        bad = [line for line in lines if "status=deferred" in line or "fatal:" in line or "warning:" in line]
        return "\n      ".join(["", *bad[-10:]])

    def _count(self, queue: str) -> int:
        return sum(len(files) for _folder, _folders, files in os.walk(self.folder / "queue" / queue))


@dataclass(frozen=True)
class Route:
    """Where Postfix hands its messages on, as main.cf says it, and what becomes of those that are refused."""

    setting: str
    tls: Transport = Transport.PLAIN
    bounces: bool = False

    @classmethod
    def to(cls, server: Server, transport: Transport) -> Route:
        port = server.tls_port if transport is Transport.IMPLICIT_TLS else server.port
        return cls(f"relayhost = [127.0.0.1]:{port}", transport)


class Queue(Protocol):
    """A running relay, Postfix or another."""

    folder: Path
    port: int

    def queued(self) -> tuple[int, int]:
        """How many messages are on their way, and how many were put off."""

    def complaints(self) -> str:
        """What its log says about messages that did not go through."""


def requiring_tls(chain: Path, key: Path) -> str:
    """Lines of a route: Postfix takes mail only by TLS, with this certificate."""
    return f"smtpd_tls_security_level = encrypt\nsmtpd_tls_cert_file = {chain}\nsmtpd_tls_key_file = {key}\n"


def settles(relay: Queue, seconds: float = _QUEUE_SECONDS) -> bool:
    """Waits until the queue is empty; gives up early when all that is left has been put off."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        waiting, deferred = relay.queued()
        if not waiting:
            return not deferred
        time.sleep(0.05)
    return False


def missing() -> str | None:
    """What of Postfix is not there, if anything."""
    return None if shutil.which("postfix", path=_PATH) else "postfix (the Debian package postfix)"


@contextlib.contextmanager
def relaying(folder: Path, route: Route, certificate: Certificate | None = None) -> Iterator[Relay]:
    """Postfix, relaying to the server, and offering STARTTLS if it has a certificate; stopped at the end, whatever
    happens."""
    relay = Relay(folder, free_port())
    _configure(relay, route, certificate)
    process = start(["postfix", "-c", str(folder), "start-fg"], folder)
    try:
        expect_greeting("Postfix", relay, process)
        yield relay
    finally:
        _stop(relay, process)


def free_port() -> int:
    """A port that nobody listens on now."""
    while True:
        # Not of a seeded generator: suites that run at the same time would try the same ports.
        port = secrets.choice(_PORTS)
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port


def start(command: list[str], folder: Path) -> subprocess.Popen:
    """A relay in a session of its own, so that all of it can be stopped; what it says is kept in this folder."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=(folder / "start").open("wb"),
        stderr=subprocess.STDOUT,
        env={"PATH": _PATH},
        start_new_session=True,
    )


def expect_greeting(name: str, relay: Queue, process: subprocess.Popen) -> None:
    """Waits until the relay greets, for as long as a start may take."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", relay.port), 1) as greeted:
            greeted.settimeout(5)
            if greeted.recv(4) == b"220 ":
                return
        time.sleep(0.05)
    said = (relay.folder / "start").read_text(errors="replace") + relay.complaints()
    raise RelayError(f"{name} did not start: {said[-2000:]}")


def _configure(relay: Relay, route: Route, certificate: Certificate | None) -> None:
    if os.geteuid() != 0:
        raise RelayError("Postfix starts only as root")
    folder = relay.folder
    (folder / "queue").mkdir(parents=True)
    (folder / "data").mkdir()
    shutil.chown(folder / "data", pwd.getpwnam("postfix").pw_uid)
    main = _MAIN.format(
        folder=folder,
        name=RELAY_NAME,
        route=route.setting,
        soft_bounce="no" if route.bounces else "yes",
        tls_level="none" if route.tls is Transport.PLAIN else "encrypt",
        tls_wrapper="yes" if route.tls is Transport.IMPLICIT_TLS else "no",
    )
    if certificate:
        main += f"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {certificate.key}, {certificate.certificate}\n"
    (folder / "main.cf").write_text(main)
    (folder / "master.cf").write_text(_MASTER.format(relay_port=relay.port))


def _stop(relay: Relay, process: subprocess.Popen) -> None:
    """Postfix's master has a session of its own; it takes its daemons with it, and the script waits for it."""
    master = _master(relay, process)
    deadline = time.monotonic() + _STOP_SECONDS
    if master:
        os.kill(master, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(deadline - time.monotonic())
            return
        os.killpg(master, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _master(relay: Relay, process: subprocess.Popen) -> int | None:
    """The master's process id; waits for it if Postfix is just starting."""
    file = relay.folder / "queue" / "pid" / "master.pid"
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            return int(file.read_text())
        time.sleep(0.05)
    return None

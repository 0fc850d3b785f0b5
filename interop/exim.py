"""A private Exim 4: its own configuration, spool and log in a folder, loopback only, no DNS.

Its program is not the machine's mail server: interop/install unpacks it beside nodemailer, because
two packages of mail servers cannot be installed at once. A copy of it lies in the folder of each run,
so that Exim's own user, whom it becomes, can reach it wherever this project is cloned.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from delivery import Transport
from message import DOMAIN
from relay import RelayError, expect_greeting, free_port, start
from server import Certificate, Server

EXIM_NAME = f"exim.{DOMAIN}"
PROGRAM = (
    Path(os.environ.get("MAILCHUTE_INTEROP_EXIM") or Path(__file__).parents[1] / "target" / "interop" / "exim")
    / "exim4"
)

_USER = "Debian-exim"
_STOP_SECONDS = 20
_PUT_OFF = re.compile(r"^\S+ \S+ ([\w-]+) (?:==|\*\*|Frozen)", re.MULTILINE)
_COMPLAINT = re.compile(r" (?:==|\*\*) |Frozen|panic|error|refused")

_CONFIGURATION = """\
exim_path = {folder}/exim4
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/spool/pid
primary_hostname = {name}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {exim_port}
keep_environment =
host_lookup =
{tls_server}
acl_smtp_rcpt = accept
acl_smtp_data = accept
dsn_advertise_hosts = *
message_size_limit = 0
header_maxsize = 10M
received_headers_max = 100
smtp_accept_max_per_connection = 0
log_selector = +pipelining +tls_cipher +8bitmime +smtp_confirmation
# The message passes unchanged: no field is dropped.
return_path_remove = false
envelope_to_remove = false
delivery_date_remove = false

begin routers
# On a connection that is passed on Exim forgets that SMTPUTF8 was offered, so these get one each.
international:
  driver = manualroute
  condition = ${{if match{{$received_protocol}}{{^utf8}}}}
  route_list = * 127.0.0.1
  self = send
  transport = onward_alone

everything:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = onward

begin transports
onward:
{onward}
onward_alone:
{onward}
  connection_max_messages = 1

begin retry
* * F,1h,2s
"""

_ONWARD = """\
  driver = smtp
  port = {port}
  helo_data = {name}
  hosts_try_chunking = *
  max_rcpt = 1000
  message_linelength_limit = 1G
  tls_verify_certificates = {certificate}
  tls_verify_hosts = *
{tls}
"""

_TLS = {
    Transport.PLAIN: "  hosts_avoid_tls = *",
    Transport.STARTTLS: "  hosts_require_tls = *",
    Transport.IMPLICIT_TLS: "  protocol = smtps\n  hosts_require_tls = *",
}


@dataclass(frozen=True)
class Exim:
    """A running Exim that relays all it gets to the server."""

    folder: Path
    port: int

    def queued(self) -> tuple[int, int]:
        """How many messages are on their way, and how many Exim has put off or given up."""
        queue = {file.name.removesuffix("-H") for file in (self.folder / "spool" / "input").glob("*-H")}
        put_off = queue & set(_PUT_OFF.findall(self.log()))
        return len(queue) - len(put_off), len(put_off)

    def log(self) -> str:
        return "".join(file.read_text(errors="replace") for file in sorted((self.folder / "log").iterdir()))

    def complaints(self) -> str:
        """What its log says about messages that did not go through."""
        bad = [line for line in self.log().splitlines() if _COMPLAINT.search(line)]
        return "\n      ".join(["", *bad[-10:]])


def missing() -> str | None:
    """What of Exim is not there, if anything."""
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        return f"the user {_USER} (interop/install makes it)"
    return None if PROGRAM.exists() else f"Exim at {PROGRAM} (interop/install puts it there)"


@contextlib.contextmanager
def relaying(
    folder: Path, server: Server, transport: Transport, certificate: Certificate | None = None
) -> Iterator[Exim]:
    """Exim, relaying to the server, and offering STARTTLS if it has a certificate; stopped at the end, whatever
    happens."""
    if os.geteuid() != 0:
        raise RelayError("Exim becomes its own user only as root")
    exim = Exim(folder, free_port())
    _configure(exim, server, transport, certificate)
    # Two stages a queue run, so that messages for one host share a connection.
    process = start([str(folder / "exim4"), "-C", str(folder / "exim.conf"), "-bdf", "-qq1s"], folder)
    try:
        expect_greeting("Exim", exim, process)
        yield exim
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _configure(exim: Exim, server: Server, transport: Transport, certificate: Certificate | None) -> None:
    folder = exim.folder
    for own in ("spool", "log"):
        (folder / own).mkdir(parents=True)
        shutil.chown(folder / own, _USER, _USER)
    shutil.copyfile(PROGRAM, folder / "exim4")
    (folder / "exim4").chmod(0o755)
    onward = _ONWARD.format(
        name=EXIM_NAME,
        port=server.tls_port if transport is Transport.IMPLICIT_TLS else server.port,
        certificate=server.certificate,
        tls=_TLS[transport],
    )
    tls_server = "tls_advertise_hosts ="
    if certificate:
        # Exim's own user reads them.
        for own, file in (("cert", certificate.certificate), ("key", certificate.key)):
            shutil.chown(shutil.copyfile(file, folder / own), _USER, _USER)
        tls_server = f"tls_advertise_hosts = *\ntls_certificate = {folder}/cert\ntls_privatekey = {folder}/key"
    configuration = _CONFIGURATION.format(
        folder=folder, name=EXIM_NAME, exim_port=exim.port, onward=onward, tls_server=tls_server
    )
    (folder / "exim.conf").write_text(configuration)

"""The workloads: what is sent, by what, and which figure of it to trust."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from place import SMTPGEN

_SOURCE = "/usr/sbin/smtp-source -4 -f sender@client.bench.test -t rcpt@bench.test -M client.bench.test"
_SEND = f"{SMTPGEN} send -p {{port}}"
_CPU = "CPU time per message, as a ratio to another server of the same run"
_HANDSHAKE = "CPU time above that of `plain`: the price of the handshake"


@dataclass(frozen=True)
class Workload:
    """So many sessions that send messages of one size."""

    name: str
    title: str
    command: str
    octets: int
    # This many messages determine the number in a run.
    pilot: int
    trust: str = _CPU
    # The key of the certificate, for TLS.
    tls: str | None = None
    # The messages of a run if their number does not depend on the server's speed.
    fixed: int | None = None

    def arguments(self, port: int, messages: int) -> list[str]:
        """The program to run, and its arguments."""
        return shlex.split(self.command.format(port=port, messages=messages))


KIB = 1024
MIB = 1024 * KIB

WORKLOADS: tuple[Workload, ...] = (
    Workload(
        "new",
        "1 KiB, a connection per message, 20 sessions",
        f"{_SOURCE} -s 20 -l {KIB} -m {{messages}} 127.0.0.1:{{port}}",
        KIB,
        300,
    ),
    Workload(
        "kept",
        "1 KiB, connections kept, 20 sessions",
        f"{_SOURCE} -d -s 20 -l {KIB} -m {{messages}} 127.0.0.1:{{port}}",
        KIB,
        500,
    ),
    Workload(
        "pipelined",
        "1 KiB, connections kept, MAIL, RCPT and DATA in one write, 20 sessions",
        f"{_SEND} -s 20 -P -l {KIB} -m {{messages}}",
        KIB,
        500,
    ),
    Workload(
        "100k",
        "100 KiB, connections kept, 10 sessions",
        f"{_SOURCE} -d -s 10 -l {100 * KIB} -m {{messages}} 127.0.0.1:{{port}}",
        100 * KIB,
        50,
    ),
    Workload(
        "10m",
        "10 MiB in writes of 4 KiB, 4 sessions",
        f"{_SOURCE} -d -s 4 -l {10 * MIB} -m {{messages}} 127.0.0.1:{{port}}",
        10 * MIB,
        4,
    ),
    Workload(
        "10m-64k",
        "10 MiB in writes of 64 KiB, 4 sessions",
        f"{_SEND} -s 4 -l {10 * MIB} -m {{messages}}",
        10 * MIB,
        4,
    ),
    Workload(
        "plain",
        "1 KiB, a connection per message, 20 sessions: what the handshakes below are compared with",
        f"{_SEND} -s 20 -k 1 -l {KIB} -m {{messages}}",
        KIB,
        200,
    ),
    Workload(
        "tls-ec",
        "as `plain` inside STARTTLS, ECDSA P-256, full handshakes",
        f"{_SEND} -s 20 -k 1 -t -l {KIB} -m {{messages}}",
        KIB,
        100,
        _HANDSHAKE,
        tls="ec",
    ),
    Workload(
        "tls-rsa",
        "as `plain` inside STARTTLS, RSA of 2,048 bits, full handshakes",
        f"{_SEND} -s 20 -k 1 -t -l {KIB} -m {{messages}}",
        KIB,
        100,
        _HANDSHAKE,
        tls="rsa",
    ),
    Workload(
        "tls-kept",
        "1 KiB, connections kept, 4 sessions, TLS",
        f"{_SEND} -s 4 -t -l {KIB} -m {{messages}}",
        KIB,
        300,
        tls="ec",
    ),
    Workload(
        "tls-10m",
        "10 MiB, 2 sessions, TLS",
        f"{_SEND} -s 2 -t -l {10 * MIB} -m {{messages}}",
        10 * MIB,
        3,
        tls="ec",
    ),
    Workload(
        "latency",
        "1 KiB, one session, a pause of 1 ms before each message",
        f"{_SEND} -s 1 -w 1000 -l {KIB} -m {{messages}}",
        KIB,
        500,
        "p50; p99 only on a quiet machine; CPU time includes waking up for each command",
        fixed=500,
    ),
)

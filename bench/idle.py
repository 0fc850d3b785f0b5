"""Memory: connections that are idle after EHLO, and connections that trickle data."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import processes
from place import SMTPGEN
from running import Cores, Failed, holding, load, running
from servers import OURS, Server

COUNTS = (1_000, 10_000)
TRICKLING = 10_000
# The limits of one process with this many trickling connections.
TRICKLING_MIB = 300
# A server's memory is read once it is idle.
_REST = 1.0
# Ten rounds of a few bytes for each connection.
_TRICKLE_SECONDS = 10
_PAUSE_MICROSECONDS = "1000000"


@dataclass(frozen=True)
class Idle:
    """The growth of a server's memory by connections that wait after EHLO."""

    server: str
    connections: int
    tls: bool
    round: int
    # Proportional set size of the process tree.
    pss_before_kib: int
    pss_kib: int

    @property
    def kib_each(self) -> float:
        """KiB a connection."""
        return (self.pss_kib - self.pss_before_kib) / self.connections


@dataclass(frozen=True)
class Trickle:
    """A server's memory while each of its connections is in the middle of a message."""

    server: str
    connections: int
    pss_kib: int
    # The number of messages accepted after all of them ended.
    delivered: int


def idle(
    servers: Sequence[Server], counts: Sequence[int], rounds: int, cores: Cores, tell: Callable[[str], None]
) -> tuple[list[Idle], list[str]]:
    """Each server with each number of connections, in the clear and inside TLS; a fresh process each time."""
    found: list[Idle] = []
    errors: list[str] = []
    for number in range(rounds):
        for tls in (False, True):
            for count in counts:
                for server in servers:
                    if count > server.most_idle or (tls and not server.offers_tls):
                        continue
                    try:
                        one = _idle(server, count, tls, number, cores)
                    except Failed as failure:
                        errors.append(f"{server.name} {count} idle{', TLS' if tls else ''}: {failure}")
                        tell("! " + errors[-1])
                        continue
                    found.append(one)
                    how = "TLS" if tls else "plain"
                    tell(f"{number} idle {count:6} {how:5} {server.name:16} {one.kib_each:8.2f} KiB each")
    return found, errors


def _idle(server: Server, count: int, tls: bool, number: int, cores: Cores) -> Idle:
    flags = ("-t",) if tls else ()
    with running(server, cores, for_idle=True) as up:
        # Anything that a server creates once exists before it is measured.
        load([str(SMTPGEN), "send", "-p", str(up.port), "-s", "4", "-k", "1", "-m", "200", *flags], cores)
        time.sleep(_REST)
        before = processes.pss_kib(up.process)
        with holding("idle", up.port, count, cores, flags):
            time.sleep(_REST)
            return Idle(server.name, count, tls, number, before, processes.pss_kib(up.process))


def trickle(count: int, cores: Cores, tell: Callable[[str], None], server: Server = OURS) -> Trickle:
    """So many connections, each of which sends a few octets of its message every second; then all messages end."""
    with running(server, cores, for_idle=True) as up:
        with holding("trickle", up.port, count, cores, ("-w", _PAUSE_MICROSECONDS)) as held:
            time.sleep(_TRICKLE_SECONDS)
            pss = processes.pss_kib(up.process)
    tell(f"{count} trickling: {pss / 1024:.0f} MiB, {held.delivered} messages accepted in the end")
    return Trickle(server.name, count, pss, held.delivered)

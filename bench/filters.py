"""Each filter of the program, next to rspamd, opendkim and clamav-milter, which check the same message."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import processes
from aside import put_aside
from behind import started
from measure import one_run
from place import BENCH, SMTPGEN, WORK
from running import Cores, Failed, free_port, running
from servers import PROGRAM_LIMITS_OFF, PROGRAM_SERVE, Server
from workloads import Workload

_FOLDER = WORK / "filters"
# opendkim asks port 53 only.
_DNS = ("127.0.0.77", 53)
_DNSMASQ = (
    f"/usr/sbin/dnsmasq -k -p {_DNS[1]} --listen-address={_DNS[0]} --bind-interfaces --no-resolv --no-hosts --user=root "
    f"--conf-file={BENCH}/signed.dns"
)
# A PROXY header names a client that SPF authorizes. The load comes from 127.1.0.0/16, and who waits for the greeting does not.
_WORKLOAD = Workload(
    "signed",
    "10 KiB with two signatures of RSA, 2,048 bits; a connection a message, 10 sessions",
    f"{SMTPGEN} send -p {{port}} -s 10 -k 1 -P -f {BENCH}/signed.eml -c 203.0.113.7 -m {{messages}}",
    10 * 1024,
    200,
)
_OPTIONS = f"""
proxy-from = ["127.1.0.0/16"]
dns = ["{_DNS[0]}:{_DNS[1]}"]
state = "{_FOLDER}/state"
"""

_AUTHENTICATION = 'use = "authentication"'
_DNSBL = 'use = "dnsbl"\nlists = { "bl.bench.test" = "refuse" }'
_LIMITS = 'use = "limits"\nconnections = "1000000/1m"\nmessages = "1000000/1m"\nrecipients = "1000000/1m"'
_GREYLIST = 'use = "greylist"\ndelay = "0s"'

_MILTER = 'use = "milter"\nurl = "inet:127.0.0.1:PORT"'
_HTTP = 'use = "rspamd"\nurl = "http://127.0.0.1:PORT"'
_PASSES = ("spf=pass", "dkim=pass", "dmarc=pass")

_OPENDKIM_FILES = {
    "opendkim.conf": f"""
Mode v
Socket inet:PORT@127.0.0.1
Nameservers {_DNS[0]}
Background no
Syslog no
"""
}
# rspamd with nothing but these checks.
_RSPAMD_FILES = {
    "rspamd.conf": f"""
options {{
  pidfile = "{_FOLDER}/rspamd.pid"; tempdir = "{_FOLDER}"; dbdir = "{_FOLDER}"; hs_cache_dir = "{_FOLDER}";
  url_tld = "{_FOLDER}/tld"; control_socket = "{_FOLDER}/control mode=0600"; filters = ["dkim"];
  dns {{ nameserver = ["{_DNS[0]}:{_DNS[1]}:1"]; }}
}}
logging {{ type = "file"; filename = "{_FOLDER}/rspamd.log"; level = "warning"; }}
actions {{ reject = 15; "add header" = 6; }}
spf {{ }}
dkim {{ }}
dmarc {{ }}
modules {{ path = "/usr/share/rspamd/plugins/spf.lua"; path = "/usr/share/rspamd/plugins/dmarc.lua"; }}
lua = "{_FOLDER}/rules.lua";
worker "normal" {{ bind_socket = "127.0.0.1:PORT"; count = 1; }}
""",
    "tld": "test\n",
    "rules.lua": "",
}
# The signatures of viruses that others publish are far more than this one, which costs clamd almost nothing.
_EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_CLAMD_SOCKET = _FOLDER / "clamd.sock"
_CLAMAV_FILES = {
    "signatures/eicar.ndb": f"Eicar-Test:0:*:{_EICAR.encode().hex()}\n",
    "clamd.conf": f"""
LocalSocket {_CLAMD_SOCKET}
DatabaseDirectory {_FOLDER}/signatures
TemporaryDirectory {_FOLDER}
Foreground yes
SelfCheck 86400
""",
    "clamav-milter.conf": f"""
MilterSocket inet:PORT@127.0.0.1
ClamdSocket unix:{_CLAMD_SOCKET}
OnInfected Reject
AddHeader Add
TemporaryDirectory {_FOLDER}
Foreground yes
""",
}


@dataclass(frozen=True)
class Filtered:
    """One run. The scanner is the program beside Mailchute, if there is one, with the one that it asks."""

    filters: str
    round: int
    messages: int
    cpu_per_message: float
    scanner_cpu_per_message: float
    accepted_per_second: float
    peak_rss_kib: int


@dataclass(frozen=True)
class _Scanner:
    """A scanner that listens on 127.0.0.1:PORT."""

    command: str
    files: dict[str, str]
    # A program that it asks, and its socket.
    asks: tuple[str, Path] | None = None


@dataclass(frozen=True)
class _Set:
    """Tables of `[[filter]]`, in which PORT stands for that of the scanner."""

    name: str
    made_of: str
    tables: tuple[str, ...] = ()
    scanner: _Scanner | None = None
    # What the log says of each message, or a check would be measured that fails early.
    words: tuple[str, ...] = ()

    def server(self, port: int) -> Server:
        _FOLDER.mkdir(parents=True, exist_ok=True)
        file = _FOLDER / f"{self.name}.toml"
        tables = "".join(f"\n[[filter]]\n{table}\n" for table in self.tables)
        file.write_text(_OPTIONS + tables.replace("PORT", str(port)))
        command = f"{PROGRAM_SERVE} --store discard: --config {file} {PROGRAM_LIMITS_OFF}"
        return Server(f"filter-{self.name}", command, self.made_of)


_OPENDKIM = _Scanner(f"/usr/sbin/opendkim -f -x {_FOLDER}/opendkim.conf", _OPENDKIM_FILES)
_RSPAMD = _Scanner(f"/usr/bin/rspamd -f -i -c {_FOLDER}/rspamd.conf", _RSPAMD_FILES)
_CLAMAV = _Scanner(
    f"/usr/sbin/clamav-milter -c {_FOLDER}/clamav-milter.conf",
    _CLAMAV_FILES,
    (f"/usr/sbin/clamd -c {_FOLDER}/clamd.conf", _CLAMD_SOCKET),
)
_SETS = (
    _Set("none", "no filter"),
    _Set("limits", "limits of a client: connections, messages, recipients", (_LIMITS,)),
    _Set("dnsbl", "one DNS list", (_DNSBL,), words=("dnsbl=none",)),
    _Set("greylist", "a greylist in SQLite, which knows the client", (_GREYLIST,), words=("greylist=known",)),
    _Set("authentication", "SPF, two DKIM signatures, DMARC", (_AUTHENTICATION,), words=_PASSES),
    _Set("all", "all of these", (_LIMITS, _DNSBL, _AUTHENTICATION, _GREYLIST), words=(*_PASSES, "dnsbl=none", "greylist=known")),
    _Set("opendkim", "opendkim as a milter: two DKIM signatures", (_MILTER,), _OPENDKIM, ("milter=accept",)),
    _Set("clamav", "clamav-milter, and clamd with one signature", (_MILTER,), _CLAMAV, ("milter=accept",)),
    _Set("rspamd", "rspamd by HTTP: SPF, DKIM, DMARC", (_HTTP,), _RSPAMD, ("rspamd=no-action",)),
)


def described() -> dict[str, str]:
    """What each server is."""
    return {f"filter-{one.name}": one.made_of for one in _SETS}


def filters(rounds: int, seconds: float, cores: Cores, tell: Callable[[str], None]) -> tuple[list[Filtered], list[str]]:
    """Each set of filters in turn, in each round."""
    found: list[Filtered] = []
    errors: list[str] = []
    if _FOLDER.exists():
        put_aside(_FOLDER)
    with started(_DNSMASQ, _DNS, cores.load):
        for number in range(rounds):
            for chosen in _SETS:
                try:
                    found.append(_run(chosen, number, seconds, cores))
                except Failed as failure:
                    errors.append(f"filter-{chosen.name}: {failure}")
                    tell("! " + errors[-1])
                    continue
                one = found[-1]
                tell(
                    f"{number} {one.filters:16} {one.cpu_per_message * 1e6:8.1f} us/message, the scanner "
                    f"{one.scanner_cpu_per_message * 1e6:8.1f} us/message, {one.accepted_per_second:7.0f}/s"
                )
    return found, errors


def _run(chosen: _Set, number: int, seconds: float, cores: Cores) -> Filtered:
    port = free_port()
    with contextlib.ExitStack() as stack:
        scanners = stack.enter_context(_scanner(chosen.scanner, port, cores)) if chosen.scanner else []
        up = stack.enter_context(running(chosen.server(port), cores))
        # The answers of the DNS become known, and the greylist refuses the first time.
        with contextlib.suppress(Failed):
            one_run(up, _WORKLOAD, 20, cores)
        pilot = one_run(up, _WORKLOAD, _WORKLOAD.pilot, cores)
        messages = max(_WORKLOAD.pilot, int(pilot.messages_per_second * seconds))
        clocks = [processes.CpuClock(scanner) for scanner in scanners]
        run = one_run(up, _WORKLOAD, messages, cores, number)
        beside = sum(clock.elapsed() for clock in clocks)
        line = (WORK / f"{up.server.name}.log").read_text().splitlines()[-1]
        if missing := [word for word in chosen.words if word not in line.split()]:
            raise Failed(f"the log has no {' '.join(missing)}: {line}")
        return Filtered(
            chosen.name, number, messages, run.cpu_per_message, beside / messages, run.messages_per_second, run.peak_rss_kib
        )


@contextlib.contextmanager
def _scanner(scanner: _Scanner, port: int, cores: Cores) -> Iterator[list[int]]:
    """The scanner on the processor of the server, for as long as the block runs. Gives its processes."""
    for name, text in scanner.files.items():
        file = _FOLDER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("PORT", str(port)))
    with contextlib.ExitStack() as stack:
        asked = [stack.enter_context(started(*scanner.asks, cores.server))] if scanner.asks else []
        yield [stack.enter_context(started(scanner.command, ("127.0.0.1", port), cores.server)), *asked]

"""Milters of others, each at a socket of its own: opendkim, opendmarc, clamav-milter, rspamd, and an editor on libmilter."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon import Process, listens
from relay import free_port

_START_SECONDS = 60
# Both are split, so that this file is neither a virus nor spam.
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

_RSPAMD = """
options {{ pidfile = "{folder}/pid"; tempdir = "{folder}"; dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.1; }}
  control_socket = "{folder}/control mode=0600"; hs_cache_dir = "{folder}"; filters = [];
  url_tld = "{folder}/tld.dat"; }}
logging {{ type = "file"; filename = "{folder}/log"; level = "info"; }}
actions {{ reject = 15; rewrite_subject = 7; add_header = 6; subject = "***SPAM*** %s"; }}
lua = "{folder}/rules.lua";
worker "rspamd_proxy" {{
  count = 1; milter = yes; timeout = 10s;
  upstream "local" {{ default = yes; self_scan = yes; }}
  {sockets}
}}
"""
_RULES = """
rspamd_config:register_symbol({name = 'ASKED', score = 1.0, callback = function(task)
  local asked = task:get_header('X-Rspamd')
  if asked == 'subject' then task:set_pre_result('rewrite subject', 'asked for')
  elseif asked == 'later' then task:set_pre_result('soft reject', 'asked for') end
  task:set_milter_reply({add_headers = {['X-Seen'] = (task:get_helo() or '?') .. ' ' .. #(task:get_recipients(1) or {})}})
  return true
end})
"""


def _process(name: str, command: list[str], addresses: list[str], log: Path) -> Process:
    """A daemon that is up when it listens at all its addresses."""
    sockets = [Path(address.removeprefix("unix:")) for address in addresses if address.startswith("unix:")]
    return Process(
        name, command, log, lambda: all(_listens(address) for address in addresses), _START_SECONDS, sockets=sockets
    )


def _listens(address: str) -> bool:
    kind, _, where = address.partition(":")
    return listens(where if kind == "unix" else int(where.rpartition(":")[2]))


@dataclass
class Milters:
    """All of them, over TCP and over Unix sockets."""

    processes: dict[str, Process]
    # By the name of the milter, and by "tcp" or "unix".
    addresses: dict[str, dict[str, str]]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Milters]:
    """The milters, from when all are up for as long as the context lasts."""
    milters = Milters({}, {})
    for make in (_opendkim, _opendmarc, _clamav, _rspamd, _editor):
        make(folder, milters)
    try:
        # A clamav-milter that finds no clamd at its start takes no mail for a while.
        scanner = milters.processes["clamd"]
        scanner.start()
        others = [process for process in milters.processes.values() if process is not scanner]
        for process in others:
            process.begin()
        for process in others:
            process.wait()
        yield milters
    finally:
        for process in milters.processes.values():
            process.kill()


def _add(milters: Milters, folder: Path, name: str, command: Callable[[str, str], list[str]]) -> None:
    """Adds a daemon for each kind of socket; `command` gets its kind and its address in libmilter's form."""
    milters.addresses[name] = {}
    for kind in ("tcp", "unix"):
        port = free_port()
        address = f"inet:127.0.0.1:{port}" if kind == "tcp" else f"unix:{folder}/{name}.sock"
        own = f"inet:{port}@127.0.0.1" if kind == "tcp" else f"local:{folder}/{name}.sock"
        milters.addresses[name][kind] = address
        process = _process(f"{name}-{kind}", command(kind, own), [address], folder / f"{name}-{kind}.log")
        milters.processes[process.name] = process


def _written(path: Path, text: str) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return str(path)


def _opendkim(folder: Path, milters: Milters) -> None:
    key, public = folder / "dkim.key", folder / "dkim.public"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True, timeout=30)
    key.chmod(0o600)
    made = subprocess.run(["openssl", "rsa", "-in", str(key), "-pubout"], check=True, capture_output=True, timeout=30)
    record = "".join(made.stdout.decode().splitlines()[1:-1])
    public.write_text(f"one._domainkey.client.example v=DKIM1; k=rsa; p={record}\n")
    for name, mode in (("signer", "s"), ("verifier", "v")):

        def command(kind: str, address: str, name: str = name, mode: str = mode) -> list[str]:
            text = (
                f"Mode {mode}\nSocket {address}\nCanonicalization simple/simple\nDomain client.example\nSelector one\n"
                f"KeyFile {key}\nTestPublicKeys {public}\nInternalHosts 127.0.0.1\nAuthservID {name}.example\n"
                "RequireSafeKeys no\nBackground no\nSyslog no\nAlwaysAddARHeader yes\nUMask 000\n"
            )
            if mode == "v":
                # The client is on this host, so it would count as one whose mail is signed.
                text = text.replace("InternalHosts 127.0.0.1", "InternalHosts 192.0.2.1")
            return ["opendkim", "-f", "-x", _written(folder / f"{name}-{kind}.conf", text)]

        _add(milters, folder, name, command)


def _opendmarc(folder: Path, milters: Milters) -> None:
    def command(kind: str, address: str) -> list[str]:
        text = (
            f"Socket {address}\nAuthservID dmarc.example\nTrustedAuthservIDs verifier.example\nSyslog no\n"
            "Background no\nSPFIgnoreResults no\nSPFSelfValidate no\nUMask 000\nIgnoreHosts /dev/null\nSoftwareHeader yes\n"
        )
        return ["opendmarc", "-f", "-c", _written(folder / f"opendmarc-{kind}.conf", text)]

    _add(milters, folder, "opendmarc", command)


def _clamav(folder: Path, milters: Milters) -> None:
    signatures = folder / "signatures"
    _written(signatures / "eicar.ndb", f"Eicar-Test:0:*:{EICAR.encode().hex()}\n")
    clamd = folder / "clamd.sock"
    text = (
        f"LocalSocket {clamd}\nLocalSocketMode 666\nDatabaseDirectory {signatures}\nForeground yes\nLogTime no\n"
        f"TemporaryDirectory {folder}\nSelfCheck 86400\n"
    )
    command = ["clamd", "-c", _written(folder / "clamd.conf", text)]
    milters.processes["clamd"] = _process("clamd", command, [f"unix:{clamd}"], folder / "clamd.log")

    def milter(kind: str, address: str) -> list[str]:
        act = "Reject" if kind == "tcp" else "Quarantine"
        text = (
            f"MilterSocket {address.replace('local:', 'unix:')}\nMilterSocketMode 666\nClamdSocket unix:{clamd}\n"
            f"OnInfected {act}\nAddHeader Add\nForeground yes\nTemporaryDirectory {folder}\nFixStaleSocket yes\n"
        )
        return ["clamav-milter", "-c", _written(folder / f"clamav-{kind}.conf", text)]

    _add(milters, folder, "clamav", milter)


def _rspamd(folder: Path, milters: Milters) -> None:
    own = folder / "rspamd"
    own.mkdir()
    port, path = free_port(), own / "milter.sock"
    _written(own / "rules.lua", _RULES)
    # The list of rspamd has 9,600 suffixes, which take half a minute to compile.
    _written(own / "tld.dat", "com\norg\nexample\n")
    sockets = f'bind_socket = "127.0.0.1:{port}"; bind_socket = "{path} mode=0666";'
    conf = _written(own / "rspamd.conf", _RSPAMD.format(folder=own, sockets=sockets))
    milters.addresses["rspamd"] = {"tcp": f"inet:127.0.0.1:{port}", "unix": f"unix:{path}"}
    command = ["rspamd", "-f", "-i", "-c", conf]
    addresses = list(milters.addresses["rspamd"].values())
    milters.processes["rspamd"] = _process("rspamd", command, addresses, folder / "rspamd.log")


def _editor(folder: Path, milters: Milters) -> None:
    script = str(Path(__file__).parent / "milter_editor.py")
    # The interpreter of Debian, which has the package python3-milter.
    _add(milters, folder, "editor", lambda kind, address: ["/usr/bin/python3", script, address])

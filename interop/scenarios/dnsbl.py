"""DNS lists in the program, which asks a DNS server of the suite, whose answers dig reads too.

Lists refuse, skip and mark. When the DNS server is silent, gone or back, mail is accepted or refused as it should be.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

from dns_server import DnsServer, reversed_address, serving
from proxied import ProxiedSMTP
from server import Certificate, Server, running

from .base import Checks, Scenario

_REFUSED, _SKIPPED, _MARKED, _UNKNOWN, _IPV6 = "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "2001:db8::1"
_SECONDS = 10
_REASON = "https://bl.example/?why"
_ZONE = {
    f"{reversed_address(_REFUSED)}.bl.example": [["A", "127.0.0.2"], ["TXT", _REASON]],
    f"{reversed_address(_SKIPPED)}.bl.example": [["A", "127.0.0.2"]],
    f"{reversed_address(_SKIPPED)}.wl.example": [["A", "127.0.5.2"]],
    f"{reversed_address(_MARKED)}.bl.example": [["A", "127.0.0.10"]],
    f"{reversed_address(_IPV6)}.bl.example": [["A", "127.0.0.2"]],
    "bad.example.rhs.example": [["CNAME", "listed.rhs.example"]],
    "listed.rhs.example": [["A", "127.0.1.2"], ["TXT", "x" * 2000]],
}
_CONFIG = """\
proxy-from = "127.0.0.1"
dns = "{dns}"
sandbox = true
[[filter]]
use = "dnsbl"
timeout = "1s"
lists = {{ "wl.example" = "skip:127.0.0-255.1-3", "bl.example" = "refuse:127.0.0.2-9 mark:127.0.0.10-11" }}
domains = {{ "rhs.example" = "refuse" }}
"""


class Dnsbl(Scenario):
    name = "dnsbl"

    def missing(self) -> str | None:
        return None if shutil.which("dig") else "dig (the Debian package dnsutils)"

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with serving(_ZONE) as dns:
            _dig(dns, checks)
            config = folder / "filters.toml"
            config.write_text(_CONFIG.format(dns=dns.address))
            logging = ("--log-level", "info", "--log-format", "json")
            with running(program, folder, certificate, ["--config", str(config)], logging) as server:
                _lists(server, checks)
                dns.is_silent = True
                _expect(server, checks, _REFUSED, "failed", "alice@client.example", "250")
                dns.is_silent = False
                _expect(server, checks, _REFUSED, "refuse", "alice@client.example", "550")
                warnings = [line for line in _log(server) if line["event"] == "dns-list-failed"]
                lists = sorted(line["list"] for line in warnings)
                checks.that(lists == ["bl.example", "rhs.example", "wl.example"], f"warnings about lists: {warnings}")
                dns.asked.clear()
                with ProxiedSMTP(server.port, _UNKNOWN) as session:
                    session.ehlo()
                checks.that(dns.asked == [], f"a client without mail led to questions: {dns.asked}")
        return checks


def _lists(server: Server, checks: Checks) -> None:
    sender = "alice@client.example"
    reply = _expect(server, checks, _REFUSED, "refuse", sender, "550")
    told = f"550 5.7.1 Client host [{_REFUSED}] is listed by bl.example: {_REASON}"
    checks.that(reply == told, f"the refusal is {reply!r}")
    _expect(server, checks, _SKIPPED, "skip", "alice@bad.example", "250")
    _expect(server, checks, _MARKED, "mark", sender, "250")
    _expect(server, checks, _UNKNOWN, "none", sender, "250")
    _expect(server, checks, _IPV6, "refuse", sender, "550")
    _expect(server, checks, _REFUSED, "refuse", sender, "250", "postmaster@example.com")
    reply = _expect(server, checks, _UNKNOWN, "none", "alice@bad.example", "550")
    told = f"550 5.7.1 Domain bad.example is listed by rhs.example: {'x' * 200}"
    checks.that(reply == told, f"the refusal of a domain is {reply!r}")


def _expect(
    server: Server, checks: Checks, client: str, word: str, sender: str, code: str, recipient: str = "bob@example.com"
) -> str:
    """Sends a message, and returns the reply to RCPT, which must have this code; and the log this word."""
    before = len(_log(server))
    with ProxiedSMTP(server.port, client) as session:
        session.ehlo()
        session.mail(sender)
        number, text = session.rcpt(recipient)
        if number == 250:
            session.data(b"Subject: lists\r\n\r\nHello\r\n")
    reply = f"{number} {text.decode()}"
    what = f"{client} {sender} {recipient}"
    checks.that(reply.startswith(code), f"{what}: {reply}")
    words = _words(server, before)
    checks.that(words == [word], f"{what}: the log has {words}, not {word}")
    return reply


def _words(server: Server, before: int) -> list[str]:
    """The words in the lines of the log after the first ones. The program writes them a little after its replies."""
    deadline = time.monotonic() + _SECONDS
    while True:
        words = [line["checks"].get("dnsbl") for line in _log(server)[before:] if "checks" in line]
        if words or time.monotonic() > deadline:
            return words
        time.sleep(0.01)


def _log(server: Server) -> list[dict]:
    return [json.loads(line) for line in server.log.read_text().splitlines(keepends=True) if line.endswith("}\n")]


def _dig(dns: DnsServer, checks: Checks) -> None:
    """What the DNS server of the suite answers, in the words of dig."""
    name = f"{reversed_address(_REFUSED)}.bl.example"
    for arguments, answer in (
        ([name], "127.0.0.2\n"),
        ([name.upper(), "TXT"], f'"{_REASON}"\n'),
        (["bad.example.rhs.example"], "listed.rhs.example.\n127.0.1.2\n"),
        (["+noedns", "listed.rhs.example", "TXT"], " ".join(f'"{"x" * n}"' for n in [255] * 7 + [215]) + "\n"),
        (["none.example"], ""),
    ):
        command = ["dig", "+short", "@127.0.0.1", "-p", str(dns.port), *arguments]
        said = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout
        checks.that(said == answer, f"{' '.join(command)} says {said!r}")

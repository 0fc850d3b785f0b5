"""SPF in the program: the test suite for RFC 7208, with the client's address by the PROXY protocol and the zones in a DNS
server.

The log's word for each message is a result of its case. A case whose envelope SMTP does not allow has no message; the
refusal is its result. In the library, the cases run without SMTP (`crates/filters/tests/rfc7208`).
"""

from __future__ import annotations

import json
import smtplib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dns_server import serving
from proxied import ProxiedSMTP
from server import Certificate, Server, running

from .base import Checks, Scenario

_SUITE = Path(__file__).parents[2] / "crates" / "filters" / "tests" / "rfc7208" / "suite.json"
_CASES = 203
_AT_ONCE = 20
_CONFIG = """\
proxy-from = "127.0.0.1"
dns = "{dns}"
[[filter]]
use = "authentication"
"""
# SMTP does not allow these: a label of 64 characters, an empty one, no local part, and a space in the name of EHLO.
_IMPOSSIBLE = {"toolonglabel", "emptylabel", "nolocalpart", "invalid-hello-macro"}


@dataclass(frozen=True)
class _Case:
    number: int
    name: str
    client: str
    helo: str
    sender: str
    results: list[str]

    @property
    def path(self) -> str:
        """The sender in MAIL, where a local part with a space is quoted."""
        local_part, at, domain = self.sender.rpartition("@")
        return f'<"{local_part}"{at}{domain}>' if " " in local_part else f"<{self.sender}>"

    @property
    def recipient(self) -> str:
        """Tells the lines of the log apart."""
        return f"case-{self.number}@example.com"


class Spf(Scenario):
    name = "spf"

    def missing(self) -> str | None:
        return None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks, refused = Checks(), {}
        suite = json.loads(_SUITE.read_text())
        with serving({}) as dns:
            config = folder / "filters.toml"
            config.write_text(_CONFIG.format(dns=dns.address))
            logging = ("--log-level", "info", "--log-format", "json")
            cases: list[_Case] = []
            with running(program, folder, certificate, ["--config", str(config)], logging) as server:
                for scenario in suite:
                    dns.hold(scenario["zone"])
                    these = [_case(len(cases) + index, case) for index, case in enumerate(scenario["tests"])]
                    with ThreadPoolExecutor(_AT_ONCE) as pool:
                        refusals = pool.map(lambda case: _send(server, case), these)
                        refused |= {case.name: refusal for case, refusal in zip(these, refusals, strict=True) if refusal}
                    cases += these
            # The log is whole once the program has ended.
            words = _words(server)
        checks.that(len(cases) == _CASES, f"the suite has {len(cases)} cases")
        checks.that(refused.keys() == _IMPOSSIBLE, f"SMTP refuses {refused}")
        for case in cases:
            if case.name not in refused:
                word = words.get(case.recipient)
                checks.that(word in case.results, f"{case.name}: the log has {word}, not {case.results}")
        return checks


def _case(number: int, case: dict) -> _Case:
    return _Case(number, case["name"], case["host"], case["helo"], case["mailfrom"], case["results"])


def _send(server: Server, case: _Case) -> str | None:
    """Sends a message, and returns the refusal if there is one."""
    with ProxiedSMTP(server.port, case.client) as session:
        try:
            session.command_encoding = "latin-1"
            for command in (f"EHLO {case.helo}", f"MAIL FROM:{case.path}", f"RCPT TO:<{case.recipient}>"):
                code, text = session.docmd(command)
                if code != 250:
                    return f"{command}: {code} {text.decode()}"
            session.data(b"Subject: SPF\r\n\r\nHello\r\n")
        except smtplib.SMTPException as error:
            return repr(error)
    return None


def _words(server: Server) -> dict[str, str]:
    """The word for each recipient."""
    entries = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    accepted = [entry for entry in entries if entry["event"] == "accepted"]
    return {entry["to"].strip("<>"): entry.get("checks", {}).get("spf") for entry in accepted}

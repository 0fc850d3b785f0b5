"""`mailchute talk` speaks to Postfix and to Exim: STARTTLS, a message, a refusal, and a word on each line."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import authority
import exim
import relay
from delivery import Transport
from message import DOMAIN
from server import Certificate, Server, environment, running

from .base import Checks, Scenario, kept_for

_SECONDS = 60
_READER = f"reader@{DOMAIN}"
_ENVELOPE = f"EHLO {DOMAIN}\nMAIL FROM:<sender@{DOMAIN}>\nRCPT TO:<{_READER}>\n"
_MESSAGE = "DATA\nSubject: talk\n\n.dot\n.\n"
_EXPECTED = (
    "| Welcome. ",
    "| Encryption. ",
    "* TLS is up: TLSv1.3 TLS_",
    "* the certificate is verified; it names localhost",
    "| Sender accepted. ",
    "| Recipient accepted. ",
    "| Send the message now. ",
    "| Message accepted. ",
    "| Goodbye. ",
)
_UNEXPLAINED = re.compile(r".*\n *\| (?:An extension outside the standard|Not a reply).*")


class Talk(Scenario):
    name = "talk"

    def missing(self) -> str | None:
        return relay.missing() or exim.missing()

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        authority.make(folder)
        trusted, chain, key = authority.paths(folder)
        for name, serving in (("Postfix", _postfix), ("Exim", _exim)):
            own = folder / name
            own.mkdir()
            shown = Certificate(chain, key)
            with running(program, own, certificate) as server, serving(own / "relay", server, shown) as served:
                _send(checks, name, program, served, trusted)
                _be_refused(checks, name, program, served)
                checks.that(relay.settles(served), f"{name}: not all went: {served.complaints()}")
                kept = kept_for(server)
            contents = list(kept.values())
            is_whole = len(contents) == 1 and contents[0].endswith(b"Subject: talk\r\n\r\n.dot\r\n")
            checks.that(is_whole and list(kept) == [frozenset({_READER})], f"{name}: kept {kept}")
        return checks


@contextmanager
def _postfix(folder: Path, server: Server, certificate: Certificate) -> Iterator[relay.Queue]:
    with relay.relaying(folder, relay.Route.to(server, Transport.PLAIN), certificate) as served:
        yield served


@contextmanager
def _exim(folder: Path, server: Server, certificate: Certificate) -> Iterator[relay.Queue]:
    with exim.relaying(folder, server, Transport.PLAIN, certificate) as served:
        yield served


def _send(checks: Checks, name: str, program: Path, served: relay.Queue, trusted: Path) -> None:
    flags = ["--ca", str(trusted), "--dot-stuff"]
    code, said = _talk(program, served, flags, f"EHLO {DOMAIN}\nSTARTTLS\n{_ENVELOPE}{_MESSAGE}")
    checks.that(code == 0, f"{name}: exit code {code}: {said}")
    for text in _EXPECTED:
        checks.that(text in said, f"{name}: no {text!r} in {said}")
    checks.that(not (lines := _UNEXPLAINED.findall(said)), f"{name}: unexplained: {lines}")


def _be_refused(checks: Checks, name: str, program: Path, served: relay.Queue) -> None:
    """Without --ca the certificate is not verified, and the talk goes on."""
    code, said = _talk(program, served, [], f"EHLO {DOMAIN}\nSTARTTLS\nEHLO {DOMAIN}\nRCPT TO:<{_READER}>\nQUIT\n")
    checks.that(code == 1, f"{name}: exit code {code} after a refusal: {said}")
    checks.that("* THE CERTIFICATE IS NOT VERIFIED: " in said, f"{name}: verified without an authority: {said}")
    # Postfix makes it a 403, as its bounces are soft here.
    refused = re.search(r"S: [45]03[^\n]*\n *\| (?:Wrong|Sender is missing)", said)
    checks.that(refused is not None, f"{name}: no explained refusal in {said}")


def _talk(program: Path, served: relay.Queue, flags: list[str], lines: str) -> tuple[int, str]:
    command = [str(program), "talk", *flags, f"localhost:{served.port}"]
    done = subprocess.run(
        command, input=lines.encode(), capture_output=True, timeout=_SECONDS, env=environment(), check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode()

"""`mailchute talk` speaks to Postfix and to Exim: STARTTLS, a message, a refusal, and a word on each line. On a terminal,
it does not show a password.
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import termios
import time
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
        flags = ["--auth-any", "--allow-plaintext-auth"]
        with running(program, folder, certificate, flags) as server:
            for key in (b"d29uZGVybGFuZA==\n", b"d29u\x03", b"d29u\x1c"):
                _log_in_on_a_terminal(checks, program, server.port, key)
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


def _log_in_on_a_terminal(checks: Checks, program: Path, port: int, keys: bytes) -> None:
    """Types a name and then these keys: a password, or Ctrl-C or Ctrl-\\ within one."""
    process, terminal = pty.fork()
    if process == 0:
        os.execve(program, [str(program), "talk", "--no-explain", f"127.0.0.1:{port}"], environment())
    try:
        shown = _until(terminal, b"ends the talk")
        os.write(terminal, f"EHLO {DOMAIN}\n".encode())
        shown += _until(terminal, b"S: 250 ")
        os.write(terminal, b"AUTH LOGIN\n")
        shown += _until(terminal, b"S: 334 VXNlcm5hbWU6")
        checks.that(_echoes(terminal), f"{keys!r}: the terminal does not echo the name")
        os.write(terminal, b"YWxpY2U=\n")
        shown += _until(terminal, b"S: 334 UGFzc3dvcmQ6")
        deadline = time.monotonic() + _SECONDS
        while _echoes(terminal) and time.monotonic() < deadline:
            time.sleep(0.01)
        checks.that(not _echoes(terminal), f"{keys!r}: the terminal echoes the password")
        os.write(terminal, keys)
        if keys.endswith(b"\n"):
            shown += _until(terminal, b"S: 235 ")
            os.write(terminal, b"QUIT\n")
        shown += _until(terminal, b"S: 221 ")
        checks.that(b"YWxpY2U=" in shown and b"d29u" not in shown, f"{keys!r}: shown: {shown!r}")
        checks.that(_echoes(terminal), f"{keys!r}: the terminal does not echo afterwards")
        _, status = os.waitpid(process, 0)
        process = 0
        checks.that(os.WIFEXITED(status), f"{keys!r}: ended with {status}")
    finally:
        if process:
            os.kill(process, 9)
            os.waitpid(process, 0)
        os.close(terminal)


def _until(terminal: int, text: bytes) -> bytes:
    """What is shown up to this text, or within some seconds."""
    shown, deadline = b"", time.monotonic() + _SECONDS
    while text not in shown and (left := deadline - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                shown += os.read(terminal, 4096)
            except OSError:
                break
    return shown


def _echoes(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)

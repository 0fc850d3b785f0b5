"""Starts the program under test, learns its addresses from what it prints, and stops it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+) \((smtps?|lmtp|http)\b")
# After the lines that name the listeners.
_READY = ("keeping mail in ", "forwarding mail to ")
# The same in a JSON log, which replaces those lines.
_LOGGED_LISTENING = re.compile(r'"event":"listening","address":"127\.0\.0\.1:(\d+)","protocol":"(smtps?|lmtp)\b')
_LOGGED_READY = '"event":"ready"'
_START_SECONDS = 15
_STOP_SECONDS = 30
_LOG_SECONDS = 10


class ServerError(Exception):
    """The program did not start, or did not end, as it should."""


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that signs itself, so it is also what clients trust."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Server:
    """A running server on the loopback interface."""

    port: int
    tls_port: int
    # Of LMTP over TCP, if the flags ask for it.
    lmtp_port: int | None
    maildir: Path
    # The program's log: only errors, unless it was asked to log its conversations.
    log: Path
    # The certificate that clients verify; none if the program created a self-signed one.
    certificate: Path | None
    # For signals.
    process: int

    def logged(self, *texts: str) -> str:
        """The log once it has all these texts, or as it is after some seconds. The program writes it after its replies."""
        deadline = time.monotonic() + _LOG_SECONDS
        while True:
            log = self.log.read_text(errors="replace")
            if all(text in log for text in texts) or time.monotonic() > deadline:
                return log
            time.sleep(0.01)


def make_certificate(folder: Path) -> Certificate:
    """Lets openssl make a certificate for this run."""
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", str(made.key), "-out", str(made.certificate),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return made


@contextlib.contextmanager
def running(
    program: Path,
    folder: Path,
    certificate: Certificate | None,
    flags: Sequence[str] = (),
    logging: Sequence[str] = ("--log-level", "error"),
    store: str | None = None,
) -> Iterator[Server]:
    """The program with these flags, and a Maildir of its own in this folder unless `store` says otherwise; it must end with
    exit code 0."""
    maildir = folder / "mail"
    command = [
        str(program), "serve",
        "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0",
        # The bytes are compared as received.
        "--store", store or f"maildir:{maildir}?line-ends=crlf", *logging, *flags,
    ]  # fmt: skip
    if certificate:
        command += ["--tls-cert", str(certificate.certificate), "--tls-key", str(certificate.key)]
    complaints = folder / "server.stderr"
    with listening(command, folder, complaints) as (ports, pid):
        lmtp, trusted = ports.get("lmtp"), certificate and certificate.certificate
        yield Server(ports["smtp"], ports["smtps"], lmtp, maildir, complaints, trusted, pid)


@contextlib.contextmanager
def listening(command: Sequence[str], folder: Path, complaints: Path) -> Iterator[tuple[dict[str, int], int]]:
    """The ports of the program that this command starts, by protocol, and its process; it must end with exit code 0."""
    with complaints.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, cwd=folder, env=environment())
    try:
        yield ports_of(process, complaints), process.pid
        stop(process, complaints)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def environment() -> dict[str, str]:
    """No setting of the caller's reaches the program."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAILCHUTE_")}


def ports_of(process: subprocess.Popen, complaints: Path) -> dict[str, int]:
    """Waits for the lines that tell the ports, and keeps the pipe empty from then on."""
    ports: dict[str, int] = {}
    printed: list[str] = []
    changed = threading.Condition()

    def read() -> None:
        for line in iter(process.stdout.readline, b""):
            with changed:
                printed.append(line.decode(errors="replace"))
                if found := _LISTENING.search(printed[-1]):
                    ports[found[2]] = int(found[1])
                changed.notify()
        with changed:
            changed.notify()

    threading.Thread(target=read, daemon=True).start()
    deadline = time.monotonic() + _START_SECONDS
    with changed:
        while not any(line.startswith(_READY) for line in printed):
            if process.poll() is not None:
                raise ServerError(f"the program ended at start with code {process.returncode}\n{_tail(complaints)}")
            if time.monotonic() > deadline:
                raise ServerError(
                    f"no listeners after {_START_SECONDS} s; printed: {printed!r}\n{_tail(complaints)}"
                )
            logged = complaints.read_text(errors="replace")
            if _LOGGED_READY in logged:
                return {protocol: int(port) for port, protocol in _LOGGED_LISTENING.findall(logged)}
            changed.wait(0.1)
    return ports


def stop(process: subprocess.Popen, complaints: Path) -> None:
    if process.poll() is not None:
        raise ServerError(f"the program ended by itself with code {process.returncode}\n{_tail(complaints)}")
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise ServerError(f"the program still runs {_STOP_SECONDS} s after SIGTERM") from None
    if code != 0:
        raise ServerError(f"the program ended after SIGTERM with code {code}\n{_tail(complaints)}")


def _tail(file: Path) -> str:
    return file.read_text(errors="replace")[-2000:].rstrip()

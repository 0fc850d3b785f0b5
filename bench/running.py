"""Starts a server, waits until it greets, and ends it with all its processes."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import processes
from place import SMTPGEN, WORK, certificate
from servers import Server

_START_SECONDS = 20
_STOP_SECONDS = 3
_LOAD_SECONDS = 180
_FILES = 65_536


class Failed(Exception):
    """A server that does not serve, or load that does not arrive."""


@dataclass(frozen=True)
class Cores:
    """The processors that servers and load run on; nothing is pinned where they are not named."""

    server: frozenset[int] = frozenset()
    load: frozenset[int] = frozenset()


ONE_EACH = Cores(frozenset({0}), frozenset({1}))


@dataclass(frozen=True)
class Running:
    """A server that greets."""

    server: Server
    port: int
    process: int


@contextlib.contextmanager
def running(server: Server, cores: Cores, kind: str = "ec", for_idle: bool = False) -> Iterator[Running]:
    """The server with a certificate of this kind, for as long as the block runs."""
    port = free_port()
    chain, key = certificate(kind)
    command = shlex.split(server.command.format(port=port, cert=chain, key=key))
    environment = {**os.environ, "NODE_ENV": "production", **server.environment}
    if for_idle:
        environment |= server.idle_environment
    log = WORK / f"{server.name}.log"

    def start(keeps_log: bool) -> subprocess.Popen[bytes]:
        with log.open("wb") as errors:
            return subprocess.Popen(
                command,
                cwd=WORK,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors if keeps_log else subprocess.DEVNULL,
                preexec_fn=placed(cores.server),
                start_new_session=True,
            )

    process = start(keeps_log=not server.logs)
    try:
        try:
            _wait_for_greeting(process, port, server.name, log)
        except Failed:
            if not server.logs:
                raise
            # The log with the cause was discarded, so the server starts again and keeps it.
            _stop(process)
            process = start(keeps_log=True)
            _wait_for_greeting(process, port, server.name, log)
            raise
        yield Running(server, port, process.pid)
    finally:
        _stop(process)


def load(arguments: list[str], cores: Cores) -> dict[str, Any]:
    """Runs a program that makes load to its end; what it says of itself, if it says so in JSON."""
    try:
        done = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LOAD_SECONDS,
            preexec_fn=placed(cores.load),
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{Path(arguments[0]).name} did not end within {_LOAD_SECONDS} s") from error
    if done.returncode:
        raise Failed(f"{Path(arguments[0]).name}: {(done.stderr.strip() or done.stdout.strip())[-300:]}")
    return json.loads(done.stdout) if done.stdout.startswith("{") else {}


@contextlib.contextmanager
def holding(mode: str, port: int, connections: int, cores: Cores, flags: tuple[str, ...] = ()) -> Iterator[Held]:
    """So many connections that are idle, or trickle, for as long as the block runs."""
    command = [str(SMTPGEN), mode, "-p", str(port), "-n", str(connections), *flags]
    holder = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=placed(cores.load),
    )
    assert holder.stdin and holder.stdout
    try:
        ready = json.loads(holder.stdout.readline() or '{"ready": 0}')["ready"]
        if ready < connections:
            raise Failed(f"only {ready} of {connections} connections came up")
        held = Held()
        yield held
        said, _ = holder.communicate(timeout=_LOAD_SECONDS)
        held.delivered = json.loads(said)["delivered"] if said.strip() else 0
    finally:
        holder.kill()
        holder.communicate()


@dataclass
class Held:
    """What became of connections that were held open."""

    # Messages that had ended and were accepted at the end of the block; 0 for idle connections.
    delivered: int = 0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def placed(cores: frozenset[int]) -> Callable[[], None]:
    def place() -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        files = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
        if cores:
            os.sched_setaffinity(0, cores)

    return place


def _wait_for_greeting(process: subprocess.Popen[bytes], port: int, name: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failed(f"{name} ended with exit code {process.returncode}: {log.read_text('utf-8', 'replace')[-300:]}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                if client.recv(200).startswith(b"220"):
                    client.sendall(b"QUIT\r\n")
                    client.recv(200)
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise Failed(f"{name} did not greet within {_START_SECONDS} s, see {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    started_by_it = processes.tree(process.pid) if process.poll() is None else []
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    for left in reversed(started_by_it):
        with contextlib.suppress(OSError):
            os.kill(left, signal.SIGKILL)
    process.wait()

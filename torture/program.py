"""The program under torture: started, killed and started again on one store."""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from server import ServerError, environment, ports_of, stop

NOBODY = 65534
# There are many long connections, and errors are not their fault, so these limits must not end them.
_UNLIMITED = ("connections-per-client", "transactions", "errors")


@dataclass(frozen=True)
class Ports:
    """Where a running program listens."""

    smtp: int
    smtps: int
    lmtp: int
    # A Unix socket for LMTP, if the flags ask for one.
    socket: Path | None = None


class Program:
    """One program and its store; it runs at most once at a time."""

    def __init__(
        self,
        path: Path,
        folder: Path,
        flags: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        user: int | None = None,
        files: int | None = None,
        unlimited: Sequence[str] = _UNLIMITED,
        store: str | None = None,
        log_level: str = "error",
    ) -> None:
        self.disk = folder / "disk"
        self.disk.mkdir(exist_ok=True)
        self.store = self.disk / "mail"
        self.log = folder / "log"
        self._path = path
        self._flags = flags
        self._unlimited = unlimited
        self._url = store or f"maildir:{self.store}?line-ends=crlf"
        self._folder = folder
        self._log_level = log_level
        self._environment = {**environment(), **(variables or {})}
        self._user = user
        self._files = files
        self._process: subprocess.Popen[bytes] | None = None

    def command(self, *listeners: str) -> list[str]:
        """How it is started, to listen there."""
        return [
            str(self._path), "serve", *listeners, "--store", self._url,
            "--log-level", self._log_level, *self._flags,
            *(f"--limit={name}=0" for name in self._unlimited),
        ]  # fmt: skip

    def spawn(self) -> None:
        """Starts it and does not wait until it listens."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(*(f"--{kind}=127.0.0.1:0" for kind in ("listen", "tls-listen", "lmtp"))),
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._folder,
                env=self._environment,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else (),
                preexec_fn=self._limit_files if self._files else None,
            )

    def start(self) -> Ports:
        """Starts it and waits until it listens."""
        self.spawn()
        ports = ports_of(self._running(), self.log)
        return Ports(ports["smtp"], ports["smtps"], ports["lmtp"])

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        process = self._running()
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._close(process)

    def stop(self) -> None:
        """Ends it in good order; it must exit with 0."""
        process = self._running()
        stop(process, self.log)
        self._close(process)

    def end_by_itself(self) -> int:
        """Waits for a program that does not start; returns its exit code."""
        process = self._running()
        code = process.wait(10)
        self._close(process)
        return code

    def end(self) -> None:
        """Makes sure that nothing is left running."""
        if self._process:
            self.kill()

    def ended(self) -> None:
        """Notes that others have seen to its end."""
        self._close(self._running())

    @property
    def popen(self) -> subprocess.Popen[bytes]:
        return self._running()

    @property
    def process(self) -> int:
        """The process id."""
        return self._running().pid

    def faults(self) -> list[str]:
        """Panics, in what it logged so far."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [f"the log has: {line}" for line in lines if "panic" in line]

    def _running(self) -> subprocess.Popen[bytes]:
        if not self._process:
            raise ServerError("the program was not started")
        return self._process

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout:
            process.stdout.close()
        self._process = None

    def _limit_files(self) -> None:
        if self._files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._files, self._files))

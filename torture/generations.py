"""A program that hands over to a new process again and again, and what became of the old ones."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from server import ServerError

_READY_SECONDS = 20
# More than the grace of a process that ends.
_END_SECONDS = 45
_PR_SET_CHILD_SUBREAPER = 36


class Generations:
    """The processes of one service, each started by the one before."""

    def __init__(self, folder: Path) -> None:
        """What the processes tell comes to `variables` as to systemd."""
        address = folder / "notify"
        self.variables = {"NOTIFY_SOCKET": str(address)}
        self._told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._told.bind(str(address))
        self._told.setblocking(False)
        self._old: list[int] = []
        self._newest = 0
        # A process without a parent becomes our child, so that we can wait for its end.
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")

    @property
    def newest(self) -> int:
        return self._newest

    @property
    def count(self) -> int:
        """How often it was handed over."""
        return len(self._old)

    def begin(self, process: int) -> None:
        self._newest = process

    async def until_told(self, word: str) -> str:
        """Waits until a process tells a line that begins so; the rest of it."""
        async with asyncio.timeout(_READY_SECONDS):
            while True:
                message = (await asyncio.get_running_loop().sock_recv(self._told, 4096)).decode()
                for line in message.splitlines():
                    if line.startswith(word):
                        return line[len(word) :]

    async def hand_over(self) -> None:
        """Lets the newest process start another, and waits until that one serves."""
        os.kill(self._newest, signal.SIGUSR2)
        successor = int(await self.until_told("MAINPID="))
        self._old.append(self._newest)
        self._newest = successor

    async def hand_over_in_vain(self, log: Path) -> None:
        """Lets the newest process try to, and waits until it says that it could not."""
        said = "not handed over: this process serves on"
        before = log.read_text(errors="replace").count(said)
        os.kill(self._newest, signal.SIGUSR2)
        deadline = time.monotonic() + _READY_SECONDS
        while log.read_text(errors="replace").count(said) == before:
            if time.monotonic() > deadline:
                raise ServerError("a process that cannot start was not noticed")
            await asyncio.sleep(0.01)

    def end(self, first: subprocess.Popen[bytes]) -> list[str]:
        """Ends the newest process; says which of all did not end with 0."""
        faults = [fault for process in self._old if (fault := _ended(process, first))]
        os.kill(self._newest, signal.SIGTERM)
        if fault := _ended(self._newest, first):
            faults.append(fault)
        if left := children():
            faults.append(f"processes {left} are left")
        return faults

    def close(self) -> None:
        """Leaves nothing running, whatever has happened."""
        self._told.close()
        for process in {*children(), self._newest}:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass


def children() -> list[int]:
    """All processes that this one started or has inherited, without those that have ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == os.getpid() and state != "Z":
            found.append(int(folder.name))
    return found


def open_files(process: int) -> int:
    return len(os.listdir(f"/proc/{process}/fd"))


def _waited(process: int) -> int | None:
    """The exit code of a process that has ended; of one that its own parent has waited for, 0."""
    try:
        waited, status = os.waitpid(process, os.WNOHANG)
    except ChildProcessError:
        return None if Path(f"/proc/{process}").exists() else 0
    return os.waitstatus_to_exitcode(status) if waited else None


def _ended(process: int, first: subprocess.Popen[bytes]) -> str | None:
    deadline = time.monotonic() + _END_SECONDS
    while time.monotonic() < deadline:
        if process == first.pid:
            code = first.poll()
        else:
            code = _waited(process)
        if code is not None:
            return f"process {process} ended with {code}" if code else None
        time.sleep(0.02)
    return f"process {process} did not end"

"""Started by systemd-socket-activate at the first connection, and handed over on the same sockets."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from pathlib import Path

from client import Kind
from generations import Generations
from ledger import Fate, Ledger
from letters import Letters
from load import Load
from program import Ports, Program
from scenarios.base import Checks
from server import ServerError

from .base import Ordeal, Stage, look
from .handover import judge

_HANDOVERS = 3
_MESSAGES = 2_000
_ACTIVATOR = "systemd-socket-activate"
UNITS = Path(__file__).resolve().parents[2] / "dist" / "systemd"
# In tenths, of ten; systemd's OK begins at 2.
_EXPOSURE = 10


class Activation(Ordeal):
    """The first clients wait in the queue of a socket behind which there is no program yet."""

    name = "activation"

    def run(self, stage: Stage) -> Checks:
        if not shutil.which(_ACTIVATOR):
            raise ServerError(f"{_ACTIVATOR} is not installed (the Debian package systemd)")
        ports = Ports(*_free_ports(3), socket=stage.folder / "socket")
        generations = Generations(stage.folder)
        program = Program(stage.program, stage.folder)
        command = [
            _ACTIVATOR, *(f"--listen={place}" for place in (
                f"127.0.0.1:{ports.smtp}", f"127.0.0.1:{ports.smtps}", f"127.0.0.1:{ports.lmtp}", ports.socket,
            )), "--fdname=mx:tls:local:local",
            *program.command("--listen=systemd:mx", "--tls-listen=systemd:tls", "--lmtp=systemd:local"),
        ]  # fmt: skip
        checks = Checks()
        letters = Letters(stage.seed)
        load = Load(letters, Ledger(_MESSAGES * 2), kinds=tuple(Kind))
        # systemd-socket-activate passes on only those variables that it is told to.
        command[1:1] = [f"--setenv={name}={value}" for name, value in generations.variables.items()]
        try:
            with program.log.open("ab") as log:
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, cwd=stage.folder)
            generations.begin(process.pid)
            asyncio.run(_send(generations, load, ports))
            faults = generations.end(process)
            checks.that(not faults, "; ".join(faults[:5]))
            checks.that(ports.socket is not None and ports.socket.exists(), "the socket of systemd was removed")
        finally:
            generations.close()
        judge(checks, load)
        look(checks, program, letters, load.ledger)
        _units(checks, stage)
        accepted = load.ledger.count(Fate.ACCEPTED)
        print(f"  {generations.count} handovers; {accepted} messages answered 250, {load.cut} sessions told 421", flush=True)
        return checks


def _units(checks: Checks, stage: Stage) -> None:
    """The units of the project are understood, and let the service do little."""
    folder = stage.folder / "units"
    folder.mkdir()
    for unit in sorted(UNITS.iterdir()):
        text = unit.read_text().replace("/usr/local/bin/mailchute", str(stage.program))
        (folder / unit.name).write_text(text)
    service = str(folder / "mailchute.service")
    for command in (["verify", service], ["security", "--offline=true", f"--threshold={_EXPOSURE}", service]):
        told = subprocess.run(["systemd-analyze", *command], capture_output=True, text=True)
        wrong = told.returncode or (command[0] == "verify" and told.stdout + told.stderr)
        checks.that(not wrong, f"systemd-analyze {command[0]}: {(told.stdout + told.stderr)[-600:]}")


async def _send(generations: Generations, load: Load, ports: Ports) -> None:
    for port in (ports.smtp, ports.smtps, ports.lmtp):
        await _listening(port)
    is_over = False
    sending = asyncio.create_task(load.send(ports, _MESSAGES, lambda: is_over))
    try:
        await generations.until_told("READY=1")
        for _ in range(_HANDOVERS):
            await asyncio.sleep(0.2)
            await generations.hand_over()
    finally:
        is_over = True
        await sending


async def _listening(port: int) -> None:
    """Waits until somebody listens there, and does not connect: that would start the program."""
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"
    async with asyncio.timeout(10):
        while wanted not in open("/proc/net/tcp").read():
            await asyncio.sleep(0.01)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports

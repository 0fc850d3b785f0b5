"""More clients than the program may have files: no message is lost, and those who come later are served."""

from __future__ import annotations

import asyncio

import maildir_check
from client import Client, Kind, trusting
from ledger import Ledger
from letters import Letters
from load import Load
from program import Ports, Program
from scenarios.base import Checks

from .base import Ordeal, Stage, deliver, ended, look

_FILES = 48
_MESSAGES = 400
_AFTERWARDS = 50


class FileLimit(Ordeal):
    """Connections are allowed until no file is left for a message."""

    name = "file-limit"

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        program = Program(stage.program, stage.folder, files=_FILES, flags=["--limit", "connections=1000"])
        letters = Letters(stage.seed, largest=50_000)
        load = Load(letters, Ledger(2 * _MESSAGES + _AFTERWARDS), sessions=8)
        with ended(program):
            ports = program.start()
            refused = asyncio.run(_exhaust(ports, load))
            checks.that(refused == {"451 4.3.0"}, f"with no file left: replies {refused}")
            after = deliver(ports, load, _AFTERWARDS)
            checks.that(set(after) == {"250 2.6.0"}, f"with files again: replies {dict(after)}")
            # More sessions than files: they take turns, or are told 451.
            load.sessions = 3 * _FILES
            crowd = deliver(ports, load, _MESSAGES)
            checks.that(set(crowd) <= {"250 2.6.0", "451 4.3.0"}, f"in the crowd: replies {dict(crowd)}")
            checks.that(crowd["250 2.6.0"] > 0, f"in the crowd: replies {dict(crowd)}")
            program.stop()
        left = maildir_check.leftovers(program.store)
        checks.that(not left, ", ".join(left[:3]))
        look(checks, program, letters, load.ledger)
        checks.that(not load.faults and not load.cut, f"{load.cut} sessions cut; {load.faults[:3]}")
        return checks


async def _exhaust(ports: Ports, load: Load) -> set[str]:
    """Opens sessions until no more is answered, then delivers over the first; returns the replies."""
    tls = trusting()
    clients: list[Client] = []
    try:
        while len(clients) < _FILES:
            client = Client(Kind.LOCK_STEP, load.letters, load.ledger, load.replies)
            try:
                async with asyncio.timeout(1):
                    await client.open(ports, tls)
            except TimeoutError:
                break
            clients.append(client)
        before = load.replies.copy()
        number = load.ledger.next()
        if number is not None:
            await clients[0].send(number)
        return set(load.replies - before)
    finally:
        for client in clients:
            client.vanish()

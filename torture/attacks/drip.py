"""Clients that send an octet now and then: in a command, in a message, in the place of a TLS handshake."""

from __future__ import annotations

import select
import socket
import time
from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect, line

_STAGES = {
    "command": b"",
    "message": b"EHLO x.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<one@receiver.example>\r\nDATA\r\n",
    "handshake": b"EHLO x.example\r\nSTARTTLS\r\n",
}
# A TLS record that announces 512 bytes of a ClientHello.
_RECORD = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(501)
_OCTETS = {"command": b"N" * 500, "message": b"Subject: slow " * 50, "handshake": _RECORD}


class Drip(Attack):
    name = "drip"
    connections = 300
    # Seconds between two bytes.
    pause = 0.05
    flags = ("--timeout", "command=2", "--timeout", "handshake=2", "--limit", "connections-per-client=0")

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        held = {}
        for number in range(self.connections):
            connection = connect(port, number)
            stage = list(_STAGES)[number % len(_STAGES)]
            line(connection)
            connection.sendall(_STAGES[stage])
            for _ in range(_STAGES[stage].count(b"\n")):
                # The reply to EHLO has several lines; its last is HELP.
                line(connection)
            held[connection] = stage
        seen: Counter[str] = Counter()
        begun.set()
        sent = 0
        until = time.monotonic() + 4
        while held and (time.monotonic() < until or not over.is_set()):
            for connection, stage in list(held.items()):
                try:
                    if _is_over(connection):
                        raise ConnectionError
                    connection.sendall(_OCTETS[stage][sent % 500 : sent % 500 + 1])
                except ConnectionError:
                    seen[f"{stage} ended"] += 1
                    connection.close()
                    del held[connection]
            sent += 1
            time.sleep(self.pause)
        for connection, stage in held.items():
            seen[f"{stage} held"] += 1
            connection.close()
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        each = self.connections // len(_STAGES)
        # A message may come slowly for a minute.
        expected = {"command ended": each, "handshake ended": each, "message held": each}
        return [] if seen == expected else [f"came to {dict(seen)}"]

def _is_over(connection: socket.socket) -> bool:
    """Whether the server has closed; what it said is read and dropped."""
    while select.select([connection], [], [], 0)[0]:
        if not connection.recv(65536):
            return True
    return False

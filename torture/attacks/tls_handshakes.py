"""Clients that make one TLS handshake after the other, each with new keys."""

from __future__ import annotations

import threading
from collections import Counter
from multiprocessing.synchronize import Event

from .base import Attack, connect, secure, together

_CLIENTS = 20


class TlsHandshakes(Attack):
    name = "tls-handshakes"
    connections = _CLIENTS
    memory_of_each = 64 / 1024

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        seen: Counter[str] = Counter()
        lock = threading.Lock()

        def shake_hands(client: int) -> None:
            done = 0
            while done < 10 or not over.is_set():
                secure(connect(port, client * 3000 + done % 3000)).close()
                done += 1
            with lock:
                seen["handshakes"] += done

        together(_CLIENTS, begun, shake_hands)
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        return [] if seen["handshakes"] >= 10 * _CLIENTS else [f"came to {dict(seen)}"]

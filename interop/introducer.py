"""Says EHLO in the place of clients that begin with STARTTLS, as gsasl 2.2 does, and then stays out of their way.

The TLS session is the client's own with the server, so what is bound to it holds.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SECONDS = 30


@contextmanager
def introduced(port: int) -> Iterator[int]:
    """A port whose clients reach the server on `port` after an EHLO of ours."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_introduce, args=(client, port), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        # Wakes the thread that waits for a client; closing alone does not.
        listener.shutdown(socket.SHUT_RDWR)


def _introduce(client: socket.socket, port: int) -> None:
    with client, socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as server:
        client.settimeout(_SECONDS)
        greeting = _reply(server)
        server.sendall(b"EHLO client.example\r\n")
        _reply(server)
        client.sendall(greeting)
        back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        back.start()
        _pass_on(client, server)
        back.join(_SECONDS)


def _reply(server: socket.socket) -> bytes:
    """All lines of a reply; the server says nothing behind it before it is asked."""
    octets = b""
    while not (octets.endswith(b"\r\n") and octets.splitlines()[-1][3:4] == b" "):
        octets += server.recv(4096)
    return octets


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while octets := source.recv(65536):
            target.sendall(octets)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass

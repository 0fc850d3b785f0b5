"""A Redis server with a password, on a Unix socket and by TLS, and a client of it."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import authority
from daemon import Process
from relay import free_port
from server import ServerError

PASSWORD = "correct horse"
_START_SECONDS = 20
_PATH = "/usr/bin:/usr/local/bin:/bin"


def missing() -> str | None:
    """What is not installed, if anything."""
    return None if shutil.which("redis-server", path=_PATH) else "redis-server (the Debian package redis-server)"


class RedisServer(Process):
    """A server that keeps nothing on disk, so that each start is an empty one."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.tls_port = free_port()
        authority.make(folder)
        self.authority, chain, key = authority.paths(folder)
        command = ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", str(folder)]
        command += ["--requirepass", PASSWORD, "--tls-port", str(self.tls_port), "--tls-auth-clients", "no"]
        command += ["--tls-cert-file", str(chain), "--tls-key-file", str(key), "--tls-ca-cert-file", str(self.authority)]
        command += ["--bind", "127.0.0.1", "-::1"]
        super().__init__("redis-server", command, folder / "redis.log", self._answers, _START_SECONDS)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), Client(self) as client:
            client.ask("PING")
            return True
        return False


class Client:
    """A connection."""

    def __init__(self, server: RedisServer) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(10)
        self._socket.connect(str(server.socket))
        self._input = self._socket.makefile("rb")
        self.ask("AUTH", PASSWORD)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._input.close()
        self._socket.close()

    def ask(self, *words: str | int) -> int | str | None:
        """Sends a command and returns its reply."""
        texts = [str(word).encode() for word in words]
        command = b"".join(b"$%d\r\n%s\r\n" % (len(text), text) for text in texts)
        self._socket.sendall(b"*%d\r\n%s" % (len(texts), command))
        line = self._input.readline().rstrip(b"\r\n").decode()
        kind, rest = line[:1], line[1:]
        if kind == "-":
            raise ServerError(f"Redis answers {words[0]} with {rest}")
        if kind == "$":
            return None if rest == "-1" else self._input.read(int(rest) + 2)[:-2].decode()
        return int(rest) if kind == ":" else rest


@contextlib.contextmanager
def running(folder: Path) -> Iterator[RedisServer]:
    """A server as long as the context lasts."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()

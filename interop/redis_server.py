"""A Redis server with a password on a Unix socket, and a client of it."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from server import ServerError

PASSWORD = "correct horse"
_START_SECONDS = 20
_PATH = "/usr/bin:/usr/local/bin:/bin"


def missing() -> str | None:
    """What is not installed, if anything."""
    return None if shutil.which("redis-server", path=_PATH) else "redis-server (the Debian package redis-server)"


class RedisServer:
    """A server that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self._log = folder / "redis.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, empty, and waits until it answers."""
        command = ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--requirepass", PASSWORD]
        with self._log.open("ab") as said:
            self._process = subprocess.Popen(command, stdout=said, stderr=said, cwd=self.socket.parent)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            with contextlib.suppress(OSError), Client(self) as client:
                client.ask("PING")
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerError(f"redis-server did not start: {self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """Ends it at once, whatever it does."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Stops it, so that it keeps its connections and does not answer."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)


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

"""What stands behind a store: a server that takes mail as fast as it can and forgets it."""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aside import put_aside
from place import HTTP_SINK, WORK
from running import Cores, Failed, free_port, placed

_START_SECONDS = 10


@dataclass(frozen=True)
class Behind:
    """A program that listens on 127.0.0.1:{port}, and stays in the foreground."""

    command: str
    prepare: Callable[[int], None] = lambda _port: None

    def missing(self) -> str | None:
        """What is not installed, if anything."""
        program = Path(shlex.split(self.command)[0])
        return None if program.exists() else str(program)


def _make_streams(port: int) -> None:
    """Asks NATS for a stream of all mail and a bucket for large content, which forget what is old."""
    bounds = {"storage": "file", "max_bytes": 2**30, "discard": "old"}
    bucket = {"subjects": ["$O.content.C.>", "$O.content.M.>"], "allow_rollup_hdrs": True, "allow_direct": True}
    with socket.create_connection(("127.0.0.1", port), 5) as nats:
        lines = nats.makefile("rb")
        lines.readline()
        nats.sendall(b'CONNECT {"verbose":false}\r\nSUB answer 1\r\n')
        for stream in ({"name": "BENCH", "subjects": ["mail.>"]}, {"name": "OBJ_content", **bucket}):
            request = json.dumps({**stream, **bounds})
            subject = f"$JS.API.STREAM.CREATE.{stream['name']}"
            nats.sendall(f"PUB {subject} answer {len(request)}\r\n{request}\r\n".encode())
            while not lines.readline().startswith(b"MSG"):
                pass
            if error := json.loads(lines.readline()).get("error"):
                raise Failed(f"NATS makes no stream {stream['name']}: {error}")


SMTP = Behind("/usr/sbin/smtp-sink -u nobody -m 30000 127.0.0.1:{port} 4096")
LMTP = Behind("/usr/sbin/smtp-sink -L -u nobody -m 30000 127.0.0.1:{port} 4096")
HTTP = Behind(f"{HTTP_SINK} {{port}}")
NATS = Behind(f"/usr/sbin/nats-server -a 127.0.0.1 -p {{port}} -js -sd {WORK}/nats", _make_streams)


@contextlib.contextmanager
def standing(behind: Behind, cores: Cores) -> Iterator[int]:
    """Its port, for as long as the block runs. It shares the processor of the load."""
    if (WORK / "nats").exists():
        put_aside(WORK / "nats")
    port = free_port()
    with started(behind.command.format(port=port), ("127.0.0.1", port), cores.load):
        behind.prepare(port)
        yield port


@contextlib.contextmanager
def started(command: str, address: tuple[str, int] | Path, on: frozenset[int]) -> Iterator[int]:
    """A program on these processors, from when it listens for as long as the block runs. Gives its process."""
    words = shlex.split(command)
    log = WORK / f"{Path(words[0]).name}.log"
    with log.open("wb") as said:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, preexec_fn=placed(on))
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _listens(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{words[0]} did not start, see {log}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _listens(address: tuple[str, int] | Path) -> bool:
    with contextlib.suppress(OSError):
        if isinstance(address, Path):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(address))
        else:
            socket.create_connection(address, 1).close()
        return True
    return False

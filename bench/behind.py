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
_STREAM = "BENCH"


@dataclass(frozen=True)
class Behind:
    """A program that listens on 127.0.0.1:{port}, and stays in the foreground."""

    command: str
    prepare: Callable[[int], None] = lambda _port: None

    def missing(self) -> str | None:
        """What is not installed, if anything."""
        program = Path(shlex.split(self.command)[0])
        return None if program.exists() else str(program)


def _make_stream(port: int) -> None:
    """Asks NATS for a stream of all mail, which holds few messages and forgets the oldest."""
    stream = {"name": _STREAM, "subjects": ["mail.>"], "storage": "file", "max_msgs": 10_000, "discard": "old"}
    request = json.dumps(stream).encode()
    with socket.create_connection(("127.0.0.1", port), 5) as nats:
        lines = nats.makefile("rb")
        lines.readline()
        nats.sendall(b'CONNECT {"verbose":false}\r\nSUB answer 1\r\n')
        nats.sendall(b"PUB $JS.API.STREAM.CREATE.%s answer %d\r\n%s\r\n" % (_STREAM.encode(), len(request), request))
        while not lines.readline().startswith(b"MSG"):
            pass
        answer = json.loads(lines.readline())
    if "error" in answer:
        raise Failed(f"NATS makes no stream: {answer['error']}")


SMTP = Behind("/usr/sbin/smtp-sink -u nobody -m 30000 127.0.0.1:{port} 4096")
LMTP = Behind("/usr/sbin/smtp-sink -L -u nobody -m 30000 127.0.0.1:{port} 4096")
HTTP = Behind(f"{HTTP_SINK} {{port}}")
NATS = Behind(f"/usr/sbin/nats-server -a 127.0.0.1 -p {{port}} -js -sd {WORK}/nats", _make_stream)


@contextlib.contextmanager
def standing(behind: Behind, cores: Cores) -> Iterator[int]:
    """Its port, for as long as the block runs. It shares the processor of the load."""
    if (WORK / "nats").exists():
        put_aside(WORK / "nats")
    port = free_port()
    log = (WORK / "behind.log").open("wb")
    command = shlex.split(behind.command.format(port=port))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=placed(cores.load))
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{command[0]} did not start, see {WORK}/behind.log")
            time.sleep(0.05)
        behind.prepare(port)
        yield port
    finally:
        process.kill()
        process.wait()
        log.close()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False

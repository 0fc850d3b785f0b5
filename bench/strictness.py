"""What each server refuses of what it should: found out by asking it, to be read beside its figures."""

from __future__ import annotations

import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from running import Cores, Running, running
from servers import Server

_SECONDS = 3.0
# Any server that answers at all has answered by then.
_SILENCE = 1.0
_ENVELOPE = (b"MAIL FROM:<a@bench.test>\r\n", b"RCPT TO:<b@bench.test>\r\n")


@dataclass(frozen=True)
class Strictness:
    """Which of the questions a server has passed."""

    server: str
    passed: dict[str, bool]


# The lines after EHLO; all but the last one prepare. The test passes if the last line is refused.
_REFUSED: dict[str, list[bytes]] = {
    "order of commands": [b"RCPT TO:<b@bench.test>\r\n"],
    "syntax of addresses": [b"MAIL FROM:<a b@@bench..test>\r\n"],
    "length of command lines": [b"NOOP " + b"x" * 10_000 + b"\r\n"],
    "announced size": [b"MAIL FROM:<a@bench.test> SIZE=99999999999\r\n"],
    "bare LF in commands": [b"NOOP\n"],
}

# A false end of data. The test passes if no 250 answers it.
_NO_END: dict[str, bytes] = {
    "LF.LF ends no message": b"Subject: x\r\n\r\nx\n.\n",
    "LF.CRLF ends no message": b"Subject: x\r\n\r\nx\n.\r\n",
    "CRLF.LF ends no message": b"Subject: x\r\n\r\nx\r\n.\n",
    "CR.CR ends no message": b"Subject: x\r\n\r\nx\r.\r",
}

QUESTIONS: tuple[str, ...] = (*_REFUSED, *_NO_END)


def strictness(server: Server, cores: Cores) -> Strictness:
    """Asks a fresh server everything, all at once, on a connection each."""
    asked = _REFUSED | {question: [*_ENVELOPE, b"DATA\r\n", body] for question, body in _NO_END.items()}
    with running(server, cores, for_idle=True) as up, ThreadPoolExecutor(len(asked)) as pool:
        replies = pool.map(lambda lines: _last_reply(up, lines), asked.values())
        return Strictness(server.name, {question: not reply.startswith(b"2") for question, reply in zip(asked, replies)})


def _last_reply(up: Running, lines: list[bytes]) -> bytes:
    """The reply to the last line, or nothing if none comes."""
    reply = b""
    with socket.create_connection(("127.0.0.1", up.port), timeout=_SECONDS) as client:
        _read(client, _SECONDS)
        for line in [b"EHLO client.bench.test\r\n", *lines]:
            is_last = line is lines[-1]
            with contextlib.suppress(OSError):
                client.sendall(line)
                reply = b""
            reply = _read(client, _SILENCE if is_last else _SECONDS)
    return reply


def _read(client: socket.socket, seconds: float) -> bytes:
    """One reply with all its lines, or what has come of it in that time."""
    client.settimeout(seconds)
    got = b""
    with contextlib.suppress(OSError):
        while not (got.endswith(b"\r\n") and got.splitlines()[-1][3:4] != b"-"):
            part = client.recv(4096)
            if not part:
                break
            got += part
    return got

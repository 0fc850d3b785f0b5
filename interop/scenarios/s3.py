"""Objects in a bucket: the program puts mail into moto, which fails in the middle of uploads, and takes some keys only."""

from __future__ import annotations

import random
import smtplib
import time
from pathlib import Path

import moto_server
import trace_headers
from clients.base import EHLO
from delivery import Delivery
from message import DOMAIN
from moto_server import BUCKET, Moto
from relay import free_port
from server import Certificate, Server, running

from .base import Checks, Scenario

_SENDER = f"sender@{DOMAIN}"
_LARGE = 10 * 2**20
_PART = 5 * 2**20
_SENT_BEFORE = _PART + 2**19
_SEND_SECONDS = 60
_STORE_SECONDS = 5
_SETTLE_SECONDS = 30


class S3(Scenario):
    name = "s3"

    def missing(self) -> str | None:
        return None if moto_server.program().is_file() else f"{moto_server.program()} (moto[server] from PyPI)"

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        (folder / "secret").write_text("hunter2\n")
        moto = Moto(free_port(), folder / "moto.log")
        try:
            moto.start()
            with _mailchute(program, folder, certificate, moto) as server:
                _whole(checks, server, moto)
                _paused(checks, server, moto)
                _killed(checks, server, moto)
            with _mailchute(program, folder, certificate, moto, bucket="nobodys") as server:
                _refused(checks, server, "a bucket that is not there", "create the bucket")
        finally:
            moto.kill()
        moto = Moto(free_port(), folder / "moto.log", checks_keys=True)
        try:
            moto.start()
            with _mailchute(program, folder, certificate, moto) as server:
                _refused(checks, server, "a key that the server does not know", "check the key")
        finally:
            moto.kill()
        return checks


def _mailchute(program: Path, folder: Path, certificate: Certificate, moto: Moto, bucket: str = BUCKET):
    key = f"key=mailchute&secret=file:{folder}/secret"
    flags = ["--sandbox", f"--timeout=store={_STORE_SECONDS}s"]
    store = f"s3://{bucket}/{{domain}}/{{user}}/{{id}}?endpoint={moto.url}&region=eu-north-1&{key}"
    return running(program, folder, certificate, flags, store=store)


def _content(subject: str, size: int) -> bytes:
    """Lines of random letters, some with a dot at their beginning."""
    letters = random.Random(subject).randbytes(size // 2).hex()
    lines = [letters[at : at + 70] for at in range(0, len(letters), 70)]
    lines[::5] = [f".{line}" for line in lines[::5]]
    return f"Subject: {subject}\r\n\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n"


def _send(server: Server, recipients: tuple[str, ...], content: bytes) -> tuple[int, bytes]:
    with smtplib.SMTP("127.0.0.1", server.port, EHLO, timeout=_SEND_SECONDS) as session:
        session.ehlo()
        session.mail(_SENDER)
        for recipient in recipients:
            session.rcpt(recipient)
        return session.data(content)


def _whole(checks: Checks, server: Server, moto: Moto) -> None:
    """Each recipient has an object with exactly what was sent."""
    recipients = (f"Bob@{DOMAIN}", f"eve@{DOMAIN}", "bob@other.example")
    for subject, size, parts in (("small", 1000, 0), ("large", _LARGE, 3)):
        content = _content(subject, size)
        before = set(moto.keys())
        answer = _send(server, recipients, content)
        checks.that(answer[0] == 250, f"{subject}: the content was answered {answer}")
        new = sorted(set(moto.keys()) - before)
        folders = [key.rpartition("/")[0] for key in new]
        wanted = {f"{DOMAIN}/bob": recipients[0], f"{DOMAIN}/eve": recipients[1], "other.example/bob": recipients[2]}
        if not checks.that(folders == sorted(wanted), f"{subject}: the objects are {new}"):
            continue
        for key in new:
            header, found = moto.object(key)
            recipient = wanted[key.rpartition("/")[0]]
            stored = trace_headers.take_apart(found)
            faults = trace_headers.faults(stored, Delivery(_SENDER, (recipient,), content, False, EHLO, False))
            checks.that(not faults, f"{subject}: {faults}")
            checks.that(stored.content == content, f"{subject}: {key} is not what was sent")
            checks.that(header["x-amz-meta-recipients"] == recipient, f"{subject}: {key} has {header}")
            checks.that(header["x-amz-meta-sender"] == _SENDER, f"{subject}: {key} has {header}")
            checks.that(header["content-type"] == "message/rfc822", f"{subject}: {key} has {header}")
            in_parts = header["etag"].strip('"').rpartition("-")[2] if parts else "0"
            checks.that(in_parts == str(parts), f"{subject}: {key} has the tag {header['etag']}, not {parts} parts")
    checks.that(not moto.uploads(), f"uploads stay: {moto.uploads()}")


def _paused(checks: Checks, server: Server, moto: Moto) -> None:
    """The server hangs in the middle of uploads, and then goes on: what was refused is not there."""
    before = moto.keys()
    # The first part is sent before the pause, and the last one after it.
    for subject, size in (("paused", _SENT_BEFORE + 20_000), ("paused and small", 1000)):
        with _Sending(server, _content(subject, size), moto.freeze) as sending:
            pass
        answer = sending.answer
        checks.that(answer[0] == 451, f"{subject}: a server that hangs was answered {answer}")
        checks.that(sending.waited < _STORE_SECONDS + 10, f"{subject}: the answer took {sending.waited:.0f} s")
        moto.thaw()
        checks.that(_settles(lambda: not moto.uploads()), f"{subject}: uploads stay: {moto.uploads()}")
        checks.that(_settles(lambda: moto.keys() == before), f"{subject}: objects stay")
    answer = _send(server, (f"bob@{DOMAIN}",), _content("after the pause", _LARGE))
    checks.that(answer[0] == 250, f"after the pause a message was answered {answer}")


def _killed(checks: Checks, server: Server, moto: Moto) -> None:
    """The server is gone in the middle of an upload, and comes back with an empty bucket."""
    content = _content("killed", _LARGE)
    with _Sending(server, content, moto.kill) as sending:
        pass
    checks.that(sending.answer[0] == 451, f"a server that is gone was answered {sending.answer}")
    answer = _send(server, (f"bob@{DOMAIN}",), _content("gone", 1000))
    checks.that(answer[0] == 451 and b"4.4.1" in answer[1], f"without a server the answer is {answer}")
    moto.start()
    answer = _send(server, (f"bob@{DOMAIN}",), content)
    checks.that(answer[0] == 250, f"after the start a message was answered {answer}")
    stored = [trace_headers.take_apart(moto.object(key)[1]).content for key in moto.keys()]
    checks.that(stored == [content], f"after the start there are {len(stored)} objects, or not what was sent")
    checks.that(_settles(lambda: not moto.uploads()), f"uploads stay: {moto.uploads()}")


class _Sending:
    """Sends content whose last line waits until something has happened to the server."""

    def __init__(self, server: Server, content: bytes, happens) -> None:
        self.answer: tuple[int, bytes] = (0, b"")
        self.waited = 0.0
        self._server, self._content, self._happens = server, content, happens

    def __enter__(self) -> _Sending:
        with smtplib.SMTP("127.0.0.1", self._server.port, EHLO, timeout=_SEND_SECONDS) as session:
            session.ehlo()
            session.mail(_SENDER)
            session.rcpt(f"bob@{DOMAIN}")
            session.docmd("DATA")
            stuffed = smtplib._quote_periods(self._content)
            session.send(stuffed[:_SENT_BEFORE])
            time.sleep(0.5)
            self._happens()
            began = time.monotonic()
            session.send(stuffed[_SENT_BEFORE:] + b".\r\n")
            self.answer = session.getreply()
            self.waited = time.monotonic() - began
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _refused(checks: Checks, server: Server, what: str, hint: str) -> None:
    for size in (1000, _LARGE):
        answer = _send(server, (f"bob@{DOMAIN}",), _content(what, size))
        checks.that(answer[0] == 451 and b"4.3.5" in answer[1], f"{what} was answered {answer}")
    log = server.logged(hint)
    checks.that(hint in log, f"{what}: the log does not say {hint!r}: {log[-500:]}")
    checks.that("hunter2" not in log, f"{what}: the log has the secret")


def _settles(holds) -> bool:
    deadline = time.monotonic() + _SETTLE_SECONDS
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return held

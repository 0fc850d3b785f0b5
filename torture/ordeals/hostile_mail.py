"""Hostile messages in the console: each page answers in bounded time and memory, and other mail goes on meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from client import Kind
from hostile_mails import HostileMail as Mail
from hostile_mails import hostile_mails, send
from ledger import Fate, Ledger
from letters import Letters
from load import Load
from program import Ports
from scenarios.base import Checks
from server import listening
from vitals import most_memory

from .base import Ordeal, Stage

# In seconds: for one request from its start to its last byte, and for a few messages of the load.
_BOUND = 30
_TABS = ("html", "text", "source", "headers", "parts", "session", "checks")
_KINDS = (Kind.LOCK_STEP, Kind.PIPELINED, Kind.CHUNKED)
_ROUND = 10
_PAUSE = 0.1
_MOST_MAIL = 50_000
# Readers of the largest message at a time.
_CROWD = 8
# In MiB, above what the program takes before the first request.
_MOST_GROWTH = 1536.0
_PIECE = 1024 * 1024
_SENTENCE = re.compile(r"[A-Z][^<>]*\.$")


class HostileMail(Ordeal):
    name = "hostile-mail"

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        mail = stage.folder / "mail"
        command = [
            str(stage.program), "inbox", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", f"maildir:{mail}",
            # The hostile messages and all of the load come in, and stay.
            "--max-message-size", "40M", "--limit", "header-size=0", "--limit", "transactions=0", "--keep", str(2 * _MOST_MAIL),
        ]  # fmt: skip
        with listening(command, stage.folder, stage.folder / "log") as (ports, process):
            for one in hostile_mails():
                reply = send(ports["smtp"], one)
                checks.that(reply.startswith("250 "), f"{one.name}: was answered {reply}")
            quiet = most_memory(process)
            load = Load(Letters(stage.seed, largest=20_000), Ledger(_MOST_MAIL), _KINDS, sessions=2)
            asyncio.run(_read_while_mail_comes(checks, ports, load))
            growth = most_memory(process) - quiet
            print(f"  {quiet:.0f} MiB before the first request, {growth:.0f} MiB more at most", flush=True)
            checks.that(growth <= _MOST_GROWTH, f"took {growth:.0f} MiB more, and {_MOST_GROWTH:.0f} are the most")
            _all_is_listed(checks, ports["http"], load.ledger)
        return checks


async def _read_while_mail_comes(checks: Checks, ports: dict[str, int], load: Load) -> None:
    reading = asyncio.create_task(_read(checks, ports["http"]))
    slowest = 0.0
    while not reading.done():
        began = time.monotonic()
        await load.send(Ports(ports["smtp"], 0, 0), _ROUND)
        slowest = max(slowest, time.monotonic() - began)
        await asyncio.sleep(_PAUSE)
    await reading
    accepted = load.ledger.count(Fate.ACCEPTED)
    print(f"  {accepted} messages came meanwhile, {_ROUND} of them in {slowest:.1f} s at most", flush=True)
    checks.that(accepted > 0 and set(load.replies) == {"250 2.6.0"}, f"other clients were told {dict(load.replies)}")
    checks.that(not load.faults and not load.cut, f"{load.cut} sessions were cut; {load.faults[:3]}")
    checks.that(slowest <= _BOUND, f"{_ROUND} messages took {slowest:.1f} s")


async def _read(checks: Checks, port: int) -> None:
    for mail in hostile_mails():
        await asyncio.to_thread(_read_one, checks, port, mail)
    # The largest again, by many at a time, who wait for each other.
    largest = max(hostile_mails(), key=lambda mail: len(mail.content))
    identity = await asyncio.to_thread(_id, checks, port, largest)
    seconds = _CROWD * _BOUND
    crowd = [asyncio.to_thread(_get, port, f"/api/v1/messages/{identity}", seconds) for _ in range(_CROWD)]
    for answer in await asyncio.gather(*crowd):
        _look(checks, f"{largest.name}, {_CROWD} at a time", answer, seconds=seconds)


def _read_one(checks: Checks, port: int, mail: Mail) -> None:
    slowest, path_of_slowest = 0.0, ""
    identity = _id(checks, port, mail)
    for path, status in _paths(mail, identity):
        answer = _get(port, path)
        _look(checks, mail.name, answer, status)
        if answer.seconds > slowest:
            slowest, path_of_slowest = answer.seconds, path
        is_page = "?tab=" in path
        if mail.refusal and is_page:
            checks.that(mail.refusal.encode() in answer.body, f"{mail.name}: {path} does not say that {mail.refusal}")
        if path.endswith("/raw"):
            # A file of the Maildir has its trace header above, and LF at the end of lines.
            holds = answer.body.endswith(mail.content.replace(b"\r\n", b"\n"))
            checks.that(holds, f"{mail.name}: the source is not what was sent")
    print(f"  {mail.name}: {slowest:.1f} s at most, for {path_of_slowest.replace(identity, '…')}", flush=True)


def _paths(mail: Mail, identity: str) -> Iterator[tuple[str, int]]:
    """What is asked, and the status that is due."""
    of_html = 200 if mail.has_html else 404
    yield from (("/", 200), ("/api/v1/messages?limit=100", 200), ("/?q=subject:hostile", 200))
    yield from ((f"/m/{identity}?tab={tab}", 200) for tab in _TABS)
    yield from ((f"/m/{identity}/html", of_html), (f"/m/{identity}/raw", 200))
    api = f"/api/v1/messages/{identity}"
    yield from ((api, 200), (f"{api}/html", of_html), (f"{api}/raw", 200), (f"{api}/session", 200))
    yield from ((f"/api/v1/message/{identity}", 200), (f"/api/v1/message/{identity}/headers", 200))


def _id(checks: Checks, port: int, mail: Mail) -> str:
    """How the message is called; `latest`, after a fault, if it is not listed."""
    answer = _get(port, f"/api/v1/messages?q=subject:%22{mail.subject.replace(' ', '%20')}%22")
    _look(checks, mail.name, answer)
    found = json.loads(answer.body)["messages"] if answer.is_whole else []
    if not checks.that(len(found) == 1, f"{mail.name}: is listed {len(found)} times"):
        return "latest"
    return found[0]["ID"]


@dataclass(frozen=True)
class _Answer:
    path: str
    status: int
    seconds: float
    kind: str
    body: bytes
    # Whether the body has the length that its header tells.
    is_whole: bool

    def sentence(self) -> str:
        """What a refusal says to people."""
        if "json" in self.kind:
            return str(json.loads(self.body).get("detail", ""))
        return "".join(re.findall(r"<p>([^<]*)</p>", self.body.decode(errors="replace"))[:1])


def _get(port: int, path: str, seconds: float = _BOUND) -> _Answer:
    """The answer, or what has come of it when the time is over."""
    began = time.monotonic()
    status, kind, body, is_whole = 0, "", bytearray(), False
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)) as connection:
        with contextlib.suppress(TimeoutError):
            connection.request("GET", path)
            answer = connection.getresponse()
            status, kind = answer.status, answer.headers.get("Content-Type", "")
            length = answer.headers.get("Content-Length")
            while (piece := answer.read1(_PIECE)) and time.monotonic() - began <= seconds:
                body += piece
            is_whole = not piece and length in (None, str(len(body)))
    return _Answer(path, status, time.monotonic() - began, kind, bytes(body), is_whole)


def _look(checks: Checks, name: str, answer: _Answer, status: int = 200, seconds: float = _BOUND) -> None:
    where = f"{name}: {answer.path}"
    checks.that(answer.status == status, f"{where} was answered {answer.status}, and {status} is due: {answer.body[:200]!r}")
    checks.that(answer.seconds <= seconds, f"{where} took {answer.seconds:.1f} s")
    checks.that(answer.is_whole, f"{where} ended after {len(answer.body)} bytes")
    if answer.status != 200:
        sentence = answer.sentence()
        checks.that(bool(_SENTENCE.match(sentence)), f"{where} was refused with {sentence!r}")


def _all_is_listed(checks: Checks, port: int, ledger: Ledger) -> None:
    """Each message that was answered 250 is in the list once."""
    listed: list[str] = []
    before = ""
    while True:
        answer = _get(port, f"/api/v1/messages?limit=1000{before}")
        _look(checks, "the list", answer)
        page = json.loads(answer.body)
        listed += [message["Subject"] for message in page["messages"]]
        if not page["has_more"]:
            break
        before = f"&before={page['messages'][-1]['ID']}"
    sent = [f"number {number}" for number in range(ledger.capacity) if ledger.fate(number) is Fate.ACCEPTED]
    sent += [mail.subject for mail in hostile_mails()]
    checks.that(sorted(listed) == sorted(sent), f"{len(listed)} messages are listed, and {len(sent)} were accepted")

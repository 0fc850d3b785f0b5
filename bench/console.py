"""The console: how long requests take with 100,000 messages, and what it costs a message while no page is open."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import smtplib
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import processes
from measure import Run, one_run, remove
from place import WORK
from running import Cores, Failed, Running, free_port, running
from servers import PROGRAM_LIMITS_OFF, PROGRAM_SERVE, Server
from workloads import WORKLOADS

MESSAGES = 100_000
GOAL_SECONDS = 0.1
# What the console may add to the CPU time of a message while no page is open.
GOAL_PERCENT = 10
OFF, ON = "console-off", "console-on"
_ASKED = 21
# Fewer files are put into the index before anybody waits for them, and need no progress.
_MANY = 50_000
_MAILDIR = WORK / "mail" / "console"
_WORKLOADS = ("new", "kept")
# The messages of a turn, and the turns of each server for a second that a run is to take.
_A_TURN = 300
_TURNS_A_SECOND = 8
_WORDS = 20_000
_FIRST_SECOND = 1_769_860_800
_INDEX_SECONDS = 600
_NEXT = re.compile(r'rel="next" href="([^"]+)"')
_MESSAGE = re.compile(r'href="(/m/[0-9a-f]+)')


@dataclass(frozen=True)
class Asked:
    """One kind of request, asked several times. Seconds from the request to the end of the answer."""

    what: str
    seconds: list[float]

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


@dataclass
class Mailbox:
    """A Maildir with many messages, seen through the console of the program."""

    messages: int
    # From the start of the program to the answer of the first page, which shows what the index has by then.
    first_answer: float
    # What the program says of the time that its new index took.
    index_seconds: float
    progress_lines: int
    index_kib: int
    peak_rss_kib: int
    asked: list[Asked] = field(default_factory=list)


def described() -> dict[str, str]:
    """What each server is."""
    return {server.name: server.made_of for server in _pair()}


def cost(rounds: int, seconds: float, cores: Cores, tell: Callable[[str], None]) -> tuple[list[Run], list[str]]:
    """The program with and without the console, with new processes in each round. No page is open. The machine changes its
    speed within seconds: so they take many short turns in random order, and a run is the median of its turns."""
    runs: list[Run] = []
    turns = max(2, round(seconds * _TURNS_A_SECOND))
    for number in range(rounds):
        pair = _pair()
        for server in pair:
            remove(server)
        try:
            runs += _round(pair, turns, number, cores, tell)
        except Failed as failure:
            return runs, [f"round {number}: {failure}"]
    return runs, []


def _round(pair: list[Server], turns: int, number: int, cores: Cores, tell: Callable[[str], None]) -> list[Run]:
    runs = []
    with contextlib.ExitStack() as stack:
        up = [stack.enter_context(running(server, cores)) for server in random.sample(pair, len(pair))]
        for workload in (workload for workload in WORKLOADS if workload.name in _WORKLOADS):
            for one in up:
                one_run(one, workload, 2 * _A_TURN, cores)
            taken: dict[str, list[Run]] = {server.name: [] for server in pair}
            for _ in range(turns):
                for one in random.sample(up, len(up)):
                    taken[one.server.name].append(one_run(one, workload, _A_TURN, cores, number))
            for name, of in taken.items():
                runs.append(median := sorted(of, key=lambda run: run.cpu_per_message)[len(of) // 2])
                tell(f"{number} {workload.name:10} {name:16} {median.cpu_per_message * 1e6:11.1f} us/message")
    return runs


def mailbox(messages: int, cores: Cores, tell: Callable[[str], None]) -> Mailbox:
    """Starts the program over a Maildir with so many messages and no index, and asks it as browsers and tests do."""
    server, port = _server(ON, "many")
    remove(server)
    words = _fill(messages)
    tell(f"console: {messages:,} messages lie in {_MAILDIR / 'many'}")
    began = time.monotonic()
    try:
        with running(server, cores) as up, _pinned(cores):
            browser = _Browser(port)
            first = browser.get("/")
            found = _indexed(up, messages, time.monotonic() - began)
            if found.progress_lines and "data-progress" not in first:
                raise Failed("the first page does not tell how far the index is")
            for what, ask in _requests(browser, up, messages, words):
                found.asked.append(asked := Asked(what, [ask(number) for number in range(_ASKED)]))
                tell(f"console: {what}: {asked.median * 1e3:.1f} ms, worst {max(asked.seconds) * 1e3:.1f}")
            found.peak_rss_kib = processes.peak_rss_kib(up.process)
    finally:
        remove(server)
    return found


def _server(name: str, maildir: str) -> tuple[Server, int]:
    """The program, and the port of its console if it has one."""
    port, kept = free_port(), _MAILDIR / maildir
    command = f"{PROGRAM_SERVE} --store maildir:{kept} {PROGRAM_LIMITS_OFF}"
    if name == OFF:
        return Server(name, command, "Mailchute, program; a Maildir with fsync", logs=True, maildir=kept), 0
    command += f" --console --http 127.0.0.1:{port}"
    made_of = "the same with the console, and no page open"
    return Server(name, command, made_of, logs=maildir != "many", maildir=kept), port


def _pair() -> list[Server]:
    return [_server(OFF, "off")[0], _server(ON, "on")[0]]


def _fill(messages: int) -> list[str]:
    """Writes the messages, and returns their words: the first ones are in many messages, the last ones in few."""
    numbers = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(numbers.choices(letters, k=numbers.randint(4, 8))) for _ in range(_WORDS)]
    for name in ("new", "cur", "tmp"):
        (_MAILDIR / "many" / name).mkdir(parents=True)
    for number in range(messages):
        picked = [words[int(_WORDS * numbers.random() * numbers.random())] for _ in range(150)]
        text = "\n".join(" ".join(picked[at : at + 10]) for at in range(0, 150, 10))
        sender, recipient = f"sender{number % _senders(messages)}@example.org", f"user{number % 100}@domain{number % 7}.test"
        message = (
            f"Return-Path: <{sender}>\nDelivered-To: {recipient}\nReceived: from client.example ([192.0.2.1])\n"
            "\tby mx.example.com (Mailchute) with ESMTP id 1K1BAS6430W-1; Sat, 31 Jan 2026 12:00:00 +0000\n"
            f"From: {sender}\nTo: {recipient}\nSubject: number{number}\nMessage-ID: <number{number}@example.com>\n\n{text}\n"
        )
        name = f"{_FIRST_SECOND + number}.M{number}P1Q{number}.bench.test,S={len(message)}"
        (_MAILDIR / "many" / "new" / name).write_text(message)
    return words


def _senders(messages: int) -> int:
    return max(50, messages // 100)


def _indexed(up: Running, messages: int, first_answer: float) -> Mailbox:
    """Waits until the log says that the index is complete."""
    log = WORK / f"{up.server.name}.log"
    deadline = time.monotonic() + _INDEX_SECONDS
    while not (built := re.search(r"the index of messages is up to date.*\btook=([0-9.]+)", text := log.read_text())):
        # So few files are in the index before the first answer, and the log says nothing of it.
        if messages < _MANY:
            break
        if time.monotonic() > deadline:
            raise Failed(f"the index is not complete after {_INDEX_SECONDS} s, see {log}")
        time.sleep(0.05)
    progress = text.count("putting messages into the index")
    if built and not progress:
        raise Failed(f"no line told the progress of the index, see {log}")
    index = up.server.maildir and up.server.maildir / "mailchute-index.sqlite"
    return Mailbox(
        messages,
        first_answer,
        float(built.group(1)) if built else first_answer,
        progress,
        index.stat().st_size // 1024 if index else 0,
        0,
    )


_Ask = Callable[[int], float]


def _requests(browser: _Browser, up: Running, messages: int, words: list[str]) -> Iterator[tuple[str, _Ask]]:
    """What is asked, in this order, and the function that asks it for the so-manieth time."""

    def page(path: str) -> _Ask:
        return lambda _: browser.timed(path)

    def search(text: str) -> _Ask:
        return page(f"/?q={quote(text)}")

    listed = json.loads(browser.get("/api/v1/messages?limit=50"))
    if listed["total"] != messages:
        raise Failed(f"the API lists {listed['total']} of {messages} messages")
    first = browser.get("/")
    second = _NEXT.search(first)
    if not second:
        raise Failed("the first page has no link to the second one")
    shown = list(dict.fromkeys(_MESSAGE.findall(first)))
    yield "first page", page("/")
    yield "second page", page(second.group(1).replace("&amp;", "&"))
    yield "search: a word of one message", search(f"number{messages // 2}")
    yield "search: a word of many messages", search(words[0])
    yield "search: `from:` of a sender", search('from:"sender2@example.org"')
    yield "search: `mailbox:` of a domain", search("mailbox:@domain1.test")
    yield "API: a list of 50", page("/api/v1/messages?limit=50")
    yield "API: a wait that is satisfied at once", page(f"/api/v1/messages/wait?q=subject:number{messages - 1}&timeout=10")
    yield "API: a wait, from the 250 to the answer", lambda number: _wait(browser, up, number)
    yield "first page after a message came", lambda number: _come(browser, up, number)
    yield "a message that was unread", lambda number: browser.timed(shown[number])
    yield "a message that was read", lambda number: browser.timed(shown[number])
    yield "API: a deletion by search", lambda number: _delete(browser, messages, number)

    def deleted(number: int) -> float:
        _delete(browser, messages, _ASKED + number)
        return browser.timed("/")

    yield "first page after a deletion", deleted


def _send(up: Running, subject: str) -> None:
    with smtplib.SMTP("127.0.0.1", up.port) as client:
        client.sendmail("sender@example.org", ["bench@example.org"], f"Subject: {subject}\r\n\r\nbench\r\n")


def _come(browser: _Browser, up: Running, number: int) -> float:
    _send(up, f"came{number}")
    return browser.timed("/")


def _wait(browser: _Browser, up: Running, number: int) -> float:
    ended: list[float] = []

    def wait() -> None:
        _Browser(browser.port).get(f"/api/v1/messages/wait?q=subject:awaited{number}&timeout=30")
        ended.append(time.monotonic())

    waiting = threading.Thread(target=wait)
    waiting.start()
    # The request has to be there first.
    time.sleep(0.2)
    _send(up, f"awaited{number}")
    began = time.monotonic()
    waiting.join()
    if not ended:
        raise Failed("a wait failed")
    return max(0.0, ended[0] - began)


def _delete(browser: _Browser, messages: int, number: int) -> float:
    began = time.monotonic()
    # The first senders are in other searches.
    search = quote(f'from:"sender{5 + number}@example.org"')
    deleted = json.loads(browser.get(f"/api/v1/messages?q={search}", "DELETE"))["messages"]
    seconds = time.monotonic() - began
    if deleted != messages // _senders(messages):
        raise Failed(f"{deleted} messages of a sender were deleted")
    return seconds


class _Browser:
    """A client with a kept connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection: http.client.HTTPConnection | None = None

    def timed(self, path: str) -> float:
        """The seconds that the answer to a GET takes."""
        began = time.monotonic()
        self.get(path)
        return time.monotonic() - began

    def get(self, path: str, method: str = "GET") -> str:
        """The answer."""
        for _ in range(2):
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                self._connection.request(method, path)
                answer = self._connection.getresponse()
                text = answer.read().decode()
            except (http.client.RemoteDisconnected, ConnectionError):
                # The console closes connections that are idle.
                self._connection = None
                continue
            if answer.status != 200:
                raise Failed(f"{method} {path}: {answer.status} {text[:200]}")
            return text
        raise Failed(f"{method} {path}: the connection closes")


@contextlib.contextmanager
def _pinned(cores: Cores) -> Iterator[None]:
    """This program on the processor of the load."""
    before = os.sched_getaffinity(0)
    if cores.load:
        os.sched_setaffinity(0, cores.load)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

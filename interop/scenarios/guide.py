"""The pieces of docs/guide/testing-your-mail.md, as they stand there: each waits for a mail that comes only then."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from application import ANN, inbox, link, send
from server import Certificate, environment

from .base import Checks, Scenario

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "testing-your-mail.md"
_URL = "http://localhost:8025"
# For what a piece needs to start, which may be a compiler, and for its end.
_SECONDS = 120
# How each language is run.
_LANGUAGES = {
    "sh": (["bash"], "piece.sh"),
    "python": (["python3"], "piece.py"),
    "js": (["node"], "piece.js"),
    "ruby": (["ruby"], "piece.rb"),
    "php": (["php"], "piece.php"),
    "go": (["go", "run"], "piece.go"),
}
_ESTABLISHED = "01"


class Guide(Scenario):
    name = "guide"

    def missing(self) -> str | None:
        return next((command[0] for command, _ in _LANGUAGES.values() if not shutil.which(command[0])), None)

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with inbox(program, folder) as (smtp, http):
            for number, language in enumerate(_LANGUAGES):
                _waits(checks, _Piece(language, f"{100_000 + number}"), smtp, http, folder)
            _nothing_comes(checks, http)
        return checks


def _waits(checks: Checks, piece: _Piece, smtp: int, http: int, folder: Path) -> None:
    """Runs a piece, and sends its mail once it waits."""
    with piece.running(checks, http, folder):
        waits = _is_connected(http, piece.process) and piece.process.poll() is None
        if not checks.that(waits, f"{piece.language}: does not wait"):
            return
        # Mail for others does not end the wait.
        send(smtp, "bob@example.com", "999999")
        send(smtp, piece.recipient, piece.code)
        piece.look(checks)


@dataclass
class _Piece:
    """A piece of the guide, in one language."""

    language: str
    # The code in its mail.
    code: str
    process: subprocess.Popen[str] | None = None

    @property
    def recipient(self) -> str:
        return ANN.replace("@", f"+{self.language}@")

    @contextlib.contextmanager
    def running(self, checks: Checks, http: int, folder: Path) -> Iterator[None]:
        text = piece_of_guide(self.language, "/messages/wait")
        checks.that(text.count(ANN) == 1 and _URL in text, f"{self.language}: the guide has {text!r}")
        command, name = _LANGUAGES[self.language]
        # A shell writes the query as it is sent.
        recipient = urllib.parse.quote(self.recipient, safe="@") if self.language == "sh" else self.recipient
        file = folder / name
        file.write_text(text.replace(_URL, f"http://127.0.0.1:{http}").replace(ANN, recipient))
        self.process = subprocess.Popen(
            [*command, str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment(), "GOCACHE": str(folder / "go"), "HOME": str(folder)},
        )
        try:
            yield
        finally:
            self.process.kill()
            self.process.communicate()

    def look(self, checks: Checks) -> None:
        try:
            printed, complaints = self.process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            checks.that(False, f"{self.language}: still waits {_SECONDS} s after its mail was sent")
            return
        fault = f"{self.language}: {printed} {complaints[-1000:]}"
        if self.language == "sh":
            checks.that(self.process.returncode == 0, fault)
            self._look_at_answer(checks, json.loads(printed or "{}"))
        else:
            checks.that(printed.split() == [link(self.code), self.code], fault)

    def _look_at_answer(self, checks: Checks, answer: Mapping[str, object]) -> None:
        """The JSON of the wait: what the table of the guide has, and no other mail."""
        table = re.findall(r"^\| (`.+`) \| .+ \|$", PAGE.read_text().partition("## Python")[0], re.MULTILINE)
        members = [name.strip("`") for row in table for name in row.split(", ")]
        checks.that(len(members) > 8 and set(members) <= set(answer), f"the guide has {members}, the answer {list(answer)}")
        wanted = {
            "subject": "Welcome to the app",
            "links": [{"url": link(self.code), "text": "Confirm"}],
            "codes": [self.code],
        }
        got = {name: answer.get(name) for name in wanted}
        checks.that(got == wanted, f"the answer has {got}")
        recipients = answer["envelope"]["to"]
        checks.that(recipients == [self.recipient, "hidden@example.com"], f"the envelope has {recipients}")


def piece_of_guide(language: str, words: str) -> str:
    """The first piece in this language that has these words."""
    pieces = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return next((piece for piece in pieces if words in piece), "")


def _is_connected(port: int, process: subprocess.Popen[str]) -> bool:
    """Waits until a client is connected to the server on this port, or this one has ended."""
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if local.endswith(f":{port:04X}") and state == _ESTABLISHED:
                return True
        time.sleep(0.02)
    return False


def _nothing_comes(checks: Checks, http: int) -> None:
    """A wait ends without a mail, in the words of the guide."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{http}/api/v1/messages/wait?q=to:carol&timeout=1", timeout=_SECONDS) as answer:
            checks.that(False, f"a wait for a mail that does not come was answered {answer.status} {answer.read()!r}")
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        told = {name: problem.get(name) for name in ("status", "title", "detail")}
        shown = re.search(r'^Errors have the form of RFC 9457: `(\{"status": 404.*?\})`', PAGE.read_text(), re.MULTILINE)
        wanted = json.loads(shown[1].replace("30 seconds", "1 seconds")) if shown else None
        checks.that(told == wanted, f"a wait without a mail ended with {told}, and the guide has {wanted}")

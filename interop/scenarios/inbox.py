"""`mailchute inbox` as test suites use it: clients of Mailpit that others wrote, the pieces of the guide, and the document of
the API, which `openapi-spec-validator` and `schemathesis` read."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
import shutil
import smtplib
import subprocess
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import packages
from clients import nodemailer
from server import Certificate, environment, listening

from .base import Checks, Scenario

_GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "testing-your-mail.md"
_SECONDS = 120
_LINK = "https://app.example.com/confirm?token=a1b2&user=7"
_CODE = "481516"
# The name of each language's program, and how a file is run.
_LANGUAGES = {
    "python": ("python3", ["python3"], "piece.py"),
    "js": ("node", ["node"], "piece.js"),
    "ruby": ("ruby", ["ruby"], "piece.rb"),
    "php": ("php", ["php"], "piece.php"),
    "go": ("go", ["go", "run"], "piece.go"),
}


class Inbox(Scenario):
    name = "inbox"

    def missing(self) -> str | None:
        for program, _, _ in _LANGUAGES.values():
            if not shutil.which(program):
                return program
        if not (nodemailer.FOLDER / "node_modules" / "mailpit-api").is_dir():
            return f"mailpit-api in {nodemailer.FOLDER} (interop/install puts it there)"
        wanted = ("mailpit", "openapi_spec_validator", "schemathesis")
        return next((lack for package in wanted if (lack := packages.missing(package))), None)

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with _inbox(program, folder) as (smtp, http):
            url = f"http://127.0.0.1:{http}"
            _send(smtp)
            _pieces(checks, url, folder)
            _python_client(checks, url)
            _send(smtp)
            _node_client(checks, url)
            _send(smtp)
            _document(checks, url, folder)
        return checks


@contextlib.contextmanager
def _inbox(program: Path, folder: Path) -> Iterator[tuple[int, int]]:
    """The ports of SMTP and HTTP."""
    complaints = folder / "inbox.stderr"
    command = [str(program), "inbox", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    with listening(command, folder, complaints) as (ports, _):
        yield ports["smtp"], ports["http"]


def _send(port: int) -> None:
    message = EmailMessage()
    message["From"] = "App <app@example.com>"
    message["To"] = "Ann <ann@example.com>"
    message["Subject"] = "Welcome to the app"
    message["Date"] = "Sun, 29 Nov 2026 12:00:00 +0000"
    message["Message-ID"] = "<welcome@app.example.com>"
    message.set_content(f"Confirm: {_LINK}\nYour code is {_CODE}.\n")
    message.add_alternative(
        f'<p>Your code is <b>{_CODE}</b>.</p><a href="{_LINK.replace("&", "&amp;")}">Confirm</a>', subtype="html"
    )
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="terms.pdf")
    with smtplib.SMTP("127.0.0.1", port, timeout=_SECONDS) as session:
        # Any login is accepted.
        session.login("anyone", "anything")
        session.send_message(message, to_addrs=["ann@example.com", "hidden@example.com"])


def _pieces(checks: Checks, url: str, folder: Path) -> None:
    """Runs each piece of the guide as it stands there, at the ports of this run."""
    page = _GUIDE.read_text()
    for language, (_, command, name) in _LANGUAGES.items():
        found = re.search(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
        if not checks.that(found is not None, f"the guide has no piece in {language}"):
            continue
        file = folder / name
        file.write_text(found[1].replace("http://localhost:8025", url))
        done = _run([*command, str(file)], {"GOCACHE": str(folder / "go"), "HOME": str(folder)})
        checks.that(done.stdout.split() == [_LINK, _CODE], f"{language}: {done.stdout} {done.stderr[-1000:]}")


def _python_client(checks: Checks, url: str) -> None:
    api = importlib.import_module("mailpit.client.api").API(url)
    page = api.get_messages()
    checks.that([one.subject for one in page.messages] == ["Welcome to the app"], f"PyPI: the list is {page}")
    message = api.get_message(page.messages[0].id)
    checks.that(message.from_.name == "App" and message.to[0].address == "ann@example.com", f"PyPI: {message}")
    checks.that([one.address for one in message.bcc] == ["hidden@example.com"], f"PyPI: bcc {message.bcc}")
    checks.that(_LINK in message.text and _CODE in message.html, f"PyPI: {message.text!r} {message.html!r}")
    attached = [(one.file_name, one.content_type, one.size) for one in message.attachments]
    checks.that(attached == [("terms.pdf", "application/pdf", 8)], f"PyPI: {attached}")
    content = api.get_message_attachment(message.id, message.attachments[0].part_id)
    checks.that(content in (b"%PDF-1.7", "%PDF-1.7"), f"PyPI: the attachment is {content!r}")
    headers = api.get_message_headers(message.id)
    checks.that(headers.message_id == ["<welcome@app.example.com>"], f"PyPI: {headers}")
    # The client deletes by a form, which pages of other sites can send too: the console refuses it.
    urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1/messages", method="DELETE"), timeout=_SECONDS).close()
    checks.that(api.get_messages().messages == [], "PyPI: a message is left")


def _node_client(checks: Checks, url: str) -> None:
    try:
        told = json.loads(nodemailer.node("mailpit.js", url))
    except (subprocess.SubprocessError, ValueError) as error:
        checks.that(False, f"npm: {error}")
        return
    for what, holds in told.items():
        checks.that(holds is True, f"npm: {what}: {holds}")


def _document(checks: Checks, url: str, folder: Path) -> None:
    with urllib.request.urlopen(f"{url}/api/v1/openapi.json", timeout=_SECONDS) as answer:
        document = json.load(answer)
    importlib.import_module("openapi_spec_validator").validate(document)
    # Each answer must be one that the document has, whatever is asked. Streams have no end, and waits take time.
    command = [
        str(packages.FOLDER / "bin" / "schemathesis"), "run", f"{url}/api/v1/openapi.json",
        "--exclude-path", "/api/v1/events", "--exclude-path", "/api/v1/messages/wait",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--max-examples", "20", "--seed", "1", "--no-color", "--phases", "examples,coverage,fuzzing",
    ]  # fmt: skip
    done = _run(command, {"HOME": str(folder)}, folder)
    checks.that(done.returncode == 0, f"schemathesis: {done.stdout[-4000:]} {done.stderr[-1000:]}")


def _run(
    command: list[str], more: dict[str, str], folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    wanted = {**environment(), **more}
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, env=wanted, cwd=folder)

"""`mailchute inbox` as test suites use it: clients of Mailpit that others wrote, and the document of the API, which
`openapi-spec-validator` and `schemathesis` read."""

from __future__ import annotations

import contextlib
import importlib
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import packages
from application import ANN, CODE, inbox, link, send
from clients import nodemailer
from server import Certificate, Server, environment, running

from .base import Checks, Scenario, kept_for

_SECONDS = 120


class Inbox(Scenario):
    name = "inbox"

    def missing(self) -> str | None:
        if not shutil.which("node"):
            return "node"
        if not (nodemailer.FOLDER / "node_modules" / "mailpit-api").is_dir():
            return f"mailpit-api in {nodemailer.FOLDER} (interop/install puts it there)"
        wanted = ("mailpit", "openapi_spec_validator", "schemathesis")
        return next((lack for package in wanted if (lack := packages.missing(package))), None)

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with _next_hop(program, folder, certificate) as next_hop, inbox(program, folder, *_releasing(next_hop)) as (smtp, http):
            url = f"http://127.0.0.1:{http}"
            send(smtp)
            _python_client(checks, url)
            _python_changes(checks, url, smtp)
            send(smtp)
            _python_fixture(checks, url, folder)
            send(smtp)
            _node_client(checks, url, smtp, next_hop)
            send(smtp)
            _document(checks, url, folder)
        return checks


@contextlib.contextmanager
def _next_hop(program: Path, folder: Path, certificate: Certificate) -> Iterator[Server]:
    """A server that messages may be released to."""
    own = folder / "next-hop"
    own.mkdir()
    with running(program, own, certificate, ["--lmtp", "127.0.0.1:0"]) as server:
        yield server


def _releasing(next_hop: Server) -> list[str]:
    return ["--console-release", f"lmtp:127.0.0.1:{next_hop.lmtp_port}", "--console-release-to", ANN]


def _python_client(checks: Checks, url: str) -> None:
    api = importlib.import_module("mailpit.client.api").API(url)
    page = api.get_messages()
    checks.that([one.subject for one in page.messages] == ["Welcome to the app"], f"PyPI: the list is {page}")
    message = api.get_message(page.messages[0].id)
    checks.that(message.from_.name == "App" and message.to[0].address == "ann@example.com", f"PyPI: {message}")
    checks.that([one.address for one in message.bcc] == ["hidden@example.com"], f"PyPI: bcc {message.bcc}")
    checks.that(link() in message.text and CODE in message.html, f"PyPI: {message.text!r} {message.html!r}")
    attached = [(one.file_name, one.content_type, one.size) for one in message.attachments]
    checks.that(attached == [("terms.pdf", "application/pdf", 8)], f"PyPI: {attached}")
    content = api.get_message_attachment(message.id, message.attachments[0].part_id)
    checks.that(content in (b"%PDF-1.7", "%PDF-1.7"), f"PyPI: the attachment is {content!r}")
    headers = api.get_message_headers(message.id)
    checks.that(headers.message_id == ["<welcome@app.example.com>"], f"PyPI: {headers}")


def _python_changes(checks: Checks, url: str, smtp: int) -> None:
    """The client marks and deletes by forms. There is one message, which is read."""
    api, refused = importlib.import_module("mailpit.client.api").API(url), importlib.import_module("httpx").HTTPStatusError
    send(smtp)
    send(smtp)
    newest, middle, oldest = (one.id for one in api.get_messages().messages)

    def unread() -> list[str]:
        return [one.id for one in api.get_messages().messages if not one.read]

    checks.that(unread() == [newest, middle], f"PyPI: unread are {unread()}")
    for what, change, left in (
        ("marks as read", lambda: api.put_messages([middle], "Read", True), [newest]),
        ("marks two as unread", lambda: api.put_messages([middle, oldest], "Read", False), [newest, middle, oldest]),
        ("deletes two", lambda: api.delete_messages([newest, oldest]), [middle]),
        # What names no message must not mean all.
        ("deletes by a wrong id", lambda: api.delete_messages(["nonsense"]), [middle]),
        ("deletes all", lambda: api.delete_messages([]), []),
    ):
        try:
            change()
        except refused as error:
            checks.that(what == "deletes by a wrong id", f"PyPI: {what}: {error}")
        checks.that(unread() == left, f"PyPI: {what}: unread are {unread()}, due are {left}")
    checks.that(api.get_messages().messages == [], "PyPI: a message is left")


def _python_fixture(checks: Checks, url: str, folder: Path) -> None:
    """The client's fixture for pytest, which deletes all messages when the tests are over."""
    file = folder / "test_mail.py"
    file.write_text(
        "import pytest\nfrom mailpit.testing.pytest import mailpit_api\n\n\n"
        f'@pytest.mark.parametrize("mailpit_api", ["{url}"], indirect=True)\n'
        "def test_mail_comes(mailpit_api):\n"
        '    assert [one.subject for one in mailpit_api.get_messages().messages] == ["Welcome to the app"]\n'
    )
    command = [str(packages.FOLDER / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    done = _run(command, {"HOME": str(folder)}, folder)
    checks.that(done.returncode == 0, f"pytest: {done.stdout[-1500:]} {done.stderr[-500:]}")
    left = importlib.import_module("mailpit.client.api").API(url).get_messages().messages
    checks.that(left == [], f"pytest: after the tests {len(left)} messages are left")


def _node_client(checks: Checks, url: str, smtp: int, next_hop: Server) -> None:
    try:
        told = json.loads(nodemailer.node("mailpit.js", url, str(smtp)))
    except (subprocess.SubprocessError, ValueError) as error:
        checks.that(False, f"npm: {error}")
        return
    for what, holds in told.items():
        checks.that(holds is True, f"npm: {what}: {holds}")
    released = [sorted(recipients) for recipients in kept_for(next_hop)]
    checks.that(released == [[ANN]], f"npm: the next hop has messages for {released}")


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

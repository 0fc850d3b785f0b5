"""NATS beside a bucket: large messages go into moto, the stream names them, and `mailchute deliver` brings both together.

A message has its object before it is in the stream. Messages that the stream refuses leave no object. Content whose message
may be in the stream stays. Without a bucket, large mail gets 4xx and small mail goes on.
"""

from __future__ import annotations

import contextlib
import random
import smtplib
import time
from pathlib import Path

import jetstream
import moto_server
from clients.base import EHLO, SEND_SECONDS
from deliverer import Deliverer, comes_true, delivering
from jetstream import Client, Node
from message import DOMAIN
from moto_server import BUCKET, Moto
from relay import free_port
from server import Certificate, Server, running

from .base import Checks, Scenario

_SENDER = f"sender@{DOMAIN}"
_BOB, _EVE = "bob@one.example", "eve@two.example"
_STORE_SECONDS = 4


class NatsS3(Scenario):
    name = "nats-s3"

    def missing(self) -> str | None:
        if missing := jetstream.missing():
            return missing
        return None if moto_server.program().is_file() else f"{moto_server.program()} (moto[server] from PyPI)"

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        (folder / "secret").write_text("hunter2\n")
        node, moto = Node(folder, "nats"), Moto(free_port(), folder / "moto.log")
        try:
            moto.start()
            with jetstream.running(node):
                play = _Play(checks, program, folder, certificate, node, moto)
                play.delivers()
                play.is_full()
                play.is_silent()
                play.lacks_a_bucket()
        finally:
            moto.kill()
        return checks


class _Play:
    def __init__(
        self, checks: Checks, program: Path, folder: Path, certificate: Certificate, node: Node, moto: Moto
    ) -> None:
        self.checks, self.program, self.folder, self.certificate = checks, program, folder, certificate
        self.node, self.moto, self.client = node, moto, Client(node)
        self.url = f"nats://127.0.0.1:{node.port}"
        self.options = (
            f"s3-endpoint={moto.url}&s3-region=eu-north-1&s3-key=mailchute&s3-secret=file:{folder}/secret"
        )

    @contextlib.contextmanager
    def _front(self, name: str, **limits: int):
        """A stream, and a server that fills it."""
        self.client.add_stream(name.upper(), f"{name}.>", **limits)
        folder = self.folder / f"{name}-front"
        folder.mkdir()
        flags = ["--sandbox", f"--timeout=store={_STORE_SECONDS}s"]
        store = f"{self.url}/{name}.{{domain}}?body=s3://{BUCKET}/{name}/{{id}}&{self.options}"
        with running(self.program, folder, self.certificate, flags, store=store) as server:
            yield server

    def _deliverer(self, name: str) -> Deliverer:
        source = f"{self.url}/{name}.>?body=s3://{BUCKET}&{self.options}"
        store = f"maildir:{self.folder}/{name}-mail/{{domain}}/{{user}}?line-ends=crlf"
        flags = ("--sandbox", f"--consumer={name}", "--dead-letters=dead")
        return Deliverer(self.program, self.folder / f"{name}-deliverer", source, store, *flags)

    def _delivered(self, name: str, address: str) -> list[bytes]:
        user, _, domain = address.partition("@")
        return [file.read_bytes() for file in (self.folder / f"{name}-mail" / domain / user).glob("new/*")]

    def _named(self, name: str) -> list[str]:
        """The keys of the objects that messages of the stream name."""
        bodies = [body for message in self.client.messages(name.upper()) for body in message.all("Mailchute-Body")]
        prefix = f"s3://{BUCKET}/"
        self.checks.that(all(body.startswith(prefix) for body in bodies), f"{name}: messages name {bodies}")
        return sorted(body.removeprefix(prefix) for body in bodies)

    def delivers(self) -> None:
        large, larger, small = _content("large", 3 * 2**20), _content("larger", 12 * 2**20), _content("small", 1000)
        with self._front("whole") as server:
            for content in (large, larger, small):
                answer = _send(server, content, _BOB, _EVE)
                self.checks.that(answer.startswith("250 "), f"{len(content)} bytes are answered {answer}")
            named = self._named("whole")
            self.checks.that(len(named) == 4, f"the stream names {named}, not 4 objects")
            self.checks.that(sorted(self.moto.keys()) == named, f"the bucket has {self.moto.keys()}, not {named}")
            for key in named:
                header, found = self.moto.object(key)
                whole = any(found.endswith(b"\r\n" + content) for content in (large, larger))
                self.checks.that(whole and found.startswith(b"Received: "), f"{key} is not what was sent")
                self.checks.that(header["content-type"] == "message/rfc822", f"{key} has {header}")
            instance = self._deliverer("whole")
            with delivering(instance):
                self.checks.that(comes_true(lambda: not self.moto.keys()), f"delivered content stays: {self.moto.keys()}")
                for user in (_BOB, _EVE):
                    self.checks.that(comes_true(lambda: len(self._delivered("whole", user)) == 3), f"{user}: mail is missing")
                    found = sorted(text[text.index(b"\r\nSubject:") + 2 :] for text in self._delivered("whole", user))
                    self.checks.that(found == sorted((large, larger, small)), f"{user} has not exactly what was sent")
            self.checks.that("hunter2" not in instance.log(), "the log has the secret")

    def is_full(self) -> None:
        with self._front("full", max_msgs=1) as server:
            answer = _send(server, _content("the only one", 1000), _BOB)
            self.checks.that(answer.startswith("250 "), f"the first message of a small stream is answered {answer}")
            for size in (3 * 2**20, 12 * 2**20):
                answer = _send(server, _content("one too many", size), _BOB)
                self.checks.that(answer.startswith("452 4.3.1"), f"a full stream makes {answer}")
            empty = comes_true(lambda: not self.moto.keys() and not self.moto.uploads())
            self.checks.that(empty, f"a full stream leaves {self.moto.keys()} {self.moto.uploads()}")

    def is_silent(self) -> None:
        """The stream gets a message and says nothing: its content stays, and a message that comes again needs no second one."""
        content = _content("silent", 3 * 2**20)
        with self._front("silent") as server:
            # The connection is made before.
            answer = _send(server, _content("before", 1000), _BOB)
            self.checks.that(answer.startswith("250 "), f"before the silence the answer is {answer}")
            with _Silence(self.node):
                answer = _send(server, content, _BOB)
            self.checks.that(answer.startswith("451 "), f"a silent stream makes {answer}")
            self.checks.that(len(self.moto.keys()) == 1, f"during the silence the bucket has {self.moto.keys()}")
            taken = comes_true(lambda: self.client.count("SILENT") == 2)
            self.checks.that(taken, "the stream does not get the message after all, so the check says nothing")
            for _ in range(100):
                answer = _send(server, content, _BOB)
                if not answer.startswith("451 "):
                    break
                time.sleep(0.2)
            self.checks.that(answer.startswith("250 "), f"after the silence the answer is {answer}")
            named = self._named("silent")
            self.checks.that(len(named) == 1, f"the message is in the stream as {named}, not once")
            self.checks.that(comes_true(lambda: self.moto.keys() == named), f"the bucket has {self.moto.keys()}, not {named}")
            with delivering(self._deliverer("silent")):
                self.checks.that(comes_true(lambda: not self.moto.keys()), "delivered content stays")
                mail = [text for text in self._delivered("silent", _BOB) if text.endswith(b"\r\n" + content)]
                self.checks.that(len(mail) == 1, f"the message is delivered {len(mail)} times")

    def lacks_a_bucket(self) -> None:
        with self._front("alone") as server:
            self.moto.freeze()
            answer = _send(server, _content("paused", 3 * 2**20), _BOB)
            self.checks.that(answer.startswith("451 "), f"a bucket that hangs makes {answer}")
            self.moto.thaw()
            empty = comes_true(lambda: not self.moto.keys() and not self.moto.uploads())
            self.checks.that(empty, f"a bucket that hung has {self.moto.keys()} {self.moto.uploads()}")
            self.moto.kill()
            for size in (3 * 2**20, 12 * 2**20):
                answer = _send(server, _content("stopped", size), _BOB)
                self.checks.that(answer.startswith("451 4.4.1"), f"without a bucket a large message is answered {answer}")
            self.checks.that(self.client.count("ALONE") == 0, "the stream has a message without content")
            answer = _send(server, _content("small", 1000), _BOB)
            self.checks.that(answer.startswith("250 "), f"without a bucket a small message is answered {answer}")
            self.moto.start()
            answer = _send(server, _content("stopped", 3 * 2**20), _BOB)
            self.checks.that(answer.startswith("250 "), f"after the start a large message is answered {answer}")
            self.checks.that(self.moto.keys() == self._named("alone"), f"after the start the bucket has {self.moto.keys()}")


class _Silence:
    """The server of NATS keeps its connections, and says nothing."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def __enter__(self) -> None:
        self._node.freeze()

    def __exit__(self, *_: object) -> None:
        self._node.thaw()


def _content(subject: str, size: int) -> bytes:
    """Lines of random letters, some with a dot at their beginning."""
    letters = random.Random(subject).randbytes(size // 2).hex()
    lines = [letters[at : at + 70] for at in range(0, len(letters), 70)]
    lines[::5] = [f".{line}" for line in lines[::5]]
    return f"Subject: {subject}\r\n\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n"


def _send(server: Server, content: bytes, *recipients: str) -> str:
    """Sends a message; returns the reply that decided."""
    with smtplib.SMTP("127.0.0.1", server.port, EHLO, timeout=SEND_SECONDS) as session:
        session.ehlo()
        answers = [session.mail(_SENDER), *(session.rcpt(recipient) for recipient in recipients)]
        refused = [answer for answer in answers if answer[0] != 250]
        try:
            code, text = refused[0] if refused else session.data(content)
        except smtplib.SMTPDataError as error:
            code, text = error.smtp_code, error.smtp_error
        return f"{code} {text.decode()}"

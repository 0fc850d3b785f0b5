"""`mailchute deliver`: servers put mail into a stream of NATS, and instances take it out into Maildirs and by LMTP.

Two instances share the work, and each user has each message once, with one `Received:` of the program. A store that is
down or full has its mail later, and the others are not given theirs again. Mail that cannot be delivered becomes a dead
letter, and stays in the queue as long as no stream takes dead letters. SIGTERM in the middle doubles and loses nothing.
"""

from __future__ import annotations

import smtplib
from collections import Counter
from pathlib import Path

import jetstream
from clients.base import EHLO, SEND_SECONDS
from deliverer import Deliverer, comes_true, delivering
from jetstream import Client, Node
from message import DOMAIN
from relay import free_port
from server import Certificate, Server, running

from .base import Checks, Scenario

_SENDER = f"sender@{DOMAIN}"
_BOB, _EVE = "bob@one.example", "eve@one.example"
_MESSAGES = 60
_MANY = 400
_LARGE = b"Subject: large\r\n\r\n" + (b"x" * 78 + b"\r\n") * 30_000


class Deliver(Scenario):
    name = "deliver"

    def missing(self) -> str | None:
        return jetstream.missing()

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        node = Node(folder, "nats")
        with jetstream.running(node):
            play = _Play(checks, program, folder, certificate, node)
            play.client.add_bucket("large")
            play.shares()
            play.waits_for_a_server()
            play.waits_for_a_user()
            play.buries()
            play.stops()
        return checks


class _Play:
    def __init__(self, checks: Checks, program: Path, folder: Path, certificate: Certificate, node: Node) -> None:
        self.checks, self.program, self.folder, self.certificate = checks, program, folder, certificate
        self.client = Client(node)
        self._url = f"nats://127.0.0.1:{node.port}"

    def _scene(self, name: str) -> Path:
        """A folder and a stream for a part of the story."""
        self.client.add_queue(name.upper(), f"{name}.>")
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _front(self, name: str):
        folder = self.folder / name / "front"
        folder.mkdir()
        store = f"{self._url}/{name}.{{domain}}?body=objects:large"
        return running(self.program, folder, self.certificate, ["--sandbox"], store=store)

    def _deliverer(self, scene: str, name: str, store: str, *flags: str) -> Deliverer:
        folder = self.folder / scene / name
        return Deliverer(self.program, folder, f"{self._url}/{scene}.>", store, *flags)

    def _is_empty(self, name: str) -> bool:
        return comes_true(lambda: self.client.count(name.upper()) == 0)

    def shares(self) -> None:
        folder = self._scene("shared")
        mail = folder / "mail"
        store = f"maildir:{mail}/{{domain}}/{{user}}?line-ends=crlf"
        instances = [self._deliverer("shared", f"instance{number}", store, "--sandbox") for number in range(2)]
        with self._front("shared") as server, delivering(*instances):
            contents = [f"Subject: {number}\r\n\r\n.{number}\r\n".encode() for number in range(_MESSAGES)] + [_LARGE]
            for content in contents:
                _send(server, content, _BOB, _EVE)
            self.checks.that(self._is_empty("shared"), "the stream is not empty after delivery")
            self.checks.that(comes_true(lambda: self.client.objects("large") == 0), "content stays in the bucket")
            for user in ("bob", "eve"):
                files = _files(mail, user)
                found = Counter(file.partition(b"\r\nSubject:")[2] for file in files)
                wanted = Counter(content.removeprefix(b"Subject:") for content in contents)
                self.checks.that(found == wanted, f"{user} has {found.total()} messages, not each of {len(contents)} once")
                for file in files:
                    top = file.partition(b"\r\nSubject:")[0] + b"\r\n"
                    for field, times in (
                        (b"Return-Path: <" + _SENDER.encode() + b">\r\n", 1),
                        (b"Delivered-To: ", 1),
                        (f"Delivered-To: {user}@one.example\r\n".encode(), 1),
                        (b"Received: ", 1),
                    ):
                        if not self.checks.that(top.count(field) == times, f"{user}: {top!r} has not {times} of {field!r}"):
                            return
            shares = [instance.delivered() for instance in instances]
            total = 2 * len(contents)
            self.checks.that(sum(shares) == total and min(shares) > 0, f"the instances delivered {shares}, not {total}")

    def waits_for_a_server(self) -> None:
        folder = self._scene("down")
        port = free_port()
        instance = self._deliverer("down", "instance", f"lmtp:127.0.0.1:{port}", "--backoff=1s,2s")
        with self._front("down") as server, delivering(instance):
            _send(server, b"Subject: later\r\n\r\n", _BOB, _EVE)
            self.checks.that(comes_true(lambda: len(instance.events("deferred ")) >= 2), "it is not tried twice")
            self.checks.that(self.client.count("DOWN") == 1, "a message that waits is not in the stream")
            behind = folder / "behind"
            behind.mkdir()
            with running(self.program, behind, self.certificate, ["--lmtp", f"127.0.0.1:{port}"]) as last:
                self.checks.that(self._is_empty("down"), "the message is not delivered after the server is back")
                found = [file.read_bytes() for file in last.maildir.glob("new/*")]
                self.checks.that(len(found) == 1, f"the server has the message {len(found)} times")
                self.checks.that(all(text.count(b"\r\nReceived: ") == 2 for text in found), f"the servers: {found!r}")
            tries = [line for line in instance.events("delivered ") if "tries=1 " not in line]
            self.checks.that(len(tries) == 1, f"the log has {instance.events('delivered ')}")

    def waits_for_a_user(self) -> None:
        folder = self._scene("mixed")
        mail = folder / "mail"
        (mail / "one.example").mkdir(parents=True)
        in_the_way = mail / "one.example" / "eve"
        in_the_way.write_text("no directory")
        store = f"maildir:{mail}/{{domain}}/{{user}}"
        instance = self._deliverer("mixed", "instance", store, "--backoff=1s")
        with self._front("mixed") as server, delivering(instance):
            _send(server, b"Subject: mixed\r\n\r\n", _BOB, _EVE)
            self.checks.that(comes_true(lambda: len(instance.events("deferred ")) >= 3), "eve is not tried again")
            rest = self.client.messages("MIXED")
            recipients = [message.all("Mailchute-Recipient") for message in rest]
            self.checks.that(recipients == [[_EVE]], f"the stream has a message for {recipients}, not one for eve")
            self.checks.that(len(_files(mail, "bob")) == 1, "bob has not the message once while eve waits")
            in_the_way.unlink()
            self.checks.that(self._is_empty("mixed"), "eve's message stays in the stream")
            for user in ("bob", "eve"):
                self.checks.that(len(_files(mail, user)) == 1, f"{user} has the message {len(_files(mail, user))} times")
            to = [line.partition(" to=")[2].partition(" ")[0] for line in instance.events("delivered ")]
            self.checks.that(to == [_BOB, _EVE], f"the message was delivered to {to}")

    def buries(self) -> None:
        self._scene("lost")
        instance = self._deliverer("lost", "instance", f"lmtp:127.0.0.1:{free_port()}", "--backoff=1s", "--tries=2")
        with self._front("lost") as server, delivering(instance):
            _send(server, b"Subject: lost\r\n\r\n", _BOB, _EVE)
            self.client.publish("lost.by.others", b"no envelope", {"Mailchute-Sender": _SENDER})
            failed = "a dead letter cannot be put into a stream"
            self.checks.that(comes_true(lambda: len(instance.events(failed)) >= 2), "it does not say that nothing takes it")
            self.checks.that(self.client.count("LOST") == 2, "messages are not kept while no stream takes dead letters")
            self.client.add_stream("DEAD", "dead.>")
            self.checks.that(self._is_empty("lost"), "messages stay although a stream takes dead letters")
            letters = {message.subject: message for message in self.client.messages("DEAD")}
            self.checks.that(set(letters) == {"dead.lost.one.example", "dead.lost.by.others"}, f"dead: {set(letters)}")
            for subject, reason, recipients, content in (
                ("dead.lost.one.example", "451 4.4.1 ", [_BOB, _EVE], b"Subject: lost\r\n\r\n"),
                ("dead.lost.by.others", "Mailchute-Recipient is missing", [], b"no envelope"),
            ):
                if letter := letters.get(subject):
                    reasons = letter.all("Mailchute-Reason")
                    self.checks.that(len(reasons) == 1 and reasons[0].startswith(reason), f"{subject}: {reasons}")
                    self.checks.that(letter.all("Mailchute-Recipient") == recipients, f"{subject}: {letter.headers}")
                    self.checks.that(letter.payload.endswith(content), f"{subject} is {letter.payload!r}")
            warned = instance.events("a message was not delivered, and is a dead letter now")
            self.checks.that(len(warned) == 1 and "tries=" in warned[0], f"the log warns {warned}")
        # Dead letters can be delivered once more.
        mail = self.folder / "lost" / "mail"
        source = f"{self._url}/dead.lost.one.>"
        again = Deliverer(self.program, self.folder / "lost" / "again", source, f"maildir:{mail}", "--dead-letters=no")
        with delivering(again):
            found = comes_true(lambda: len(list(mail.glob("new/*"))) == 1)
            self.checks.that(found, "a dead letter is not delivered once more")

    def stops(self) -> None:
        folder = self._scene("stopped")
        mail = folder / "mail"
        store = f"maildir:{mail}/{{domain}}/{{user}}"
        first, second = (self._deliverer("stopped", f"instance{number}", store, "--at-once=8") for number in range(2))
        with self._front("stopped") as server:
            for number in range(_MANY):
                _send(server, f"Subject: {number}\r\n\r\n".encode(), _BOB)
            with delivering(first):
                self.checks.that(comes_true(lambda: first.delivered() >= 20), "the first instance does not deliver")
                code, took = first.stop()
                self.checks.that(code == 0 and took < 10, f"SIGTERM ends it with {code} after {took:.1f} s")
            left = self.client.count("STOPPED")
            self.checks.that(left > 0, "the first instance was done before SIGTERM, so the check says nothing")
            with delivering(second):
                self.checks.that(self._is_empty("stopped"), "the second instance does not deliver the rest")
            found = Counter(text.partition(b"Subject: ")[2].split()[0] for text in _files(mail, "bob"))
            whole = set(found.values()) == {1} and len(found) == _MANY
            self.checks.that(whole, f"after SIGTERM bob has {found.total()} messages, {len(found)} different")
            again = [line for line in second.events("delivered ") if "tries=1 " not in line]
            self.checks.that(len(again) <= 8, f"{len(again)} messages had been given out before SIGTERM and not done")


def _send(server: Server, content: bytes, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, EHLO, timeout=SEND_SECONDS) as session:
        session.sendmail(_SENDER, list(recipients), content)


def _files(mail: Path, user: str) -> list[bytes]:
    return [file.read_bytes() for file in (mail / "one.example" / user).glob("new/*")]

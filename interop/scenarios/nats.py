"""NATS JetStream: the program puts mail into streams of real servers, and a client of another make reads it back.

Content and envelope must be those of the client, copies that come twice are one, and full, silent and missing servers give
4xx. Content above the bound of the server goes into the object store, which keeps nothing of messages that were refused. A
cluster of three loses a server under load: what was answered 250 is in the stream exactly once.
"""

from __future__ import annotations

import contextlib
import hashlib
import smtplib
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import jetstream
from clients.base import EHLO, SEND_SECONDS
from jetstream import Client, Node
from message import DOMAIN
from server import Certificate, Server, running

from .base import Checks, Scenario

_SENDER = f"sender@{DOMAIN}"
_BOB, _EVE, _JOE = "bob@one.example", "Eve@ONE.example", "joe@two.example"
_LARGE = b"Subject: large\r\n\r\n" + (b"x" * 78 + b"\r\n") * 30_000
_SENDERS = 6
_EACH = 60
_TRIES = 200


class Nats(Scenario):
    name = "nats"

    def missing(self) -> str | None:
        return jetstream.missing()

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        node = Node(folder, "single")
        client = Client(node)
        with jetstream.running(node):
            client.add_stream("MAIL", "mail.>")
            client.add_stream("FULL", "full.>", max_msgs=1)
            client.add_bucket("large")
            url = f"nats://127.0.0.1:{node.port}"
            with _program(program, folder / "kept", certificate, f"{url}/mail.{{domain}}?body=objects:large") as server:
                _keeps(checks, server, client)
                _keeps_large(checks, server, client)
                _gives_up(checks, server, client)
                _waits(checks, server, node, client)
            with _program(program, folder / "full", certificate, f"{url}/full.{{domain}}?body=objects:large") as server:
                _is_full(checks, server, client)
            with _program(program, folder / "small", certificate, f"{url}/mail.{{domain}}") as server:
                _is_too_small(checks, server)
            with _program(program, folder / "none", certificate, f"{url}/nothing.{{domain}}") as server:
                answer = _send(server, b"Subject: nowhere\r\n\r\n", _BOB)
                checks.that(answer.startswith("451 4.3.0"), f"without a stream the answer is {answer}")
        _shows_itself(checks, program, folder, certificate)
        _loses_a_server(checks, program, folder, certificate)
        return checks


@contextlib.contextmanager
def _program(program: Path, folder: Path, certificate: Certificate, store: str):
    folder.mkdir()
    with running(program, folder, certificate, ["--sandbox"], store=store) as server:
        yield server


def _send(server: Server, content: bytes, *recipients: str, options: tuple[str, ...] = ()) -> str:
    """Sends a message; returns the reply that decided."""
    with smtplib.SMTP("127.0.0.1", server.port, EHLO, timeout=SEND_SECONDS) as session:
        session.ehlo()
        answers = [session.mail(_SENDER, options)]
        if answers[0][0] == 250:
            answers += [session.rcpt(recipient, ["NOTIFY=NEVER"]) for recipient in recipients]
        refused = [answer for answer in answers if answer[0] != 250]
        try:
            code, text = refused[0] if refused else session.data(content)
        except smtplib.SMTPDataError as error:
            code, text = error.smtp_code, error.smtp_error
        return f"{code} {text.decode()}"


def _keeps(checks: Checks, server: Server, client: Client) -> None:
    content = "Subject: größe\r\n\r\n.one\r\n..two\r\n\x00\r\n".encode().replace(b"\0", b"\xff")
    for attempt in ("first", "second"):
        answer = _send(server, content, _BOB, _EVE, _JOE, options=("BODY=8BITMIME", "ENVID=a+2Bb"))
        checks.that(answer.startswith("250 "), f"the {attempt} time a message is answered {answer}")
    found = client.messages("MAIL")
    subjects = [message.subject for message in found]
    if not checks.that(subjects == ["mail.one.example", "mail.two.example"], f"the stream has {subjects}"):
        return
    for message, recipients in zip(found, ([_BOB, _EVE], [_JOE])):
        top, _, rest = message.payload.partition(b"Subject:")
        checks.that(b"Subject:" + rest == content, f"{message.subject}: the content is {message.payload!r}")
        is_received = top.startswith(b"Received: from ") and top.count(b"\r\nReceived:") == 0
        checks.that(is_received, f"{message.subject}: the trace fields are {top!r}")
        for name, values in (
            ("Mailchute-Sender", [_SENDER]),
            ("Mailchute-Recipient", recipients),
            ("Mailchute-Recipient-Parameters", [f"{number + 1} NOTIFY=NEVER" for number in range(len(recipients))]),
            ("Mailchute-Parameters", ["BODY=8BITMIME ENVID=a+2Bb"]),
            ("Mailchute-Helo", [EHLO]),
            ("Mailchute-Body", []),
        ):
            checks.that(message.all(name) == values, f"{message.subject}: {name} is {message.all(name)}, not {values}")
        address = message.all("Mailchute-Client")
        checks.that(address[:1] and address[0].startswith("127.0.0.1:"), f"{message.subject}: the client is {address}")


def _keeps_large(checks: Checks, server: Server, client: Client) -> None:
    for attempt in ("first", "second"):
        answer = _send(server, _LARGE, _BOB, _JOE)
        checks.that(answer.startswith("250 "), f"the {attempt} time a large message is answered {answer}")
    found = [message for message in client.messages("MAIL") if message.all("Mailchute-Body")]
    checks.that(len(found) == 2, f"{len(found)} messages name an object, not 2")
    for message in found:
        kind, _, place = message.all("Mailchute-Body")[0].partition(":")
        bucket, _, name = place.partition("/")
        content = client.object(bucket, name) if kind == "objects" else b""
        whole = content.startswith(b"Received: ") and content.endswith(b"\r\n" + _LARGE)
        checks.that(whole and not message.payload, f"{place} has {len(content)} bytes, not those of the message")
    _has_objects(checks, client, 2, "after a large message came twice")


def _has_objects(checks: Checks, client: Client, objects: int, when: str) -> None:
    """A large message has a fixed number of pieces, and one message that describes it."""
    pieces = -(-len(_LARGE) // 131_072)
    lowest, highest = objects * (pieces + 1), objects * (pieces + 2)
    deadline = time.monotonic() + 10
    while not lowest <= (count := client.count("OBJ_large")) <= highest and time.monotonic() < deadline:
        time.sleep(0.1)
    checks.that(lowest <= count <= highest, f"{when} the bucket has {count} messages, not {lowest} to {highest}")


def _gives_up(checks: Checks, server: Server, client: Client) -> None:
    with (
        socket.create_connection(("127.0.0.1", server.port), SEND_SECONDS) as connection,
        connection.makefile("rb") as reader,
    ):
        commands = [f"EHLO {EHLO}", f"MAIL FROM:<{_SENDER}>", f"RCPT TO:<{_BOB}>", "DATA"]
        for command in ("", *commands):
            connection.sendall(f"{command}\r\n".encode() if command else b"")
            while reader.readline()[3:4] == b"-":
                pass
        connection.sendall(_LARGE)
        deadline = time.monotonic() + 10
        before = client.count("OBJ_large")
        while client.count("OBJ_large") <= before and time.monotonic() < deadline:
            time.sleep(0.05)
    _has_objects(checks, client, 2, "after a client has gone in the middle")


def _waits(checks: Checks, server: Server, node: Node, client: Client) -> None:
    before = client.count("MAIL")
    node.stop()
    began = time.monotonic()
    answer = _send(server, b"Subject: gone\r\n\r\n", _BOB)
    checks.that(answer.startswith("451 4.4.1"), f"without a server the answer is {answer}")
    checks.that(time.monotonic() - began < 10, f"without a server the answer took {time.monotonic() - began:.0f} s")
    node.start()
    answer = _send_patiently(server, b"Subject: back\r\n\r\n", _BOB)
    checks.that(answer.startswith("250 "), f"after the server is back the answer is {answer}")
    checks.that(client.count("MAIL") == before + 1, "the message is not in the stream after the server is back")
    node.freeze()
    began = time.monotonic()
    answer = _send(server, b"Subject: silent\r\n\r\n", _BOB)
    node.thaw()
    checks.that(answer.startswith("451 4.4."), f"a silent server makes {answer}")
    checks.that(time.monotonic() - began < 25, f"a silent server took {time.monotonic() - began:.0f} s")
    answer = _send_patiently(server, b"Subject: silent\r\n\r\n", _BOB)
    checks.that(answer.startswith("250 "), f"after the silence the answer is {answer}")
    checks.that(client.count("MAIL") == before + 2, "the message is not in the stream once after the silence")


def _send_patiently(server: Server, content: bytes, *recipients: str) -> str:
    for _ in range(_TRIES):
        answer = _send(server, content, *recipients)
        if not answer.startswith("451 "):
            break
        time.sleep(0.1)
    return answer


def _is_full(checks: Checks, server: Server, client: Client) -> None:
    answer = _send(server, b"Subject: the only one\r\n\r\n", _BOB)
    checks.that(answer.startswith("250 "), f"the first message of a small stream is answered {answer}")
    for content in (b"Subject: one too many\r\n\r\n", _LARGE):
        answer = _send(server, content, _BOB)
        checks.that(answer.startswith("452 4.3.1"), f"a full stream makes {answer}")
    _has_objects(checks, client, 2, "after a full stream refused a large message")


def _is_too_small(checks: Checks, server: Server) -> None:
    for options in ((), (f"SIZE={len(_LARGE)}",)):
        answer = _send(server, _LARGE, _BOB, options=options)
        checks.that(answer.startswith("552 5.3.4"), f"a message that is too large, with {options}, is answered {answer}")


def _shows_itself(checks: Checks, program: Path, folder: Path, certificate: Certificate) -> None:
    """User and password, inside TLS with certificates on both sides."""
    (folder / "right").write_text("secret\n")
    (folder / "wrong").write_text("guess\n")
    authority, chain, key = _certificates(folder)
    more = (
        f'authorization {{ user: mail, password: secret }}\n'
        f'tls {{ cert_file: "{chain}", key_file: "{key}", ca_file: "{authority}", verify: true }}\n'
    )
    node = Node(folder, "private", more)
    context = ssl.create_default_context(cafile=str(authority))
    context.load_cert_chain(chain, key)
    client = Client(node, user="mail", password="secret", tls=context)
    with jetstream.running(node):
        client.add_stream("MAIL", "mail.>")
        url = f"tls://127.0.0.1:{node.port}/mail.in?ca={authority}&cert={chain}&key={key}&user=mail&secret=file:{folder}"
        for name, answer_begins, messages in (("wrong", "451 4.4.1", 0), ("right", "250 ", 1)):
            with _program(program, folder / f"{name}-program", certificate, f"{url}/{name}") as server:
                answer = _send(server, b"Subject: shown\r\n\r\n", _BOB)
            checks.that(answer.startswith(answer_begins), f"the {name} password makes {answer}")
            checks.that(client.count("MAIL") == messages, f"the {name} password: the stream has {client.count('MAIL')}")


def _certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority, a certificate of 127.0.0.1 by it for servers and clients, and its key."""
    authority, secret, request = folder / "authority.pem", folder / "authority.key", folder / "request.pem"
    chain, key, extensions = folder / "nats.pem", folder / "nats.key", folder / "extensions"
    extensions.write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    signing = ["-CA", str(authority), "-CAkey", str(secret), "-CAcreateserial", "-extfile", str(extensions)]
    for command in (
        ["req", "-x509", *new, "-days", "2", "-subj", "/CN=authority", "-keyout", str(secret), "-out", str(authority)],
        ["req", *new, "-subj", "/CN=nats", "-keyout", str(key), "-out", str(request)],
        ["x509", "-req", "-in", str(request), "-days", "2", *signing, "-out", str(chain)],
    ):
        subprocess.run(["openssl", *command], check=True, capture_output=True, timeout=30)
    return authority, chain, key


def _loses_a_server(checks: Checks, program: Path, folder: Path, certificate: Certificate) -> None:
    nodes = jetstream.cluster(folder)
    client = Client(*nodes)
    with jetstream.running(*nodes):
        client.add_stream("MAIL", "mail.>", replicas=3)
        leader = next(node for number, node in enumerate(nodes) if client.leader("MAIL") == f"n{number}")
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        with _program(program, folder / "cluster", certificate, f"nats://{hosts}/mail.{{domain}}") as server:
            accepted: list[str] = []
            senders = [threading.Thread(target=_sends, args=(server, number, accepted)) for number in range(_SENDERS)]
            for sender in senders:
                sender.start()
            while len(accepted) < _SENDERS * _EACH // 4 and any(sender.is_alive() for sender in senders):
                time.sleep(0.02)
            leader.kill()
            for sender in senders:
                sender.join()
        names = sorted(hashlib.sha256(message.payload.partition(b"Subject: ")[2]).hexdigest() for message in client.messages("MAIL"))
        checks.that(len(accepted) == _SENDERS * _EACH, f"{len(accepted)} of {_SENDERS * _EACH} messages were accepted")
        missing = set(accepted) - set(names)
        checks.that(not missing, f"answered 250 and not in the stream: {len(missing)} of {len(accepted)}")
        checks.that(len(names) == len(set(names)), f"{len(names) - len(set(names))} messages are in the stream twice")


def _sends(server: Server, sender: int, accepted: list[str]) -> None:
    """Sends messages, each until it is accepted."""
    for number in range(_EACH):
        subject = f"{sender}-{number}\r\n\r\n".encode()
        for _ in range(_TRIES):
            try:
                answer = _send(server, b"Subject: " + subject, _BOB)
            except (OSError, smtplib.SMTPException) as error:
                answer = str(error)
            if answer.startswith("250 "):
                accepted.append(hashlib.sha256(subject).hexdigest())
                break
            time.sleep(0.1)

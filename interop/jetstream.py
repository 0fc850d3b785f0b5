"""Servers of NATS with JetStream on the loopback interface, alone or as a cluster, and a client that looks into streams."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import packages
from daemon import Process, listens
from relay import free_port

_START_SECONDS = 20
_T = TypeVar("_T")


def missing() -> str | None:
    """What is not installed, if anything."""
    if not shutil.which("nats-server", path="/usr/sbin:/usr/bin:/bin"):
        return "nats-server (the Debian package nats-server)"
    return packages.missing("nats")


@dataclass(frozen=True)
class Message:
    """A message of a stream."""

    subject: str
    headers: list[tuple[str, str]]
    payload: bytes

    def all(self, name: str) -> list[str]:
        """The values of a header, in their order."""
        return [value for known, value in self.headers if known == name]


class Node(Process):
    """One server of NATS."""

    def __init__(self, folder: Path, name: str = "one", more: str = "", port: int | None = None) -> None:
        self.port = port or free_port()
        own = folder / name
        own.mkdir(parents=True)
        (own / "nats.conf").write_text(
            f'server_name: {name}\nhost: 127.0.0.1\nport: {self.port}\njetstream {{ store_dir: "{own}/store" }}\n{more}'
        )
        command = ["nats-server", "-c", str(own / "nats.conf")]
        super().__init__("nats-server", command, own / "log", lambda: listens(self.port), _START_SECONDS)


@contextlib.contextmanager
def running(*nodes: Node) -> Iterator[None]:
    """The servers, until the end of the context."""
    try:
        for node in nodes:
            node.start()
        yield
    finally:
        for node in nodes:
            node.kill()


def cluster(folder: Path, size: int = 3) -> list[Node]:
    """The servers of one cluster."""
    routes = [free_port() for _ in range(size)]
    listed = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
    return [
        Node(folder, f"n{number}", f"cluster {{ name: c, listen: 127.0.0.1:{port}, routes: [{listed}] }}\n")
        for number, port in enumerate(routes)
    ]


class Client:
    """Looks into the streams of these servers; each call has a connection of its own."""

    def __init__(self, *nodes: Node, **options: object) -> None:
        self._servers = [f"nats://127.0.0.1:{node.port}" for node in nodes]
        self._options = options

    def _run(self, work: Callable[..., Awaitable[_T]]) -> _T:
        import nats  # put aside by interop/install

        async def run() -> _T:
            async def ignore(_: Exception) -> None:
                """Servers that are down are part of the story; what matters raises."""

            connection = await nats.connect(
                self._servers, connect_timeout=5, max_reconnect_attempts=10, error_cb=ignore, **self._options
            )
            try:
                return await work(connection)
            finally:
                await connection.close()

        # It warns about the end of each connection with TLS.
        logging.getLogger("asyncio").setLevel(logging.ERROR)
        return asyncio.run(asyncio.wait_for(run(), 60))

    def add_stream(self, name: str, subject: str, replicas: int = 1, **limits: object) -> None:
        """Makes a stream that refuses messages when it is full. A new cluster needs a while."""
        from nats.js.api import DiscardPolicy, StreamConfig

        settings = StreamConfig(
            name=name, subjects=[subject], discard=DiscardPolicy.NEW, num_replicas=replicas, duplicate_window=600, **limits
        )
        self._patiently(lambda connection: connection.jetstream().add_stream(settings))

    def add_queue(self, name: str, subject: str) -> None:
        """Makes a stream that messages leave once they are done."""
        from nats.js.api import RetentionPolicy

        self.add_stream(name, subject, retention=RetentionPolicy.WORK_QUEUE)

    def add_bucket(self, name: str) -> None:
        """Makes a bucket of the object store."""
        self._patiently(lambda connection: connection.jetstream().create_object_store(name))

    def _patiently(self, work: Callable[..., Awaitable[object]]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._run(work)
                return
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def count(self, stream: str) -> int:
        """How many messages a stream has."""

        async def count(connection) -> int:
            return (await connection.jetstream().stream_info(stream)).state.messages

        return self._run(count)

    def publish(self, subject: str, payload: bytes, headers: dict[str, str]) -> None:
        """Puts a message into the stream of this subject."""
        self._run(lambda connection: connection.jetstream().publish(subject, payload, headers=headers))

    def objects(self, bucket: str) -> int:
        """How many objects a bucket has."""

        async def objects(connection) -> int:
            from nats.js.errors import NotFoundError

            store = await connection.jetstream().object_store(bucket)
            try:
                return sum(not info.deleted for info in await store.list())
            except NotFoundError:
                return 0

        return self._run(objects)

    def unfinished(self, stream: str, consumer: str) -> int:
        """How many messages of a stream its consumer has not acknowledged.

        A stream whose server was killed may keep messages that were acknowledged, without handing them out again.
        """

        async def unfinished(connection) -> int:
            info = await connection.jetstream().consumer_info(stream, consumer)
            return info.num_pending + info.num_ack_pending

        return self._run(unfinished)

    def leader(self, stream: str) -> str:
        """The name of the server that leads a stream."""

        async def leader(connection) -> str:
            return (await connection.jetstream().stream_info(stream)).cluster.leader

        return self._run(leader)

    def messages(self, stream: str) -> list[Message]:
        """All messages of a stream, as they are kept there."""

        async def messages(connection) -> list[Message]:
            state = (await connection.jetstream().stream_info(stream)).state
            found = []
            for number in range(state.first_seq, state.last_seq + 1):
                request = json.dumps({"seq": number}).encode()
                answer = json.loads((await connection.request(f"$JS.API.STREAM.MSG.GET.{stream}", request, 5)).data)
                if message := answer.get("message"):
                    found.append(_message(message))
            return found

        return self._run(messages)

    def object(self, bucket: str, name: str) -> bytes:
        """The content of an object."""

        async def content(connection) -> bytes:
            store = await connection.jetstream().object_store(bucket)
            return (await store.get(name)).data

        return self._run(content)


def _message(answer: dict[str, str]) -> Message:
    lines = base64.b64decode(answer.get("hdrs", "")).decode().split("\r\n")[1:]
    headers = [tuple(line.split(": ", 1)) for line in lines if line]
    return Message(answer["subject"], headers, base64.b64decode(answer.get("data", "")))

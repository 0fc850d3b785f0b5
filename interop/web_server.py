#!/usr/bin/env python3
"""web_server.py PORT FOLDER [CERTIFICATE KEY]: a web server that takes webhooks, and behaves as the path says.

The first word of the path decides: `keep` keeps the request and answers 200, `slow` reads slowly before that, `hang` never
answers, and a number is the status of the answer. Each request is a line in FOLDER/seen. What was kept is in FOLDER as
ID.json (path and header) and ID.body, before it is answered; if it is there already, its ID is a line in FOLDER/again.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CHUNK = 64 * 1024
_SECRET = b"a secret of the web server\n"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer in one write.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:  # noqa: N802
        word = self.path.split("/")[1]
        body = self._body(word == "slow")
        name = self.headers["webhook-id"]
        self.server.note("seen", name)
        if word == "hang":
            time.sleep(3600)
        status = int(word) if word.isdigit() else 200
        if status == 200:
            self._keep(name, body)
        self.send_response(status)
        if status in range(300, 400):
            self.send_header("location", "/keep")
        self.send_header("content-length", str(len(_SECRET)))
        self.end_headers()
        self.wfile.write(_SECRET)

    def _body(self, is_slow: bool) -> bytes:
        left, chunks = int(self.headers["content-length"]), []
        while left:
            chunk = self.rfile.read(min(left, _CHUNK))
            if not chunk:
                raise ConnectionError("the client is gone")
            chunks.append(chunk)
            left -= len(chunk)
            if is_slow:
                time.sleep(0.01)
        return b"".join(chunks)

    def _keep(self, name: str, body: bytes) -> None:
        told = self.server.folder / f"{name}.json"
        if told.exists():
            self.server.note("again", name)
            return
        # The second name is that of a whole request.
        for path, content in (
            (self.server.folder / f"{name}.body", body),
            (told, json.dumps({"path": self.path, "header": self.headers.items()}).encode()),
        ):
            new = path.with_suffix(f".{threading.get_ident()}.new")
            new.write_bytes(content)
            new.rename(path)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.folder = folder

    def note(self, name: str, line: str) -> None:
        file = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(file, f"{line}\n".encode())
        os.close(file)

    def handle_error(self, *_: object) -> None:
        """Clients that go are part of the play."""


def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    server = _Server(port, folder)
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[3:])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

"""A small S3 that keeps objects in files, so that they outlive its kills: `object_server.py PORT FOLDER`.

An object is in `objects/` with its whole content before it is answered; parts are in `uploads/NAME/`. While there is a file
`slow`, bodies are read slowly.
"""

from __future__ import annotations

import hashlib
import http.server
import os
import shutil
import sys
import time
import urllib.parse
import uuid
from pathlib import Path

_PIECE = 2**16
_SLOW_SECONDS = 0.02


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    folder: Path

    def setup(self) -> None:
        super().setup()
        path = self.folder / "uploads"
        self._uploads, self._objects = path, self.folder / "objects"

    def do_PUT(self) -> None:
        key, query = self._target()
        body = self._body()
        if hashlib.sha256(body).hexdigest() != self.headers["x-amz-content-sha256"]:
            self._answer(400, "<Code>XAmzContentSHA256Mismatch</Code>")
        elif "uploadId" in query:
            upload = self._uploads / query["uploadId"][0]
            if upload.is_dir():
                self._write(upload / f"{int(query['partNumber'][0]):05}", body)
                self._answer(200)
            else:
                self._answer(404, "<Code>NoSuchUpload</Code>")
        elif self.headers["If-None-Match"] == "*" and self._object(key).exists():
            self._answer(412, "<Code>PreconditionFailed</Code>")
        else:
            self._write(self._object(key), body)
            self._answer(200)

    def do_POST(self) -> None:
        key, query = self._target()
        self._body()
        if "uploads" in query:
            upload = uuid.uuid4().hex
            (self._uploads / upload).mkdir()
            name = f"<UploadId>{upload}</UploadId>"
            self._answer(200, f"<InitiateMultipartUploadResult>{name}</InitiateMultipartUploadResult>")
            return
        upload = self._uploads / query["uploadId"][0]
        if not upload.is_dir():
            self._answer(404, "<Code>NoSuchUpload</Code>")
            return
        self._write(self._object(key), b"".join(part.read_bytes() for part in sorted(upload.iterdir())))
        shutil.rmtree(upload)
        self._answer(200, "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")

    def do_DELETE(self) -> None:
        key, query = self._target()
        if "uploadId" in query:
            upload = self._uploads / query["uploadId"][0]
            if not upload.is_dir():
                self._answer(404, "<Code>NoSuchUpload</Code>")
                return
            shutil.rmtree(upload, ignore_errors=True)
        else:
            self._object(key).unlink(missing_ok=True)
        self._answer(204)

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _target(self) -> tuple[str, dict[str, list[str]]]:
        url = urllib.parse.urlsplit(self.path)
        return url.path, urllib.parse.parse_qs(url.query, keep_blank_values=True)

    def _body(self) -> bytes:
        left, pieces = int(self.headers["Content-Length"] or 0), []
        while left:
            piece = self.rfile.read(min(left, _PIECE))
            if not piece:
                raise ConnectionError("the body is cut off")
            left -= len(piece)
            pieces.append(piece)
            if (self.folder / "slow").exists():
                time.sleep(_SLOW_SECONDS)
        return b"".join(pieces)

    def _object(self, key: str) -> Path:
        return self._objects / urllib.parse.quote(key, safe="")

    def _write(self, path: Path, content: bytes) -> None:
        draft = self.folder / "drafts" / uuid.uuid4().hex
        draft.write_bytes(content)
        os.rename(draft, path)

    def _answer(self, status: int, body: str = "") -> None:
        self.send_response(status)
        self.send_header("ETag", '"x"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client may go at any time."""


def main() -> None:
    Handler.folder = Path(sys.argv[2])
    for name in ("objects", "uploads", "drafts"):
        (Handler.folder / name).mkdir(exist_ok=True)
    _Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()

"""A private S3: moto from PyPI, whose server keeps buckets in memory."""

from __future__ import annotations

import contextlib
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import packages
from daemon import Process

BUCKET = "mail"

_START_SECONDS = 40
# Of anybody: moto checks it only where it is told to.
_AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def program() -> Path:
    """Where `interop/install` puts it."""
    return packages.FOLDER / "bin" / "moto_server"


class Moto(Process):
    """One server on a port of the loopback interface; it may run several times, each time with an empty bucket."""

    def __init__(self, port: int, log: Path, checks_keys: bool = False) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        command = [str(program()), "-H", "127.0.0.1", "-p", str(port)]
        # With these many actions before keys are checked: the bucket is made by the first.
        checks = {"INITIAL_NO_AUTH_ACTION_COUNT": "1"} if checks_keys else {}
        super().__init__("moto", command, log, self._made_bucket, _START_SECONDS, {**os.environ, **checks})

    def _made_bucket(self) -> bool:
        with contextlib.suppress(OSError):
            self._request("PUT", f"/{BUCKET}")
            return True
        return False

    def keys(self) -> list[str]:
        """The keys of all objects."""
        return re.findall(r"<Key>([^<]+)</Key>", self._request("GET", f"/{BUCKET}")[1].decode())

    def uploads(self) -> list[str]:
        """The uploads that are not complete."""
        return re.findall(r"<UploadId>([^<]+)</UploadId>", self._request("GET", f"/{BUCKET}?uploads")[1].decode())

    def object(self, key: str) -> tuple[dict[str, str], bytes]:
        """The header fields and the content of an object."""
        return self._request("GET", f"/{BUCKET}/{urllib.parse.quote(key)}")

    def _request(self, method: str, path: str) -> tuple[dict[str, str], bytes]:
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        request.add_header("Authorization", _AUTHORIZATION)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return {name.lower(): value for name, value in answer.headers.items()}, answer.read()

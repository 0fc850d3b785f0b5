"""Messages that other software signs with DKIM: dkimpy, opendkim and rspamd."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from daemon import daemon, listens
from relay import free_port
from server import ServerError

DOMAIN = "example.org"
ALGORITHMS = {"rsa": "rsa-sha256", "ed25519": "ed25519-sha256"}
CANONICALIZATIONS = ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"]

_PATH = os.defpath + ":/usr/sbin:/usr/bin"
_START_SECONDS = 60
# Debian's modules are for Debian's interpreter.
_PYTHON = "/usr/bin/python3"
_MODULES = Path("/usr/lib/python3/dist-packages")

_DKIMPY = """
import dkim, sys
selector, domain, key, header, body, algorithm, has_length = (word.encode() for word in sys.argv[1:])
message = sys.stdin.buffer.read()
signature = dkim.sign(
    message, selector, domain, open(key, "rb").read(), canonicalize=(header, body), signature_algorithm=algorithm,
    length=has_length == b"True",
)
sys.stdout.buffer.write(signature + message)
"""

_OPENDKIM = """\
Mode s
Domain {domain}
Selector rsa
KeyFile {folder}/rsa.pem
RequireSafeKeys false
InternalHosts csl:0.0.0.0/0,localhost
SignatureAlgorithm rsa-sha256
Canonicalization {canonicalization}
{more}
"""

_RSPAMD = """
options {{
  filters = ["dkim"];
  url_tld = "{folder}/tld";
  dns {{ nameserver = ["127.0.0.1:1:1"]; timeout = 0.1s; retransmits = 1; }}
  pidfile = "{folder}/pid"; tempdir = "{folder}"; dbdir = "{folder}"; hs_cache_dir = "{folder}";
  control_socket = "{folder}/control.sock mode=0600";
}}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "info"; }}
actions {{ reject = 15; }}
group "own" {{ }}
dkim {{ }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
lua = "{folder}/rules.lua";
"""

_RULES = """
local keys = {{
  rsa = {{ domain = '{domain}', selector = 'rsa', key = '{folder}/rsa.pem' }},
  ed25519 = {{ domain = '{domain}', selector = 'ed25519', rawkey = '{seed}', alg = 'ed25519' }},
}}
rspamd_config:register_symbol({{ name = 'SIGN', type = 'idempotent', callback = function(task)
  rspamd_plugins.dkim.sign(task, keys[tostring(task:get_request_header('X-Key'))])
end }})
"""


def missing() -> list[str]:
    """The Debian packages that are not installed."""
    programs = {"opendkim": "opendkim", "opendkim-testmsg": "opendkim-tools", "rspamd": "rspamd", "openssl": "openssl"}
    lacking = [package for program, package in programs.items() if not shutil.which(program, path=_PATH)]
    return lacking + [f"python3-{name}" for name in ("dkim", "nacl") if not (_MODULES / name).exists()]


class Signers:
    """The keys of a domain, and software that signs with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        key = folder / "rsa.pem"
        _run(["openssl", "genrsa", "-traditional", "-out", str(key), "2048"])
        public = _run(["openssl", "rsa", "-in", str(key), "-pubout", "-outform", "DER"])
        _run(["dknewkey", "--ktype", "ed25519", str(folder / "ed25519")])
        ed25519 = (folder / "ed25519.dns").read_text()
        self.records = {
            f"rsa._domainkey.{DOMAIN}": f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}",
            f"ed25519._domainkey.{DOMAIN}": ed25519[ed25519.index("v=DKIM1") :].strip(' "\n'),
        }

    def dkimpy(self, message: bytes, key: str, canonicalization: str, has_length: bool = False) -> bytes:
        """The message, signed by dkimpy."""
        file = self._folder / {"rsa": "rsa.pem", "ed25519": "ed25519.key"}[key]
        words = [key, DOMAIN, str(file), *canonicalization.split("/"), ALGORITHMS[key], str(has_length)]
        return _run([_PYTHON, "-c", _DKIMPY, *words], message)

    def opendkim(self, message: bytes, canonicalization: str, more: str = "") -> bytes:
        """The message, signed by opendkim; `more` are lines of its configuration."""
        settings, content = self._folder / "opendkim.conf", self._folder / "message"
        settings.write_text(
            _OPENDKIM.format(folder=self._folder, domain=DOMAIN, canonicalization=canonicalization, more=more)
        )
        content.write_bytes(message)
        said = _run(["opendkim", "-x", str(settings), "-t", str(content), "-vvv"]).decode()
        signature = re.search(r"hname='DKIM-Signature' hvalue='(.*?)'", said, re.DOTALL)
        if not signature:
            raise ServerError(f"opendkim did not sign: {said[-2000:]}")
        return message_with(f"DKIM-Signature: {signature[1]}\n".encode(), message)

    def opendkim_sha1(self, message: bytes) -> bytes:
        """The message, signed by the test program of opendkim, which knows no better hash."""
        command = ["opendkim-testmsg", "-C", "-d", DOMAIN, "-k", str(self._folder / "rsa.pem"), "-s", "rsa"]
        return _crlf(_run(command, message))

    @contextlib.contextmanager
    def rspamd(self) -> Iterator[Rspamd]:
        """A daemon that signs."""
        folder = self._folder / "rspamd"
        folder.mkdir(exist_ok=True)
        port = free_port()
        (folder / "tld").write_text("com\norg\nexample\n")
        shutil.copy(self._folder / "rsa.pem", folder)
        (folder / "rspamd.conf").write_text(_RSPAMD.format(folder=folder, port=port))
        seed = (self._folder / "ed25519.key").read_text().strip()
        (folder / "rules.lua").write_text(_RULES.format(folder=folder, domain=DOMAIN, seed=seed))
        command = [shutil.which("rspamd", path=_PATH), "-f", "-i", "-c", str(folder / "rspamd.conf")]
        with daemon("rspamd", command, folder / "said", lambda: listens(port), _START_SECONDS):
            yield Rspamd(port)


class Rspamd:
    """A running daemon."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/checkv2"

    def sign(self, message: bytes, key: str) -> bytes:
        """The message, signed by rspamd."""
        request = urllib.request.Request(self._url, data=message, headers={"X-Key": key, "IP": "127.0.0.1"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        signature = answer.get("dkim-signature")
        if not isinstance(signature, str):
            raise ServerError(f"rspamd did not sign: {answer}")
        return message_with(f"DKIM-Signature: {signature}\n".encode(), message)


def message_with(field: bytes, message: bytes) -> bytes:
    """The message with a field on top."""
    return _crlf(field) + message


def _crlf(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _run(command: list[str], content: bytes | None = None) -> bytes:
    done = subprocess.run(command, input=content, capture_output=True, env=_environment(), timeout=60)
    if done.returncode:
        raise ServerError(f"{command[0]}: {done.stderr.decode(errors='replace')[-1000:]}")
    return done.stdout + (done.stderr if command[0] == "opendkim" else b"")


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": os.environ.get("PATH", "") + ":" + _PATH}

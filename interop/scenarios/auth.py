"""Authentication: clients that were not written for this server log in by each mechanism, and fail to with a guess.

The program is started with a password file that `hash-password` and another tool, gsasl, made. The mechanisms that the
program has no users for, tokens and CRAM-MD5, are judged by the example `mechanisms`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from introducer import introduced
from server import Certificate, Server, running

from .base import Checks, Scenario

_USER = "alice"
_PASSWORD = "wonderland"
_TOKEN = "down-the-rabbit-hole"
_GUESS = "guessed"
_SECONDS = 30
_MESSAGE = b"Subject: hello\n\nHello\n"
_FROM, _TO = "alice@client.example", "bob@example.com"


class Auth(Scenario):
    name = "auth"

    def __init__(self, examples: Path) -> None:
        self._example = examples / "mechanisms"

    def missing(self) -> str | None:
        wanted = {tool: tool for tool in ("gsasl", "swaks", "curl", "msmtp")}
        lacking = [f"{tool} (the Debian package {package})" for tool, package in wanted.items() if not shutil.which(tool)]
        return ", ".join(lacking) or None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        users = folder / "users"
        users.write_text(
            "# made by three hands\n"
            + _hash_password(program, _USER, _PASSWORD)
            + _hash_password(program, "argon", _PASSWORD, "--argon2id")
            + f"gsasl:{_verifier_of_gsasl(_PASSWORD)}\n"
        )
        users.chmod(0o600)
        flags = ["--auth-file", str(users), "--require-auth", "--limit", "errors=0"]
        with running(program, folder, certificate, flags) as server, introduced(server.port) as port:
            _with_the_program(server, port, checks)
        if checks.that(self._example.is_file(), f"there is no {self._example}; `cargo build --examples` makes it"):
            with _example(self._example, folder) as port:
                _with_the_example(port, checks)
        return checks


def _with_the_program(server: Server, introduced_port: int, checks: Checks) -> None:
    trust = str(server.certificate)
    for user in (_USER, "argon", "gsasl"):
        for mechanism in ("PLAIN", "LOGIN"):
            _both(checks, f"smtplib {mechanism} as {user}", lambda word: _smtplib(server.tls_port, mechanism, user, word))
            _both(checks, f"swaks {mechanism} as {user}", lambda word: _swaks(server.port, mechanism, user, word, "--tls"))
    # Users with a SCRAM verifier; the one for gsasl comes from another tool than ours.
    for user in (_USER, "gsasl"):
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"):
            heard = _both(
                checks,
                f"gsasl {mechanism} as {user}",
                lambda word: _gsasl(introduced_port, mechanism, user, word, trust),
            )
            binds = "cD10bHMtZXhwb3J0ZXIs"  # p=tls-exporter,
            checks.that((binds in heard) == mechanism.endswith("PLUS"), f"gsasl {mechanism}: bound or not?\n{heard}")
        _both(checks, f"msmtp SCRAM as {user}", lambda word: _msmtp(server.port, "scram-sha-256", user, word, trust))
    heard = _gsasl(introduced_port, "SCRAM-SHA-256", "argon", _PASSWORD, trust)
    checks.that("535 5.7.8" in heard, f"a hash by argon2id served SCRAM\n{heard}")
    # In the clear, SCRAM is the only mechanism: it reveals no password.
    heard = _gsasl(server.port, "SCRAM-SHA-256", _USER, _PASSWORD, None)
    checks.that("235 2.7.0" in heard, f"gsasl in the clear\n{heard}")
    offer = re.search(r"250.AUTH (.*)", heard)
    checks.that(bool(offer) and offer[1].strip() == "SCRAM-SHA-256", f"offered in the clear: {offer and offer[1]}")
    heard = _swaks(server.port, "PLAIN", _USER, _PASSWORD)
    checks.that("235" not in heard, f"a password was taken in the clear\n{heard}")


def _with_the_example(port: int, checks: Checks) -> None:
    for mechanism in ("OAUTHBEARER", "XOAUTH2"):
        _both(checks, f"curl {mechanism}", lambda word: _curl(port, mechanism, word), _TOKEN)
        _both(checks, f"msmtp {mechanism}", lambda word: _msmtp(port, mechanism.lower(), _USER, word, None), _TOKEN)
    _both(checks, "swaks CRAM-MD5", lambda word: _swaks(port, "CRAM-MD5", _USER, word))
    _both(checks, "smtplib CRAM-MD5", lambda word: _smtplib_cram(port, word))
    _both(checks, "gsasl CRAM-MD5", lambda word: _gsasl(port, "CRAM-MD5", _USER, word, None))
    _both(checks, "msmtp CRAM-MD5", lambda word: _msmtp(port, "cram-md5", _USER, word, None))


def _both(checks: Checks, what: str, attempt: Callable[[str], str], right: str = _PASSWORD) -> str:
    """The right word opens, and a guess does not; returns what was heard with the right one."""
    heard = attempt(right)
    checks.that("235 2.7.0" in heard, f"{what}: no 235\n{heard[-1500:]}")
    guessed = attempt(_GUESS)
    checks.that("535 5.7.8" in guessed and "235 2.7.0" not in guessed, f"{what}, a guess: no 535\n{guessed[-1500:]}")
    return heard


def _hash_password(program: Path, user: str, password: str, *flags: str) -> str:
    command = [str(program), "hash-password", user, *flags]
    return subprocess.run(
        command, input=password + "\n", text=True, check=True, capture_output=True, timeout=_SECONDS
    ).stdout


def _verifier_of_gsasl(password: str) -> str:
    """gsasl's `{SCRAM-SHA-256}count,salt,stored-key,server-key` in PostgreSQL's form."""
    command = ["gsasl", "--mkpasswd", "--mechanism", "SCRAM-SHA-256", "--password", password]
    made = subprocess.run(command, text=True, check=True, capture_output=True, timeout=_SECONDS).stdout.strip()
    count, salt, stored_key, server_key = made.removeprefix("{SCRAM-SHA-256}").split(",")[:4]
    return f"SCRAM-SHA-256${max(int(count), 4096)}:{salt}${stored_key}:{server_key}"


def _heard(command: list[str], content: bytes = b"") -> str:
    done = subprocess.run(command, input=content, capture_output=True, timeout=_SECONDS)
    return (done.stdout + done.stderr).decode(errors="replace")


def _swaks(port: int, mechanism: str, user: str, word: str, *flags: str) -> str:
    login = ["--auth", mechanism, "--auth-user", user, "--auth-password", word]
    return _heard(["swaks", "--server", "127.0.0.1", "--port", str(port), "--from", _FROM, "--to", _TO, *login, *flags])


def _gsasl(port: int, mechanism: str, user: str, word: str, trust: str | None) -> str:
    login = ["--mechanism", mechanism, "--authentication-id", user, "--password", word]
    tls = ["--starttls", "--x509-ca-file", trust] if trust else ["--no-starttls"]
    # Without the flag it correctly refuses SCRAM-SHA-256 as a downgrade from PLUS.
    binding = [] if mechanism.endswith("PLUS") or not trust else ["--no-cb"]
    where = ["--smtp", "--connect", f"127.0.0.1:{port}", "--hostname", "localhost", "--verbose"]
    return _heard(["gsasl", *where, *login, *tls, *binding], b"")


def _msmtp(port: int, mechanism: str, user: str, word: str, trust: str | None) -> str:
    tls = ["--tls-trust-file", trust] if trust else ["--tls-trust-file=", "--tls-certcheck=off"]
    command = [
        "msmtp", "--debug", "--host=127.0.0.1", f"--port={port}", f"--from={_FROM}", f"--auth={mechanism}",
        f"--user={user}", f"--passwordeval=echo {word}", "--tls=on", *tls, "--timeout=20", "--", _TO,
    ]  # fmt: skip
    return _heard(command, _MESSAGE)


def _curl(port: int, mechanism: str, word: str) -> str:
    login = ["--login-options", f"AUTH={mechanism}", "--user", _USER, "--oauth2-bearer", word]
    envelope = ["--mail-from", _FROM, "--mail-rcpt", _TO, "--upload-file", "-"]
    return _heard(["curl", "-kv", "--ssl-reqd", "--url", f"smtp://127.0.0.1:{port}", *login, *envelope], _MESSAGE)


def _smtplib(port: int, mechanism: str, user: str, word: str) -> str:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP_SSL("127.0.0.1", port, timeout=_SECONDS, context=context) as client:
        return _log_in(client, mechanism, user, word)


def _smtplib_cram(port: int, word: str) -> str:
    with smtplib.SMTP("127.0.0.1", port, timeout=_SECONDS) as client:
        return _log_in(client, "CRAM-MD5", _USER, word)


def _log_in(client: smtplib.SMTP, mechanism: str, user: str, word: str) -> str:
    client.ehlo("client.example")
    client.user, client.password = user, word
    method = getattr(client, "auth_" + mechanism.lower().replace("-", "_"))
    try:
        code, text = client.auth(mechanism, method)
    except smtplib.SMTPAuthenticationError as error:
        code, text = error.smtp_code, error.smtp_error
    return f"{code} {text.decode()}"


@contextmanager
def _example(example: Path, folder: Path) -> Iterator[int]:
    """The port of the running example, which has to end when it is told to."""
    process = subprocess.Popen(
        [example], cwd=folder, stdout=subprocess.PIPE, env=os.environ | {"MAILCHUTE_LISTEN": "127.0.0.1:0"}
    )
    try:
        yield int(process.stdout.readline().decode().rpartition(":")[2])
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_SECONDS)
    finally:
        process.kill()
        process.communicate()

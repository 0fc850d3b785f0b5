"""Messages that dkimpy, opendkim and rspamd have signed, changed on the way or not."""

from __future__ import annotations

import json
import re
import smtplib
import time
from dataclasses import dataclass
from pathlib import Path

import dns_server
import signers
from server import Certificate, Server, running
from signers import CANONICALIZATIONS, DOMAIN, Signers

from .base import Checks, Scenario

_SECONDS = 30

_MESSAGE = b"""\
Received: from a.example by b.example; Fri, 11 Jul 2003 21:01:54 -0700
From: Joe <joe@example.org>
To: Suzie <suzie@example.net>
Subject: Is  dinner
\tready?
Date: Fri, 11 Jul 2003 21:00:37 -0700
Message-ID: <2003@example.org>

Hi.

We lost  the game. \t

Joe.
""".replace(b"\n", b"\r\n")

_SETTINGS = """\
dns = ["{dns}"]

[[filter]]
use = "authentication"
"""


@dataclass(frozen=True)
class _Case:
    name: str
    message: bytes
    # The results of the signatures, from the top down.
    results: list[str]


class Dkim(Scenario):
    name = "dkim"

    def missing(self) -> str | None:
        lacking = signers.missing()
        return f"the Debian packages {', '.join(lacking)}" if lacking else None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        made = Signers(folder / "signers")
        cases = [*_by_dkimpy(made), *_by_opendkim(made), *_by_rspamd(made)]
        zone = {name: [("TXT", record)] for name, record in made.records.items()}
        with dns_server.serving(zone) as dns:
            (folder / "mailchute.toml").write_text(_SETTINGS.format(dns=dns.address))
            flags = ["--config", str(folder / "mailchute.toml"), "--xclient-from", "127.0.0.1"]
            logging = ("--log-level", "info", "--log-format", "json")
            with running(program, folder, certificate, flags, logging) as server:
                for number, case in enumerate(cases):
                    _send(server, case, number)
                    field = _results(server, number)
                    found = re.findall(r"\bdkim=(\w+)", field)
                    checks.that(found == case.results, f"{case.name}: {case.results} expected, found {field!r}")
                words = _words(server, len(cases))
                expected = ["pass" if "pass" in case.results else case.results[0] for case in cases]
                checks.that(words == expected, f"the log says {words}, and {expected} was expected")
        return checks


def _changed(name: str, message: bytes, canonicalization: str, has_length: bool = False) -> list[_Case]:
    """A signed message, and what becomes of it on the way."""
    header, body = canonicalization.split("/")
    relaxed = {"simple": ["fail"], "relaxed": ["pass"]}
    name = f"{name}, {canonicalization}{', l=' if has_length else ''}"
    return [
        _Case(name, message, ["pass"]),
        _Case(f"{name}, empty lines at the end", message + b"\r\n\r\n", ["pass"]),
        _Case(f"{name}, a field on top", b"Received: from c.example\r\n" + message, ["pass"]),
        _Case(f"{name}, space in the body", message.replace(b"  the", b"\t the"), relaxed[body]),
        _Case(f"{name}, another fold", message.replace(b"\r\n\tready", b" ready"), relaxed[header]),
        _Case(f"{name}, more text", message + b"Eve.\r\n", ["pass"] if has_length else ["fail"]),
        _Case(f"{name}, another body", message.replace(b"lost", b"won"), ["fail"]),
        _Case(f"{name}, another subject", message.replace(b"dinner", b"lunch"), ["fail"]),
    ]


def _by_dkimpy(made: Signers) -> list[_Case]:
    cases = []
    for key in signers.ALGORITHMS:
        for canonicalization in CANONICALIZATIONS:
            for has_length in (False, True):
                signed = made.dkimpy(_MESSAGE, key, canonicalization, has_length)
                cases += _changed(f"dkimpy, {key}", signed, canonicalization, has_length)
    both = made.dkimpy(made.dkimpy(_MESSAGE, "rsa", "relaxed/simple"), "ed25519", "relaxed/relaxed")
    return [*cases, _Case("dkimpy, twice", both, ["pass", "pass"])]


def _by_opendkim(made: Signers) -> list[_Case]:
    cases = []
    for canonicalization in CANONICALIZATIONS:
        cases += _changed("opendkim", made.opendkim(_MESSAGE, canonicalization), canonicalization)
    oversigned = made.opendkim(_MESSAGE, "relaxed/relaxed", "OversignHeaders From,To")
    expired = made.opendkim(_MESSAGE, "relaxed/relaxed", "SignatureTTL 1")
    time.sleep(2.1)
    return [
        *cases,
        _Case("opendkim, oversigned", oversigned, ["pass"]),
        _Case("opendkim, oversigned and added", b"To: eve@example.net\r\n" + oversigned, ["fail"]),
        _Case("opendkim, expired", expired, ["policy"]),
        _Case("opendkim, SHA-1", made.opendkim_sha1(_MESSAGE), ["policy"]),
    ]


def _by_rspamd(made: Signers) -> list[_Case]:
    with made.rspamd() as rspamd:
        signed = {key: rspamd.sign(_MESSAGE, key) for key in signers.ALGORITHMS}
    return [case for key, message in signed.items() for case in _changed(f"rspamd, {key}", message, "relaxed/relaxed")]


def _send(server: Server, case: _Case, number: int) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=_SECONDS) as session:
        session.ehlo("mail.example.org")
        # Mail of this host is not checked.
        session.docmd("XCLIENT", "ADDR=198.51.100.7 NAME=mail.example.org")
        session.ehlo("mail.example.org")
        session.sendmail(f"joe@{DOMAIN}", ["suzie@example.net"], f"X-Case: {number}\r\n".encode() + case.message)


def _results(server: Server, number: int) -> str:
    """The field that the program has added to a message."""
    mark = f"X-Case: {number}\r\n".encode()
    for file in server.maildir.glob("new/*"):
        header = file.read_bytes().split(b"\r\n\r\n", 1)[0]
        if mark in header + b"\r\n":
            field = re.search(rb"^Authentication-Results:([^\r]*(?:\r\n[ \t][^\r]*)*)", header, re.MULTILINE)
            return field[1].decode(errors="replace") if field else ""
    return "no message"


def _words(server: Server, count: int) -> list[str]:
    """The word for DKIM in the log, of each message."""
    deadline = time.monotonic() + _SECONDS
    while True:
        lines = [json.loads(line) for line in server.log.read_text().splitlines() if '"checks":{' in line]
        words = [line["checks"]["dkim"] for line in lines if "dkim" in line["checks"]]
        if len(words) >= count or time.monotonic() > deadline:
            return words
        time.sleep(0.1)

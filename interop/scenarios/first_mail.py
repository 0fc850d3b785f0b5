"""The pieces that the page of an empty inbox shows, as they stand there, with what each needs around it: programs, libraries and
frameworks send with the settings that they have by default."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from application import inbox
from clients import nodemailer
from server import Certificate, environment

from .base import Checks, Scenario

_SECONDS = 60
_SYMFONY = Path("/usr/share/php/Symfony/Component/Mailer/autoload.php")
_DJANGO = Path("/usr/lib/python3/dist-packages/django")
_RUBY = Path("/usr/share/rubygems-integration/all/specifications")
_TO = "you@example.com"
_PIECE = re.compile(r'<summary>([^<]*)</summary><pre tabindex="0" id="piece-\d+">([^<]*)</pre>')


@dataclass(frozen=True)
class _Kind:
    """How a piece is run."""

    command: Sequence[str]
    # Its file, and what stands around the piece there.
    file: str
    before: str = ""
    after: str = ""


_KINDS = {
    "swaks": _Kind(["bash"], "piece.sh"),
    "curl": _Kind(["bash"], "piece.sh"),
    "Python": _Kind(["python3"], "piece.py"),
    "Nodemailer": _Kind(["node"], "piece.js", before='const nodemailer = require("nodemailer");\n'),
    # The settings of an application, which its framework sets on this class.
    "Rails": _Kind(
        ["ruby"],
        "piece.rb",
        before='require "action_mailer"\nconfig = Struct.new(:action_mailer).new(ActionMailer::Base)\n',
        after=(
            "\nclass Hello < ActionMailer::Base\n"
            f'  def hello = mail(from: "me@example.com", to: "{_TO}", subject: "Hello", body: "It works.")\n'
            "end\nHello.hello.deliver_now\n"
        ),
    ),
    "Django": _Kind(
        ["/usr/bin/python3"],
        "piece.py",
        after=(
            "\nfrom django.conf import settings\nfrom django.core.mail import send_mail\n"
            "settings.configure(EMAIL_HOST=EMAIL_HOST, EMAIL_PORT=EMAIL_PORT)\n"
            f'send_mail("Hello", "It works.", "me@example.com", ["{_TO}"])\n'
        ),
    ),
    # Laravel makes its transport of these variables, with the mailer of Symfony.
    "Laravel": _Kind(
        ["php"],
        "piece.php",
        before="<?php\n$env = parse_ini_string(<<<'ENV'\n",
        after=(
            "\nENV);\n"
            f"require '{_SYMFONY}';\nrequire '/usr/share/php/Symfony/Component/EventDispatcher/autoload.php';\n"
            "use Symfony\\Component\\Mailer\\Transport\\{Dsn, Smtp\\EsmtpTransportFactory};\n"
            "$dsn = new Dsn($env['MAIL_MAILER'], $env['MAIL_HOST'], null, null, (int) $env['MAIL_PORT']);\n"
            "$mail = (new Symfony\\Component\\Mime\\Email())->from('me@example.com')"
            f"->to('{_TO}')->subject('Hello')->text('It works.');\n"
            "(new EsmtpTransportFactory())->create($dsn)->send($mail);\n"
        ),
    ),
}


class FirstMail(Scenario):
    name = "first-mail"

    def missing(self) -> str | None:
        for program in ("curl", "node", "php", "ruby", "swaks"):
            if not shutil.which(program):
                return program
        if not (nodemailer.FOLDER / "node_modules" / "nodemailer").is_dir():
            return f"nodemailer in {nodemailer.FOLDER} (interop/install puts it there)"
        if not any(_RUBY.glob("actionmailer-*")):
            return "Action Mailer (the Debian package ruby-actionmailer)"
        places = ((_SYMFONY, "php-symfony-mailer"), (_DJANGO, "python3-django"))
        return next((f"the Debian package {package}" for place, package in places if not place.exists()), None)

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with inbox(program, folder) as (_, http):
            page = urllib.request.urlopen(f"http://127.0.0.1:{http}/", timeout=_SECONDS).read().decode()
            pieces = [(name, html.unescape(text)) for name, text in _PIECE.findall(page)]
            checks.that([name for name, _ in pieces] == list(_KINDS), f"the page shows {[name for name, _ in pieces]}")
            for name, text in pieces:
                if kind := _KINDS.get(name):
                    _send(checks, http, folder, name, kind, text)
        return checks


def _send(checks: Checks, http: int, folder: Path, name: str, kind: _Kind, text: str) -> None:
    before = _received(http)
    file = folder / kind.file
    file.write_text(kind.before + text + kind.after)
    done = subprocess.run(
        [*kind.command, str(file)],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        cwd=folder,
        env={**environment(), "NODE_PATH": str(nodemailer.FOLDER / "node_modules"), "HOME": str(folder)},
    )
    checks.that(done.returncode == 0, f"{name} ended with {done.returncode}: {(done.stderr or done.stdout)[:600]}")
    came = _received(http) - before
    checks.that(came == 1, f"{name}: {came} messages came")


def _received(http: int) -> int:
    """The messages for the recipient of the pieces."""
    url = f"http://127.0.0.1:{http}/api/v1/messages?q=mailbox:{_TO}"
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
        return json.load(answer)["messages_count"]

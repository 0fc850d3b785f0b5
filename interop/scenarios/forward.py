"""Forwarding: the program hands mail to Dovecot by LMTP, over TCP and a Unix socket, and to Postfix by SMTP with TLS. To
Postfix it shows who it is by a password, which Dovecot checks, or by a certificate.

Dovecot refuses an unknown user and one whose mailbox is full at RCPT, in its own words. It does the same where it is only
asked about users, and the program keeps their mail. Each message must be in the
mailbox once, with one `Received:` of the program's. Postfix hands it on to a second program, which keeps it.
"""

from __future__ import annotations

import contextlib
import shutil
import smtplib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import authority
import trace_headers
from clients.base import EHLO, SEND_SECONDS
from daemon import daemon, listens
from message import DOMAIN
from relay import RelayError, Route, free_port, relaying, requiring_tls, settles
from server import Certificate, ServerError, running

from .base import Checks, Scenario

_SENDER = f"sender@{DOMAIN}"
_START_SECONDS = 20
_TEXT = "Subject: {subject}\r\n\r\n.one\r\n..two\r\nthree\r\n"
_OWNER = "mail"

_DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = lmtp
listen = 127.0.0.1
ssl = no
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%n
auth_username_format = %n
auth_mechanisms = plain
disable_plaintext_auth = no
lmtp_rcpt_check_quota = yes
postmaster_address = postmaster@{domain}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
plugin {{
  quota = maildir:User quota
}}
protocol lmtp {{
  mail_plugins = quota
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
"""


class Forward(Scenario):
    name = "forward"

    def missing(self) -> str | None:
        path = "/usr/sbin:/usr/bin:/bin"
        lacking = [name for name in ("dovecot", "postfix") if not shutil.which(name, path=path)]
        return f"{lacking} (the Debian packages dovecot-lmtpd and postfix)" if lacking else None

    def run(self, program: Path, folder: Path, certificate: Certificate) -> Checks:
        checks = Checks()
        with _dovecot(folder / "dovecot") as (port, mail):
            for number, place in enumerate((f"127.0.0.1:{port}", f"unix:{folder}/dovecot/lmtp")):
                front = folder / f"front{number}"
                front.mkdir()
                with running(program, front, certificate, ["--sandbox"], store=f"lmtp:{place}") as server:
                    _to_dovecot(checks, server.port, mail, f"lmtp over {place.split(':')[0]}")
            for number, place in enumerate((f"127.0.0.1:{port}", f"unix:{folder}/dovecot/lmtp")):
                _asks_dovecot(checks, program, folder / f"asking{number}", certificate, f"lmtp:{place}")
            authority.make(folder)
            _with_identity(checks, program, folder, certificate)
        _beside_dovecot(checks, program, folder, certificate)
        _to_postfix(checks, program, folder, certificate)
        return checks


@contextlib.contextmanager
def _dovecot(folder: Path) -> Iterator[tuple[int, Path]]:
    """A private Dovecot that knows bob, and full, whose mailbox is full; its port of LMTP, and its mailboxes."""
    mail, port = folder / "mail", free_port()
    mail.mkdir(parents=True)
    (folder / "users").write_text(
        f"bob:{{PLAIN}}x:8:8::{folder}/home::\nfull:{{PLAIN}}x:8:8::{folder}/home::userdb_quota_rule=*:messages=1\n"
    )
    subprocess.run(["chown", "-R", f"{_OWNER}:{_OWNER}", str(mail)], check=True, timeout=10)
    configuration = folder / "dovecot.conf"
    configuration.write_text(_DOVECOT.format(folder=folder, domain=DOMAIN, port=port))

    command = ["dovecot", "-F", "-c", str(configuration)]
    with daemon("Dovecot", command, folder / "said", lambda: listens(port), _START_SECONDS):
        with smtplib.LMTP("127.0.0.1", port, timeout=SEND_SECONDS) as session:
            session.sendmail(_SENDER, f"full@{DOMAIN}", "Subject: the only one\r\n\r\n")
        yield port, mail


def _to_dovecot(checks: Checks, port: int, mail: Path, subject: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS) as session:
        session.ehlo()
        session.mail(_SENDER)
        for name, code, words in (
            ("nobody", 550, b"5.1.1 <nobody@"),
            ("full", 552, b"5.2.2 <full@"),
            ("bob", 250, b""),
        ):
            answer = session.rcpt(f"{name}@{DOMAIN}")
            holds = answer[0] == code and words in answer[1]
            checks.that(holds, f"{subject}: RCPT of {name} was answered {answer}, not {code} {words!r}")
        answer = session.data(_TEXT.format(subject=subject))
        checks.that(answer[0] == 250 and b"Saved" in answer[1], f"{subject}: the content was answered {answer}")
    found = [file.read_bytes() for file in mail.glob("bob/new/*") if subject.encode() in file.read_bytes()]
    if checks.that(len(found) == 1, f"{subject}: bob has the message {len(found)} times"):
        head, _, body = found[0].replace(b"\r\n", b"\n").partition(b"\n\n")
        checks.that(body == b".one\n..two\nthree\n", f"{subject}: the body is {body!r}")
        for field, times in ((b"Return-Path: ", 1), (b"Delivered-To: ", 1), (b"(Mailchute)", 1)):
            checks.that(head.count(field) == times, f"{subject}: {head!r} has {field!r} not {times} times")


def _beside_dovecot(checks: Checks, program: Path, folder: Path, certificate: Certificate) -> None:
    """A Maildir and Dovecot both get each message. Dovecot stops between RCPT and the content."""
    front = folder / "both"
    front.mkdir()
    with contextlib.ExitStack() as dovecot:
        port, mail = dovecot.enter_context(_dovecot(folder / "beside"))
        flags = ["--store", f"lmtp:127.0.0.1:{port}", "--sandbox"]
        with (
            running(program, front, certificate, flags) as server,
            smtplib.SMTP("127.0.0.1", server.port, EHLO, timeout=SEND_SECONDS) as session,
        ):
            session.ehlo()
            for stops, code in ((False, 250), (True, 451)):
                session.mail(_SENDER)
                unknown, known = (session.rcpt(f"{name}@{DOMAIN}")[0] for name in ("nobody", "bob"))
                checks.that((unknown, known) == (550, 250), f"two stores: RCPT was answered {unknown} and {known}")
                if stops:
                    dovecot.close()
                answer = session.data(_TEXT.format(subject="for both"))
                checks.that(answer[0] == code, f"two stores: the content was answered {answer}, not {code}")
                both = len(list(mail.glob("bob/new/*"))), len(list(server.maildir.glob("new/*")))
                checks.that(both == (1, 1), f"two stores have {both} messages after {answer}, not one each")
            session.mail(_SENDER)
            answer = session.rcpt(f"bob@{DOMAIN}")
            checks.that(answer[0] == 451, f"two stores: RCPT without Dovecot was answered {answer}")
            # The client is answered while a thread removes what is taken back.
            deadline = time.monotonic() + _START_SECONDS
            while (left := list(server.maildir.glob("tmp/*"))) and time.monotonic() < deadline:
                time.sleep(0.02)
            checks.that(not left, f"two stores: {left} are left")


def _asks_dovecot(checks: Checks, program: Path, folder: Path, certificate: Certificate, users: str) -> None:
    """Dovecot knows the users, and the program keeps their mail."""
    folder.mkdir()
    (folder / "domains.toml").write_text(f'[[domain]]\nname = "{DOMAIN}"\nrecipients = "{users}"\n')
    flags = ["--config", str(folder / "domains.toml"), "--sandbox"]
    with (
        running(program, folder, certificate, flags) as server,
        smtplib.SMTP("127.0.0.1", server.port, EHLO, timeout=SEND_SECONDS) as session,
    ):
        for _ in range(2):
            session.ehlo()
            session.mail(_SENDER)
            for name, code, words in (
                ("nobody", 550, b"5.1.1 No such user here"),
                ("full", 552, b"5.2.2 <full@"),
                ("bob+lists", 250, b""),
            ):
                answer = session.rcpt(f"{name}@{DOMAIN}")
                holds = answer[0] == code and words in answer[1]
                checks.that(holds, f"users by {users}: RCPT of {name} was answered {answer}, not {code} {words!r}")
            answer = session.data("Subject: kept here\r\n\r\n")
            checks.that(answer[0] == 250, f"users by {users}: the content was answered {answer}")
        kept = len(list(server.maildir.glob("new/*")))
        checks.that(kept == 2, f"users by {users}: {kept} messages are kept, not 2")


def _to_postfix(checks: Checks, program: Path, folder: Path, certificate: Certificate) -> None:
    trusted, chain, key = authority.paths(folder)
    behind = folder / "behind"
    behind.mkdir()
    with running(program, behind, certificate, ["--lmtp", "127.0.0.1:0"]) as last:
        route = Route(
            f"default_transport = lmtp:inet:127.0.0.1:{last.lmtp_port}\n"
            f"{requiring_tls(chain, key)}"
            "smtpd_authorized_xforward_hosts = 127.0.0.0/8\nsmtpd_tls_received_header = yes"
        )
        try:
            with relaying(folder / "postfix", route) as relay:
                for name, options in (("opportunistic", ""), ("verified", f"?tls=require&ca={trusted}")):
                    front = folder / f"front-{name}"
                    front.mkdir()
                    url = f"smtp://localhost:{relay.port}{options}"
                    # The sandbox lets it look up the name.
                    with running(program, front, certificate, ["--sandbox"], store=url) as server:
                        _send_two(checks, server.port, name)
                    checks.that(settles(relay), f"Postfix's queue is not empty: {relay.complaints()}")
                front = folder / "front-wrong"
                front.mkdir()
                url = f"smtp://127.0.0.1:{relay.port}?tls=require&ca={trusted}"
                with running(program, front, certificate, store=url) as server:
                    _is_put_off(checks, server.port)
        except RelayError as error:
            raise ServerError(str(error)) from error
        for name in ("opportunistic", "verified"):
            for number in range(2):
                subject = f"{name} {number}".encode()
                files = [file.read_bytes() for file in last.maildir.glob("new/*")]
                found = [trace_headers.take_apart(text) for text in files if b"Subject: " + subject in text]
                if checks.that(len(found) == 1, f"{subject!r} has come through {len(found)} times"):
                    content = found[0].content
                    checks.that(content.endswith(b"\r\n\r\n.one\r\n..two\r\nthree\r\n"), f"{content!r}")
                    checks.that(b"using TLS" in content, f"{subject!r} came to Postfix without TLS: {content!r}")


def _with_identity(checks: Checks, program: Path, folder: Path, certificate: Certificate) -> None:
    """Postfix takes mail only from a client that it knows by a password or a certificate."""
    trusted, chain, key = authority.paths(folder)
    for name, secret in (("right", "x"), ("wrong", "y")):
        (folder / f"{name}.secret").write_text(f"{secret}\n")
    route = Route(
        "default_transport = discard\nmynetworks =\n"
        "smtpd_relay_restrictions = permit_sasl_authenticated, permit_tls_all_clientcerts, reject\n"
        f"smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = {folder}/dovecot/auth\n"
        f"{requiring_tls(chain, key)}"
        f"smtpd_tls_ask_ccert = yes\nsmtpd_tls_CAfile = {trusted}",
        bounces=True,
    )
    try:
        with relaying(folder / "postfix-identity", route) as relay:
            for name, options, code, words in (
                ("nobody", "", 554, b"5.7.1"),
                ("password", f"&user=bob&secret=file:{folder}/right.secret", 250, b""),
                ("wrong-password", f"&user=bob&secret=file:{folder}/wrong.secret", 451, b"4.4.1"),
                ("certificate", f"&cert={chain}&key={key}", 250, b""),
            ):
                front = folder / f"front-{name}"
                front.mkdir()
                url = f"smtp://localhost:{relay.port}?tls=require&ca={trusted}{options}"
                with running(program, front, certificate, ["--sandbox"], store=url) as server:
                    with smtplib.SMTP("127.0.0.1", server.port, EHLO, timeout=SEND_SECONDS) as session:
                        session.ehlo()
                        session.mail(_SENDER)
                        answer = session.rcpt(f"bob@{DOMAIN}")
                        holds = answer[0] == code and words in answer[1]
                        checks.that(holds, f"{name}: RCPT was answered {answer}, not {code}")
                        if code == 250:
                            answer = session.data(_TEXT.format(subject=name))
                            checks.that(answer[0] == 250, f"{name}: the content was answered {answer}")
            checks.that("sasl_username=bob" in relay.log(), f"Postfix has not seen bob: {relay.complaints()}")
    except RelayError as error:
        raise ServerError(str(error)) from error


def _send_two(checks: Checks, port: int, name: str) -> None:
    for number in range(2):
        with smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS) as session:
            text = _TEXT.format(subject=f"{name} {number}")
            refused = session.sendmail(_SENDER, [f"bob@{DOMAIN}", f"eve@{DOMAIN}"], text)
            checks.that(not refused, f"{name}: refused {refused}")


def _is_put_off(checks: Checks, port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, EHLO, timeout=SEND_SECONDS) as session:
        session.ehlo()
        session.mail(_SENDER)
        answer = session.rcpt(f"bob@{DOMAIN}")
        checks.that(answer[0] == 451, f"with a certificate for another name RCPT was answered {answer}")

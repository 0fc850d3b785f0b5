"""The units of the project, run by systemd itself: started by a client, reloaded, handed over, stopped, set up wrong."""

from __future__ import annotations

import time
from collections.abc import Callable

from container import Container
from scenarios.base import Checks

from .activation import UNITS
from .base import Ordeal, Stage

_SECONDS = 20
_CONFIGURATION = "/etc/mailchute/mailchute.toml"
_MAIL = "/var/lib/mailchute/mail"
_OWN_START = f"""[Service]
ExecStart=
ExecStart=/usr/local/bin/mailchute serve --config {_CONFIGURATION} --listen systemd:mx --store maildir:{_MAIL} --sandbox
"""

# Prints the greeting and, if a recipient is given, the result of a message to it.
_CLIENT = """
import smtplib, sys
client = smtplib.SMTP()
print(client.connect("127.0.0.1", 25)[1].decode())
for recipient in sys.argv[1:]:
    try:
        client.sendmail("alice@client.example", recipient, b"Subject: hello\\r\\n\\r\\nHello\\r\\n")
        print(250)
    except smtplib.SMTPRecipientsRefused as refused:
        print(refused.recipients[recipient][0])
client.quit()
"""

# Runs a command in the middle of a message, and prints the message's result.
_CLIENT_IN_A_MESSAGE = """
import smtplib, subprocess, sys, time
client = smtplib.SMTP("127.0.0.1", 25)
for command in ("EHLO client.example", "MAIL FROM:<>", "RCPT TO:<bob@two.example>", "DATA"):
    client.docmd(command)
client.send(b"Subject: hello\\r\\n\\r\\n")
subprocess.run(sys.argv[1:], check=True)
time.sleep(1)
client.send(b"Hello\\r\\n.\\r\\n")
print(client.getreply()[0])
"""


class Units(Ordeal):
    """With all that the units forbid, as the user that systemd makes for them."""

    name = "units"
    # It needs root, and the right to create namespaces.
    only_by_name = True

    def run(self, stage: Stage) -> Checks:
        checks = Checks()
        with Container(stage.folder, stage.program, UNITS) as machine:
            machine.run("systemctl", "enable", "--now", "mailchute.socket")
            checks.that(_state(machine) == "inactive", "the service runs before anybody has come")
            _as_it_is(checks, machine)
            _configured(checks, machine)
            _handed_over(checks, machine)
            _stopped(checks, machine)
            _set_up_wrong(checks, machine)
            log = machine.run("journalctl", "--output=cat", "--unit=mailchute.service").stdout
        checks.that("panicked" not in log, "it panicked: " + log[-400:])
        return checks


def _as_it_is(checks: Checks, machine: Container) -> None:
    told = _client(machine, "bob@example.com", "bob@elsewhere.example")
    checks.that(told[1:] == ["250", "550"], f"as it is: {told}")
    _keeps(checks, machine, 1)
    owner = machine.run("stat", "--format=%U %a", f"{_MAIL}/new").stdout.strip()
    checks.that(owner == "mailchute 700", f"the mail is for others: {owner}")


def _configured(checks: Checks, machine: Container) -> None:
    machine.write("/etc/systemd/system/mailchute.service.d/override.conf", _OWN_START)
    _configure(machine, 'domain = ["one.example"]\nhostname = "first"\n')
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "mailchute")
    told = _client(machine, "bob@one.example", "bob@example.com")
    checks.that(told == ["first ESMTP Mailchute", "250", "550"], f"with a configuration file: {told}")
    _keeps(checks, machine, 2)
    process = _main_process(machine)
    _configure(machine, 'domain = ["two.example"]\nhostname = "second"\n')
    machine.run("systemctl", "reload", "mailchute")
    told = _client(machine, "bob@two.example", "bob@one.example")
    checks.that(told == ["second ESMTP Mailchute", "250", "550"], f"after a reload: {told}")
    _configure(machine, 'domian = ["two.example"]\n')
    machine.run("systemctl", "reload", "mailchute")
    checks.that(_client(machine)[0] == "second ESMTP Mailchute", "a mistake in the file was applied")
    checks.that(_main_process(machine) == process, "a reload made another process")
    log = machine.run("journalctl", "--output=cat", "--unit=mailchute.service").stdout
    checks.that(f'{_CONFIGURATION}:1:1: there is no option "domian"; write domain' in log, "the mistake was not told")


def _handed_over(checks: Checks, machine: Container) -> None:
    _configure(machine, 'domain = ["two.example"]\nhostname = "third"\n')
    before = _main_process(machine)
    # While the old process has work, the new one is seen without a parent, as it will be later.
    told = _in_a_message(machine, "kill", "--kill-whom=main", "--signal=USR2", "mailchute")
    checks.that(told == "250", f"a message under way at a handover is answered {told}")
    checks.that(_main_process(machine) not in (before, "0"), "it was not handed over")
    told = _client(machine, "bob@two.example")
    checks.that(told == ["third ESMTP Mailchute", "250"], f"after a handover: {told}")
    checks.that(_wait(lambda: _processes(machine) == [_main_process(machine)]), "the old process is still there")
    checks.that(_state(machine) == "active", f"after a handover the service is {_state(machine)}")


def _stopped(checks: Checks, machine: Container) -> None:
    told = _in_a_message(machine, "stop", "--no-block", "mailchute.service")
    checks.that(told == "250", f"a message under way at the stop is answered {told}")
    checks.that(_wait(lambda: _state(machine) != "deactivating"), "it does not stop")
    checks.that(_state(machine) == "inactive", f"after a stop the service is {_state(machine)}")
    told = _client(machine, "bob@two.example")
    checks.that(told == ["third ESMTP Mailchute", "250"], f"after a stop the next client is told {told}")
    _keeps(checks, machine, 7)
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "mailchute")
    told = _client(machine, "bob@two.example")
    checks.that(told == ["third ESMTP Mailchute", "250"], f"after a kill the next client is told {told}")


def _set_up_wrong(checks: Checks, machine: Container) -> None:
    _configure(machine, 'domian = ["two.example"]\n')
    started = machine.run("systemctl", "restart", "mailchute", check=False)
    checks.that(started.returncode != 0, "it starts with a mistake in its configuration")
    status = machine.run("systemctl", "show", "--property=ExecMainStatus", "--value", "mailchute").stdout.strip()
    checks.that(status == "2", f"a mistake ends it with {status}")
    # Not "activating", as if systemd were about to retry.
    checks.that(_state(machine) == "failed", f"with a mistake the service is {_state(machine)}")


def _configure(machine: Container, text: str) -> None:
    machine.write(_CONFIGURATION, text)


def _client(machine: Container, *recipients: str) -> list[str]:
    return machine.run("python3", "-c", _CLIENT, *recipients).stdout.splitlines()


def _in_a_message(machine: Container, *words: str) -> str:
    return machine.run("python3", "-c", _CLIENT_IN_A_MESSAGE, "systemctl", *words).stdout.strip()


def _keeps(checks: Checks, machine: Container, count: int) -> None:
    kept = machine.run("find", f"{_MAIL}/new", "-type", "f").stdout.split()
    checks.that(len(kept) == count, f"{len(kept)} messages are kept, {count} were accepted")


def _state(machine: Container) -> str:
    return machine.run("systemctl", "is-active", "mailchute.service", check=False).stdout.strip()


def _main_process(machine: Container) -> str:
    return machine.run("systemctl", "show", "--property=MainPID", "--value", "mailchute").stdout.strip()


def _processes(machine: Container) -> list[str]:
    return machine.run("pgrep", "--exact", "mailchute", check=False).stdout.split()


def _wait(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True

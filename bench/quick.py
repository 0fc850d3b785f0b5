"""A short proof that the harness works: what was sent has arrived, counted on both sides. It looks at no time."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import console
import report
from idle import Trickle, idle
from measure import kept, one_run, remove
from place import SMTPGEN
from results import Results, begin
from running import Cores, Failed, holding, running
from servers import FLOOR_SERVER, OURS, PROGRAM_MAILDIR, SERVERS, Server
from strictness import QUESTIONS, strictness
from workloads import WORKLOADS

_MESSAGES = 200
_CONNECTIONS = 100
_MAILS = 500
_ANYWHERE = Cores()


class Wrong(Exception):
    """Something was counted that should have come out otherwise."""


def quick(out: Path) -> None:
    """Mailchute and the floor under everything that needs no other program; raises if a count is wrong."""
    used = (OURS, FLOOR_SERVER, PROGRAM_MAILDIR)
    results = begin("bench/run --quick", {server.name: server.made_of for server in used})
    _load(results)
    _floor_and_ours_differ(results)
    _idle(results)
    _console(results)
    _wrong_load_is_noticed()
    report.write(results, out)
    table, drawn = report.markdown(results), report.drawings(results)
    for server in used:
        _expect(f"| {server.name} |" in table, f"the table has no line for {server.name}")
    _expect(drawn["load.svg"].count("<rect") > len(results.runs), "the drawing has fewer bars than there were runs")


def _load(results: Results) -> None:
    chosen = [workload for workload in WORKLOADS if workload.command.startswith(str(SMTPGEN))]
    for server in (OURS, FLOOR_SERVER, PROGRAM_MAILDIR):
        remove(server)
        sent = 0
        with running(server, _ANYWHERE) as up:
            for workload in chosen:
                if workload.tls == "rsa" or (workload.tls and not server.offers_tls):
                    continue
                messages = _MESSAGES if workload.octets <= 1024 else 4
                # one_run raises unless all of them were accepted.
                results.runs.append(one_run(up, workload, messages, _ANYWHERE))
                sent += messages
        if server.maildir:
            _expect(kept(server) == sent, f"{kept(server)} of {sent} messages lie in {server.maildir}")
            print(f"{server.name}: {sent} messages accepted, {kept(server)} in the Maildir")
        else:
            print(f"{server.name}: {sent} messages accepted")
        remove(server)


def _floor_and_ours_differ(results: Results) -> None:
    """The questions can tell a server that checks everything from one that checks nothing."""
    for server, refuses in ((OURS, True), (FLOOR_SERVER, False)):
        found = strictness(server, _ANYWHERE)
        results.strictness.append(found)
        # The floor knows only the correct end of a message, and nothing else.
        for question in QUESTIONS:
            expected = refuses or question.endswith("ends no message")
            _expect(found.passed[question] == expected, f"{server.name}, {question}: {found.passed[question]}")
    print(f"strictness: {len(QUESTIONS)} questions answered as they should be, by {OURS.name} and by {FLOOR_SERVER.name}")


def _idle(results: Results) -> None:
    found, errors = idle([OURS, FLOOR_SERVER], [_CONNECTIONS], 1, _ANYWHERE, lambda _: None)
    _expect(not errors and len(found) == 3, f"idle connections: {errors}")
    results.idle += found
    with running(OURS, _ANYWHERE) as up:
        with holding("trickle", up.port, _CONNECTIONS, _ANYWHERE, ("-w", "100000")) as held:
            time.sleep(0.5)
    _expect(held.delivered == _CONNECTIONS, f"{held.delivered} of {_CONNECTIONS} trickling messages were accepted")
    results.trickle.append(Trickle(OURS.name, _CONNECTIONS, 0, held.delivered))
    print(f"{_CONNECTIONS} connections held idle, in the clear and in TLS; {held.delivered} trickling messages accepted")


def _console(results: Results) -> None:
    """A wrong number of messages, or an answer that is no 200, raises."""
    results.console, errors = console.cost(1, 0.1, _ANYWHERE, lambda _: None)
    _expect(not errors, f"the console: {errors}")
    results.mailbox = console.mailbox(_MAILS, _ANYWHERE, lambda _: None)
    print(f"the console shows {_MAILS} messages, and finds and deletes those that it should")


def _wrong_load_is_noticed() -> None:
    """A server that ends at once is a failure, and so is load that finds nobody."""
    try:
        with running(Server("nobody", "false", ""), _ANYWHERE):
            raise Wrong("a server that ended at once was taken for one that runs")
    except Failed:
        pass
    command = [str(SMTPGEN), "send", "-p", "1", "-m", "1"]
    ended = subprocess.run(command, capture_output=True, check=False).returncode
    _expect(ended == 1, f"smtpgen without a server ended with exit code {ended}")
    _expect(not [server.name for server in SERVERS if "{port}" not in server.command], "a server is told no port")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Wrong(otherwise)

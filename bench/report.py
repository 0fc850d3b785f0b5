"""Results as tables in Markdown and as drawings, each with what to trust of it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from console import GOAL_PERCENT, GOAL_SECONDS, OFF, ON
from durable import SESSIONS
from idle import COUNTS, TRICKLING_MIB
from measure import Run
from plot import Bar, Panel, bars, lines, sheet
from results import Results, by_server, spread
from scaling import AXES
from servers import OURS
from strictness import QUESTIONS
from workloads import KIB, WORKLOADS, Workload

# A server that was busy for less time could have taken more than the load sent.
_BUSY = 0.9
_LARGE = 100 * KIB
_BASES = ("floor", "smtp-sink")
_STEPS = (
    ("ours", "ours-bare"),
    ("ours-watched", "ours"),
    ("ours", "ours-silent"),
    ("program-discard", "program-silent"),
)


def write(results: Results, folder: Path) -> None:
    """results.json, results.md and the drawings."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(results.as_json())
    (folder / "results.md").write_text(markdown(results))
    for name, drawing in drawings(results).items():
        (folder / name).write_text(drawing)


def markdown(results: Results) -> str:
    """Everything that was measured, as tables."""
    parts = [
        f"# Benchmark of {results.when}\n\n{results.machine}. Made by `{results.command}`. Figures are the median of "
        "all rounds, the least and the most in brackets. Compare within one run: between runs figures move by 15 %.",
        _table(["server", "what it is"], [list(row) for row in results.servers.items()]),
    ]
    parts += [_strictness(results)] if results.strictness else []
    parts += [_workload(results, workload) for workload in WORKLOADS]
    parts += [_hooks(results), _handshakes(results), _calls(results), _idle(results), _scaling(results), _durable(results)]
    parts += [_stores(results), _filters(results), _console(results), _mailbox(results)]
    if results.errors:
        parts.append("## What did not work\n\n" + "\n".join(f"- {error}" for error in results.errors))
    return "\n\n".join(part for part in parts if part) + "\n"


def drawings(results: Results) -> dict[str, str]:
    """SVG files by name."""
    drawn: dict[str, str] = {}
    panels = []
    for workload in WORKLOADS:
        servers = by_server((run for run in results.runs if run.workload == workload.name), lambda run: run.server)
        if servers:
            rows = [spread(name, runs, lambda run: run.cpu_per_message * 1e6) for name, runs in servers.items()]
            panels.append(bars(f"{workload.name}: {workload.title}", "µs of CPU a message", rows))
    if panels:
        drawn["load.svg"] = sheet(panels)
    if results.idle:
        drawn["idle.svg"] = sheet(list(_idle_panels(results)))
    if results.scaling:
        drawn["scaling.svg"] = sheet(list(_scaling_panels(results)))
    if results.durable:
        series = {
            name: [
                (count, statistics.median(run.delivered_per_second for run in runs if run.sessions == count))
                for count in SESSIONS
                if any(run.sessions == count for run in runs)
            ]
            for name, runs in by_server(results.durable, lambda run: run.server).items()
        }
        drawn["durable.svg"] = sheet([lines("Messages in a Maildir", "sessions", "delivered/s", series)])
    return drawn


def _strictness(results: Results) -> str:
    rows = [
        [one.server, *("yes" if one.passed[question] else "**no**" for question in QUESTIONS)] for one in results.strictness
    ]
    return (
        "## What each server checks\n\nAsked of each before it was measured: whether it refuses what breaks the rule.\n\n"
        + _table(["server", *QUESTIONS], rows)
    )


def _workload(results: Results, workload: Workload) -> str:
    servers = by_server((run for run in results.runs if run.workload == workload.name), lambda run: run.server)
    if not servers:
        return ""
    cpu = {name: spread(name, runs, lambda run: run.cpu_per_message * 1e6) for name, runs in servers.items()}
    is_large = workload.octets >= _LARGE
    has_latency = all(run.p50 is not None for runs in servers.values() for run in runs)
    head = ["server", "µs of CPU a message", *(f"× {base}" for base in _BASES)]
    head += ["MB a CPU second"] if is_large else []
    head += ["messages/s", "busy", "peak RSS MiB"] + (["p50 ms", "p99 ms", "p99.9 ms"] if has_latency else [])
    rows = []
    for name, bar in sorted(cpu.items(), key=lambda item: item[1].median):
        runs = servers[name]
        busy = statistics.median(run.cpu / run.seconds for run in runs)
        rate = _spread(spread(name, runs, lambda run: run.messages_per_second))
        row = [name, _spread(bar)]
        row += [f"{bar.median / cpu[base].median:.2f}" if base in cpu else "" for base in _BASES]
        row += [f"{workload.octets / bar.median:.0f}"] if is_large else []
        row += [rate if busy >= _BUSY else f"≥ {rate}", f"{busy:.2f}"]
        row.append(f"{statistics.median(run.peak_rss_kib for run in runs) / 1024:.0f}")
        row += [_milliseconds(runs, part) for part in ("p50", "p99", "p999")] if has_latency else []
        rows.append(row)
    trust = f"Trust: {workload.trust}. Where messages/s says ≥, the load was at its end and not the server."
    return f"## {workload.name}: {workload.title}\n\n{trust}\n\n" + _table(head, rows)


def _hooks(results: Results) -> str:
    """Ratios of runs of one round, which were disturbed alike."""
    rows = []
    for workload in WORKLOADS:
        cpu = {
            (run.server, run.round): run.cpu_per_message for run in results.runs if run.workload == workload.name
        }
        row = [workload.name]
        for server, base in _STEPS:
            ratios = [
                100 * (cost / cpu[base, number] - 1)
                for (name, number), cost in cpu.items()
                if name == server and (base, number) in cpu
            ]
            row.append(f"{statistics.median(ratios):+.1f} % ({min(ratios):+.1f} to {max(ratios):+.1f})" if ratios else "")
        if any(row[1:]):
            rows.append(row)
    head = [
        "workload",
        "a no-op hook at each stage",
        "and one subscriber to all events",
        "the log of the library",
        "the log of the program",
    ]
    trust = "CPU time per message, against that of the server without. Trust: medians of many rounds on a quiet machine."
    return f"## The price of hooks, events and the log\n\n{trust}\n\n" + _table(head, rows) if rows else ""


def _handshakes(results: Results) -> str:
    rows = []
    for server in dict.fromkeys(run.server for run in results.runs):
        medians = {
            name: statistics.median(runs)
            for name in ("plain", "tls-ec", "tls-rsa")
            if (runs := [run.cpu_per_message for run in results.runs if (run.server, run.workload) == (server, name)])
        }
        if "plain" in medians and len(medians) > 1:
            row = [server]
            for name in ("tls-ec", "tls-rsa"):
                price = medians[name] - medians["plain"] if name in medians else 0
                row += [f"{price * 1e3:.3f}", f"{1 / price:.0f}"] if price > 0 else ["", ""]
            rows.append(row)
    head = ["server", "ECDSA, ms of CPU", "a CPU second", "RSA, ms of CPU", "a CPU second"]
    return "## Full handshakes alone\n\n" + _table(head, rows) if rows else ""


def _calls(results: Results) -> str:
    if not results.system_calls:
        return ""
    rows = [
        [one.server, one.workload, f"{one.all:.2f}", ", ".join(f"{name} {each:.2f}" for name, each in sorted(
            one.by_name.items(), key=lambda item: -item[1]) if each >= 0.05)]
        for one in results.system_calls
    ]  # fmt: skip
    return "## System calls per message\n\nTrust: all; strace slows servers down, so some wait more often.\n\n" + _table(
        ["server", "workload", "all", "which"], rows
    )


def _idle(results: Results) -> str:
    text = ""
    if results.idle:
        columns = [(tls, count) for tls in (False, True) for count in COUNTS]
        rows = []
        for server, runs in by_server(results.idle, lambda run: run.server).items():
            row = [server]
            for tls, count in columns:
                chosen = [run for run in runs if (run.tls, run.connections) == (tls, count)]
                row.append(_spread(spread(server, chosen, lambda run: run.kib_each)) if chosen else "")
            most = [run.pss_kib / 1024 for run in runs if run.connections == max(COUNTS) and not run.tls]
            rows.append([*row, f"{statistics.median(most):.0f}" if most else ""])
        head = ["server", *(f"{count:,}{' TLS' if tls else ''}" for tls, count in columns), "MiB in all, 10,000 plain"]
        text = (
            "## Idle connections: KiB of process PSS each\n\nAfter EHLO. Trust: the column of 10,000; the kernel's own "
            "buffers are not in it.\n\n" + _table(head, rows)
        )
    for one in results.trickle:
        text += (
            f"\n\n## Trickling\n\n{one.server}: {one.connections:,} connections, each in the middle of a message and sending "
            f"a few octets every second: {one.pss_kib / 1024:.0f} MiB (limit: {TRICKLING_MIB}). "
            f"{one.delivered:,} of the messages were accepted when they were ended."
        )
    return text.strip()


def _values(results: Results, axis: str) -> dict[str, dict[int, list[Run]]]:
    """The runs of an axis, by server and value."""
    found: dict[str, dict[int, list[Run]]] = {}
    for point in results.scaling:
        if point.axis == axis:
            found.setdefault(point.run.server, {}).setdefault(point.value, []).append(point.run)
    return found


def _scaling(results: Results) -> str:
    parts = []
    for axis in AXES:
        rows = [
            row for server, values in _values(results, axis.name).items() for row in _scaling_rows(server, values)
        ]
        if not rows:
            continue
        head = ["server", axis.unit, "µs of CPU a message", "power", "messages/s", "p50 ms", "p99 ms", "p99.9 ms"]
        expected = "1 is linear, more is worse" if axis.grows else "0 is best: the price of a message stays"
        trust = f"Trust: CPU time. Power is how CPU time per message grows from the line above: {expected}. "
        trust += "Latencies are those of sessions that never pause, so they grow with the number of sessions."
        parts.append(f"## Scaling, {axis.name}: {axis.title}\n\n{trust}\n\n" + _table(head, rows))
    return "\n\n".join(parts)


def _scaling_rows(server: str, values: dict[int, list[Run]]) -> Iterator[list[str]]:
    before: tuple[int, float] | None = None
    for value, runs in values.items():
        cpu = spread("", runs, lambda run: run.cpu_per_message * 1e6)
        power = ""
        if before and before[1] > 0 and cpu.median > 0:
            power = f"{math.log(cpu.median / before[1]) / math.log(value / before[0]):.2f}"
        rate = _spread(spread("", runs, lambda run: run.messages_per_second))
        latencies = (_milliseconds(runs, part) for part in ("p50", "p99", "p999"))
        yield [server, f"{value:,}", _spread(cpu), power, rate, *latencies]
        before = (value, cpu.median)


def _durable(results: Results) -> str:
    if not results.durable:
        return ""
    rows = []
    for count in SESSIONS:
        for server, runs in by_server(
            (run for run in results.durable if run.sessions == count), lambda run: run.server
        ).items():
            row = [str(count), server]
            row.append(_spread(spread(server, runs, lambda run: run.accepted_per_second)))
            row.append(_spread(spread(server, runs, lambda run: run.delivered_per_second)))
            rows.append([*row, *(_milliseconds(runs, part) for part in ("p50", "p99", "p999"))])
    head = ["sessions", "server", "accepted/s", "delivered/s", "p50 ms", "p99 ms", "p99.9 ms"]
    disk = (results.fsync_seconds or 0) * 1e3
    return (
        "## Durable speed: 4 KiB into a Maildir, with fsync\n\nAll on one disk, which takes "
        f"{disk:.2f} ms for an fsync of a new file. Delivered counts until all messages lie in the Maildir; Postfix and "
        "OpenSMTPD accept them into a queue first, which OpenSMTPD does not flush. Trust: ratios, and only where the "
        "disk is nobody else's.\n\n"
        + _table(head, rows)
    )


def _stores(results: Results) -> str:
    if not results.stores:
        return ""
    rows = []
    for workload in WORKLOADS:
        chosen = (run for run in results.stores if run.workload == workload.name)
        for server, runs in by_server(chosen, lambda run: run.server).items():
            row = [workload.name, server]
            row.append(_spread(spread(server, runs, lambda run: run.cpu_per_message * 1e6)))
            row.append(_spread(spread(server, runs, lambda run: run.accepted_per_second)))
            row.append(_spread(spread(server, runs, lambda run: run.done_per_second)))
            row.append(_spread(spread(server, runs, lambda run: run.peak_rss_kib / 1024)))
            rows.append(row)
    head = ["workload", "server", "µs of CPU a message", "accepted/s", "handed on/s", "peak MiB"]
    return (
        "## Stores\n\nThe CPU time is that of the server alone, until it has handed on all messages. What stands behind it "
        "runs beside the load. Trust: CPU time, as a ratio to `discard`.\n\n" + _table(head, rows)
    )


def _filters(results: Results) -> str:
    if not results.filters:
        return ""
    rows = []
    for name, runs in by_server(results.filters, lambda run: run.filters).items():
        row = [name, _spread(spread(name, runs, lambda run: run.cpu_per_message * 1e6))]
        row.append(_spread(spread(name, runs, lambda run: run.scanner_cpu_per_message * 1e6)))
        row.append(_spread(spread(name, runs, lambda run: run.accepted_per_second)))
        row.append(_spread(spread(name, runs, lambda run: run.peak_rss_kib / 1024)))
        rows.append(row)
    head = ["filters", "µs of CPU a message", "scanner: µs of CPU a message", "accepted/s", "peak MiB"]
    return (
        "## Filters\n\nEach message has 10 KiB and two signatures of RSA, 2,048 bits, and comes by another connection. The "
        "answers of the DNS are known. Trust: CPU time, as the difference to `none`.\n\n" + _table(head, rows)
    )


def _console(results: Results) -> str:
    rows = []
    for workload in WORKLOADS:
        cpu = {(run.server, run.round): run.cpu_per_message for run in results.console if run.workload == workload.name}
        pairs = [(cpu[OFF, number], on) for (name, number), on in cpu.items() if name == ON and (OFF, number) in cpu]
        if not pairs:
            continue
        more = [100 * (on / off - 1) for off, on in pairs]
        columns = zip(*pairs)
        row = [workload.name, *(_spread(spread("", column, lambda seconds: seconds * 1e6)) for column in columns)]
        error = statistics.stdev(more) / len(more) ** 0.5 if len(more) > 1 else 0
        rows.append([*row, f"{statistics.mean(more):+.1f} ± {error:.1f} % ({min(more):+.1f} to {max(more):+.1f})"])
    head = ["workload", "without, µs of CPU a message", "with the console", "more, within a round"]
    return (
        "## The console, with no page open\n\nThe program with a Maildir and its default log. Goal: at most "
        f"{GOAL_PERCENT} % more. Trust: the mean of many rounds, on a file system with a journal.\n\n" + _table(head, rows)
        if rows
        else ""
    )


def _mailbox(results: Results) -> str:
    one = results.mailbox
    if not one:
        return ""
    rows = [
        [asked.what, f"{asked.median * 1e3:.1f}", f"{max(asked.seconds) * 1e3:.1f}",
         "met" if asked.median < GOAL_SECONDS else "**missed**"]
        for asked in one.asked
    ]  # fmt: skip
    return (
        f"## The console over {one.messages:,} messages\n\nOver HTTP, from the request to the end of the answer. Goal: "
        f"{GOAL_SECONDS * 1e3:.0f} ms at the median. Without an index, the first page came {one.first_answer:.1f} s after "
        f"the start of the program, and the index was complete after {one.index_seconds:.1f} s and {one.progress_lines} "
        f"lines of progress. It has {one.index_kib / 1024:.0f} MiB. The process took {one.peak_rss_kib / 1024:.0f} MiB at "
        "its peak.\n\n" + _table(["what", "median, ms", "worst, ms", "goal"], rows)
    )


def _idle_panels(results: Results) -> Iterator[Panel]:
    for tls in (False, True):
        for count in COUNTS:
            chosen = [run for run in results.idle if (run.tls, run.connections) == (tls, count)]
            servers = by_server(chosen, lambda run: run.server)
            rows = [spread(name, runs, lambda run: run.kib_each) for name, runs in servers.items()]
            if rows:
                yield bars(f"{count:,} idle connections{', TLS' if tls else ''}", "KiB each", rows)


def _scaling_panels(results: Results) -> Iterator[Panel]:
    for axis in AXES:
        servers = _values(results, axis.name)

        def line(figure: Callable[[Run], float], values: dict[int, list[Run]]) -> list[tuple[float, float]]:
            return [(value, statistics.median(figure(run) for run in runs)) for value, runs in values.items()]

        cpu = {server: line(lambda run: run.cpu_per_message * 1e6, values) for server, values in servers.items()}
        yield lines(axis.title, axis.unit, "µs of CPU a message", cpu)
        if axis.name == "sessions":
            rates = {server: line(lambda run: run.messages_per_second, values) for server, values in servers.items()}
            yield lines("Throughput by concurrent sessions", axis.unit, "messages/s", rates)
            ours = servers.get(OURS.name, {})
            latencies = {
                "p50": line(lambda run: (run.p50 or 0) * 1e3, ours),
                "p99": line(lambda run: (run.p99 or 0) * 1e3, ours),
                "p99.9": line(lambda run: (run.p999 or 0) * 1e3, ours),
            }
            yield lines("Latency by concurrent sessions", axis.unit, "ms", latencies)


def _milliseconds(runs: Sequence[object], part: str) -> str:
    return f"{statistics.median((getattr(run, part) or 0) * 1e3 for run in runs):.2f}"


def _spread(bar: Bar) -> str:
    digits = 0 if bar.median >= 1000 else 1 if bar.median >= 10 else 2
    return f"{bar.median:,.{digits}f} ({bar.low:,.{digits}f}–{bar.high:,.{digits}f})"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines_of_it = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines_of_it)

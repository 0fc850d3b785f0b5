"""The table of counts at the end, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass

from maildir import Verdict
from scenarios.base import Checks

_ROW = "{:<12}{:<10}{:>8}{:>8}{:>11}{:>10}"
_TOLD = 12


@dataclass
class Run:
    """One client over one transport."""

    client: str
    transport: str
    verdict: Verdict
    seconds: float


@dataclass
class Play:
    """One scenario."""

    name: str
    checks: Checks


def table(runs: list[Run]) -> str:
    """Sent, found and identical, by client and transport."""
    rows = [_ROW.format("client", "transport", "sent", "found", "identical", "seconds")]
    for run in runs:
        verdict = run.verdict
        rows.append(
            _ROW.format(run.client, run.transport, verdict.sent, verdict.found, verdict.identical, f"{run.seconds:.1f}")
        )
    total = [sum(getattr(run.verdict, count) for run in runs) for count in ("sent", "found", "identical")]
    rows.append(_ROW.format("all", "", *total, f"{sum(run.seconds for run in runs):.1f}"))
    return "\n".join(rows)


def faults(runs: list[Run], plays: list[Play]) -> str:
    """The faults, with the part they belong to; of many in one part the first ones."""
    parts = [(f"{run.client}, {run.transport}", run.verdict.faults) for run in runs]
    parts += [(play.name, play.checks.faults) for play in plays]
    lines = []
    for name, all_faults in parts:
        lines += [f"FAILED {name}: {fault.rstrip()}" for fault in all_faults[:_TOLD]]
        if (more := len(all_faults) - _TOLD) > 0:
            lines.append(f"FAILED {name}: and {more} more")
    return "\n".join(lines)


def passed_and_failed(runs: list[Run], plays: list[Play]) -> tuple[int, int]:
    """Messages that came through untouched and checks that hold, and all that went wrong besides."""
    passed = sum(run.verdict.identical for run in runs)
    lost = sum(run.verdict.sent - run.verdict.identical for run in runs)
    # A fault that belongs to no message, such as a bad exit code, fails the run too.
    failed = max(lost, sum(len(run.verdict.faults) for run in runs))
    return (
        passed + sum(play.checks.passed for play in plays),
        failed + sum(len(play.checks.faults) for play in plays),
    )

"""The table of counts at the end, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass

from maildir import Verdict

_ROW = "{:<12}{:<10}{:>8}{:>8}{:>11}{:>10}"
_TOLD = 12


@dataclass
class Run:
    """One client over one transport."""

    client: str
    transport: str
    verdict: Verdict
    seconds: float


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


def faults(runs: list[Run]) -> str:
    """The faults, with the run they belong to; of many in one run the first ones."""
    lines = []
    for run in runs:
        told = run.verdict.faults[:_TOLD]
        lines += [f"FAILED {run.client}, {run.transport}: {fault.rstrip()}" for fault in told]
        if more := len(run.verdict.faults) - len(told):
            lines.append(f"FAILED {run.client}, {run.transport}: and {more} more")
    return "\n".join(lines)


def passed_and_failed(runs: list[Run]) -> tuple[int, int]:
    """Messages that came through untouched, and all that went wrong besides."""
    passed = sum(run.verdict.identical for run in runs)
    lost = sum(run.verdict.sent - run.verdict.identical for run in runs)
    # A fault that belongs to no message, such as a bad exit code, fails the run too.
    return passed, max(lost, sum(len(run.verdict.faults) for run in runs))

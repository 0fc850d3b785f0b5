"""Reads the store back."""

from __future__ import annotations

from pathlib import Path

import trace_headers
from ledger import Ledger
from letters import DamagedError, Letters

RECIPIENTS = (b"one@receiver.example", b"two@receiver.example")


def collect(maildir: Path, letters: Letters, ledger: Ledger) -> list[str]:
    """Takes every message out of `new/` and notes it in the ledger; says which are not whole or not ours."""
    faults = []
    for file in _files(maildir / "new"):
        try:
            content = file.read_bytes()
            file.unlink()
        except FileNotFoundError:
            # Its directory could not be flushed, so the store removed and refused it. If it had been accepted, the
            # ledger would miss it.
            continue
        try:
            stored = trace_headers.take_apart(content)
            ledger.found(letters.read(stored.content))
            if not set(stored.recipients) <= set(RECIPIENTS):
                faults.append(f"{file.name}: is for {stored.recipients}")
        except (trace_headers.TraceError, DamagedError, ValueError) as error:
            faults.append(f"{file.name}: {error}")
    return faults


def leftovers(maildir: Path) -> list[str]:
    """What lies where nothing should."""
    return [f"left in {folder}/: {file.name}" for folder in ("tmp", "cur") for file in _files(maildir / folder)]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []

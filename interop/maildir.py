"""Reads the Maildir back and holds it against what was sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import trace_headers
from delivery import Delivery
from message import Message, tag_of

_CONTEXT = 48


@dataclass
class Verdict:
    """How many of a run's messages came through, and what is wrong with the others."""

    sent: int = 0
    found: int = 0
    identical: int = 0
    faults: list[str] = field(default_factory=list)


def compare(
    maildir: Path,
    sent: dict[str, tuple[Message, Delivery]],
    unwrap: Callable[[bytes], bytes],
) -> Verdict:
    """Every message must be there once, whole, with true trace headers, and nothing else may be.

    `sent` is by tag; `unwrap` takes off what a relay in between has put on top.
    """
    verdict = Verdict(sent=len(sent))
    by_tag: dict[str, list[trace_headers.Stored]] = defaultdict(list)
    for file in sorted(maildir.glob("new/*")):
        try:
            stored = trace_headers.take_apart(file.read_bytes())
        except trace_headers.TraceError as error:
            verdict.faults.append(f"{file.name}: {error}")
            continue
        tag = tag_of(stored.recipients[0])
        if tag in sent:
            by_tag[tag].append(stored)
        else:
            verdict.faults.append(f"{file.name}: for {stored.recipients[0]!r}, which nobody sent to")
    for folder in ("tmp", "cur"):
        verdict.faults += [f"left in {folder}/: {file.name}" for file in maildir.glob(f"{folder}/*")]
    for tag, (message, delivery) in sent.items():
        kept = by_tag[tag]
        faults = _faults(kept, delivery, unwrap)
        verdict.found += bool(kept)
        verdict.identical += not faults
        if faults:
            verdict.faults.append(f"{tag} ({message.name}):\n      " + "\n      ".join(faults))
    return verdict


def _faults(kept: list[trace_headers.Stored], delivery: Delivery, unwrap: Callable[[bytes], bytes]) -> list[str]:
    if not kept:
        return ["is not in the Maildir"]
    faults = [f"is in the Maildir {len(kept)} times"] if len(kept) > 1 else []
    for stored in kept:
        faults += trace_headers.faults(stored, delivery)
        try:
            content = unwrap(stored.content)
        except ValueError as error:
            faults.append(str(error))
            continue
        # A relay puts its own fields on top, so there is always a header.
        sent = delivery.content if content != stored.content else trace_headers.below(delivery.content)
        if content != sent:
            faults.append(difference(sent, content))
    return faults


def difference(sent: bytes, kept: bytes) -> str:
    """Where two contents part, with what stands around there."""
    at = next((n for n, (a, b) in enumerate(zip(sent, kept)) if a != b), min(len(sent), len(kept)))
    start = max(0, at - _CONTEXT)
    return (
        f"sent {len(sent)} octets, kept {len(kept)}; they part at octet {at}:\n"
        f"        sent {sent[start : at + _CONTEXT]!r}\n"
        f"        kept {kept[start : at + _CONTEXT]!r}"
    )

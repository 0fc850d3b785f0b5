"""Clients that mean harm."""

from collections.abc import Collection

from .base import Attack
from .crowd import Crowd
from .drip import Drip
from .endless import EndlessLine
from .flood import Flood
from .garbage import Garbage
from .guess import Guess
from .half_open import HalfOpen
from .header_flood import HeaderFlood
from .hoard import Hoard
from .never_reading import NeverReading
from .resets import Resets


_ALL = (
    Hoard, Crowd, Flood, EndlessLine, HeaderFlood, Garbage, NeverReading, Drip, Resets, HalfOpen, Guess,
)  # fmt: skip


def attacks(names: Collection[str] | None = None) -> list[Attack]:
    """All of them, or those with these names."""
    return [attack() for attack in _ALL if names is None or attack.name in names]

"""Clients that mean harm."""

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


def attacks() -> list[Attack]:
    return [
        Hoard(), Crowd(), Flood(), EndlessLine(), HeaderFlood(), Garbage(), NeverReading(), Drip(), Resets(), HalfOpen(),
        Guess(),
    ]  # fmt: skip

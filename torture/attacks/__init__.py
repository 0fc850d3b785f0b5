"""Clients that mean harm."""

from .base import Attack
from .crowd import Crowd
from .endless import EndlessLine
from .garbage import Garbage
from .hoard import Hoard
from .never_reading import NeverReading
from .resets import Resets


def attacks() -> list[Attack]:
    return [Hoard(), Crowd(), EndlessLine(), Garbage(), NeverReading(), Resets()]

"""Clients that mean harm."""

from collections.abc import Collection

from .base import Attack
from .crowd import Crowd
from .drip import Drip
from .endless import EndlessLine
from .flood import Flood
from .full import Full
from .garbage import Garbage
from .glutton import Glutton
from .guess import Guess
from .half_open import HalfOpen
from .header_flood import HeaderFlood
from .hoard import Hoard
from .multitude import Multitude
from .never_reading import NeverReading
from .resets import Resets
from .slow_loris import SlowLoris
from .storm import Storm
from .tls_drip import TlsDrip
from .tls_handshakes import TlsHandshakes


_ALL = (
    Hoard, Crowd, Multitude, Full, Flood, Storm, EndlessLine, HeaderFlood, Garbage, NeverReading, Glutton, Drip, SlowLoris,
    TlsDrip, TlsHandshakes, Resets, HalfOpen, Guess,
)  # fmt: skip


def attacks(names: Collection[str] | None = None) -> list[Attack]:
    """All of them, or those with these names."""
    return [attack() for attack in _ALL if names is None or attack.name in names]

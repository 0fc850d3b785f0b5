"""Clients that send an octet a second: of a command, of a message, in the place of a TLS handshake."""

from __future__ import annotations

from .drip import Drip


class SlowLoris(Drip):
    """As `drip`, with so slow a pace that the timeouts bound a handful of octets."""

    name = "slow-loris"
    connections = 900
    pause = 1.0

"""The scripts of limits and greylist in Redis, held to slow models at random times."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

from redis_server import Client

_FILTERS = Path(__file__).resolve().parent.parent / "crates" / "filters" / "src"
# The scripts ask Redis for the time. Here it is the last two arguments: seconds and microseconds.
_WITH_TIME = """
local real = redis
local redis = { call = function(name, ...)
  if name == 'TIME' then return { ARGV[#ARGV - 1], ARGV[#ARGV] } end
  return real.call(name, ...)
end }
"""
_ROUNDS = 40
_ASKS = 60


def _run(client: Client, script: str, keys: list[str], numbers: list[int], now: int) -> int | str | None:
    text = _WITH_TIME + (_FILTERS / script).read_text()
    seconds, millis = divmod(now, 1000)
    return client.ask("EVAL", text, len(keys), *keys, *numbers, seconds, millis * 1000)


class _Buckets:
    """Buckets whose tokens are counted in exact fractions."""

    def __init__(self, rates: list[tuple[int, int]]) -> None:
        self._rates = rates
        self._tokens = [Fraction(number) for number, _ in rates]
        self._last = 0

    def take(self, costs: list[tuple[int, int]], now: int) -> int:
        """The milliseconds to wait; 0 if the tokens are taken."""
        wait = 0
        for index, ((number, millis), (debt, tokens)) in enumerate(zip(self._rates, costs)):
            filled = self._tokens[index] + Fraction((now - self._last) * number, millis)
            self._tokens[index] = max(Fraction(0), min(Fraction(number), filled) - debt)
            lack = min(tokens, number) - self._tokens[index]
            wait = max(wait, -(-lack * millis // number))
        self._last = now
        if wait == 0:
            self._tokens = [left - min(cost[1], rate[0]) for left, cost, rate in zip(self._tokens, costs, self._rates)]
        return int(wait)


def differs_in_limits(client: Client, dice: random.Random) -> str | None:
    """Where the script decides otherwise than exact fractions, if anywhere."""
    for play in range(_ROUNDS):
        rates = [(dice.randint(1, 6), dice.choice([600_000, 3_600_000, 86_400_000])) for _ in range(dice.randint(1, 3))]
        keys = [f"test:limits:{play}:{index}" for index in range(len(rates))]
        buckets, now = _Buckets(rates), 2_000_000_000_000
        buckets._last = now
        for ask in range(_ASKS):
            # Redis forgets by its own clock, which must not be ahead of this one.
            now += dice.choice([1_000, 60_000, dice.randint(1_000, 4_000_000)])
            costs = [(dice.choice([0, 0, 1, 9]), dice.choice([0, 1, 1, 2])) for _ in rates]
            numbers = [number for rate, cost in zip(rates, costs) for number in (*rate, *cost)]
            expected, found = buckets.take(costs, now), _run(client, "limits/take.lua", keys, numbers, now)
            if found != expected:
                return f"limits, play {play}, ask {ask}: {rates} {costs}: the script says {found}, not {expected}"
    return None


def differs_in_greylist(client: Client, dice: random.Random) -> str | None:
    """Where the script decides otherwise than a plain description, if anywhere."""
    delay, window, expiry, known_after = 300_000, 172_800_000, 3_024_000_000, 2
    for play in range(_ROUNDS):
        first: dict[tuple[int, int], int] = {}
        passed: set[tuple[int, int]] = set()
        passes = [0, 0, 0]
        now = 2_000_000_000_000
        for ask in range(_ASKS):
            now += dice.choice([1_000, 100_000, 299_000, 400_000])
            network, mail = dice.randrange(3), dice.randrange(4)
            triplet = (network, mail)
            if passes[network] >= known_after:
                expected = -2
            elif triplet in passed:
                expected = -1
            else:
                expected = max(0, first.setdefault(triplet, now) + delay - now)
                if expected == 0:
                    passed.add(triplet)
                    passes[network] += 1
            keys = [f"test:greylist:{play}:{network}:{mail}", f"test:greylist:{play}:{network}"]
            found = _run(client, "greylist/decide.lua", keys, [delay, window, expiry, known_after], now)
            if found != expected:
                return f"greylist, play {play}, ask {ask}: the script says {found}, not {expected}"
    return None


def never_forgets(client: Client) -> list[str]:
    """The keys that Redis would keep for ever."""
    keys = client.ask("EVAL", "return table.concat(redis.call('KEYS', '*'), ' ')", 0)
    return [key for key in str(keys).split() if client.ask("PTTL", key) == -1]

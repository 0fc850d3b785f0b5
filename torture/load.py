"""Many sessions at a time, of every kind."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from client import OVER_TCP, Client, Kind, Mischief, UnexpectedReplyError, trusting
from ledger import Ledger
from letters import Letters
from program import Ports

# How a connection ends that the server, or a cut, has closed.
_GONE = (OSError, asyncio.IncompleteReadError)
_MESSAGES_PER_SESSION = (1, 2, 5, 40)
_PATIENCE = 60


@dataclass
class Load:
    """What to send, and what came of it."""

    letters: Letters
    ledger: Ledger
    kinds: tuple[Kind, ...] = OVER_TCP
    sessions: int = 16
    # The share of messages that the client cancels.
    mischief: float = 0.0
    replies: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    # Sessions that the server refused or cut off without being killed.
    cut: int = 0
    # Those of them that got no 421.
    gone: list[str] = field(default_factory=list)

    async def send(self, ports: Ports, messages: int, is_over: Callable[[], bool] = lambda: False) -> None:
        """Sends so many messages, or fewer if it is over before; the sessions are done when this returns."""
        tls = trusting()
        left = iter(range(messages))

        async def session(seed: int) -> None:
            dice = random.Random(seed)
            turn = seed
            while not is_over():
                client = Client(self.kinds[turn % len(self.kinds)], self.letters, self.ledger, self.replies)
                turn += 1
                try:
                    async with asyncio.timeout(_PATIENCE):
                        await client.open(ports, tls)
                        if await self._converse(client, left, dice):
                            return
                        continue
                except TimeoutError:
                    self.faults.append(f"no reply for {_PATIENCE} s ({client.kind.value})")
                    return
                except _GONE as error:
                    if not is_over():
                        self.gone.append(f"{error!r} ({client.kind.value})")
                except UnexpectedReplyError as error:
                    if error.code != "421":
                        self.faults.append(str(error))
                if not is_over():
                    self.cut += 1
                    await asyncio.sleep(0.02)

        first = random.randrange(1 << 30)
        await asyncio.gather(*(session(first + number) for number in range(self.sessions)))

    async def _converse(self, client: Client, left: Iterator[int], dice: random.Random) -> bool:
        """A session's messages; says whether there is nothing left to send."""
        for _ in range(dice.choice(_MESSAGES_PER_SESSION)):
            number = self.ledger.next() if next(left, None) is not None else None
            if number is None:
                await client.quit()
                return True
            if dice.random() >= self.mischief:
                await client.send(number)
                continue
            mischief = dice.choice(list(Mischief))
            await client.misbehave(mischief, number, dice)
            if mischief.name.startswith("VANISH"):
                client.vanish()
                return False
        await client.quit()
        return False

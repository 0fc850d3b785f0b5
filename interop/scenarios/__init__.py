"""What real software does with the program beyond sending messages: each a story with an end that is checked."""

from .base import Scenario
from .lmtp import Lmtp


def scenarios() -> list[Scenario]:
    return [Lmtp()]

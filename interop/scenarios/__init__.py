"""What real software does with the program beyond sending messages: each a story with an end that is checked."""

from .base import Scenario


def scenarios() -> list[Scenario]:
    return []

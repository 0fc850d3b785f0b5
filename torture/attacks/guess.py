"""Guessing of passwords, on many connections at a time."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections import Counter
from multiprocessing.synchronize import Event
from pathlib import Path

from .base import Attack, connect, line, together

_GUESSERS = 50


class Guess(Attack):
    """The hashes are by argon2id, each of which takes a processor for 20 ms and 19 MiB."""

    name = "guess"
    connections = _GUESSERS
    # Argon2id takes that for each password. As many are checked at a time as there are processors.
    memory = 64.0

    def prepare(self, program: Path, folder: Path) -> tuple[str, ...]:
        line = subprocess.run(
            [program, "hash-password", "--argon2id", "alice"], input=b"wonderland", stdout=subprocess.PIPE, check=True
        ).stdout
        users = folder / "users"
        users.write_bytes(line)
        users.chmod(0o600)
        return ("--auth-file", str(users), "--allow-plaintext-auth")

    def run(self, port: int, begun: Event, over: Event) -> Counter[str]:
        seen: Counter[str] = Counter()
        lock = threading.Lock()

        def guess(number: int) -> None:
            guesses = 0
            while guesses == 0 or not over.is_set():
                told = _guess(port, number, guesses)
                guesses += 1
                with lock:
                    seen.update(told)

        together(_GUESSERS, begun, guess)
        return seen

    def faults(self, seen: Counter[str]) -> list[str]:
        # Two wrong passwords are refused, and the third hangs up.
        is_right = set(seen) == {"535 5.7.8", "421 4.7.0"} and seen["535 5.7.8"] == 2 * seen["421 4.7.0"]
        return [] if is_right else [f"was told {dict(seen)}"]


def _guess(port: int, number: int, guesses: int) -> list[str]:
    """What is said to one guess after the other, up to the last."""
    told = []
    with connect(port, number) as connection:
        line(connection)
        connection.sendall(b"EHLO x.example\r\n")
        while not told or told[-1].startswith("535"):
            password = f"\0{'alice' if number % 2 else 'mallory'}\0guess {number} {guesses} {len(told)}"
            connection.sendall(b"AUTH PLAIN " + base64.b64encode(password.encode()) + b"\r\n")
            while (reply := line(connection)).startswith("250"):
                pass
            told.append(reply)
    return told

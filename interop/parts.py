"""The parts of a suite, one after the other or some at a time."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import NoReturn, TypeVar

Result = TypeVar("Result")
_ENDS = (signal.SIGINT, signal.SIGTERM)


def results(part: Callable[..., Result], arguments: Sequence[tuple], jobs: int) -> list[Result]:
    """What each part returns, in this order. With several jobs each part has a process, since parts load packages and change
    the process that they are in. A part stops what it has started when its process is told to end."""
    if jobs == 1:
        return [part(*each) for each in arguments]
    fork = multiprocessing.get_context("fork")
    found: dict[int, Result] = {}
    running: dict[Connection, tuple[int, ForkProcess]] = {}
    waiting = list(enumerate(arguments))
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                number, each = waiting.pop(0)
                ours, theirs = fork.Pipe(duplex=False)
                process = fork.Process(target=_run, args=(part, each, theirs))
                process.start()
                theirs.close()
                running[ours] = number, process
            for ended in wait(list(running)):
                number, process = running[ended]
                # The end of the file, without a result, if the process has failed.
                found[number] = ended.recv()
                del running[ended]
                process.join()
    finally:
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.join()
    return [found[number] for number in range(len(arguments))]


def _run(part: Callable[..., Result], each: tuple, result: Connection) -> None:
    for number in _ENDS:
        signal.signal(number, _end)
    result.send(part(*each))


def _end(number: int, frame: object) -> NoReturn:
    """Stops what was started. A second signal, as from a terminal to all processes, does not interrupt that."""
    for ignored in _ENDS:
        signal.signal(ignored, signal.SIG_IGN)
    raise KeyboardInterrupt

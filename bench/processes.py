"""What the kernel knows of processes: their descendants, the time that they ran, the memory that they hold."""

from __future__ import annotations

import os
from collections.abc import Iterator

_TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """This process and all below it."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := _stat(int(name))):
            children.setdefault(int(fields[1]), []).append(int(name))
    found, pending = [], [root]
    while pending:
        process = pending.pop()
        found.append(process)
        pending += children.get(process, [])
    return found


class CpuClock:
    """The time that a process and all below it spend on processors, from when this is made."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._tasks = _nanoseconds(root)
        self._seconds = _seconds(root)

    def elapsed(self) -> float:
        """Seconds since then: in nanoseconds if no thread has ended, or else in the kernel's ticks of 10 ms."""
        coarse = _seconds(self._root) - self._seconds
        tasks = _nanoseconds(self._root)
        if any(task not in tasks for task in self._tasks):
            return coarse
        fine = sum(now - self._tasks.get(task, 0) for task, now in tasks.items()) / 1e9
        # Threads that came and went meanwhile appear only in the ticks.
        return fine if abs(fine - coarse) < 0.05 + 0.05 * fine else coarse


def busy_seconds() -> float:
    """The time that all processors of the machine have been busy since it started."""
    with open("/proc/stat") as file:
        fields = [int(field) for field in file.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS


def pss_kib(root: int) -> int:
    """Proportional set size of the process tree."""
    return _sum_kib(root, "smaps_rollup", "Pss:")


def peak_rss_kib(root: int) -> int:
    """The most that the process tree has held since `forget_peak`."""
    return _sum_kib(root, "status", "VmHWM:")


def forget_peak(root: int) -> None:
    """Lets `peak_rss_kib` begin anew."""
    for process in tree(root):
        try:
            with open(f"/proc/{process}/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            continue


def _stat(process: int) -> list[str] | None:
    try:
        with open(f"/proc/{process}/stat") as file:
            text = file.read()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def _seconds(root: int) -> float:
    """User and system time, with that of children that have ended."""
    stats = (fields for process in tree(root) if (fields := _stat(process)))
    return sum(int(ticks) for fields in stats for ticks in fields[11:15]) / _TICKS


def _nanoseconds(root: int) -> dict[str, int]:
    times: dict[str, int] = {}
    for process in tree(root):
        try:
            for task in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{task}/schedstat") as file:
                    times[task] = int(file.read().split()[0])
        except OSError:
            continue
    return times


def _sum_kib(root: int, name: str, key: str) -> int:
    return sum(int(line.split()[1]) for line in _lines(root, name) if line.startswith(key))


def _lines(root: int, name: str) -> Iterator[str]:
    for process in tree(root):
        try:
            with open(f"/proc/{process}/{name}") as file:
                yield from file.readlines()
        except OSError:
            continue

"""How much a process holds: memory, files, threads; and a plot of it."""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_POINTS = 400
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 760, 300, 60, 50


@dataclass(frozen=True)
class Sample:
    """One look at a process."""

    seconds: float
    stored: int
    # Resident memory in MiB.
    memory: float
    files: int


def files_of(process: int) -> int:
    """Its open file descriptors."""
    return len(os.listdir(f"/proc/{process}/fd"))


def sample(process: int, seconds: float, stored: int) -> Sample:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return Sample(seconds, stored, pages * os.sysconf("SC_PAGE_SIZE") / 2**20, files_of(process))


def most_memory(process: int) -> float:
    """The most resident memory it ever had, in MiB."""
    for entry in Path(f"/proc/{process}/status").read_text().splitlines():
        if entry.startswith("VmHWM:"):
            return int(entry.split()[1]) / 1024
    raise OSError("the kernel does not say VmHWM")


async def peak(process: int, tasks: Collection[asyncio.Task[Any]]) -> float:
    """The most memory in MiB that it takes until these are done."""
    most = 0.0
    while not all(task.done() for task in tasks):
        most = max(most, sample(process, 0, 0).memory)
        await asyncio.sleep(0.02)
    return most


def growth(samples: list[Sample]) -> float:
    """MiB by which the memory of the last quarter is above that of the second, by their medians."""
    quarter = len(samples) // 4
    memory = [sample.memory for sample in samples]
    return statistics.median(memory[3 * quarter :]) - statistics.median(memory[quarter : 2 * quarter])


def plot(samples: list[Sample], title: str, file: Path) -> None:
    """Draws memory and files over time."""
    samples = samples[:: len(samples) // _POINTS + 1]
    seconds = max(sample.seconds for sample in samples) or 1.0
    most = max(max(sample.memory for sample in samples), max(sample.files for sample in samples)) * 1.1

    def line(values: list[float], colour: str) -> str:
        points = " ".join(
            f"{_LEFT + sample.seconds / seconds * _WIDTH:.1f},{_HEIGHT - value / most * _HEIGHT + 30:.1f}"
            for sample, value in zip(samples, values)
        )
        return f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>'

    def mark(share: float) -> str:
        y = _HEIGHT - share * _HEIGHT + 30
        return (
            f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share * most:.0f}</text>'
        )

    def time(share: float) -> str:
        x = _LEFT + share * _WIDTH
        return f'<text x="{x:.1f}" y="{_HEIGHT + 48}" text-anchor="middle">{share * seconds:.0f} s</text>'

    shares = [n / 4 for n in range(5)]
    memory = line([sample.memory for sample in samples], "#0645ad")
    files = line([float(sample.files) for sample in samples], "#c60")
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 30}" height="{_HEIGHT + 30 + _BOTTOM}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="{_LEFT}" y="18">{title}: <tspan fill="#0645ad">resident memory in MiB</tspan>, '
        f'<tspan fill="#c60">open files</tspan></text>\n'
        + "\n".join([*map(mark, shares), *map(time, shares), memory, files])
        + "\n</svg>\n"
    )

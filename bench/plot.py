"""Draws results as SVG: panels of bars, and panels of lines over logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH = 560
_HEIGHT = 300
_MARGIN = 16
_BAR = 20
_LABELS = 140
_FIGURES = 100
_COLUMNS = 2
_OURS = "#c2410c"
_OTHERS = "#94a3b8"
_COLOURS = ("#c2410c", "#2563eb", "#16a34a", "#9333ea", "#64748b")
_STYLE = "text{font:12px sans-serif;fill:#0f172a}.title{font-weight:bold}.small{font-size:10px;fill:#475569}"


@dataclass(frozen=True)
class Bar:
    """A median, and between what the runs lie."""

    name: str
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Panel:
    """A drawing with its height; all have one width."""

    height: float
    drawing: str


def bars(title: str, unit: str, rows: Sequence[Bar]) -> Panel:
    """Horizontal bars, the shortest first; shorter is better. Mailchute's own stand out."""
    ordered = sorted(rows, key=lambda row: row.median)
    # A value far from the others would make all of them look alike.
    room = _WIDTH - _LABELS - _FIGURES
    shortest = min((row.median for row in ordered if row.median > 0), default=1.0)
    longest = max(shortest, min(max(row.high for row in ordered), 12 * shortest))
    parts = [_text(0, 14, f"{title} ({unit})", "title")]
    for number, row in enumerate(ordered):
        y = 26 + number * _BAR
        length = room * min(1.0, max(0.0, row.median) / longest)
        is_ours = row.name.startswith(("ours", "program"))
        parts.append(_text(_LABELS - 6, y + 12, row.name, anchor="end"))
        parts.append(f'<rect x="{_LABELS}" y="{y}" width="{length:.1f}" height="14" fill="{_OURS if is_ours else _OTHERS}"/>')
        low, high = (_LABELS + room * min(1.0, max(0.0, end) / longest) for end in (row.low, row.high))
        parts.append(f'<path d="M{low:.1f} {y + 7}H{high:.1f}" stroke="#0f172a"/>')
        more = " »" if row.median > longest else ""
        parts.append(_text(_LABELS + max(length, high - _LABELS) + 6, y + 12, _figure(row.median) + more, "small"))
    return Panel(26 + len(ordered) * _BAR, "".join(parts))


def lines(title: str, across: str, up: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> Panel:
    """Lines through points over logarithmic axes, on which what is linear rises by 45 degrees or less."""
    drawn = {name: [point for point in points if min(point) > 0] for name, points in series.items()}
    everything = [point for points in drawn.values() for point in points]
    if not everything:
        return Panel(0, "")
    left, right = _decades([x for x, _ in everything])
    bottom, top = _decades([y for _, y in everything])
    x0, x1, y0, y1 = 60.0, _WIDTH - 110.0, _HEIGHT - 40.0, 28.0

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            x0 + (x1 - x0) * (math.log10(x) - left) / (right - left),
            y0 + (y1 - y0) * (math.log10(y) - bottom) / (top - bottom),
        )

    parts = [_text(0, 14, title, "title"), _text((x0 + x1) / 2, _HEIGHT - 6, across, "small", "middle")]
    parts.append(_text(0, y1 - 2, up, "small"))
    for power in range(left, right + 1):
        x, _ = place(10.0**power, 10.0**bottom)
        parts.append(f'<path d="M{x:.1f} {y0}V{y1}" stroke="#e2e8f0"/>' + _text(x, y0 + 14, _figure(10.0**power), "small", "middle"))
    for power in range(bottom, top + 1):
        _, y = place(10.0**left, 10.0**power)
        parts.append(f'<path d="M{x0} {y:.1f}H{x1}" stroke="#e2e8f0"/>' + _text(x0 - 6, y + 4, _figure(10.0**power), "small", "end"))
    for number, (name, points) in enumerate(drawn.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        placed = [place(*point) for point in points]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        if placed:
            parts.append(_text(x1 + 10, y1 + 14 + 16 * number, name, "small"))
            parts.append(f'<rect x="{x1 + 2:.1f}" y="{y1 + 6 + 16 * number:.1f}" width="5" height="8" fill="{colour}"/>')
    return Panel(_HEIGHT, "".join(parts))


def sheet(panels: Sequence[Panel]) -> str:
    """Panels in two columns, as one SVG file."""
    shown = [panel for panel in panels if panel.height]
    heights = [float(_MARGIN)] * _COLUMNS
    parts: list[str] = []
    for panel in shown:
        column = heights.index(min(heights))
        x = _MARGIN + column * (_WIDTH + _MARGIN)
        parts.append(f'<g transform="translate({x} {heights[column]:.0f})">{panel.drawing}</g>')
        heights[column] += panel.height + 2 * _MARGIN
    width, height = _COLUMNS * (_WIDTH + _MARGIN) + _MARGIN, max(heights)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" height="{height:.0f}">'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>' + "\n".join(parts) + "</svg>\n"
    )


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{style}">{escape(text)}</text>'


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)

"""Line plots as SVG text: both axes may be logarithmic, lines carry their names, nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from bench.trial import Curve

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 50
COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#7b4b94", "#b8860b", "#444444", "#008b8b", "#aa3377")


class Axis(NamedTuple):
    """One axis. `log`: powers of ten are equally far apart."""

    title: str
    low: float
    high: float
    log: bool

    def share(self, value: float) -> float:
        """Return where a value stands, 0 = at the low end, 1 = at the high end."""
        low, high, at = (
            (math.log10(one) for one in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        )
        return (at - low) / (high - low)

    def ticks(self) -> list[float]:
        """Return the values that are marked."""
        if self.log:
            return [10.0**power for power in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)]
        step = _round_step((self.high - self.low) / 5)
        return [step * number for number in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def axis(title: str, values: Sequence[float], *, log: bool) -> Axis:
    """Return an axis that holds all values; a linear one begins at 0."""
    low, high = min(values), max(values)
    if log:
        low, high = 10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high))
        return Axis(title, low, high if high > low else low * 10, log=True)
    return Axis(title, 0.0, high * 1.1 if high > 0 else 1.0, log=False)


def line_plot(
    title: str, curves: Sequence[Curve], x_title: str, y_title: str, *, log_x: bool = False, log_y: bool = False
) -> str:
    """Return an SVG document with one line for each curve.

    Args:
        curves: at least one, each with at least one point; on a logarithmic axis all values > 0.
    """
    x_axis = axis(x_title, [x for curve in curves for x, _ in curve.points], log=log_x)
    y_axis = axis(y_title, [y for curve in curves for _, y in curve.points], log=log_y)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
        *_frame(x_axis, y_axis),
    ]
    for number, curve in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        places = [(_x(x_axis, x), _y(y_axis, y)) for x, y in curve.points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        beside, at = WIDTH - RIGHT + 16, TOP + 14 + 20 * number
        parts.append(f'<rect x="{beside}" y="{at - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{beside + 16}" y="{at}">{escape(curve.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _frame(x_axis: Axis, y_axis: Axis) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for value in x_axis.ticks():
        x = _x(x_axis, value)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{_short(value)}</text>')
    for value in y_axis.ticks():
        y = _y(y_axis, value)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(value)}</text>')
    middle = (LEFT + right) / 2
    parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x_axis.title)}</text>')
    parts.append(
        f'<text x="16" y="{(TOP + bottom) / 2:.1f}" text-anchor="middle"'
        f' transform="rotate(-90 16 {(TOP + bottom) / 2:.1f})">{escape(y_axis.title)}</text>'
    )
    return parts


def _x(x_axis: Axis, value: float) -> float:
    return LEFT + x_axis.share(value) * (WIDTH - LEFT - RIGHT)


def _y(y_axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - y_axis.share(value) * (HEIGHT - TOP - BOTTOM)


def _round_step(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.999)


def _short(value: float) -> str:
    """Write 25000 as 25k."""
    for bound, letter in ((1e6, "M"), (1e3, "k")):
        if value >= bound:
            return f"{value / bound:g}{letter}"
    return f"{value:g}"

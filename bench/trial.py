"""One run of the harness: what was measured, in which rounds, and what the groups share while they measure."""

from __future__ import annotations

import gc
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.lab import Lab

ROUNDS = 5
ROUNDS_QUICK = 3


class Side(NamedTuple):
    """One of several things that are measured in turn.

    Attributes:
        name: of its figure. unit: of its values.
        run: measures once and returns the value.
    """

    name: str
    unit: str
    run: Callable[[], float]


@dataclass(slots=True)
class Figure:
    """What was measured under one name: one value for each round."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle one of the rounds."""
        return statistics.median(self.values)


class Curve(NamedTuple):
    """One line of a plot: (x, y) in the order of x."""

    name: str
    points: list[tuple[float, float]]


@dataclass(slots=True)
class Trial:
    """One run.

    Attributes:
        quick: shorter and fewer rounds, the same names.
        figures: by name, in the order in which they came.
        curves: title of a plot -> its lines.
        sizes: what -> how much was taken at a time, for the page of figures.
        failed: group -> why it did not run.
    """

    lab: Lab
    quick: bool
    figures: dict[str, Figure] = field(default_factory=dict)
    curves: dict[str, list[Curve]] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How often each side is measured."""
        return ROUNDS_QUICK if self.quick else ROUNDS

    def pick(self, full: float, quick: float) -> float:
        """Return the duration of this kind of run, seconds."""
        return quick if self.quick else full

    def count(self, full: int, quick: int) -> int:
        """Return the size of this kind of run."""
        return quick if self.quick else full

    def note(self, name: str, unit: str, value: float) -> None:
        """Keep one value of a figure."""
        self.figures.setdefault(name, Figure(name, unit)).values.append(value)

    def take_turns(self, sides: Sequence[Side], rounds: int | None = None) -> None:
        """Measure all sides once, then all of them again: A B A B, so that a slow minute of the machine hits each."""
        rounds = rounds or self.rounds
        for round_ in range(1, rounds + 1):
            for side in sides:
                say(f"  round {round_} of {rounds}: {side.name}")
                gc.collect()
                self.note(side.name, side.unit, side.run())

    def curve(self, title: str, name: str, points: list[tuple[float, float]]) -> None:
        """Keep one line of a plot; the same name again replaces it."""
        lines = [line for line in self.curves.get(title, []) if line.name != name]
        self.curves[title] = [*lines, Curve(name, points)]

    def only_plot(self, name: str) -> None:
        """Take a figure out of the results: both kinds of run give the same names, a full one longer lines."""
        self.figures.pop(name, None)


def say(sentence: str) -> None:
    """Tell whoever waits at the terminal what is going on."""
    print(sentence, file=sys.stderr, flush=True)


def quantiles(values: Sequence[float]) -> list[tuple[float, float]]:
    """Return (percentile, value) at the percentiles that a plot of latencies shows."""
    ordered = sorted(values)
    shares = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
    return [(100 * share, quantile(ordered, share)) for share in shares]


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0..1) of the sorted values lie; 0 of none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

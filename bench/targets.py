"""What the figures are held against: one row for each promise, with the value that passes and the one aimed at.

A ratio is the median of the rounds' own ratios where both sides were measured in the same rounds, so that a slow
minute, which hits both, does not count against either.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import NamedTuple

from bench.trial import Figure

RATIO = "ratio"


class Target(NamedTuple):
    """A promise.

    Attributes:
        name: in the results. over, under: the figures it is made of; under "" = the figure itself.
        passes, aim: bounds; at_most: the value must not be above them, else not below.
    """

    name: str
    over: str
    under: str
    passes: float
    aim: float
    at_most: bool = False


class Judged(NamedTuple):
    """A promise and what was measured. `value`: None when a figure is missing."""

    target: Target
    value: float | None
    unit: str

    @property
    def verdict(self) -> str:
        """Return "pass", "short" or "not measured"."""
        if self.value is None:
            return "not measured"
        return "pass" if self._holds(self.target.passes) else "short"

    @property
    def reaches_aim(self) -> bool:
        """Whether the aim is reached, too."""
        return self.value is not None and self._holds(self.target.aim)

    def _holds(self, bound: float) -> bool:
        assert self.value is not None, "asked only of what was measured"
        return self.value <= bound if self.target.at_most else self.value >= bound


def _ratio(over: str, under: str, passes: float, aim: float, *, at_most: bool = False, name: str = "") -> Target:
    return Target(name or f"{over} / {under}", over, under, passes, aim, at_most)


_BIG, _SMALL = "throughput_on_1e6_store", "throughput_on_1e4_store"

TARGETS: tuple[Target, ...] = (
    _ratio("engine_hot_256", "plain_hot_16", 300, 1000),
    _ratio("engine_spread_16", "plain_spread_16", 25, 40),
    _ratio("engine_hot_256", "engine_spread_256", 0.95, 1.1),
    _ratio("engine_facts_per_s", "copy_floor_rows_per_s", 0.25, 0.45),
    _ratio("engine_single_p50_ms", "raw_commit_p50_ms", 2.5, 1.5, at_most=True),
    _ratio("http_spend_per_s", "stock_fastapi_echo_per_s", 1.3, 2.5),
    _ratio("http_spend_per_s", "bare_asgi_echo_per_s", 0.4, 0.65),
    _ratio("batches_commands_per_s", "http_spend_per_s", 2.0, 4.0),
    _ratio("command_10000_facts_ms", "copy_floor_ms", 3, 1.5, at_most=True),
    _ratio("replay_facts_per_s", "library_subscription_per_s", 2, 4),
    _ratio("rebuild_facts_per_s", "projection_runner_per_s", 90, 150),
    Target("view_lag_p99_ms", "view_lag_p99_ms", "", 250, 50, at_most=True),
    _ratio(f"hot_{_BIG}", f"hot_{_SMALL}", 0.8, 0.97, name=f"{_BIG} / {_SMALL} hot"),
    _ratio(f"spread_{_BIG}", f"spread_{_SMALL}", 0.8, 0.97, name=f"{_BIG} / {_SMALL} spread"),
    _ratio("cold_load_ms_1e6_facts", "cold_load_ms_1e3_facts", 1.5, 1.1, at_most=True),
    Target("warm_account_bytes", "warm_account_bytes", "", 1500, 600, at_most=True),
    _ratio("export_csv_rows_per_s", "copy_rows_per_s", 0.4, 0.6),
    Target("export_xlsx_peak_mb", "export_xlsx_peak_mb", "", 16, 4, at_most=True),
    Target("orders_10000_s", "orders_10000_s", "", 60, 30, at_most=True),
    Target("orders_peak_mb", "orders_peak_mb", "", 500, 400, at_most=True),
    Target("debits_100000_s", "debits_100000_s", "", 60, 30, at_most=True),
)
"""Every promise, in the order in which it is printed."""


def judge(figures: Mapping[str, Figure]) -> list[Judged]:
    """Hold the figures against all promises."""
    return [Judged(target, *_value(target, figures)) for target in TARGETS]


def ratio(over: Figure, under: Figure) -> float:
    """Return the median of the rounds' ratios; that of the medians where the rounds are not the same."""
    if len(over.values) == len(under.values):
        return statistics.median(one / other for one, other in zip(over.values, under.values, strict=True))
    return over.median / under.median


def _value(target: Target, figures: Mapping[str, Figure]) -> tuple[float | None, str]:
    over, under = figures.get(target.over), figures.get(target.under)
    if over is None or (target.under and under is None):
        return None, RATIO if target.under else ""
    return (over.median, over.unit) if under is None else (ratio(over, under), RATIO)

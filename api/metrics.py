"""What Prometheus may ask: requests and their times by operation, the engine's counters, how far the views are.

Requests are counted in plain numbers and given their Prometheus form when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Requests(Collector):
    """How many requests were answered, and in what time."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int], int] = {}
        self._times: dict[str, Times] = {}

    def count(self, operation: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        counts, name = self._counts, (operation, status)
        counts[name] = counts.get(name, 0) + 1
        times = self._times.get(operation)
        if times is None:
            times = self._times[operation] = Times()
        times.seconds += seconds
        times.buckets[bisect_left(BUCKETS_S, seconds)] += 1

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted, as Prometheus has it."""
        requests = CounterMetricFamily("ledger_http_requests", "HTTP requests answered", labels=["operation", "status"])
        for (operation, status), count in self._counts.items():
            requests.add_metric([operation, str(status)], count)
        yield requests
        seconds = HistogramMetricFamily("ledger_http_seconds", "Time to answer", labels=["operation"])
        for operation, times in self._times.items():
            bounds = [*map(floatToGoString, BUCKETS_S), "+Inf"]
            seconds.add_metric([operation], [*zip(bounds, accumulate(times.buckets), strict=True)], times.seconds)
        yield seconds


class Views(Collector):
    """Where each view stands and how far it is behind."""

    def __init__(self) -> None:
        self.standings: Sequence[Mapping[str, Any]] = ()

    def collect(self) -> Iterator[Metric]:
        """Yield the last standings."""
        for name, figure, help_text in (
            ("ledger_view_position", "position", "Last position a view has taken in"),
            ("ledger_view_lag_facts", "lag_facts", "Facts a view is behind"),
            ("ledger_view_lag_seconds", "lag_seconds", "Age of the oldest fact a view has not taken in"),
        ):
            family = GaugeMetricFamily(name, help_text, labels=["view"])
            for standing in self.standings:
                if standing[figure] is not None:
                    family.add_metric([standing["view"]], standing[figure])
            yield family


class Times:
    """Times of one operation: their sum, and how many end in each bucket."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.buckets = [0] * (len(BUCKETS_S) + 1)


class Metrics:
    """The figures of one process."""

    def __init__(self, engine: Any) -> None:
        self._registry = CollectorRegistry()
        self._requests = Requests()
        self._registry.register(self._requests)
        self._views = Views()
        self._registry.register(self._views)
        for name, help_text in (
            ("committed_commands", "Commands whose commit was acknowledged"),
            ("committed_facts", "Facts committed by this process"),
            ("committed_batches", "Group commits of this process"),
            ("open_commands", "Commands decided and not yet committed"),
        ):
            gauge = Gauge(f"ledger_engine_{name}", help_text, registry=self._registry)
            gauge.set_function(partial(_figure, engine, name))
        up = Gauge("ledger_engine_up", "1 while the database answers", registry=self._registry)
        up.set_function(lambda: int(engine.up))

    def count(self, operation: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.count(operation, status, seconds)

    def text(self, views: Sequence[Mapping[str, Any]] = ()) -> bytes:
        """Return all figures in Prometheus's text format.

        Args:
            views: where each view stands, as `projections.status` says it.
        """
        self._views.standings = views
        return generate_latest(self._registry)


def _figure(engine: Any, name: str) -> float:
    figure: float = getattr(engine.committer, name)
    return figure

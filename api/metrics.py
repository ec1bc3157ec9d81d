"""What Prometheus may ask: requests and their times by operation, the engine's counters, how far the views are."""

from __future__ import annotations

from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The figures of one process."""

    def __init__(self, engine: Any) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "ledger_http_requests", "HTTP requests answered", ["operation", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "ledger_http_seconds", "Time to answer", ["operation"], buckets=BUCKETS_S, registry=self._registry
        )
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
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
        known = self._known.get((operation, status))
        if known is None:
            known = self._requests.labels(operation, str(status)), self._seconds.labels(operation)
            self._known[operation, status] = known
        known[0].inc()
        known[1].observe(seconds)

    def text(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        return generate_latest(self._registry)


def _figure(engine: Any, name: str) -> float:
    figure: float = getattr(engine.committer, name)
    return figure

"""How often one key may ask: a token bucket per key for people, none for services (docs/api.md)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from api.access import Caller
from api.problems import TooManyRequests

READS_PER_S = 50
WRITES_PER_S = 20
BURST_S = 10
"""How many seconds' worth may come at once."""

UNBOUND_ROLES = frozenset({"service"})
BUCKETS_MAX = 20_000


class _Bucket(NamedTuple):
    tokens: float
    at: float


class Buckets:
    """A token bucket for each name; names that have been quiet longest are forgotten first.

    Args:
        per_s: what one name may do in the long run. burst: how many may come at once.
    """

    def __init__(self, per_s: float, burst: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.per_s = per_s
        self._burst = burst
        self._monotonic = monotonic
        self._buckets: dict[str, _Bucket] = {}

    def take(self, name: str) -> bool:
        """Use up one; say whether there was one left."""
        now = self._monotonic()
        bucket = self._buckets.pop(name, None)
        if bucket is None:
            if len(self._buckets) >= BUCKETS_MAX:
                self._buckets.pop(next(iter(self._buckets)))
            bucket = _Bucket(self._burst, now)
        tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self.per_s)
        left = tokens >= 1
        self._buckets[name] = _Bucket(tokens - 1 if left else tokens, now)
        return left


class Rates:
    """Counts the requests of each key.

    Args:
        reads_per_s, writes_per_s: what one key of a person, a master or a sub may do in the long run.
    """

    def __init__(
        self,
        reads_per_s: int = READS_PER_S,
        writes_per_s: int = WRITES_PER_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._buckets = [Buckets(per_s, per_s * BURST_S, monotonic) for per_s in (reads_per_s, writes_per_s)]

    def take(self, caller: Caller, *, writes: bool) -> None:
        """Use up one request.

        Raises:
            TooManyRequests: none is left; says when the next one is.
        """
        if caller.role in UNBOUND_ROLES:
            return
        buckets = self._buckets[writes]
        if not buckets.take(caller.principal):
            raise TooManyRequests(f"this key may send {buckets.per_s} such requests a second", 1)

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
        self._per_s = (reads_per_s, writes_per_s)
        self._monotonic = monotonic
        self._buckets: dict[tuple[str, bool], _Bucket] = {}

    def take(self, caller: Caller, *, writes: bool) -> None:
        """Use up one request.

        Raises:
            TooManyRequests: none is left; says when the next one is.
        """
        if caller.role in UNBOUND_ROLES:
            return
        per_s = self._per_s[writes]
        now = self._monotonic()
        name = (caller.principal, writes)
        bucket = self._buckets.get(name)
        if bucket is None:
            if len(self._buckets) >= BUCKETS_MAX:
                self._buckets.pop(next(iter(self._buckets)))
            bucket = _Bucket(per_s * BURST_S, now)
        tokens = min(per_s * BURST_S, bucket.tokens + (now - bucket.at) * per_s)
        if tokens < 1:
            self._buckets[name] = _Bucket(tokens, now)
            raise TooManyRequests(f"this key may send {per_s} such requests a second", 1)
        self._buckets[name] = _Bucket(tokens - 1, now)

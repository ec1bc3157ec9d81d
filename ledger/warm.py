"""Warm streams: aggregates kept in memory at their last decided version, bounded, least recently used out first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Mapping
from uuid import UUID

from aggregates.account import Account
from aggregates.collecting.buildings import Building, BuildingMonth, Unit
from aggregates.fact import Fact, Stream
from aggregates.order import Order
from aggregates.reconciliation import Tally

WARM_BYTES_MAX = 256 * 1024 * 1024
"""Bound of the estimate below; a plain account is about 1.2 kB."""

FACTS_MAX = 10_000
"""How many single facts (origins of children) are kept beside the streams."""

_STREAM_BYTES = 1_200
_PART_BYTES = 250


def weight_bytes(stream: Stream) -> int:
    """Estimate what a stream takes in memory."""
    if isinstance(stream, Order | Tally | Building | BuildingMonth | Unit):
        return stream.size_bytes()
    if not isinstance(stream, Account):
        return _STREAM_BYTES
    parts = len(stream.lots) + len(stream.holds) + len(stream.refunds) + len(stream.members) + len(stream.member_used)
    parts += len(stream.billing.invoices)
    return _STREAM_BYTES + _PART_BYTES * parts


class WarmStreams:
    """Streams by id, and single facts by stream id and version.

    Streams are kept under the integer of their ids: the hash of a UUID itself is a call of Python's own.

    A stream with facts that are not committed must stay: it is the only place where they have been folded.
    """

    def __init__(self, bytes_max: int = WARM_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._streams: OrderedDict[int, Stream] = OrderedDict()
        self._weights: dict[int, int] = {}
        self._facts: OrderedDict[tuple[UUID, int], Fact] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._streams)

    def get(self, stream_id: UUID) -> Stream | None:
        """Return a warm stream and make it the most recently used."""
        found = self._streams.get(stream_id.int)
        if found is not None:
            self._streams.move_to_end(stream_id.int)
        return found

    def put(self, stream: Stream) -> None:
        """Keep a stream, or replace it by its next state."""
        self._streams[stream.id.int] = stream
        self._streams.move_to_end(stream.id.int)
        weight = weight_bytes(stream)
        self.bytes += weight - self._weights.get(stream.id.int, 0)
        self._weights[stream.id.int] = weight

    def weigh_all(self, streams: Mapping[int, Stream]) -> None:
        """Estimate what a batch has changed anew; keyed by the integers of their ids."""
        weights, known, change = self._weights, self._streams, 0
        for at, stream in streams.items():
            if at in known:
                weight = weight_bytes(stream)
                if weight != weights[at]:
                    change += weight - weights[at]
                    weights[at] = weight
        self.bytes += change

    def evict(self, stream_id: UUID) -> None:
        """Forget a stream whose state is no longer true."""
        if self._streams.pop(stream_id.int, None) is not None:
            self.bytes -= self._weights.pop(stream_id.int)

    def shrink(self, *keep: Container[int]) -> None:
        """Forget the least recently used streams past the bound, except those in any `keep` (integers of their ids)."""
        passed = 0
        while self.bytes > self._bytes_max and passed < len(self._streams):
            at, stream = next(iter(self._streams.items()))
            if any(at in some for some in keep):
                self._streams.move_to_end(at)
                passed += 1
            else:
                self.evict(stream.id)

    def fact(self, stream_id: UUID, version: int) -> Fact | None:
        """Return a kept fact."""
        return self._facts.get((stream_id, version))

    def put_fact(self, fact: Fact) -> None:
        """Keep a committed fact: facts never change, so it can only go out of memory, never out of date."""
        self._facts[fact.originator_id, fact.originator_version] = fact
        if len(self._facts) > FACTS_MAX:
            self._facts.popitem(last=False)

"""Clean copies of large streams as they were last loaded, so that loading one again reads only what came after.

Two processes that write to one order in turns undo each other's warm copy each time; folding thousands of facts from
the first would cost more than all their commands. What stands here was read from the database, never decided on.
"""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from aggregates.fact import Stream
from aggregates.order import Order

COPIES_BYTES_MAX = 64 * 1024 * 1024
"""Bound of what the copies take in memory; an order of 10,000 recipients is about 0.2 MB."""

FACTS_MIN = 100
"""A shorter stream is read from its first fact in no time."""


class CleanCopies:
    """Orders as they were last loaded, least recently used out first."""

    def __init__(self, bytes_max: int = COPIES_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._copies: OrderedDict[int, Order] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._copies)

    def take(self, stream_id: UUID) -> Stream | None:
        """Return the stream as it was last loaded, to be brought up to date; None when it is not kept."""
        kept = self._copies.get(stream_id.int)
        if kept is None:
            return None
        self._copies.move_to_end(stream_id.int)
        return kept.copy()

    def keep(self, stream: Stream) -> None:
        """Keep a copy of what was just loaded, if it is worth it."""
        if not isinstance(stream, Order) or stream.version < FACTS_MIN:
            return
        before = self._copies.pop(stream.id.int, None)
        copy = self._copies[stream.id.int] = stream.copy()
        self._bytes += copy.size_bytes() - (before.size_bytes() if before else 0)
        while self._bytes > self._bytes_max:
            _, oldest = self._copies.popitem(last=False)
            self._bytes -= oldest.size_bytes()

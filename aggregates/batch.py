"""A batch of commands that came in one request: the fact that it came, so that its own key is remembered."""

from __future__ import annotations

from uuid import UUID

from aggregates.fact import Fact, Stamp, Stream, fact, stream_class


@fact("batch.received")
class BatchReceived(Fact):
    """Several commands came in one request; each stands under its own key beside this one.

    Attributes:
        mode: atomic (all or nothing, one commit) or continue (each for itself).
        items: how many commands.
    """

    mode: str
    items: int

    def apply(self, batch: Batch) -> None:
        batch.mode = self.mode


@stream_class("batch")
class Batch(Stream):
    """One request of several commands."""

    __slots__ = ("mode",)

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.mode = ""

    def receive(self, stamp: Stamp, *, mode: str, items: int) -> BatchReceived:
        """Record that the request came. `items` > 0."""
        received: BatchReceived = self.record(BatchReceived, stamp, mode=mode, items=items)
        return received

    def copy(self) -> Batch:
        """Return an independent copy."""
        twin = Batch(self.id)
        twin.version, twin.recorded_at, twin.mode = self.version, self.recorded_at, self.mode
        return twin

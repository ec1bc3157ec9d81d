"""The guard of what lines are matched with: on each side a thing of the ledger stands for one line at a time.

A stream for each thing and side, so that two processes which match the same thing meet at one version.
"""

from __future__ import annotations

from typing import Self
from uuid import UUID

from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class


@fact("counterpart.taken")
class CounterpartTaken(Fact):
    """A thing of the ledger was matched with a line.

    Attributes:
        item_id: the thing: a fact that moved money at a provider or a bank ("itm_...", "itr_...").
        side: provider or bank.
        line_id: the line.
    """

    item_id: str
    side: str
    line_id: str

    def apply(self, counterpart: Counterpart) -> None:
        counterpart.line_id = self.line_id


@fact("counterpart.freed")
class CounterpartFreed(Fact):
    """A thing of the ledger is not matched any more. Fields as of `CounterpartTaken`."""

    item_id: str
    side: str
    line_id: str

    def apply(self, counterpart: Counterpart) -> None:
        counterpart.line_id = None


class ItemMatched(Conflict):
    """The thing of the ledger is matched with another line of this side."""

    code = "item_matched"


@stream_class("counterpart")
class Counterpart(Stream):
    """One thing of the ledger, as one side sees it. line_id: what it is matched with; None = nothing."""

    TOLD_BY_LAST_FACT = True

    __slots__ = ("line_id",)

    Taken = CounterpartTaken
    Freed = CounterpartFreed

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.line_id: str | None = None

    def require_free(self) -> None:
        """Refuse what is matched. Raises: ItemMatched."""
        if self.line_id is not None:
            raise ItemMatched("this is matched with another line", line_id=self.line_id)

    def take(self, stamp: Stamp, *, item_id: str, side: str, line_id: str) -> None:
        """Record that it is matched. Check `require_free` before."""
        self.record(CounterpartTaken, stamp, item_id=item_id, side=side, line_id=line_id)

    def free(self, stamp: Stamp, *, item_id: str, side: str, line_id: str) -> None:
        """Record that it is not matched any more."""
        self.record(CounterpartFreed, stamp, item_id=item_id, side=side, line_id=line_id)

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at, twin.pending = self.version, self.recorded_at, list(self.pending)
        twin.line_id = self.line_id
        return twin


def counterpart_id(side: str, item_id: str) -> str:
    """Return the name from which the stream id of a thing, as one side sees it, is made."""
    return f"counterpart:{side}:{item_id}"

"""The issuer's feed of catalogue changes: which change was taken last, and what came of each (SPEC 13).

The change itself is recorded on its product in the same commit, so each is taken once, in order, whoever asks the feed.
"""

from __future__ import annotations

from typing import Self
from uuid import UUID

from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

FEED_ID = "catalogue-feed:issuer"
"""Name from which the stream id of the issuer's feed is made."""


class ChangeTaken(Conflict):
    """This change of the feed, or a later one, was taken before."""

    code = "catalogue_change_taken"


@fact("feed.change_taken")
class FeedChangeTaken(Fact):
    """A change of the issuer's catalogue was taken.

    Attributes:
        number: the issuer's number of it; they grow.
        sku: of the issuer's product.
        change: price, discontinued or relisted.
        product_id: of ours; None when it is not in the catalogue.
        outcome: applied; nothing_new (it is so already); unknown_sku; not_offered (a validity we do not sell);
            impossible (a sale price above the list price: an operator has to look).
    """

    number: int
    sku: str
    change: str
    product_id: str | None
    outcome: str

    def apply(self, feed: CatalogueFeed) -> None:
        feed.last = self.number


@stream_class("feed")
class CatalogueFeed(Stream):
    """What of the feed was taken.

    Attributes:
        last: number of the last change taken; 0 before the first.
    """

    __slots__ = ("last",)

    TOLD_BY_LAST_FACT = True

    ChangeTaken = FeedChangeTaken

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.last = 0

    def check(self, number: int) -> None:
        """Refuse a change that was taken before. Raises: ChangeTaken."""
        if number <= self.last:
            raise ChangeTaken("this change of the catalogue was taken before", last=self.last)

    def take(self, stamp: Stamp, *, number: int, sku: str, change: str, product_id: str | None, outcome: str) -> None:
        """Record what came of a change that `check` let pass."""
        self.record(
            FeedChangeTaken, stamp, number=number, sku=sku, change=change, product_id=product_id, outcome=outcome
        )

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at, twin.pending = self.version, self.recorded_at, list(self.pending)
        twin.last = self.last
        return twin

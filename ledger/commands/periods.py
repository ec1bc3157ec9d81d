"""The command that closes a period of the books (SPEC 14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from aggregates.books import BOOKS_ID, Books, PeriodClosed
from aggregates.dates import rfc3339
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer


@dataclass(frozen=True, slots=True)
class ClosePeriod:
    """Close all business days up to one, for ever.

    Attributes:
        through: last KST day to close. reason: why, in the accountant's words.
    """

    ANSWER: ClassVar[str] = "period/1"

    through: date
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Books.Closed`. Raises: as of `Books.close`."""
        streams.stream(Books, BOOKS_ID).close(stamp, through=self.through, reason=self.reason)


def period_json(fact: PeriodClosed) -> dict[str, Any]:
    """Return a close of the books in the shape of the HTTP face."""
    return {
        "closed_through": fact.through.isoformat(),
        "from": None if fact.previous is None else (fact.previous + timedelta(days=1)).isoformat(),
        "first_open_day": (fact.through + timedelta(days=1)).isoformat(),
        "reason": fact.reason,
        "closed_at": rfc3339(fact.recorded_at),
        "closed_by": fact.actor,
    }


@answer("period/1")
def period(facts: Sequence[Fact]) -> Answer:
    """Answer with the days that are closed now."""
    (fact,) = facts
    assert isinstance(fact, PeriodClosed)
    return Answer(201, period_json(fact))

"""The books of a ledger: up to which business day they are closed (SPEC 14).

One stream per ledger. A closed day takes no more facts: what comes late is booked on the first open day. Periods are
closed forward only and never opened again, so that what was read of a closed one stays true for ever.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Self
from uuid import UUID

from aggregates.dates import business_date
from aggregates.errors import Conflict, Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

BOOKS_ID = "books"
"""Name from which the stream id of the books is made."""

CLOSE_GRACE = timedelta(minutes=10)
"""How long after its midnight a day may be closed: longer than clocks may differ (5 minutes) and a commit may take, so
that what was decided while the day was still today is stored before the day is closed."""


@fact("books.period_closed")
class PeriodClosed(Fact):
    """All business days up to one are closed.

    Attributes:
        through: last closed KST day.
        previous: last day that was closed before; None when none was.
        reason: why, in the accountant's words.
    """

    through: date
    previous: date | None
    reason: str

    def apply(self, books: Books) -> None:
        books.closed_through = self.through


class PeriodIsClosed(Rejected):
    """The business day lies in a period that is closed; corrections go to an open one."""

    code = "period_closed"


class PeriodNotOver(Rejected):
    """Only days that are over can be closed."""

    code = "period_not_over"


class PeriodClosedAlready(Conflict):
    """The books are closed through that day or a later one, and are never opened again."""

    code = "period_closed_already"


@stream_class("books")
class Books(Stream):
    """The books of the ledger.

    Attributes:
        closed_through: last closed KST day; None when none is.
    """

    TOLD_BY_LAST_FACT = True

    __slots__ = ("closed_through",)

    Closed = PeriodClosed

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.closed_through: date | None = None

    def close(self, stamp: Stamp, *, through: date, reason: str) -> PeriodClosed:
        """Close all days up to `through`.

        Args:
            through: KST day, included; over for at least `CLOSE_GRACE`.
            reason: why, in the accountant's words.

        Raises:
            PeriodNotOver. PeriodClosedAlready.

        Source: SPEC 14.
        """
        latest = business_date(stamp.recorded_at - CLOSE_GRACE) - timedelta(days=1)
        if through > latest:
            raise PeriodNotOver("through must be a day that has been over for 10 minutes", latest=latest.isoformat())
        if self.closed_through is not None and through <= self.closed_through:
            raise PeriodClosedAlready(
                "the books are closed through a day that is not before this one",
                closed_through=self.closed_through.isoformat(),
            )
        closed: PeriodClosed = self.record(
            PeriodClosed, stamp, through=through, previous=self.closed_through, reason=reason
        )
        return closed

    def require_open(self, day: date) -> None:
        """Refuse a business day that is closed. Raises: PeriodIsClosed."""
        if self.closed_through is not None and day <= self.closed_through:
            raise PeriodIsClosed(
                "the business day lies in a closed period; book it on an open day",
                closed_through=self.closed_through.isoformat(),
                first_open_day=(self.closed_through + timedelta(days=1)).isoformat(),
            )

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at, twin.pending = self.version, self.recorded_at, list(self.pending)
        twin.closed_through = self.closed_through
        return twin

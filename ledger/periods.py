"""Closed periods, kept by every writer: a business day in one is refused, whichever process asks.

Only a command that brings a business time on an earlier day looks at the books at all. What it reads of them is held
until its commit: the append, under the table's lock, sees that nobody has written to the books since; if somebody has,
the command decides again on what stands there now. A command without a business time of its own is of today, and today
cannot be closed before it has been over for `CLOSE_GRACE`. So no fact of a closed day is ever stored after its close.
"""

from __future__ import annotations

from datetime import date

from aggregates.books import BOOKS_ID, Books
from aggregates.dates import business_date
from aggregates.fact import Stamp
from ledger.command import Streams


def check_period(streams: Streams, stamp: Stamp) -> None:
    """Refuse a command whose business time lies in a closed period.

    Raises:
        PeriodIsClosed.

    Source: SPEC 14.
    """
    if stamp.occurred_at < stamp.recorded_at:
        check_day(streams, stamp, business_date(stamp.occurred_at))


def check_day(streams: Streams, stamp: Stamp, day: date) -> None:
    """Refuse a closed business day, for commands that name one beside their time. Raises: PeriodIsClosed."""
    if day < business_date(stamp.recorded_at):
        streams.held(Books, BOOKS_ID).require_open(day)

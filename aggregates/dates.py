"""Business time: the Korean calendar day and month of an instant, and the one way to count "within N days".

May import only the standard library. Never reads a clock: every instant is an argument. Instants are aware and in UTC;
business dates and months are those of Asia/Seoul, which has no daylight saving time (SPEC R-001, R-004).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

_AHEAD_OF_UTC = timedelta(hours=9)
KST = timezone(_AHEAD_OF_UTC, "KST")

AHEAD_MAX = timedelta(minutes=5)
"""How far `occurred_at` may lie in the future of the ledger's own clock."""


DAYS_CACHED_MAX = 10_000
"""Days whose month is remembered: each command asks, and a ledger knows few."""


def business_date(at: datetime) -> date:
    """Return the KST calendar date of the aware instant `at`."""
    if at.tzinfo is UTC:
        return (at + _AHEAD_OF_UTC).date()
    return at.astimezone(KST).date()


@lru_cache(maxsize=DAYS_CACHED_MAX)
def billing_month(day: date) -> str:
    """Return the calendar month of a business date as "YYYY-MM"."""
    return day.isoformat()[:7]


def previous_month(month: str) -> str:
    """Return the month before "YYYY-MM"."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1:04d}-12" if number == 1 else f"{year:04d}-{number - 1:02d}"


def last_day_within(start: date, days: int) -> date:
    """Return the last whole day of "within `days` days of `start`": the first day is not counted (SPEC R-002)."""
    return start + timedelta(days=days)


def is_within(start: date, days: int, at: datetime) -> bool:
    """Say whether instant `at` is before 24:00 KST of day `start` + `days` (SPEC R-002)."""
    return business_date(at) <= last_day_within(start, days)


def start_of_day(day: date) -> datetime:
    """Return 00:00:00 KST of a business date, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=KST).astimezone(UTC)


def rfc3339(at: datetime) -> str:
    """Render an aware instant in UTC with microseconds and "Z"."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

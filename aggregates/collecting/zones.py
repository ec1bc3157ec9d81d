"""Time zones in which the last day of a link may be meant: fixed offsets, so that no table of rules can change a day.

Pure: zones with daylight saving time are not here (SPEC R-001, R-132).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from aggregates.errors import Malformed

SEOUL, TEHRAN = "Asia/Seoul", "Asia/Tehran"

OFFSETS: dict[str, timedelta] = {
    SEOUL: timedelta(hours=9),
    TEHRAN: timedelta(hours=3, minutes=30),
    "Asia/Dubai": timedelta(hours=4),
    "Asia/Ho_Chi_Minh": timedelta(hours=7),
    "Asia/Kolkata": timedelta(hours=5, minutes=30),
    "Asia/Shanghai": timedelta(hours=8),
    "Asia/Singapore": timedelta(hours=8),
    "Asia/Tokyo": timedelta(hours=9),
    "UTC": timedelta(0),
}
"""IANA name -> ahead of UTC."""


def zone(name: str) -> timezone:
    """Return a zone by its IANA name. Raises: Malformed: it is not one of `OFFSETS`."""
    try:
        return timezone(OFFSETS[name], name)
    except KeyError:
        raise Malformed(f"time_zone must be one of {', '.join(OFFSETS)}", field="time_zone") from None


def local_date(at: datetime, name: str) -> date:
    """Return the calendar date of an aware instant in a zone. Raises: Malformed."""
    return at.astimezone(zone(name)).date()


def end_of_day(day: date, name: str) -> datetime:
    """Return the instant, in UTC, at which a day is over in a zone. Raises: Malformed. Source: SPEC R-132."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone(name))
    return (midnight + timedelta(days=1)).astimezone(UTC)

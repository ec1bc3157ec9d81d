"""Rows in PostgreSQL's binary COPY format: about a tenth of what writing them as text costs on this side of the wire.

Only the types that views need. A value of another type than its column's raises; none is ever bent to fit. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from struct import Struct

from aggregates.dates import KST

FILE_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Begins what is copied: signature, no flags, no extension."""

FILE_END = b"\xff\xff"
"""Stands where the next row would begin."""

NULL = b"\xff\xff\xff\xff"

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_KST_EPOCH = datetime(2000, 1, 1, tzinfo=KST)
_DAY_ZERO = date(2000, 1, 1)

_length: Callable[[int], bytes] = Struct("!i").pack
_jsonb: Callable[[int, int], bytes] = Struct("!ib").pack
_two_bigints: Callable[[int, int, int, int], bytes] = Struct("!iqiq").pack
_instant_and_date: Callable[[int, int, int, int], bytes] = Struct("!iqii").pack


def row_start(columns: int) -> bytes:
    """Return what stands before the values of a row."""
    return Struct("!h").pack(columns)


def text(value: str | None) -> bytes:
    """Return a text column's value."""
    if value is None:
        return NULL
    encoded = value.encode()
    return _length(len(encoded)) + encoded


word = lru_cache(1024)(text)
"""The same for texts of which there are few, such as currencies."""


def jsonb(encoded: bytes) -> bytes:
    """Return a jsonb column's value from JSON text."""
    return _jsonb(len(encoded) + 1, 1) + encoded


def two_bigints(first: int, second: int) -> bytes:
    """Return the values of two bigint columns beside each other."""
    return _two_bigints(8, first, 8, second)


def instant_and_date(at: datetime, day: date | None = None) -> bytes:
    """Return the values of a timestamptz column and a date column beside it.

    Args:
        at: aware.
        day: the second value; None = the KST date of `at`.
    """
    since = at - _EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    days = (at - _KST_EPOCH).days if day is None else (day - _DAY_ZERO).days
    return _instant_and_date(8, microseconds, 4, days)

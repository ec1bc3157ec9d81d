"""Rows in PostgreSQL's binary COPY format: about a tenth of what writing them as text costs on this side of the wire.

Only the types that views need. A value of another type than its column's raises; none is ever bent to fit. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from struct import Struct

from aggregates.dates import KST

FILE_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Begins what is copied: signature, no flags, no extension."""

FILE_END = b"\xff\xff"
"""Stands where the next row would begin."""

NULL = b"\xff\xff\xff\xff"

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Instants are packed as microseconds since then."""

_DAY_ZERO = date(2000, 1, 1)
_KST_AHEAD = KST.utcoffset(None)

_length: Callable[[int], bytes] = Struct("!i").pack
_jsonb: Callable[[int, int], bytes] = Struct("!ib").pack


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


def microseconds(since: timedelta) -> int:
    """Return how an instant is packed that lies so long after `EPOCH`."""
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def days(day: date) -> int:
    """Return how a date is packed."""
    return (day - _DAY_ZERO).days


def kst_days(since: timedelta) -> int:
    """Return how the KST date of an instant is packed that lies so long after `EPOCH`."""
    return (since + _KST_AHEAD).days

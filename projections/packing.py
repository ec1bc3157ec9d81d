"""Rows in PostgreSQL's binary COPY format: about a tenth of what writing them as text costs on this side of the wire.

Only the types that views need. A value of another type than its column's raises; none is ever bent to fit. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Any

import orjson

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


def numbers(values: Sequence[int]) -> bytes:
    """Return an integer[] column's value, of one dimension."""
    packed = b"".join([_integer(4, value) for value in values])
    body = (_array(1, 0, _INT4, len(values), 1) if values else _array_empty(0, 0, _INT4)) + packed
    return _length(len(body)) + body


def row_packer(columns: Sequence[tuple[str, str]]) -> Callable[[Any], bytes]:
    """Return what packs an object's attributes as a row of these columns.

    Args:
        columns: names, with types of PostgreSQL that `_EXPRESSIONS` knows. An attribute that is None is packed as NULL.
    """
    values = [f"NULL if (v := row.{name}) is None else {_EXPRESSIONS[kind]}" for name, kind in columns]
    scope: dict[str, Any] = {**_SCOPE, "start": row_start(len(columns)), "join": b"".join}
    exec(f"def pack(row): return join((start, {', '.join(values)}))", scope)  # noqa: S102 (columns of this repository)
    pack: Callable[[Any], bytes] = scope["pack"]
    return pack


_bigint, _integer, _smallint = Struct("!iq").pack, Struct("!ii").pack, Struct("!ih").pack
_boolean = Struct("!i?").pack
_array: Callable[..., bytes] = Struct("!iiIii").pack
_array_empty: Callable[..., bytes] = Struct("!iiI").pack
_INT4 = 23
"""What PostgreSQL calls the type of an array's integers."""

_EXPRESSIONS = {
    "bigint": "bigint(8, v)",
    "integer": "integer(4, v)",
    "smallint": "smallint(2, v)",
    "boolean": "boolean(1, v)",
    "text": "text(v)",
    "uuid": "UUID_LENGTH + v.bytes",
    "timestamptz": "bigint(8, microseconds(v - EPOCH))",
    "date": "integer(4, days(v))",
    "jsonb": "jsonb(dumps(v))",
    "integer[]": "numbers(v)",
}
"""Type of a column -> the expression that packs its value `v`."""

_SCOPE: dict[str, Any] = {
    "NULL": NULL,
    "EPOCH": EPOCH,
    "UUID_LENGTH": _length(16),
    "bigint": _bigint,
    "integer": _integer,
    "smallint": _smallint,
    "boolean": _boolean,
    "text": text,
    "microseconds": microseconds,
    "days": days,
    "jsonb": jsonb,
    "dumps": orjson.dumps,
    "numbers": numbers,
}

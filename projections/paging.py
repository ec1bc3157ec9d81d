"""Pages of a list: newest first, with an opaque cursor that carries the filter and the place.

A cursor belongs to the list and filter that it came from; used with another one it is malformed, never silently wrong.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from aggregates.errors import Malformed

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
POSITION_MAX = 2**63 - 1


class Page(NamedTuple):
    """One page of a list.

    Attributes:
        items: JSON-ready dicts, newest first.
        next_cursor: where the next page begins; None after the last one.
    """

    items: list[dict[str, Any]]
    next_cursor: str | None


class Place(NamedTuple):
    """Where a page begins, and how long it is.

    Attributes:
        after: what the last thing of the page before is ordered by: a position, or a text of the list's own.
        limit: 1..200.
    """

    after: Any
    limit: int


def place(asked: dict[str, Any], cursor: str | None, limit: int | None, start: int | str = POSITION_MAX) -> Place:
    """Read cursor and limit of a list.

    What was `asked` is JSON-ready, with the name of the list in it; `start` is where the first page begins, and its
    default is right for newest position first.

    Raises:
        Malformed: the limit is out of range; the cursor is not one of this list and filter.
    """
    size = LIMIT_DEFAULT if limit is None else limit
    if not 1 <= size <= LIMIT_MAX:
        raise Malformed(f"limit must be 1 to {LIMIT_MAX}", field="limit")
    if cursor is None:
        return Place(start, size)
    try:
        stored = orjson.loads(urlsafe_b64decode(cursor.encode("ascii")))
        after = stored["after"]
        fits = stored["filter"] == asked and type(after) is type(start) and _is_plain(after)
    except (ValueError, KeyError, TypeError, binascii.Error):
        fits = False
    if not fits:
        raise Malformed("cursor must be the next_cursor of a page of this list with the same filter", field="cursor")
    return Place(after, size)


def _is_plain(after: int | str) -> bool:
    """Say whether a place is one that the database can compare with."""
    return 0 <= after <= POSITION_MAX if isinstance(after, int) else "\0" not in after


def paged(asked: dict[str, Any], at: Place, items: list[dict[str, Any]], places: Sequence[Any]) -> Page:
    """Make a page of up to `limit` + 1 items that were read; `places` is what they are ordered by."""
    if len(items) <= at.limit:
        return Page(items, None)
    cursor = urlsafe_b64encode(orjson.dumps({"filter": asked, "after": places[at.limit - 1]}))
    return Page(items[: at.limit], cursor.decode("ascii"))


async def fetch(
    conn: AsyncConnection[Any], query: str, parameters: Sequence[Any] | Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return all rows of one query, as dicts."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), parameters)
        return await cursor.fetchall()

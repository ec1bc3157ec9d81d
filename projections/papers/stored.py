"""Facts straight from the store, up to a position: what papers are made from, so that they can be made again.

What a view shows is of now; a document says where the ledger stood, and the same facts give the same figures for ever.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account.standing import AccountOpened
from aggregates.errors import NotFound
from aggregates.fact import Fact
from ledger.mapper import to_fact

PAGE_FACTS = 1_000

SELECT_FACTS = b"""
    SELECT originator_version, topic, state FROM ledger_events
    WHERE originator_id = %s AND originator_version > %s AND notification_id <= %s
    AND (%s::text[] IS NULL OR topic = ANY(%s)) ORDER BY originator_version LIMIT %s
"""


class Standing(NamedTuple):
    """An account as its facts up to a position say.

    Attributes:
        version: of the last of them. name, currency: as opened. mode: prepaid or postpaid then.
    """

    version: int
    name: str
    currency: str
    mode: str


async def facts_of(
    conn: AsyncConnection[Any], stream: UUID, position: int, topics: Collection[str] | None = None, after: int = 0
) -> AsyncIterator[Fact]:
    """Yield the facts of a stream up to a position, in order.

    Args:
        topics: of these kinds alone. after: version; only later ones.
    """
    wanted = None if topics is None else list(topics)
    last = after
    while True:
        async with conn.cursor(binary=True) as cursor:
            await cursor.execute(SELECT_FACTS, [stream, last, position, wanted, wanted, PAGE_FACTS])
            page = [to_fact(stream, number, topic, state) async for number, topic, state in cursor]
        for fact in page:
            yield fact
        if len(page) < PAGE_FACTS:
            return
        last = page[-1].originator_version


async def head(conn: AsyncConnection[Any]) -> int:
    """Return the position of the newest fact."""
    async with conn.cursor() as cursor:
        await cursor.execute(b"SELECT coalesce(max(notification_id), 0) FROM ledger_events")
        (position,) = await cursor.fetchone() or (0,)
    return int(position)


async def account_at(conn: AsyncConnection[Any], account_id: str, position: int) -> Standing:
    """Return what an account was at a position. Raises: NotFound: it was not open yet."""
    stream = ids.stream_id(account_id)
    opened: AccountOpened | None = None
    mode = ""
    async for fact in facts_of(conn, stream, position, (AccountOpened.TOPIC, "account.mode_switched")):
        mode = fact.mode  # type: ignore[attr-defined]  # both kinds have one
        opened = fact if isinstance(fact, AccountOpened) else opened
    if opened is None:
        raise NotFound("there is no account with this id")
    async with conn.cursor() as cursor:
        await cursor.execute(
            b"SELECT max(originator_version) FROM ledger_events WHERE originator_id = %s AND notification_id <= %s",
            [stream, position],
        )
        (version,) = await cursor.fetchone() or (0,)
    return Standing(version, opened.name, opened.currency, mode)

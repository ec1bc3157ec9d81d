"""Facts and seal as stored, for those who check the ledger: read from the store itself, never from a view."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from api.views import Views
from ledger.seal import Row, packed

_EVENTS = (
    "SELECT notification_id, originator_id, originator_version, topic, state, command_key FROM ledger_events"
    " WHERE notification_id > %s"
)

_SEALED = """
    SELECT e.notification_id, e.originator_id, e.originator_version, e.topic, e.state, e.command_key, b.number, b.hash
    FROM ledger_events e LEFT JOIN LATERAL (
        WITH RECURSIVE half (low, high) AS (
            SELECT 1::bigint, (SELECT max(number) FROM ledger_blocks)
            UNION ALL
            SELECT CASE WHEN m.last_position >= e.notification_id THEN h.low ELSE m.number + 1 END,
                   CASE WHEN m.last_position >= e.notification_id THEN m.number ELSE h.high END
            FROM half h JOIN ledger_blocks m ON m.number = (h.low + h.high) / 2 WHERE h.low < h.high
        )
        SELECT found.number, found.hash FROM half JOIN ledger_blocks found ON found.number = half.low
        WHERE half.low = half.high AND e.notification_id BETWEEN found.first_position AND found.last_position
    ) b ON true
    WHERE e.originator_id = ANY(%s) AND e.notification_id <= %s ORDER BY e.notification_id LIMIT %s
"""
"""Facts with the block that seals each: blocks are found by halves, for they are ordered by number and by position."""


class Head(NamedTuple):
    """The last block: how many there are, the last position, the chain's hash; zeros for an empty ledger."""

    blocks: int
    position: int
    hash: str


class StoredFacts:
    """Reads facts and the head of their seal.

    Args:
        views: lends connections.
    """

    def __init__(self, views: Views) -> None:
        self._views = views

    async def head(self) -> Head:
        """Return the last block. Raises: Unavailable."""
        async with self._views.connect() as conn:
            cursor = await conn.execute(
                "SELECT number, last_position, hash FROM ledger_blocks ORDER BY number DESC LIMIT 1"
            )
            row = await cursor.fetchone()
        return Head(0, 0, "") if row is None else Head(row[0], row[1], row[2].hex())

    async def after(
        self, position: int, limit: int, *, stream_id: UUID | None = None, topic: str | None = None
    ) -> list[dict[str, Any]]:
        """Return facts after a position, oldest first: of one stream, of one topic, or all.

        Raises:
            Unavailable: the database does not answer.
        """
        query, values = _EVENTS, [position]
        for condition, value in ((" AND originator_id = %s", stream_id), (" AND topic = %s", topic)):
            if value is not None:
                query += condition
                values.append(value)  # type: ignore[arg-type]
        async with self._views.connect() as conn:
            cursor = await conn.execute(f"{query} ORDER BY notification_id LIMIT %s".encode(), [*values, limit])
            return [fact_json(row) for row in await cursor.fetchall()]

    async def sealed(self, stream_ids: Sequence[UUID], until: int, limit: int) -> list[dict[str, Any]]:
        """Return the facts of some streams up to a position, oldest first, each with its block and its stored bytes.

        Raises:
            Unavailable: the database does not answer.
        """
        async with self._views.connect() as conn:
            cursor = await conn.execute(_SEALED.encode(), [list(stream_ids), until, limit])
            return [_sealed_json(row) for row in await cursor.fetchall()]


def _sealed_json(row: Sequence[Any]) -> dict[str, Any]:
    *stored, block, block_hash = row
    state, key = stored[4:]
    return {
        **fact_json(stored),
        "state": bytes(state).decode(),
        "key": None if key is None else key.bytes.hex(),
        "block": block,
        "block_hash": None if block_hash is None else block_hash.hex(),
    }


def fact_json(row: Sequence[Any]) -> dict[str, Any]:
    """Return a stored row in the shape of the HTTP face.

    Its hash is SHA-256 over the row's length-prefixed fields, as the seal digests them (`ledger.seal.packed`).
    """
    position, stream_id, version, topic, state, key = row
    stored = Row(stream_id.bytes, version, topic.encode(), bytes(state), None if key is None else key.bytes)
    fact = orjson.loads(stored.state)
    fact.pop("command", None)
    return {
        "position": position,
        "stream": str(stream_id),
        "version": version,
        "topic": topic,
        "hash": sha256(packed(stored)).hexdigest(),
        "fact": fact,
    }

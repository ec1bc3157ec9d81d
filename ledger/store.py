"""The engine's database: one connection that appends (`Appender`), a small pool that reads; every wait bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import psycopg
import structlog
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from aggregates.errors import Unavailable
from ledger.appender import Appender

T = TypeVar("T")

log = structlog.get_logger("ledger.store")

READ_LIMIT_S = 2.0
START_LIMIT_S = 10.0
"""How long the first connection may take: nobody waits for an answer yet, and a machine that starts is busy."""

CONNECT_LIMIT_S = 3
"""How long one attempt to connect for reading may take; who reads waits no longer than `READ_LIMIT_S`."""

POOL_SIZE_MAX = 4


class StoredFact(NamedTuple):
    """A row of the events table."""

    position: int
    originator_id: UUID
    version: int
    topic: str
    state: bytes
    key: bytes | None


class Store:
    """What the engine reads, and the `Appender` beside it.

    Args:
        conninfo: of the app role, with the search path or schema given apart.
        schema: the ledger's schema.

    Attributes:
        ledger_number: part of all public ids; read by `open`.
        appender: the one connection that appends.
    """

    def __init__(self, conninfo: str, schema: str) -> None:
        options = f"-c search_path={schema},pg_catalog"
        self.ledger_number = 0
        self.appender = Appender(conninfo, options, sql.Identifier(schema, "ledger_events"))
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
            conninfo,
            kwargs={"autocommit": True, "connect_timeout": CONNECT_LIMIT_S, "options": options},
            min_size=1,
            max_size=POOL_SIZE_MAX,
            open=False,
            timeout=READ_LIMIT_S,
            reconnect_timeout=START_LIMIT_S,
        )

    async def open(self) -> None:
        """Connect for reading, and learn which ledger this is; the first append makes the writing connection.

        Raises:
            Unavailable: the database cannot be reached.
        """
        try:
            await self._pool.open(wait=True, timeout=START_LIMIT_S)
            rows = await self.read("SELECT ledger_id, number FROM ledger_identity")
        except BaseException as error:
            # Left open, its tasks would not end with their loop: a process that could not start would stay.
            await self._pool.close()
            if isinstance(error, psycopg.OperationalError):
                raise Unavailable("the ledger's database does not answer; try again", 1) from error
            raise
        self.appender.ledger_id, self.ledger_number = rows[0]

    async def close(self) -> None:
        """Let go of all connections."""
        await self.appender.close()
        await self._pool.close()

    async def read(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return all rows of one query; a connection that turns out to be dead is replaced, within `READ_LIMIT_S`.

        Raises:
            Unavailable: the database cannot be reached, or does not answer in time.
        """
        return await self._with_connection(lambda connection: _fetch_all(connection, query, parameters))

    async def _with_connection(self, work: Callable[[psycopg.AsyncConnection[Any]], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(READ_LIMIT_S):
                for _ in range(POOL_SIZE_MAX):
                    with suppress(psycopg.OperationalError, psycopg.InterfaceError):
                        async with self._pool.connection() as connection:
                            return await work(connection)
                async with self._pool.connection() as connection:
                    return await work(connection)
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError, OSError) as error:
            log.warning("read failed", error=type(error).__name__)
            raise Unavailable("the ledger's database does not answer; try again", 1) from error

    async def facts_after(self, stream_id: UUID, version: int, limit: int) -> list[StoredFact]:
        """Return up to `limit` facts of one stream after a version, in order."""
        query = (
            "SELECT notification_id, originator_id, originator_version, topic, state, NULL FROM ledger_events"
            " WHERE originator_id = %s AND originator_version > %s ORDER BY originator_version LIMIT %s"
        )
        return [StoredFact(*row) for row in await self.read(query, (stream_id, version, limit))]

    async def facts_of_streams(self, stream_ids: Sequence[UUID]) -> list[StoredFact]:
        """Return all facts of some streams, stream by stream, in order; for streams that are known to be short."""
        query = (
            "SELECT notification_id, originator_id, originator_version, topic, state, NULL FROM ledger_events"
            " WHERE originator_id = ANY(%s) ORDER BY originator_id, originator_version"
        )
        return [StoredFact(*row) for row in await self.read(query, (list(stream_ids),))]

    async def snapshot(self, stream_id: UUID) -> tuple[int, str, bytes] | None:
        """Return (version, topic, state) of the newest snapshot of a stream."""
        query = (
            "SELECT originator_version, topic, state FROM ledger_snapshots"
            " WHERE originator_id = %s ORDER BY originator_version DESC LIMIT 1"
        )
        rows = await self.read(query, (stream_id,))
        return rows[0] if rows else None

    async def put_snapshots(self, snapshots: Sequence[tuple[UUID, int, str, bytes]]) -> None:
        """Store snapshots; one that stands already is left alone."""
        statement = (
            b"INSERT INTO ledger_snapshots (originator_id, originator_version, topic, state)"
            b" VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
        )

        async def insert(connection: psycopg.AsyncConnection[Any]) -> None:
            async with connection.cursor() as cursor:
                await cursor.executemany(statement, snapshots)

        await self._with_connection(insert)

    async def heads(self, stream_id: UUID) -> tuple[int, int]:
        """Return (last position of the ledger, last version of a stream; 0 for none)."""
        query = (
            "SELECT coalesce((SELECT last_position FROM ledger_blocks ORDER BY number DESC LIMIT 1), 0),"
            " coalesce((SELECT max(originator_version) FROM ledger_events WHERE originator_id = %s), 0)"
        )
        position, version = (await self.read(query, (stream_id,)))[0]
        return position, version

    async def versions(self, stream_ids: Sequence[UUID]) -> dict[UUID, int]:
        """Return the last version of each stream; 0 for none."""
        if not stream_ids:
            return {}
        query = (
            "SELECT id, coalesce((SELECT max(originator_version) FROM ledger_events WHERE originator_id = id), 0)"
            " FROM unnest(%s) AS id"
        )
        return dict(await self.read(query, (list(stream_ids),)))

    async def facts_of_keys(self, keys: Sequence[bytes]) -> list[StoredFact]:
        """Return the first fact of each command whose key is stored."""
        query = (
            "SELECT notification_id, originator_id, originator_version, topic, state, command_key FROM ledger_events"
            " WHERE command_key = ANY(%s)"
        )
        rows = await self.read(query, ([UUID(bytes=key) for key in keys],))
        return [StoredFact(at, of, version, topic, state, key.bytes) for at, of, version, topic, state, key in rows]

    async def facts_between(self, first: int, last: int) -> list[StoredFact]:
        """Return the facts of a range of positions, in order."""
        query = (
            "SELECT notification_id, originator_id, originator_version, topic, state, NULL FROM ledger_events"
            " WHERE notification_id BETWEEN %s AND %s ORDER BY notification_id"
        )
        return [StoredFact(*row) for row in await self.read(query, (first, last))]

    async def refusals_of_keys(self, keys: Sequence[bytes]) -> list[tuple[bytes, bytes, int]]:
        """Return (key, record, first position of its block) of each remembered refusal."""
        query = (
            "SELECT r.command_key, r.record, b.first_position FROM ledger_refusals r"
            " JOIN ledger_blocks b ON b.number = r.block WHERE r.command_key = ANY(%s)"
        )
        rows = await self.read(query, ([UUID(bytes=key) for key in keys],))
        return [(key.bytes, record, position) for key, record, position in rows]


async def _fetch_all(connection: psycopg.AsyncConnection[Any], query: str, parameters: Sequence[Any]) -> list[Any]:
    cursor = await connection.execute(query.encode(), parameters, prepare=True)
    return await cursor.fetchall()

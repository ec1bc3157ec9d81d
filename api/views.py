"""Connections for reading: a small pool on which views are queried once they have reached what the caller asks for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from aggregates.errors import Unavailable
from projections.tracking import ViewBehind, position, wait_for

CONNECTIONS_MAX = 8
READ_LIMIT_S = 4.0
"""How long one read may take in all, waiting for a connection and for a view included."""

MIN_POSITION_LIMIT_S = 2.0
"""How long a read waits for a view to reach Ledger-Min-Position (docs/api.md)."""


class Seen(NamedTuple):
    """A connection to read on, and the position that what is read there has at least seen."""

    conn: psycopg.AsyncConnection[Any]
    position: int


class Views:
    """Lends connections to readers.

    Args:
        conninfo: of the role that reads. schema: the ledger's schema.
    """

    def __init__(self, conninfo: str, schema: str) -> None:
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=CONNECTIONS_MAX,
            open=False,
            timeout=READ_LIMIT_S / 2,
            reconnect_timeout=10.0,
            max_waiting=500,
            kwargs={
                "autocommit": True,
                "connect_timeout": 3,
                "options": f"-c search_path={schema},pg_catalog -c statement_timeout=4000",
            },
        )

    async def open(self) -> None:
        """Start connecting; does not wait for the database."""
        await self._pool.open()

    async def close(self) -> None:
        """Let go of all connections."""
        await self._pool.close(timeout=2.0)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Lend a connection.

        Raises:
            ViewBehind: what is read has not been built yet.
            Unavailable: the database cannot be reached, or does not answer in time.
        """
        try:
            async with asyncio.timeout(READ_LIMIT_S), self._pool.connection() as conn:
                yield conn
        except psycopg.errors.UndefinedTable as error:
            raise ViewBehind("the view has not been built yet; try again", 1) from error
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TimeoutError, OSError) as error:
            raise Unavailable("the ledger's database does not answer; try again", 1) from error

    @asynccontextmanager
    async def see(self, *views: str, at_least: int | None = None) -> AsyncIterator[Seen]:
        """Lend a connection on which these views have reached `at_least`.

        Raises:
            ViewBehind: they did not in time. Unavailable: as `connect`.
        """
        async with self.connect() as conn:
            yield Seen(conn, await wait_for(conn, *views, at_least=at_least, timeout_s=MIN_POSITION_LIMIT_S))

    async def position(self, *views: str) -> int:
        """Return the lowest position that these views have reached. Raises: Unavailable."""
        async with self.connect() as conn:
            return await position(conn, *views)

"""What the sandbox's providers share: connections, the clock, rates of failure, and chance that repeats itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import blake2b
from types import TracebackType
from typing import Any, NamedTuple, Self

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier

from ledger.clock import Clock
from ledger.database import connect_async
from ledger.ports.errors import PortUnavailable

IDLE_MAX = 4
"""Connections kept open between calls."""

FEED_MAX = 500
"""Most changes handed over by one call."""

Connection = psycopg.AsyncConnection[DictRow]


class Rates(NamedTuple):
    """How often and how late things go wrong, set by the scenario `rates`; percentages of 0 to 100.

    Attributes:
        seed: of all chance.
        issue_failure_percent: coupons that are definitely not issued.
        issue_timeout_percent: calls that are answered `unknown` the first time, though all is done.
        issue_delay_s: how long an answer is `unknown`.
        alimtalk_failure_percent: Alimtalk messages that fail; an MMS to the same number is delivered.
        undelivered_percent: numbers to which nothing is delivered, on any channel.
        message_timeout_percent: calls that get no answer the first time, though all is sent.
        message_delay_s: after how long a message has its outcome; None = after 1 to 30 s.
        unreported_percent: numbers of which nothing is ever reported: their messages stay accepted.
        messages_per_s: how many messages of a channel are let out in a second, the others wait; None = all at once.
        quiet_day: day of the month on which nothing is let out for some hours, in Seoul; None = never.
        quiet_from_hour, quiet_hours: when they begin, and how many they are.
        deposit_after_s: how long after its issue the money arrives on a virtual account.
        callback_delay_s: how much later callbacks come.
        callback_copies: how often each callback is delivered, under one id.
        callbacks_reversed: whether the newest callback is delivered first.
    """

    seed: str = "sandbox"
    issue_failure_percent: int = 0
    issue_timeout_percent: int = 0
    issue_delay_s: int = 0
    alimtalk_failure_percent: int = 0
    undelivered_percent: int = 0
    message_timeout_percent: int = 0
    message_delay_s: int | None = None
    unreported_percent: int = 0
    messages_per_s: int | None = None
    quiet_day: int | None = None
    quiet_from_hour: int = 2
    quiet_hours: int = 4
    deposit_after_s: int = 600
    callback_delay_s: int = 0
    callback_copies: int = 1
    callbacks_reversed: bool = False


def draw(*words: str | int) -> int:
    """Return a number that follows from the words alone and looks like chance: 64 bits."""
    digest = blake2b("\x1f".join(map(str, words)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def hits(percent: int, *words: str | int) -> bool:
    """Say whether chance of so many percent has struck."""
    return percent > 0 and draw(*words) % 100 < percent


class SandboxState:
    """The database of the sandbox's providers. Use as an asynchronous context manager."""

    def __init__(self, address: str, schema: str, clock: Clock) -> None:
        """Name the database; nothing happens before the first call.

        Args:
            address: of the sandbox's database, under its own role.
            schema: name of the ledger's schema.
            clock: the ledger's.
        """
        self._address = address
        self._schema = schema
        self._clock = clock
        self._idle: list[Connection] = []

    def now(self) -> datetime:
        """Return the time of the ledger."""
        return self._clock.now()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        """Lend a connection in autocommit mode that finds the sandbox's tables by their bare names.

        Raises:
            PortUnavailable: the database went away: so the provider did, to whoever asked it.
        """
        try:
            connection = self._idle.pop() if self._idle else await self._connect()
            try:
                yield connection
            except BaseException:
                await connection.close()
                raise
            if len(self._idle) < IDLE_MAX and not connection.closed:
                self._idle.append(connection)
            else:
                await connection.close()
        except psycopg.OperationalError as error:
            raise PortUnavailable("the provider does not answer; ask again with the same key", 1) from error

    async def _connect(self) -> Connection:
        connection: Any = await connect_async(self._address)
        connection.row_factory = dict_row
        await connection.execute(SQL("SET search_path = {}, pg_catalog").format(Identifier(self._schema)))
        made: Connection = connection
        return made

    async def rates(self, connection: Connection) -> Rates:
        """Return the rates that are set now."""
        row = await one(connection, "SELECT settings FROM rates")
        return Rates(**row["settings"])

    async def close(self) -> None:
        """Close all connections."""
        while self._idle:
            await self._idle.pop().close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def find(connection: Connection, query: str, *values: Any) -> DictRow | None:
    """Return the first row of a query; None = there is none."""
    return await (await connection.execute(query.encode(), values)).fetchone()


async def one(connection: Connection, query: str, *values: Any) -> DictRow:
    """Return the only row of a query that always has one."""
    row = await find(connection, query, *values)
    assert row is not None, "this query always has a row"
    return row


async def rows(connection: Connection, query: str, *values: Any) -> list[DictRow]:
    """Return all rows of a query."""
    return await (await connection.execute(query.encode(), values)).fetchall()

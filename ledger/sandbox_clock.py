"""The sandbox's clock: machine time and an offset that lies in the ledger's database, so that all processes agree.

It moves forward only. A process reads the offset again every fifth of a second, beside its work, so that asking for the
time costs no more than the machine's own clock; who moves it waits until the others must have seen it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import psycopg
from psycopg.sql import SQL, Identifier

from aggregates.dates import rfc3339
from aggregates.errors import Rejected
from ledger.clock import Clock, SystemClock
from ledger.database import Database, connect, connect_async
from ledger.settings import Settings

REFRESH_S = 0.2
"""How often a process reads the offset."""

SEEN_AFTER_S = 2 * REFRESH_S
"""After how long every process whose database answers has read a new offset."""

YEARS_MAX = 50
"""How far ahead of the machine's clock it may be set: beyond, calendars have no tables."""


class ClockMovesForwardOnly(Rejected):
    """Facts are recorded in the order of time, so the sandbox's clock cannot go back."""

    code = "clock_moves_forward_only"


class ClockTooFarAhead(Rejected):
    """The sandbox's clock has an end."""

    code = "clock_too_far_ahead"


class SandboxClock:
    """Machine time plus the ledger's offset. Use as a context manager, or `close` it."""

    def __init__(self, address: str, schema: str) -> None:
        """Read the offset, and go on reading it.

        Args:
            address: of the ledger's database, under the role that writes.
            schema: of the ledger.

        Raises:
            psycopg.Error: it cannot be read.
        """
        self._address = address
        self._table = Identifier(schema, "ledger_clock")
        self._ahead = timedelta()
        self._stop = threading.Event()
        with connect(address) as connection:
            self._read(connection)
        threading.Thread(target=self._follow, name="sandbox clock", daemon=True).start()

    def now(self) -> datetime:
        """Return the present moment of the sandbox, aware and in UTC."""
        return datetime.now(UTC) + self._ahead

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of the machine's clock."""
        return self._ahead

    async def advance(self, step: timedelta) -> datetime:
        """Move the clock for all processes; return the time once they must have seen it.

        Raises:
            ClockMovesForwardOnly: the step is negative. ClockTooFarAhead: the clock would leave its bounds.
            psycopg.Error: the database cannot be reached.
        """
        return await self._move(lambda ahead: ahead + step)

    async def set(self, to: datetime) -> datetime:
        """Set the clock to an instant that is not past, for all processes. Returns and raises: as `advance`."""
        return await self._move(lambda _: to - datetime.now(UTC))

    async def _move(self, moved: Callable[[timedelta], timedelta]) -> datetime:
        async with await connect_async(self._address) as connection, connection.transaction():
            query = SQL("SELECT ahead_us FROM {} FOR UPDATE").format(self._table)
            row = await (await connection.execute(query)).fetchone()
            assert row is not None, "the migration has made the row"
            old = timedelta(microseconds=row[0])
            new = moved(old)
            if new < old:
                earliest = rfc3339(datetime.now(UTC) + old)
                raise ClockMovesForwardOnly("the sandbox's clock moves forward only", earliest=earliest)
            if new > timedelta(days=365 * YEARS_MAX):
                raise ClockTooFarAhead(
                    f"the sandbox's clock may be at most {YEARS_MAX} years ahead", years_max=YEARS_MAX
                )
            update = SQL("UPDATE {} SET ahead_us = %s").format(self._table)
            await connection.execute(update, [new // timedelta(microseconds=1)])
        self._take(new)
        await asyncio.sleep(SEEN_AFTER_S)
        return self.now()

    def _take(self, ahead: timedelta) -> None:
        """Follow an offset that was read; a reading that is older than what is known changes nothing."""
        self._ahead = max(self._ahead, ahead)

    def _read(self, connection: psycopg.Connection) -> None:
        row = connection.execute(SQL("SELECT ahead_us FROM {}").format(self._table)).fetchone()
        assert row is not None, "the migration has made the row"
        self._take(timedelta(microseconds=row[0]))

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                with connect(self._address) as connection:
                    while not self._stop.wait(REFRESH_S):
                        self._read(connection)
            except psycopg.Error:  # The database is away; whoever works with it says so.
                self._stop.wait(REFRESH_S)

    def close(self) -> None:
        """Read no more."""
        self._stop.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def open_clock(settings: Settings, database: Database) -> Iterator[Clock]:
    """Give the clock of a ledger: the sandbox's where the sandbox is on, else the machine's.

    Raises:
        psycopg.Error: the sandbox's offset cannot be read.
    """
    if not settings.sandbox_on:
        yield SystemClock()
        return
    with SandboxClock(database.app, database.schema) as clock:
        yield clock

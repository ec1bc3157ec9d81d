"""The exports that were asked for, one after the other; a firing makes at most one, so that a stop waits for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psycopg import Connection, sql

from ledger.database import Database, connect
from projections.exports.desk import make_next
from scheduler.jobs import Fired

NAME = "make-exports"
EVERY_S = 1


async def make_exports(database: Database, is_stopping: Callable[[], bool]) -> Fired:
    """Make the next export, if one waits. Blocks its loop, which is its own.

    Raises:
        psycopg.Error: the database went away; the next firing goes on.
    """

    def connected() -> Connection[Any]:
        connection: Connection[Any] = connect(database.app)
        connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(database.schema)))
        return connection

    return Fired(NAME, int(make_next(connected, is_stopping)), 0, 0)

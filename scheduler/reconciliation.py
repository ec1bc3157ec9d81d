"""Lines of providers and banks: matched as far as the rules go, again and again, as files and money come in."""

from __future__ import annotations

import structlog
from psycopg import sql

from ledger.clock import Clock
from ledger.database import Database, connect_async
from ledger.engine import Engine
from ledger.store import Store
from projections.matching import due, work_off
from scheduler.jobs import Fired

log = structlog.get_logger("scheduler")

NAME = "match-lines"
EVERY_S = 10


async def match_lines(database: Database, clock: Clock) -> Fired:
    """Match and park what can be, with an engine of its own when there is anything to do.

    Raises:
        Unavailable: the database went away; the next firing goes on.
        psycopg.Error: the same, before anything was done.

    Source: SPEC R-062, R-088.
    """
    async with await connect_async(database.app) as connection:
        await connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(database.schema)))
        if not await due(connection, limit=1):
            return Fired(NAME, 0, 0, 0)
        engine = Engine(Store(database.app, database.schema), clock)
        await engine.start()
        try:
            worked = await work_off(engine, connection)
        finally:
            await engine.stop()
    fired = Fired(NAME, worked.matched + worked.parked, 0, worked.refused)
    log.info("job has run", **fired._asdict())
    return fired

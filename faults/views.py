"""What a round has left in the views."""

from __future__ import annotations

from psycopg import sql

from faults.checks import Count
from ledger.database import Database, connect_async
from ledger.settings import Settings
from projections.rebuild import check
from projections.tracking import VIEWS, wait_for

SEEN_LIMIT_S = 120.0


async def until_seen(database: Database, position: int | None = None) -> None:
    """Let all views see everything up to a position (None: to the last one): only what they have seen is compared.

    Raises:
        ViewBehind: they did not in two minutes.
    """
    async with await connect_async(database.app) as connection:
        path = sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(database.schema))
        await connection.execute(path)
        if position is None:
            found = await connection.execute("SELECT coalesce(max(last_position), 0) FROM ledger_blocks")
            ((position,),) = await found.fetchall()
        await wait_for(connection, *VIEWS, at_least=position, timeout_s=SEEN_LIMIT_S)


def count_views(settings: Settings) -> Count:
    """Compare the rows of all views with a fold of all facts that they have seen."""
    checked = check(settings)
    differing, rows = sum(view.differences for view in checked), sum(view.rows for view in checked)
    return Count("C7", "view rows that differ from a fold of all facts", differing, rows)

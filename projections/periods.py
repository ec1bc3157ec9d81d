"""The view `periods`: every close of the books, newest first (SPEC 14)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import AsyncConnection

from aggregates.books import PeriodClosed
from ledger.commands.periods import period_json
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class PeriodRow:
    """One close. through: last closed KST day. document: the close as people see it."""

    through: date
    position: int
    document: dict[str, Any]


PERIODS = Table(
    "view_periods",
    PeriodRow,
    key={"through": "date"},
    ddl="""
    CREATE TABLE {table} (
        through date NOT NULL,
        position bigint NOT NULL,
        document jsonb NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (through)
    )
    """,
    json=frozenset({"document"}),
)


class Periods(View):
    """Every close of the books."""

    NAME = "periods"
    TABLES = (PERIODS,)
    TAKES = frozenset({PeriodClosed})

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name no rows: a close is written once."""
        return ()

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Keep the close."""
        rows.put(PERIODS, PeriodRow(fact.through, position, period_json(fact)))


async def page(conn: AsyncConnection[Any], *, cursor: str | None = None, limit: int | None = None) -> Page:
    """Return a page of closes, newest first; the first of all is how far the books are closed now.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "periods"}
    where = place(asked, cursor, limit)
    query = "SELECT * FROM view_periods WHERE position < %s ORDER BY position DESC LIMIT %s"
    found = await fetch(conn, query, [where.after, where.limit + 1])
    items = [row["document"] | {"position": row["position"]} for row in found]
    return paged(asked, where, items, [row["position"] for row in found])

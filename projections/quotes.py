"""The view `quotes`: every quote as it was issued (SPEC P9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from aggregates.errors import NotFound
from aggregates.quote import QuoteIssued
from ledger.commands.quotes import quote_json
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class QuoteRow:
    """One quote. member_id: None = the master's. document: the quote as people see it."""

    quote_id: str
    position: int
    account_id: str
    member_id: str | None
    number: str
    document: dict[str, Any]


QUOTES = Table(
    "view_quotes",
    QuoteRow,
    key={"quote_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        quote_id text NOT NULL,
        position bigint NOT NULL,
        account_id text NOT NULL,
        member_id text,
        number text NOT NULL UNIQUE,
        document jsonb NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (quote_id)
    )
    """,
    indexes=("CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (account_id, position)",),
    json=frozenset({"document"}),
)


class Quotes(View):
    """Every quote."""

    NAME = "quotes"
    TABLES = (QUOTES,)
    TAKES = frozenset({QuoteIssued})

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name no rows: a quote is written once."""
        return ()

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Keep the quote."""
        rows.put(
            QUOTES, QuoteRow(fact.quote_id, position, fact.account_id, fact.member_id, fact.number, quote_json(fact))
        )


class QuoteNotFound(NotFound):
    """No quote has this id."""

    code = "quote_not_found"


async def page(
    conn: AsyncConnection[Any],
    account_id: str,
    *,
    member_id: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of an account's quotes, newest first; of one sub-member alone when `member_id` is given.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "quotes", "account_id": account_id, "member_id": member_id}
    where = place(asked, cursor, limit)
    query = (
        "SELECT * FROM view_quotes WHERE account_id = %s AND position < %s AND (%s::text IS NULL OR member_id = %s)"
        " ORDER BY position DESC LIMIT %s"
    )
    found = await fetch(conn, query, [account_id, where.after, member_id, member_id, where.limit + 1])
    return paged(asked, where, [row["document"] for row in found], [row["position"] for row in found])


async def one(conn: AsyncConnection[Any], quote_id: str) -> dict[str, Any]:
    """Return one quote. Raises: QuoteNotFound."""
    found = await fetch(conn, "SELECT document FROM view_quotes WHERE quote_id = %s", [quote_id])
    if not found:
        raise QuoteNotFound("there is no quote with this id")
    document: dict[str, Any] = found[0]["document"]
    return document

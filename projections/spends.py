"""The view `spends`: every purchase with what is held, captured and returned of it, and the holds that are due.

A spend always satisfies amount = held + captured + returned; its facts carry the figures after them, so the projection
only takes them over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from aggregates.dates import rfc3339
from aggregates.errors import NotFound
from ledger.shapes import instant_json, lots_json, spend_status
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class SpendRow:
    """One purchase.

    Attributes:
        lots: what it still keeps of each lot, as {charge_id, amount}, in the order taken.
        overdrawn_minor: the part it still keeps that no lot covered.
        month: whose limits it used.
        expires_at: instant at which what is held is given back; None when captured at once.
    """

    spend_id: str
    stream: UUID
    position: int
    occurred_at: datetime
    amount_minor: int
    held_minor: int
    captured_minor: int
    returned_minor: int
    currency: str
    lots: list[dict[str, Any]]
    overdrawn_minor: int
    member_id: str | None
    cash_minor: int
    month: str
    reference: str | None
    expires_at: datetime | None


SPENDS = Table(
    "view_spends",
    SpendRow,
    key={"spend_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        spend_id text NOT NULL,
        stream uuid NOT NULL,
        position bigint NOT NULL,
        occurred_at timestamptz NOT NULL,
        amount_minor bigint NOT NULL,
        held_minor bigint NOT NULL,
        captured_minor bigint NOT NULL,
        returned_minor bigint NOT NULL,
        currency text NOT NULL,
        lots jsonb NOT NULL,
        overdrawn_minor bigint NOT NULL,
        member_id text,
        cash_minor bigint NOT NULL,
        month text NOT NULL,
        reference text,
        expires_at timestamptz,
        CONSTRAINT {table}_pkey PRIMARY KEY (spend_id),
        CHECK (amount_minor = held_minor + captured_minor + returned_minor)
    ) WITH (fillfactor = 90)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (stream, position)",
        "CREATE INDEX IF NOT EXISTS {table}_due ON {table} (expires_at, position) WHERE held_minor > 0",
    ),
    json=frozenset({"lots"}),
)


class Spends(View):
    """Every purchase."""

    NAME = "spends"
    TABLES = (SPENDS,)
    TAKES = frozenset(
        {Account.DifferenceRefunded, Account.HoldExpired, Account.SpendCaptured, Account.SpendReturned, Account.Spent}
    )

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if not isinstance(fact, Account.Spent):
            yield SPENDS, (fact.spend_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        match fact:
            case Account.Spent():
                rows.put(
                    SPENDS,
                    SpendRow(
                        fact.spend_id, fact.originator_id, position, fact.occurred_at, fact.amount_minor,
                        fact.held_minor, fact.captured_minor, 0, fact.currency, lots_json(fact.lots),
                        fact.overdrawn_minor, fact.member_id, fact.cash_minor, fact.month, fact.reference,
                        fact.expires_at,
                    ),
                )  # fmt: skip
            case Account.SpendCaptured() | Account.SpendReturned():
                row = rows.get(SPENDS, (fact.spend_id,))
                row.held_minor = fact.held_minor
                row.captured_minor = fact.captured_minor
                row.returned_minor = fact.returned_minor
                row.lots = lots_json(fact.lots)
                row.overdrawn_minor = fact.overdrawn_minor
                if isinstance(fact, Account.SpendReturned):
                    row.cash_minor -= fact.cash_minor


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a spend in the shape of the HTTP face."""
    return {
        "id": row["spend_id"],
        "account_id": ids.account_of(row["spend_id"]),
        "amount": row["amount_minor"],
        "held": row["held_minor"],
        "captured": row["captured_minor"],
        "returned": row["returned_minor"],
        "currency": row["currency"],
        "status": spend_status(row["amount_minor"], row["held_minor"], row["returned_minor"]),
        "lots": row["lots"],
        "overdrawn": row["overdrawn_minor"],
        "member_id": row["member_id"],
        "reference": row["reference"],
        "expires_at": instant_json(row["expires_at"]),
        "occurred_at": rfc3339(row["occurred_at"]),
        "position": row["position"],
    }


async def page(
    conn: AsyncConnection[Any],
    account_id: str,
    *,
    member_id: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of an account's spends, newest first; with `member_id`, of that sub-member alone.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "spends", "account_id": account_id, "member_id": member_id}
    where = place(asked, cursor, limit)
    query = """
        SELECT * FROM view_spends WHERE stream = %s AND position < %s AND (%s::text IS NULL OR member_id = %s)
        ORDER BY position DESC LIMIT %s
    """
    parameters = [ids.stream_id(account_id), where.after, member_id, member_id, where.limit + 1]
    found = await fetch(conn, query, parameters)
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])


async def one(conn: AsyncConnection[Any], spend_id: str) -> dict[str, Any]:
    """Return one spend. Raises: NotFound."""
    found = await fetch(conn, "SELECT * FROM view_spends WHERE spend_id = %s", [spend_id])
    if not found:
        raise NotFound("there is no spend with this id")
    return body(found[0])


async def due_holds(conn: AsyncConnection[Any], *, at: datetime, limit: int = 100) -> list[dict[str, Any]]:
    """Return spends whose hold has expired at instant `at`, longest ago first: {account_id, spend_id, expires_at}."""
    query = """
        SELECT spend_id, expires_at FROM view_spends
        WHERE held_minor > 0 AND expires_at <= %s ORDER BY expires_at, position LIMIT %s
    """
    return [{"account_id": ids.account_of(row["spend_id"]), **row} for row in await fetch(conn, query, [at, limit])]

"""Parked deposits, as readers see them: money that matched no open virtual account (SPEC R-062).

Their rows are a part of the view `charges`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from projections.paging import Page, fetch, paged, place
from projections.rows import Rows, Table


@dataclass(slots=True)
class ParkedRow:
    """A deposit that matched no open virtual account (SPEC R-062).

    Attributes:
        status: parked, credited or returned.
    """

    deposit_id: str
    stream: UUID
    position: int
    charge_id: str
    amount_minor: int
    expected_minor: int
    currency: str
    why: str
    status: str


PARKED = Table(
    "view_charges_parked",
    ParkedRow,
    key={"deposit_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        deposit_id text NOT NULL,
        stream uuid NOT NULL,
        position bigint NOT NULL,
        charge_id text NOT NULL,
        amount_minor bigint NOT NULL,
        expected_minor bigint NOT NULL,
        currency text NOT NULL,
        why text NOT NULL,
        status text NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (deposit_id)
    )
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",),
)

PARKING = (Account.DepositParked, Account.ParkedDepositCredited, Account.ParkedDepositReturned)


def park(fact: Any, position: int, rows: Rows) -> None:
    """Note that a deposit was parked, or what became of it."""
    match fact:
        case Account.DepositParked():
            parked = ParkedRow(
                fact.deposit_id, fact.originator_id, position, fact.charge_id, fact.amount_minor, fact.expected_minor,
                fact.currency, fact.why, "parked",
            )  # fmt: skip
            rows.put(PARKED, parked)
        case Account.ParkedDepositCredited():
            rows.get(PARKED, (fact.deposit_id,)).status = "credited"
        case Account.ParkedDepositReturned():
            rows.get(PARKED, (fact.deposit_id,)).status = "returned"


async def page(
    conn: AsyncConnection[Any],
    *,
    account_id: str | None = None,
    status: str | None = "parked",
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of deposits that could not be booked, newest first; all accounts without `account_id`.

    Raises:
        Malformed: cursor or limit.

    Source: SPEC R-062.
    """
    asked = {"list": "parked", "account_id": account_id, "status": status}
    where = place(asked, cursor, limit)
    stream = None if account_id is None else ids.stream_id(account_id)
    query = """
        SELECT * FROM view_charges_parked
        WHERE (%s::uuid IS NULL OR stream = %s) AND (%s::text IS NULL OR status = %s) AND position < %s
        ORDER BY position DESC LIMIT %s
    """
    found = await fetch(conn, query, [stream, stream, status, status, where.after, where.limit + 1])
    items = [
        {
            "id": row["deposit_id"],
            "account_id": ids.account_of(row["deposit_id"]),
            "charge_id": row["charge_id"],
            "amount": row["amount_minor"],
            "expected": row["expected_minor"],
            "currency": row["currency"],
            "why": row["why"],
            "status": row["status"],
            "position": row["position"],
        }
        for row in found
    ]
    return paged(asked, where, items, [row["position"] for row in found])

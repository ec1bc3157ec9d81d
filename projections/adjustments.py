"""The view `adjustments`: every correction of a balance: proposed, and what another person decided on it."""

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
from ledger.commands.transfers import STATUS_AFTER
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class AdjustmentRow:
    """One correction.

    Attributes:
        amount_minor: signed; > 0 is in the customer's favour.
        status: pending, approved or rejected.
        made_by, decided_by: the persons (or principals); nobody has decided on one that is pending.
        request_reason: of the one who proposed it. reason: of the last one who spoke.
        balance_minor: that of the account after the approval; None without one.
    """

    adjustment_id: str
    stream: UUID
    position: int
    occurred_at: datetime
    amount_minor: int
    currency: str
    status: str
    made_by: str
    decided_by: str | None
    request_reason: str
    reason: str
    balance_minor: int | None


ADJUSTMENTS = Table(
    "view_adjustments",
    AdjustmentRow,
    key={"adjustment_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        adjustment_id text NOT NULL,
        stream uuid NOT NULL,
        position bigint NOT NULL,
        occurred_at timestamptz NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        status text NOT NULL,
        made_by text NOT NULL,
        decided_by text,
        request_reason text NOT NULL,
        reason text NOT NULL,
        balance_minor bigint,
        CONSTRAINT {table}_pkey PRIMARY KEY (adjustment_id),
        CHECK ((status = 'pending') = (decided_by IS NULL))
    )
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (stream, position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_status ON {table} (status, position)",
    ),
)


class Adjustments(View):
    """Every correction."""

    NAME = "adjustments"
    TABLES = (ADJUSTMENTS,)
    TAKES = frozenset(STATUS_AFTER)

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if not isinstance(fact, Account.AdjustmentRequested):
            yield ADJUSTMENTS, (fact.adjustment_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        status = STATUS_AFTER[type(fact)]
        match fact:
            case Account.AdjustmentRequested():
                proposed = AdjustmentRow(
                    fact.adjustment_id, fact.originator_id, position, fact.occurred_at, fact.amount_minor,
                    fact.currency, status, fact.made_by, None, fact.reason, fact.reason, None,
                )  # fmt: skip
                rows.put(ADJUSTMENTS, proposed)
            case Account.AdjustmentApproved():
                row = rows.get(ADJUSTMENTS, (fact.adjustment_id,))
                row.status, row.decided_by, row.balance_minor = status, fact.approved_by, fact.balance_minor
            case Account.AdjustmentRejected():
                row = rows.get(ADJUSTMENTS, (fact.adjustment_id,))
                row.status, row.decided_by, row.reason = status, fact.rejected_by, fact.reason


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a correction in the shape of the HTTP face."""
    return {
        "id": row["adjustment_id"],
        "account_id": ids.account_of(row["adjustment_id"]),
        "amount": row["amount_minor"],
        "currency": row["currency"],
        "status": row["status"],
        "reason": row["reason"],
        "made_by": row["made_by"],
        "decided_by": row["decided_by"],
        "balance": row["balance_minor"],
        "request_reason": row["request_reason"],
        "occurred_at": rfc3339(row["occurred_at"]),
        "position": row["position"],
    }


async def page(
    conn: AsyncConnection[Any],
    account_id: str | None = None,
    *,
    status: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of corrections, newest first: of one account, or of all.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "adjustments", "account_id": account_id, "status": status}
    where = place(asked, cursor, limit)
    conditions, parameters = ["position < %s"], [where.after]
    if account_id is not None:
        conditions.append("stream = %s")
        parameters.append(ids.stream_id(account_id))
    if status is not None:
        conditions.append("status = %s")
        parameters.append(status)
    query = f"SELECT * FROM view_adjustments WHERE {' AND '.join(conditions)} ORDER BY position DESC LIMIT %s"
    found = await fetch(conn, query, [*parameters, where.limit + 1])
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])

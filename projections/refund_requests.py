"""The view `refund_requests`: every request to have prepaid money back: lots, fee, state (SPEC 5.4, 5.5, R-081).

Bank account and holder are a vault token here as in the facts; who may see them asks the vault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from aggregates.account.refund_facts import RefundRequested
from aggregates.dates import rfc3339
from aggregates.errors import NotFound
from ledger.commands.refunds import STATUS_AFTER
from ledger.shapes import refund_lots_json
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class RefundRow:
    """One refund request.

    Attributes:
        status: requested, reviewing, completed, rejected, cancelled, or, inside the review, paying, payout_unknown,
            payout_failed, payout_returned.
        displayed_estimate_minor: what the simple formula had shown (SPEC R-074).
        requested_on: KST date that the fee was judged by.
        destination: vault token.
        request_reason: the customer's. reason: of the last one who decided; None before.
        code: the bank's word for a failed or returned pay-out; None without one.
    """

    refund_id: str
    stream: UUID
    position: int
    occurred_at: datetime
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    displayed_estimate_minor: int
    status: str
    lots: list[dict[str, Any]]
    requested_on: date
    bank: str
    destination: str
    holder_is_member: bool
    second_approver_required: bool
    attachments: list[str]
    request_reason: str
    reason: str | None
    code: str | None


REFUNDS = Table(
    "view_refund_requests",
    RefundRow,
    key={"refund_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        refund_id text NOT NULL,
        stream uuid NOT NULL,
        position bigint NOT NULL,
        occurred_at timestamptz NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        fee_minor bigint NOT NULL,
        payout_minor bigint NOT NULL,
        displayed_estimate_minor bigint NOT NULL,
        status text NOT NULL,
        lots jsonb NOT NULL,
        requested_on date NOT NULL,
        bank text NOT NULL,
        destination text NOT NULL,
        holder_is_member boolean NOT NULL,
        second_approver_required boolean NOT NULL,
        attachments jsonb NOT NULL,
        request_reason text NOT NULL,
        reason text,
        code text,
        CONSTRAINT {table}_pkey PRIMARY KEY (refund_id),
        CHECK (amount_minor = fee_minor + payout_minor)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (stream, position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_status ON {table} (status, position)",
    ),
    json=frozenset({"lots", "attachments"}),
)


class RefundRequests(View):
    """Every refund request."""

    NAME = "refund_requests"
    TABLES = (REFUNDS,)
    TAKES = frozenset(STATUS_AFTER)

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if not isinstance(fact, Account.RefundRequested):
            yield REFUNDS, (fact.refund_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, Account.RefundRequested):
            rows.put(REFUNDS, _requested(fact, position))
            return
        row = rows.get(REFUNDS, (fact.refund_id,))
        row.status = STATUS_AFTER[type(fact)]
        match fact:
            case (
                Account.RefundReviewed()
                | Account.RefundCompleted()
                | Account.RefundRejected()
                | Account.RefundCancelled()
            ):
                row.reason = fact.reason
            case Account.RefundPayoutFailed() | Account.RefundPayoutReturned():
                row.code = fact.code
            case Account.RefundDestinationChanged():
                row.destination, row.bank = fact.destination, fact.bank
                row.holder_is_member, row.second_approver_required = fact.holder_is_member, True


def _requested(fact: RefundRequested, position: int) -> RefundRow:
    return RefundRow(
        refund_id=fact.refund_id,
        stream=fact.originator_id,
        position=position,
        occurred_at=fact.occurred_at,
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        fee_minor=fact.fee_minor,
        payout_minor=fact.payout_minor,
        displayed_estimate_minor=fact.displayed_estimate_minor,
        status=STATUS_AFTER[RefundRequested],
        lots=refund_lots_json(fact.lots, fact.fee_free_minor),
        requested_on=fact.requested_on,
        bank=fact.bank,
        destination=fact.destination,
        holder_is_member=fact.holder_is_member,
        second_approver_required=fact.second_approver_required,
        attachments=list(fact.attachments),
        request_reason=fact.reason,
        reason=None,
        code=None,
    )


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a refund request in the shape of the HTTP face."""
    return {
        "id": row["refund_id"],
        "account_id": ids.account_of(row["refund_id"]),
        "amount": row["amount_minor"],
        "currency": row["currency"],
        "fee": row["fee_minor"],
        "payout": row["payout_minor"],
        "displayed_estimate": row["displayed_estimate_minor"],
        "status": row["status"],
        "lots": row["lots"],
        "requested_on": row["requested_on"].isoformat(),
        "bank": row["bank"],
        "destination": row["destination"],
        "holder_is_member": row["holder_is_member"],
        "second_approver_required": row["second_approver_required"],
        "attachments": row["attachments"],
        "request_reason": row["request_reason"],
        "reason": row["reason"],
        "code": row["code"],
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
    """Return a page of refund requests, newest first: of one account, or of all.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "refund_requests", "account_id": account_id, "status": status}
    where = place(asked, cursor, limit)
    conditions, parameters = ["position < %s"], [where.after]
    if account_id is not None:
        conditions.append("stream = %s")
        parameters.append(ids.stream_id(account_id))
    if status is not None:
        conditions.append("status = %s")
        parameters.append(status)
    query = f"SELECT * FROM view_refund_requests WHERE {' AND '.join(conditions)} ORDER BY position DESC LIMIT %s"
    found = await fetch(conn, query, [*parameters, where.limit + 1])
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])


async def one(conn: AsyncConnection[Any], refund_id: str) -> dict[str, Any]:
    """Return one refund request. Raises: NotFound."""
    found = await fetch(conn, "SELECT * FROM view_refund_requests WHERE refund_id = %s", [refund_id])
    if not found:
        raise NotFound("there is no refund request with this id")
    return body(found[0])

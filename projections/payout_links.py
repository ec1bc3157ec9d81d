"""The view `payout_links`: every pay-out link as it stands, and what the bank has to be asked or told about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection

from aggregates.collecting.payout_link import PayoutLink, PayoutLinkNotFound
from aggregates.collecting.payout_link_facts import (
    CANCELLED,
    DETAILS_SUBMITTED,
    EXPIRED,
    FUNDED,
    FUNDING,
    ISSUED,
    PAID_OUT,
    PAYING,
    PAYOUT_FAILED,
    REFUNDED,
    REFUNDING,
    REJECTED,
)
from aggregates.dates import business_date, rfc3339
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class PayoutLinkRow:
    """One pay-out link.

    Attributes:
        payee, destination: vault tokens; destination is None before there are details.
        version: of the details; 0 = none. kind: account or card. holder_check: None = the bank has not said.
        approved_by: who approved the details; None = nobody has.
        obligation_id, payment_id: of the funding; None before.
        held_minor: what is held for it. owing_minor: what is owed because its funding was taken back.
        attempt: number of the last pay-out; 0 = none. paying_to: what it is made to.
        paying_version: of the details last paid to, or rejected: others are wanted.
        code: why it failed, came back, was not approved, or its funding failed. paid_on: KST date.
        seen: position of its last fact.
    """

    payout_link_id: str
    position: int
    seen: int
    issued_at: datetime
    account_id: str
    amount_minor: int
    currency: str
    payee: str
    status: str
    expires_on: date
    approval: bool
    made_by: str
    reference: str | None
    version: int = 0
    kind: str | None = None
    destination: str | None = None
    holder_check: str | None = None
    approved_by: str | None = None
    obligation_id: str | None = None
    payment_id: str | None = None
    held_minor: int = 0
    owing_minor: int = 0
    attempt: int = 0
    paying_version: int = 0
    paying_to: str | None = None
    code: str | None = None
    paid_on: date | None = None


PAYOUT_LINKS = Table(
    "view_payout_links",
    PayoutLinkRow,
    key={"payout_link_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        payout_link_id text NOT NULL,
        position bigint NOT NULL,
        seen bigint NOT NULL,
        issued_at timestamptz NOT NULL,
        account_id text NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        payee text NOT NULL,
        status text NOT NULL,
        expires_on date NOT NULL,
        approval boolean NOT NULL,
        made_by text NOT NULL,
        reference text,
        version integer NOT NULL,
        kind text,
        destination text,
        holder_check text,
        approved_by text,
        obligation_id text,
        payment_id text,
        held_minor bigint NOT NULL,
        owing_minor bigint NOT NULL,
        attempt integer NOT NULL,
        paying_version integer NOT NULL,
        paying_to text,
        code text,
        paid_on date,
        CONSTRAINT {table}_pkey PRIMARY KEY (payout_link_id),
        CHECK (held_minor >= 0 AND owing_minor >= 0)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_open ON {table} (status, seen) WHERE status IN ('funded', 'paying')",
        """
        CREATE INDEX IF NOT EXISTS {table}_unchecked ON {table} (seen)
        WHERE version > 0 AND holder_check IS NULL AND status IN ('details_submitted', 'payout_failed')
        """,
        """
        CREATE INDEX IF NOT EXISTS {table}_due ON {table} (expires_on)
        WHERE status IN ('issued', 'details_submitted')
        """,
    ),
)


class PayoutLinks(View):
    """Every pay-out link."""

    NAME = "payout_links"
    TABLES = (PAYOUT_LINKS,)
    TAKES = frozenset(
        {
            PayoutLink.Issued, PayoutLink.DetailsSubmitted, PayoutLink.HolderChecked, PayoutLink.Approved,
            PayoutLink.FundingStarted, PayoutLink.FundingFailed, PayoutLink.Funded, PayoutLink.PayingStarted,
            PayoutLink.PaidOut, PayoutLink.PayoutFailed, PayoutLink.PayoutReturned, PayoutLink.RefundStarted,
            PayoutLink.RefundFailed, PayoutLink.Refunded, PayoutLink.FundingReversed, PayoutLink.HoldApplied,
            PayoutLink.Expired, PayoutLink.Cancelled, PayoutLink.Rejected,
        }
    )  # fmt: skip

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if not isinstance(fact, PayoutLink.Issued):
            yield PAYOUT_LINKS, (fact.payout_link_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, PayoutLink.Issued):
            row = PayoutLinkRow(
                fact.payout_link_id, position, position, fact.occurred_at, fact.account_id, fact.amount_minor,
                fact.currency, fact.payee, ISSUED, fact.expires_on, fact.approval, fact.made_by, fact.reference,
            )  # fmt: skip
            rows.put(PAYOUT_LINKS, row)
            return
        row = rows.get(PAYOUT_LINKS, (fact.payout_link_id,))
        row.seen = position
        row.code = getattr(fact, "code", row.code)
        match fact:
            case PayoutLink.DetailsSubmitted() | PayoutLink.HolderChecked() | PayoutLink.Approved():
                _detail(fact, row)
            case PayoutLink.FundingStarted():
                row.status, row.obligation_id, row.code = FUNDING, fact.obligation_id, None
            case PayoutLink.FundingFailed():
                row.status = DETAILS_SUBMITTED
            case PayoutLink.Funded():
                row.status, row.payment_id, row.held_minor = FUNDED, fact.payment_id, fact.held_minor
            case PayoutLink.PayingStarted():
                row.status, row.attempt, row.code = PAYING, fact.attempt, None
                row.paying_version, row.paying_to = fact.version, fact.destination
            case PayoutLink.PaidOut():
                row.status, row.paid_on = PAID_OUT, fact.paid_on
                row.held_minor -= row.amount_minor
            case PayoutLink.PayoutFailed() | PayoutLink.RefundFailed():
                row.status = PAYOUT_FAILED
            case PayoutLink.PayoutReturned():
                row.status, row.paid_on = PAYOUT_FAILED, None
                row.held_minor += row.amount_minor
            case PayoutLink.Expired():
                row.status = EXPIRED
            case PayoutLink.Cancelled():
                row.status = CANCELLED
            case PayoutLink.Rejected():
                row.status, row.code, row.paying_version = fact.status, REJECTED, fact.version
            case _:
                _give_back(fact, row)


def _detail(fact: Any, row: PayoutLinkRow) -> None:
    """Note what was entered, what the bank says of it, and who approves it."""
    match fact:
        case PayoutLink.DetailsSubmitted():
            row.version, row.kind, row.destination = fact.version, fact.kind, fact.destination
            row.holder_check = row.approved_by = None
            row.status = DETAILS_SUBMITTED if row.status == ISSUED else row.status
        case PayoutLink.HolderChecked():
            row.holder_check = fact.match
        case PayoutLink.Approved():
            row.approved_by = fact.approved_by


def _give_back(fact: Any, row: PayoutLinkRow) -> None:
    """Note what goes back to the creator, or was taken back by others."""
    match fact:
        case PayoutLink.RefundStarted():
            row.status = REFUNDING
        case PayoutLink.Refunded():
            row.status = REFUNDED
            row.held_minor -= fact.amount_minor
        case PayoutLink.FundingReversed():
            row.status = fact.status
            row.held_minor -= fact.from_hold_minor
            row.owing_minor += fact.amount_minor - fact.from_hold_minor
        case PayoutLink.HoldApplied():
            row.status = fact.status
            row.held_minor -= fact.amount_minor
            row.owing_minor -= fact.amount_minor


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a link in the shape of the HTTP face, with tokens where the vault has to be asked."""
    return {
        "id": row["payout_link_id"],
        "account_id": row["account_id"],
        "amount": row["amount_minor"],
        "currency": row["currency"],
        "status": row["status"],
        "expires_on": row["expires_on"].isoformat(),
        "approval_required": row["approval"],
        "reference": row["reference"],
        "payee": row["payee"],
        "details": None
        if row["destination"] is None
        else {
            "version": row["version"],
            "kind": row["kind"],
            "destination": row["destination"],
            "holder_check": row["holder_check"],
            "approved_by": row["approved_by"],
        },
        "obligation_id": row["obligation_id"],
        "payment_id": row["payment_id"],
        "held": row["held_minor"],
        "owing": row["owing_minor"],
        "attempts": row["attempt"],
        "code": row["code"],
        "paid_on": None if row["paid_on"] is None else row["paid_on"].isoformat(),
        "made_by": row["made_by"],
        "issued_at": rfc3339(row["issued_at"]),
        "position": row["position"],
    }


async def one(conn: AsyncConnection[Any], payout_link_id: str) -> dict[str, Any]:
    """Return a link's row. Raises: PayoutLinkNotFound."""
    found = await find(conn, payout_link_id)
    if found is None:
        raise PayoutLinkNotFound("there is no pay-out link with this id")
    return found


async def find(conn: AsyncConnection[Any], payout_link_id: str) -> dict[str, Any] | None:
    """Return a link's row; None = there is none."""
    found = await fetch(conn, "SELECT * FROM view_payout_links WHERE payout_link_id = %s", [payout_link_id])
    return found[0] if found else None


async def page(
    conn: AsyncConnection[Any],
    account_id: str | None = None,
    *,
    status: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of links, newest first: of one account, or of all.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "payout_links", "account_id": account_id, "status": status}
    where = place(asked, cursor, limit)
    conditions, parameters = ["position < %s"], [where.after]
    for column, value in (("account_id", account_id), ("status", status)):
        if value is not None:
            conditions.append(f"{column} = %s")
            parameters.append(value)
    query = f"SELECT * FROM view_payout_links WHERE {' AND '.join(conditions)} ORDER BY position DESC LIMIT %s"
    found = await fetch(conn, query, [*parameters, where.limit + 1])
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])


async def unchecked(conn: AsyncConnection[Any], *, after: int = 0, limit: int) -> list[dict[str, Any]]:
    """Return links whose holder the bank has to be asked about, oldest first; `after` as of `to_pay`."""
    query = """
        SELECT * FROM view_payout_links
        WHERE version > 0 AND holder_check IS NULL AND status IN ('details_submitted', 'payout_failed')
            AND seen > %s
        ORDER BY seen LIMIT %s
    """
    return await fetch(conn, query, [after, limit])


async def to_pay(conn: AsyncConnection[Any], status: str, *, after: int = 0, limit: int) -> list[dict[str, Any]]:
    """Return links that are funded, or that the bank has to be told or asked about (paying), oldest first.

    Args:
        after: `seen` of the last one of the page before.
    """
    query = """
        SELECT * FROM view_payout_links
        WHERE status IN ('funded', 'paying') AND status = %s AND seen > %s ORDER BY seen LIMIT %s
    """
    return await fetch(conn, query, [status, after, limit])


async def due_expiry(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return links whose last day is over at an instant."""
    query = """
        SELECT payout_link_id, seen FROM view_payout_links
        WHERE status IN ('issued', 'details_submitted') AND expires_on < %s ORDER BY expires_on, position LIMIT %s
    """
    return await fetch(conn, query, [business_date(at), limit])

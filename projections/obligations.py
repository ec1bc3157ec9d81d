"""The view `obligations`: what is asked for, what of it has settled, and every payment of it with what became of it.

"Paid" stands here only where money has settled or the payee has confirmed it; what was started, what settled, what was
taken back and what went back are apart (SPEC R-101).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection

from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_parts import ObligationNotFound
from aggregates.dates import rfc3339
from projections.paging import fetch
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class ObligationRow:
    """One obligation.

    Attributes:
        due_minor: None = the payer decides. due_on: KST date; None = none.
        paid_minor: what has settled or was confirmed for it; refunds do not lower it, reversals do.
        confirmed_minor: what of it the payee has confirmed. refunded_minor: what of it went back.
        reversed_minor: all that was ever taken back of it. credit_minor: the payer's credit.
        attempt_id, attempt_minor, via: what is under way; None = nothing.
        closed: why it is not asked for any more; None = it is.
        first_paid_on, paid_on: KST dates of the first payment, and of the one after which nothing was left.
        version: of the obligation's stream, after what the row shows.
    """

    obligation_id: str
    position: int
    opened_at: datetime
    account_id: str
    source: str
    source_id: str
    currency: str
    due_minor: int | None
    due_on: date | None
    minimum_minor: int
    maximum_minor: int | None
    parts: bool
    paid_minor: int = 0
    confirmed_minor: int = 0
    refunded_minor: int = 0
    reversed_minor: int = 0
    credit_minor: int = 0
    attempt_id: str | None = None
    attempt_minor: int | None = None
    via: str | None = None
    closed: str | None = None
    first_paid_on: date | None = None
    paid_on: date | None = None
    changed_at: datetime | None = None
    version: int = 1


@dataclass(slots=True)
class CollectionRow:
    """One payment of an obligation: under way, settled, or ended without money.

    Attributes:
        status: pending, settled or failed; a payment that went back or was taken back has settled all the same.
        applied_minor, over_minor: what counted, and what was credit, when it settled.
        reversed_minor, refunded_minor: what was taken back by others, and what was given back.
        code: why it failed or was taken back.
        refund_id, refund_minor, refund_position: a refund that has no result yet; None = none.
        refund_reason: as asked for. refund_code: why the last refund failed.
    """

    obligation_id: str
    attempt_id: str
    position: int
    started_at: datetime
    via: str
    amount_minor: int
    currency: str
    status: str
    method: str | None = None
    applied_minor: int = 0
    over_minor: int = 0
    paid_on: date | None = None
    reversed_minor: int = 0
    refunded_minor: int = 0
    code: str | None = None
    refund_id: str | None = None
    refund_minor: int | None = None
    refund_position: int | None = None
    refund_reason: str | None = None
    refund_code: str | None = None


OBLIGATIONS = Table(
    "view_obligations",
    ObligationRow,
    key={"obligation_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        obligation_id text NOT NULL,
        position bigint NOT NULL,
        opened_at timestamptz NOT NULL,
        account_id text NOT NULL,
        source text NOT NULL,
        source_id text NOT NULL,
        currency text NOT NULL,
        due_minor bigint,
        due_on date,
        minimum_minor bigint NOT NULL,
        maximum_minor bigint,
        parts boolean NOT NULL,
        paid_minor bigint NOT NULL,
        confirmed_minor bigint NOT NULL,
        refunded_minor bigint NOT NULL,
        reversed_minor bigint NOT NULL,
        credit_minor bigint NOT NULL,
        attempt_id text,
        attempt_minor bigint,
        via text,
        closed text,
        first_paid_on date,
        paid_on date,
        changed_at timestamptz,
        version bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (obligation_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_of_source ON {table} (source_id)",
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account_id, position)",
    ),
)

COLLECTIONS = Table(
    "view_collections",
    CollectionRow,
    key={"obligation_id": "text", "attempt_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        obligation_id text NOT NULL,
        attempt_id text NOT NULL,
        position bigint NOT NULL,
        started_at timestamptz NOT NULL,
        via text NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        status text NOT NULL,
        method text,
        applied_minor bigint NOT NULL,
        over_minor bigint NOT NULL,
        paid_on date,
        reversed_minor bigint NOT NULL,
        refunded_minor bigint NOT NULL,
        code text,
        refund_id text,
        refund_minor bigint,
        refund_position bigint,
        refund_reason text,
        refund_code text,
        CONSTRAINT {table}_pkey PRIMARY KEY (obligation_id, attempt_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_refunds ON {table} (refund_position) WHERE refund_position IS NOT NULL",
        """
        CREATE INDEX IF NOT EXISTS {table}_not_due ON {table} (position)
        WHERE status = 'settled' AND applied_minor = 0 AND refunded_minor = 0 AND refund_id IS NULL
        """,
    ),
)


class Obligations(View):
    """Due items and their payments."""

    NAME = "obligations"
    TABLES = (OBLIGATIONS, COLLECTIONS)
    TAKES = frozenset(
        {
            Obligation.Opened, Obligation.Changed, Obligation.AttemptStarted, Obligation.AttemptEnded,
            Obligation.Settled, Obligation.Confirmed, Obligation.Reversed, Obligation.RefundStarted,
            Obligation.Refunded, Obligation.RefundFailed, Obligation.Closed, Obligation.Reopened,
        }
    )  # fmt: skip

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if not isinstance(fact, Obligation.Opened):
            yield OBLIGATIONS, (fact.obligation_id,)
        attempt_id = getattr(fact, "attempt_id", None)
        if attempt_id is not None:
            yield COLLECTIONS, (fact.obligation_id, attempt_id)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, Obligation.Opened):
            rows.put(OBLIGATIONS, _opened(fact, position))
            return
        row = rows.get(OBLIGATIONS, (fact.obligation_id,))
        row.changed_at, row.version = fact.occurred_at, fact.originator_version
        match fact:
            case Obligation.Changed():
                row.due_minor, row.due_on = fact.due_minor, fact.due_on
                row.paid_minor += fact.credit_minor
                row.credit_minor -= fact.credit_minor
            case Obligation.Confirmed():
                row.paid_minor += fact.amount_minor
                row.confirmed_minor += fact.amount_minor
                _paid(row, fact.paid_on)
            case Obligation.Closed():
                row.closed = fact.reason
            case Obligation.Reopened():
                row.closed = None
            case _:
                _of_attempt(fact, position, row, rows)


def _opened(fact: Any, position: int) -> ObligationRow:
    return ObligationRow(
        fact.obligation_id, position, fact.occurred_at, fact.account_id, fact.source, fact.source_id, fact.currency,
        fact.due_minor, fact.due_on, fact.minimum_minor, fact.maximum_minor, fact.parts, changed_at=fact.occurred_at,
    )  # fmt: skip


def _of_attempt(fact: Any, position: int, row: ObligationRow, rows: Rows) -> None:
    if isinstance(fact, Obligation.AttemptStarted):
        row.attempt_id, row.attempt_minor, row.via = fact.attempt_id, fact.amount_minor, fact.via
        started = CollectionRow(
            fact.obligation_id, fact.attempt_id, position, fact.occurred_at, fact.via, fact.amount_minor, row.currency,
            "pending",
        )  # fmt: skip
        rows.put(COLLECTIONS, started)
        return
    if row.attempt_id == fact.attempt_id:
        row.attempt_id = row.attempt_minor = row.via = None
    payment = rows.find(COLLECTIONS, (fact.obligation_id, fact.attempt_id))
    if payment is None:
        payment = CollectionRow(
            fact.obligation_id, fact.attempt_id, position, fact.occurred_at, fact.via, fact.amount_minor, row.currency,
            "pending",
        )  # fmt: skip
        rows.put(COLLECTIONS, payment)
    match fact:
        case Obligation.AttemptEnded():
            payment.status, payment.code = "failed", fact.code
        case Obligation.Settled():
            payment.status, payment.method, payment.paid_on, payment.code = "settled", fact.method, fact.paid_on, None
            payment.applied_minor += fact.applied_minor
            payment.over_minor += fact.over_minor
            row.paid_minor += fact.applied_minor
            row.credit_minor += fact.over_minor
            if fact.applied_minor:
                _paid(row, fact.paid_on)
        case Obligation.Reversed():
            payment.reversed_minor += fact.amount_minor
            payment.code = fact.code
            row.paid_minor -= fact.applied_minor
            row.credit_minor -= fact.over_minor
            row.reversed_minor += fact.applied_minor
            row.paid_on = row.paid_on if _is_paid(row) else None
        case Obligation.RefundStarted():
            payment.refund_id, payment.refund_minor, payment.refund_position = (
                fact.refund_id, fact.amount_minor, position,
            )  # fmt: skip
            payment.refund_reason, payment.refund_code = fact.reason, None
        case Obligation.Refunded():
            payment.refund_id = payment.refund_minor = payment.refund_position = None
            payment.refunded_minor += fact.amount_minor
            row.refunded_minor += fact.applied_minor
            row.credit_minor -= fact.over_minor
        case Obligation.RefundFailed():
            payment.refund_id = payment.refund_minor = payment.refund_position = None
            payment.refund_code = fact.code


def _paid(row: ObligationRow, paid_on: date) -> None:
    row.first_paid_on = row.first_paid_on or paid_on
    row.paid_on = paid_on if _is_paid(row) else None


def _is_paid(row: ObligationRow) -> bool:
    return row.paid_minor > 0 if row.due_minor is None else row.paid_minor >= row.due_minor


def money_status(row: dict[str, Any]) -> str:
    """Return where the money of an obligation stands.

    unpaid, pending (a payment is under way), partially_paid, paid, part_refunded, refunded or reversed (what had
    settled was taken back, and is due again). Source: SPEC R-101, R-102, 10.3.
    """
    paid, due, refunded = row["paid_minor"], row["due_minor"], row["refunded_minor"]
    if paid > 0 and (due is None or paid >= due):
        if refunded >= paid:
            return "refunded"
        return "part_refunded" if refunded else "paid"
    if row["attempt_id"] is not None:
        return "pending"
    if paid > 0:
        return "partially_paid"
    return "reversed" if row["reversed_minor"] else "unpaid"


def body(row: dict[str, Any], payments: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an obligation with its payments in the shape of the HTTP face."""
    due = row["due_minor"]
    return {
        "id": row["obligation_id"],
        "account_id": row["account_id"],
        "source": row["source"],
        "source_id": row["source_id"],
        "status": money_status(row),
        "currency": row["currency"],
        "due": due,
        "due_on": None if row["due_on"] is None else row["due_on"].isoformat(),
        "outstanding": None if due is None else max(0, due - row["paid_minor"]),
        "paid": row["paid_minor"],
        "confirmed": row["confirmed_minor"],
        "refunded": row["refunded_minor"],
        "reversed": row["reversed_minor"],
        "payer_credit": row["credit_minor"],
        "pending": row["attempt_minor"] or 0,
        "paid_on": None if row["paid_on"] is None else row["paid_on"].isoformat(),
        "closed": row["closed"],
        "minimum": row["minimum_minor"],
        "maximum": row["maximum_minor"],
        "parts": row["parts"],
        "payments": [payment_body(payment) for payment in payments],
    }


def payment_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a payment of an obligation in the shape of the HTTP face."""
    return {
        "id": row["attempt_id"],
        "via": row["via"],
        "amount": row["amount_minor"],
        "status": row["status"],
        "method": row["method"],
        "counted": row["applied_minor"],
        "credit": row["over_minor"],
        "paid_on": None if row["paid_on"] is None else row["paid_on"].isoformat(),
        "reversed": row["reversed_minor"],
        "refunded": row["refunded_minor"],
        "refund_pending": row["refund_minor"] or 0,
        "refund_code": row["refund_code"],
        "code": row["code"],
        "started_at": rfc3339(row["started_at"]),
        "position": row["position"],
    }


async def find(conn: AsyncConnection[Any], obligation_id: str) -> dict[str, Any] | None:
    """Return the row of an obligation; None = the view has none."""
    found = await fetch(conn, "SELECT * FROM view_obligations WHERE obligation_id = %s", [obligation_id])
    return found[0] if found else None


async def of_source(conn: AsyncConnection[Any], source_id: str) -> list[dict[str, Any]]:
    """Return the rows of the obligations that something asks for, oldest first."""
    query = "SELECT * FROM view_obligations WHERE source_id = %s ORDER BY position"
    return await fetch(conn, query, [source_id])


async def payments_of(conn: AsyncConnection[Any], obligation_id: str) -> list[dict[str, Any]]:
    """Return the rows of an obligation's payments, oldest first."""
    query = "SELECT * FROM view_collections WHERE obligation_id = %s ORDER BY position"
    return await fetch(conn, query, [obligation_id])


async def one(conn: AsyncConnection[Any], obligation_id: str) -> dict[str, Any]:
    """Return an obligation with its payments, as `body`. Raises: ObligationNotFound."""
    row = await find(conn, obligation_id)
    if row is None:
        raise ObligationNotFound("there is no obligation with this id")
    return body(row, await payments_of(conn, obligation_id))


async def open_refunds(conn: AsyncConnection[Any], *, limit: int) -> list[dict[str, Any]]:
    """Return refunds that the gateway has to be asked about, oldest first."""
    query = "SELECT * FROM view_collections WHERE refund_position IS NOT NULL ORDER BY refund_position LIMIT %s"
    return await fetch(conn, query, [limit])


async def not_due(conn: AsyncConnection[Any], *, keeping: list[str], limit: int) -> list[dict[str, Any]]:
    """Return settled payments of which nothing was due and that shall go back by themselves, oldest first.

    What came in on a virtual account has no way back that the gateway knows: the payee decides.

    Args:
        keeping: sources whose payers keep their credit.
    """
    query = """
        SELECT c.*, o.source FROM view_collections c JOIN view_obligations o USING (obligation_id)
        WHERE c.status = 'settled' AND c.applied_minor = 0 AND c.refunded_minor = 0 AND c.reversed_minor = 0
        AND c.refund_id IS NULL AND c.refund_code IS NULL
        AND c.method IN ('card', 'transfer') AND o.source <> ALL(%s) ORDER BY c.position LIMIT %s
    """
    return await fetch(conn, query, [keeping, limit])

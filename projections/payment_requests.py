"""The view `payment_requests`: what is asked for, every version of it, and every change that was proposed (SPEC 9, Q5).

What is paid of a request stands in the view `obligations`; the two are read together, so "paid" is shown only where
money has settled or the payee has confirmed it (SPEC R-101).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from aggregates.collecting.payment_request import PaymentRequest
from aggregates.collecting.payment_request_parts import (
    ACCEPTED,
    AMENDMENT_ACCEPTED,
    AMENDMENT_PROPOSED,
    AMENDMENT_REJECTED,
    AMENDMENT_WITHDRAWN,
    EXPIRED,
    PARTIALLY_PAID,
    REJECTED,
    REVERSED,
    SENT,
    WITHDRAWN,
    RequestNotFound,
    Terms,
)
from aggregates.dates import business_date, rfc3339
from ledger.commands.collecting.payment_requests import attachment_json
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View

OWED = (ACCEPTED, PARTIALLY_PAID, REVERSED)
"""What an accepted request is called while something of it is to be paid."""


@dataclass(slots=True)
class PaymentRequestRow:
    """One payment request.

    Attributes:
        status: its own: sent, accepted, rejected, withdrawn or expired.
        details: vault token of what was written. attachments: as of `attachment_json`.
        answered_on: KST date of acceptance or rejection; None before. code, text: why it was rejected.
        versions: {version, amount, due_on, details, attachments, at, position} of each, the first one first.
        amendments: {amendment, side, status, ...} of each, likewise.
        paid_on, late_days, overdue_from, overdue_to: as of `PaymentRequest.Paid`; None while it is not paid.
        others as of `PaymentRequest`.
    """

    request_id: str
    position: int
    sent_at: datetime
    account_id: str
    payer_account_id: str | None
    contact: str | None
    currency: str
    reference: str | None
    amount_minor: int
    due_on: date
    expires_on: date
    details: str | None
    attachments: list[dict[str, Any]]
    status: str = SENT
    version: int = 1
    is_bound: bool = False
    obligation_id: str | None = None
    answered_on: date | None = None
    code: str | None = None
    text: str | None = None
    paid_on: date | None = None
    late_days: int | None = None
    overdue_from: date | None = None
    overdue_to: date | None = None
    is_reversed: bool = False
    reopenings: int = 0
    overdue_told: date | None = None
    versions: list[dict[str, Any]] = field(default_factory=list)
    amendments: list[dict[str, Any]] = field(default_factory=list)


PAYMENT_REQUESTS = Table(
    "view_payment_requests",
    PaymentRequestRow,
    key={"request_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        request_id text NOT NULL,
        position bigint NOT NULL,
        sent_at timestamptz NOT NULL,
        account_id text NOT NULL,
        payer_account_id text,
        contact text,
        currency text NOT NULL,
        reference text,
        amount_minor bigint NOT NULL,
        due_on date NOT NULL,
        expires_on date NOT NULL,
        details text,
        attachments jsonb NOT NULL,
        status text NOT NULL,
        version bigint NOT NULL,
        is_bound boolean NOT NULL,
        obligation_id text,
        answered_on date,
        code text,
        text text,
        paid_on date,
        late_days bigint,
        overdue_from date,
        overdue_to date,
        is_reversed boolean NOT NULL,
        reopenings bigint NOT NULL,
        overdue_told date,
        versions jsonb NOT NULL,
        amendments jsonb NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (request_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE INDEX IF NOT EXISTS {table}_of_payee ON {table} (account_id, position)",
        """
        CREATE INDEX IF NOT EXISTS {table}_of_payer ON {table} (payer_account_id, position)
        WHERE payer_account_id IS NOT NULL
        """,
        "CREATE INDEX IF NOT EXISTS {table}_open ON {table} (expires_on) WHERE status = 'sent'",
        "CREATE INDEX IF NOT EXISTS {table}_owed ON {table} (due_on) WHERE status = 'accepted' AND paid_on IS NULL",
    ),
    json=frozenset({"attachments", "versions", "amendments"}),
)


class PaymentRequests(View):
    """Every payment request."""

    NAME = "payment_requests"
    TABLES = (PAYMENT_REQUESTS,)
    TAKES = frozenset(
        {
            PaymentRequest.Sent, PaymentRequest.Revised, PaymentRequest.Bound, PaymentRequest.Accepted,
            PaymentRequest.Rejected, PaymentRequest.Withdrawn, PaymentRequest.Expired,
            PaymentRequest.AmendmentProposed, PaymentRequest.Amended, PaymentRequest.AmendmentRejected,
            PaymentRequest.AmendmentWithdrawn, PaymentRequest.Paid, PaymentRequest.Reopened,
            PaymentRequest.FellOverdue,
        }
    )  # fmt: skip

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if not isinstance(fact, PaymentRequest.Sent):
            yield PAYMENT_REQUESTS, (fact.payment_request_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, PaymentRequest.Sent):
            rows.put(PAYMENT_REQUESTS, _sent(fact, position))
            return
        row = rows.get(PAYMENT_REQUESTS, (fact.payment_request_id,))
        match fact:
            case PaymentRequest.Revised():
                row.expires_on = fact.expires_on
                _change(row, fact, position)
            case PaymentRequest.Bound():
                row.is_bound, row.payer_account_id = True, fact.payer_account_id
            case PaymentRequest.Accepted():
                row.status, row.obligation_id = ACCEPTED, fact.obligation_id
                row.answered_on = business_date(fact.occurred_at)
            case PaymentRequest.Rejected():
                row.status, row.code, row.text = REJECTED, fact.code, fact.text
                row.answered_on = business_date(fact.occurred_at)
            case PaymentRequest.Withdrawn():
                row.status = WITHDRAWN
            case PaymentRequest.Expired():
                row.status = EXPIRED
            case PaymentRequest.Paid():
                row.paid_on, row.late_days, row.is_reversed = fact.paid_on, fact.late_days, False
                row.overdue_from, row.overdue_to = fact.overdue_from, fact.overdue_to
            case PaymentRequest.Reopened():
                row.paid_on = row.late_days = row.overdue_from = row.overdue_to = row.overdue_told = None
                row.is_reversed = True
                row.reopenings += 1
            case PaymentRequest.FellOverdue():
                row.overdue_told = fact.due_on
            case _:
                _of_amendment(row, fact, position)


def _sent(fact: Any, position: int) -> PaymentRequestRow:
    row = PaymentRequestRow(
        fact.payment_request_id, position, fact.occurred_at, fact.account_id, fact.payer_account_id, fact.contact,
        fact.currency, fact.reference, fact.terms.amount_minor, fact.terms.due_on, fact.expires_on, fact.terms.details,
        [attachment_json(each) for each in fact.terms.attachments],
    )  # fmt: skip
    row.versions = [{"version": 1, **_terms(fact.terms), **_moment(fact, position)}]
    return row


def _of_amendment(row: PaymentRequestRow, fact: Any, position: int) -> None:
    """Follow a change that one side wants; the last of the list is the one that may be open."""
    if isinstance(fact, PaymentRequest.AmendmentProposed):
        proposed = {
            "amendment": fact.amendment, "side": fact.side, "status": AMENDMENT_PROPOSED, **_terms(fact.terms),
            "via": fact.via, **_moment(fact, position), "code": None, "text": None, "answered_at": None,
        }  # fmt: skip
        row.amendments = [*row.amendments, proposed]
        return
    ended = {**row.amendments[-1], "answered_at": rfc3339(fact.occurred_at)}
    match fact:
        case PaymentRequest.Amended():
            ended["status"] = AMENDMENT_ACCEPTED
            _change(row, fact, position)
        case PaymentRequest.AmendmentRejected():
            ended |= {"status": AMENDMENT_REJECTED, "code": fact.code, "text": fact.text}
        case _:
            ended["status"] = AMENDMENT_WITHDRAWN
    row.amendments = [*row.amendments[:-1], ended]


def _change(row: PaymentRequestRow, fact: Any, position: int) -> None:
    terms: Terms = fact.terms
    row.version, row.amount_minor, row.due_on, row.details = (
        fact.version, terms.amount_minor, terms.due_on, terms.details,
    )  # fmt: skip
    row.attachments = [attachment_json(each) for each in terms.attachments]
    row.versions = [*row.versions, {"version": fact.version, **_terms(terms), **_moment(fact, position)}]


def _terms(terms: Terms) -> dict[str, Any]:
    return {
        "amount": terms.amount_minor,
        "due_on": terms.due_on.isoformat(),
        "details": terms.details,
        "attachments": [attachment_json(each) for each in terms.attachments],
    }


def _moment(fact: Any, position: int) -> dict[str, Any]:
    return {"at": rfc3339(fact.occurred_at), "position": position}


_SHOWN = """
    CASE WHEN r.status = 'sent' AND r.expires_on < %(today)s THEN 'expired'
         WHEN r.status <> 'accepted' THEN r.status
         WHEN o.paid_minor >= o.due_minor THEN 'paid'
         WHEN r.is_reversed THEN 'reversed'
         WHEN o.paid_minor > 0 THEN 'partially_paid'
         ELSE 'accepted' END
"""

_SELECT = f"""
    SELECT r.*, {_SHOWN} AS shown, coalesce(o.paid_minor, 0) AS paid_minor,
           CASE WHEN o.obligation_id IS NULL THEN NULL ELSE greatest(0, o.due_minor - o.paid_minor) END AS outstanding,
           coalesce(o.attempt_minor, 0) AS pending_minor, coalesce(o.confirmed_minor, 0) AS confirmed_minor,
           coalesce(o.reversed_minor, 0) AS reversed_minor, coalesce(o.refunded_minor, 0) AS refunded_minor,
           coalesce(o.credit_minor, 0) AS credit_minor
    FROM view_payment_requests r LEFT JOIN view_obligations o ON o.obligation_id = r.obligation_id
"""


def _overdue(row: dict[str, Any], today: date) -> dict[str, Any]:
    """Return the flag and its dates: while something is owed after the due date, and what it was when paid late."""
    if row["shown"] in OWED and row["due_on"] < today:
        late = (today - row["due_on"]).days
        return {"overdue": True, "overdue_from": _next_day(row["due_on"]), "overdue_to": None, "days_late": late}
    return {
        "overdue": False,
        "overdue_from": _day(row["overdue_from"]),
        "overdue_to": _day(row["overdue_to"]),
        "days_late": row["late_days"] or 0,
    }


def _next_day(day: date) -> str:
    return (day + timedelta(days=1)).isoformat()


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def body(row: dict[str, Any], today: date) -> dict[str, Any]:
    """Return a request as lists show it; `contact` is the token of who is asked, for whoever shows it to take out."""
    return {
        "id": row["request_id"],
        "account_id": row["account_id"],
        "payer_account_id": row["payer_account_id"],
        "contact": row["contact"],
        "counterparty_verified": row["is_bound"],
        "status": row["shown"],
        "version": row["version"],
        "amount": row["amount_minor"],
        "currency": row["currency"],
        "due_on": row["due_on"].isoformat(),
        "expires_on": row["expires_on"].isoformat(),
        "reference": row["reference"],
        "obligation_id": row["obligation_id"],
        "answered_on": _day(row["answered_on"]),
        "paid": row["paid_minor"],
        "outstanding": row["outstanding"],
        "pending": row["pending_minor"],
        "confirmed": row["confirmed_minor"],
        "reversed": row["reversed_minor"],
        "refunded": row["refunded_minor"],
        "payer_credit": row["credit_minor"],
        "paid_on": _day(row["paid_on"]),
        **_overdue(row, today),
        "amendment_open": bool(row["amendments"]) and row["amendments"][-1]["status"] == AMENDMENT_PROPOSED,
        "occurred_at": rfc3339(row["sent_at"]),
        "position": row["position"],
    }


def whole(row: dict[str, Any], today: date) -> dict[str, Any]:
    """Return a request with its versions and changes; what people wrote stands there by its tokens."""
    return {
        **body(row, today),
        "details": row["details"],
        "attachments": row["attachments"],
        "rejection": None if row["code"] is None else {"code": row["code"], "text": row["text"]},
        "versions": row["versions"],
        "amendments": row["amendments"],
    }


async def page(
    conn: AsyncConnection[Any],
    *,
    today: date,
    account_id: str | None,
    side: str | None = None,
    status: str | None = None,
    overdue: bool | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of requests, newest first.

    Args:
        today: KST date by which they are overdue or expired.
        account_id: of one account; None = of all. side: as payee or payer alone; None = as either.
        status: as shown. overdue: whether they are; None = both.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {
        "list": "payment_requests", "account_id": account_id, "side": side, "status": status, "overdue": overdue,
    }  # fmt: skip
    where = place(asked, cursor, limit)
    conditions = ["r.position < %(after)s"]
    if account_id is not None:
        mine = {"payee": "r.account_id = %(account_id)s", "payer": "r.payer_account_id = %(account_id)s"}
        conditions.append(mine[side] if side else f"({' OR '.join(mine.values())})")
    if status is not None:
        conditions.append(f"{_SHOWN} = %(status)s")
    if overdue is not None:
        owed = "r.status = 'accepted' AND o.paid_minor < o.due_minor AND r.due_on < %(today)s"
        conditions.append(f"{'' if overdue else 'NOT '}coalesce({owed}, false)")
    query = f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY r.position DESC LIMIT %(limit)s"
    named = {"today": today, "after": where.after, "account_id": account_id, "status": status, "limit": where.limit + 1}
    found = await fetch(conn, query, named)
    return paged(asked, where, [body(row, today) for row in found], [row["position"] for row in found])


async def find(conn: AsyncConnection[Any], request_id: str, today: date) -> dict[str, Any]:
    """Return the row of a request with what its obligation says; `shown` is its status. Raises: RequestNotFound."""
    query = f"{_SELECT} WHERE r.request_id = %(request_id)s"
    found = await fetch(conn, query, {"today": today, "request_id": request_id})
    if not found:
        raise RequestNotFound("there is no such payment request")
    return found[0]


async def due_expiry(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return requests that nobody has answered in time, oldest first (SPEC R-103)."""
    query = """
        SELECT request_id, expires_on FROM view_payment_requests WHERE status = 'sent' AND expires_on < %s
        ORDER BY expires_on, position LIMIT %s
    """
    return await fetch(conn, query, [business_date(at), limit])


async def due_overdue(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return accepted requests whose due date has passed, which are not paid, and of which nobody was told."""
    query = """
        SELECT request_id, version, reopenings FROM view_payment_requests
        WHERE status = 'accepted' AND paid_on IS NULL AND due_on < %s AND overdue_told IS DISTINCT FROM due_on
        ORDER BY due_on, position LIMIT %s
    """
    return await fetch(conn, query, [business_date(at), limit])

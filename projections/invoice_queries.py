"""What is asked of the view `invoices`: lists, one invoice with its rows, open items, aged receivables, what is due.

An invoice can be asked for until the last day of its fifth year (SPEC I5, R-099). Whether it is overdue, and how old
it is, follows from the day that is asked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from aggregates.account.billing.invoices import InvoiceNotFound, first_day
from aggregates.account.billing.months import month_of, next_month
from aggregates.calendar import BusinessCalendar
from aggregates.dates import previous_month, rfc3339
from aggregates.errors import Malformed
from aggregates.numbers import invoice_number
from projections.paging import Page, fetch, paged, place

KEPT_YEARS = 5
"""How long an invoice can be asked for, from the day of its issue, which is not counted (SPEC I5)."""

SHOWN_MONTHS = 3
"""Months of a list when none are named (SPEC I6)."""

CALENDAR = BusinessCalendar()
"""Of the due dates."""

ISSUE_AFTER = timedelta(minutes=10)
"""So long after the first instant of a month its invoices are issued (SPEC 14)."""

BUCKETS = (("days_0_30", 0, 30), ("days_31_60", 31, 60), ("days_61_90", 61, 90), ("days_over_90", 91, 10**6))
"""Ages of what is owed, in days since the day of issue."""

UNPAID, OVERDUE, PAID = "unpaid", "overdue", "paid"
"""Filters of open items."""


def oldest_kept(today: date) -> date:
    """Return the earliest day of issue of which invoices are kept on a KST day: gone after 5 years and a day."""
    try:
        return today.replace(year=today.year - KEPT_YEARS)
    except ValueError:
        return date(today.year - KEPT_YEARS, 3, 1)


def months_asked(from_month: str | None, to_month: str | None, today: date) -> tuple[str, str]:
    """Return the first and the last month of a list: the last three when none are named, at most five years back.

    Raises:
        Malformed: the last is before the first, or the first is further back than invoices are kept.

    Source: SPEC I6, R-099.
    """
    last = to_month or today.isoformat()[:7]
    if from_month is None:
        from_month = last
        for _ in range(SHOWN_MONTHS - 1):
            from_month = previous_month(from_month)
        from_month = max(from_month, min(last, oldest_kept(today).isoformat()[:7]))
    if last < from_month:
        raise Malformed("to must not be before from", field="to")
    earliest = oldest_kept(today).isoformat()[:7]
    if from_month < earliest:
        raise Malformed(f"invoices are kept for {KEPT_YEARS} years", field="from", earliest=earliest)
    return from_month, last


def body(row: dict[str, Any], today: date) -> dict[str, Any]:
    """Return an invoice in the shape of the HTTP face, as it stands on a KST day."""
    return {
        "id": row["invoice_id"],
        "account_id": row["account_id"],
        "number": invoice_number(row["number"]),
        "month": row["month"],
        "period": {"from": f"{row['first_month']}-01", "to": (row["issued_on"] - timedelta(days=1)).isoformat()},
        "issued_on": row["issued_on"].isoformat(),
        "due_on": row["due_on"].isoformat(),
        "currency": row["currency"],
        "settlement_amount": row["settlement_minor"],
        "settlement_coupons": row["coupons"],
        "carry_over": row["carry_over_minor"],
        "carry_over_applied": row["applied_minor"],
        "carried_over": row["carried_minor"],
        "adjusted": row["adjusted_minor"],
        "billed_amount": row["billed_minor"],
        "paid": row["paid_minor"],
        "paid_in_advance": row["advance_minor"],
        "outstanding": row["outstanding_minor"],
        "status": status_of(row, today),
        "block_lifted": row["lifted"],
        "position": row["position"],
    }


def status_of(row: dict[str, Any], today: date) -> str:
    """Return paid, overdue, partly_paid or open."""
    if not row["outstanding_minor"]:
        return PAID
    if row["due_on"] < today:
        return OVERDUE
    return "partly_paid" if row["paid_minor"] else "open"


async def page(
    conn: AsyncConnection[Any],
    account_id: str,
    *,
    today: date,
    from_month: str | None = None,
    to_month: str | None = None,
) -> Page:
    """Return an account's invoices of some months, newest first: one page, as there is at most one a month.

    Raises:
        Malformed: as of `months_asked`.

    Source: SPEC I6, R-099.
    """
    first, last = months_asked(from_month, to_month, today)
    query = """
        SELECT * FROM view_invoices WHERE account_id = %s AND month BETWEEN %s AND %s AND issued_on >= %s
        ORDER BY month DESC
    """
    found = await fetch(conn, query, [account_id, first, last, oldest_kept(today)])
    return Page([body(row, today) for row in found], None)


async def one(conn: AsyncConnection[Any], account_id: str, month: str, *, today: date) -> dict[str, Any]:
    """Return an account's invoice of a month, with its payments and adjustments. Raises: InvoiceNotFound."""
    query = "SELECT * FROM view_invoices WHERE account_id = %s AND month = %s AND issued_on >= %s"
    return await _whole(conn, await fetch(conn, query, [account_id, month, oldest_kept(today)]), today)


async def by_id(conn: AsyncConnection[Any], invoice_id: str, *, today: date) -> dict[str, Any]:
    """Return an invoice with its payments and adjustments. Raises: InvoiceNotFound."""
    query = "SELECT * FROM view_invoices WHERE invoice_id = %s AND issued_on >= %s"
    return await _whole(conn, await fetch(conn, query, [invoice_id, oldest_kept(today)]), today)


async def rows(
    conn: AsyncConnection[Any], invoice_id: str, *, cursor: str | None = None, limit: int | None = None
) -> Page:
    """Return a page of an invoice's rows, oldest order first.

    A row is {order_id, spend_id, number, name, ordered_at, order_amount, order_coupons, settlement_amount,
    settlement_coupons, carry_over}; order_id and name are None for a spend without an order, whose number is the
    caller's reference. Settlement amounts add up to the invoice's; so do carry-overs to what was new on it.

    Raises:
        Malformed: cursor or limit.

    Source: SPEC I7, I8, R-091, R-092.
    """
    asked = {"list": "invoice_rows", "invoice_id": invoice_id}
    where = place(asked, cursor, limit, start=0)
    query = f"{_ROWS} AND s.position > %s ORDER BY s.position LIMIT %s"
    found = await fetch(conn, query, [invoice_id, where.after, where.limit + 1])
    return paged(asked, where, [_row(row) for row in found], [row["position"] for row in found])


async def all_rows(conn: AsyncConnection[Any], invoice_id: str) -> AsyncIterator[dict[str, Any]]:
    """Yield all rows of an invoice as `rows` does, 1,000 at a time."""
    after, more = 0, True
    while more:
        found = await fetch(conn, f"{_ROWS} AND s.position > %s ORDER BY s.position LIMIT 1000", [invoice_id, after])
        for row in found:
            yield _row(row)
        more = len(found) == 1_000
        after = found[-1]["position"] if found else after


async def open_items(
    conn: AsyncConnection[Any],
    *,
    today: date,
    status: str | None = None,
    account_id: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of the invoices of all accounts, or of one, newest first; `status`: unpaid, overdue or paid.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "invoices", "status": status, "account_id": account_id}
    where = place(asked, cursor, limit)
    conditions = ["position < %s", "issued_on >= %s"]
    parameters: list[Any] = [where.after, oldest_kept(today)]
    if account_id is not None:
        conditions.append("account_id = %s")
        parameters.append(account_id)
    if status is not None:
        conditions.append("outstanding_minor = 0" if status == PAID else "outstanding_minor > 0")
    if status == OVERDUE:
        conditions.append("due_on < %s")
        parameters.append(today)
    query = f"SELECT * FROM view_invoices WHERE {' AND '.join(conditions)} ORDER BY position DESC LIMIT %s"
    found = await fetch(conn, query, [*parameters, where.limit + 1])
    return paged(asked, where, [body(row, today) for row in found], [row["position"] for row in found])


async def aged(conn: AsyncConnection[Any], *, as_of: date) -> dict[str, Any]:
    """Return what postpaid customers owed on their invoices at the end of a KST day, by its age since the day of issue.

    Returns:
        {as_of, accounts: [{account_id, currency, outstanding, overdue, invoices, the four ages}], totals: [the same
        by currency]}, largest first. Credit that no invoice has taken is not in it: it pays no invoice yet.
    """
    query = """
        SELECT account_id, currency, issued_on, due_on, owed FROM (
            SELECT i.account_id, i.currency, i.issued_on, i.due_on, i.outstanding_minor + coalesce((
                SELECT sum(p.amount_minor) FROM view_invoice_payments p
                WHERE p.invoice_id = i.invoice_id AND p.paid_on > %(as_of)s
            ), 0) - coalesce((
                SELECT sum((a ->> 'change')::bigint) FROM jsonb_array_elements(i.adjustments) a
                WHERE ((a ->> 'at')::timestamptz AT TIME ZONE 'Asia/Seoul')::date > %(as_of)s
            ), 0) AS owed
            FROM view_invoices i WHERE i.issued_on <= %(as_of)s
        ) AS invoices WHERE owed <> 0
    """
    accounts: dict[tuple[str, str], dict[str, Any]] = {}
    totals: dict[str, dict[str, Any]] = {}
    for row in await fetch(conn, query, {"as_of": as_of}):
        owed_minor, age = int(row["owed"]), (as_of - row["issued_on"]).days
        key = (row["account_id"], row["currency"])
        account = accounts.setdefault(key, {"account_id": key[0], **_aged(key[1])})
        for sums in (account, totals.setdefault(key[1], _aged(key[1]))):
            sums["outstanding"] += owed_minor
            sums["invoices"] += 1
            sums["overdue"] += owed_minor if row["due_on"] < as_of else 0
            sums[next(name for name, low, high in BUCKETS if low <= age <= high)] += owed_minor
    listed = sorted(accounts.values(), key=lambda account: (-account["outstanding"], account["account_id"]))
    return {"as_of": as_of.isoformat(), "accounts": listed, "totals": [totals[name] for name in sorted(totals)]}


async def due_invoices(
    conn: AsyncConnection[Any], *, at: datetime, limit: int = 100, due_day: int = 31
) -> list[dict[str, Any]]:
    """Return accounts whose invoice is due at instant `at`, the earliest month first: {account_id, month, due_on}.

    From 00:10 KST of the 1st on the invoice of that month is due, for the month before; missed months come one after
    the other. It is to be paid by `due_on`, the last business day of its month up to `due_day`.

    Source: SPEC I3, R-087, R-089, R-094, 14.
    """
    query = """
        SELECT account_id, due_month FROM view_invoice_accounts WHERE due_month < %s
        ORDER BY due_month, account_id LIMIT %s
    """
    found = await fetch(conn, query, [month_of(at - ISSUE_AFTER), limit])
    months = [next_month(row["due_month"]) for row in found]
    return [
        {"account_id": row["account_id"], "month": month, "due_on": CALENDAR.last_of_month(first_day(month), due_day)}
        for row, month in zip(found, months, strict=True)
    ]


_ROWS = """
    SELECT s.spend_id, s.settlement_minor, s.coupons, s.carry_over_minor, s.position,
        o.order_id, o.number, o.name, coalesce(o.ordered_at, p.occurred_at) AS ordered_at,
        coalesce(o.amount_minor, p.amount_minor) AS amount_minor,
        coalesce(o.recipients * o.coupons_each, 1) AS ordered, p.reference
    FROM view_invoices i
    JOIN LATERAL (
        SELECT r.spend_id, sum(r.settlement_minor)::bigint AS settlement_minor, sum(r.coupons)::bigint AS coupons,
            sum(r.carry_over_minor) FILTER (WHERE r.position > i.carry_after)::bigint AS carry_over_minor,
            max(r.position) AS position
        FROM view_invoice_rows r
        WHERE r.account_id = i.account_id AND r.month >= i.after_month AND r.month < i.month
        GROUP BY r.spend_id
    ) AS s ON s.settlement_minor <> 0 OR s.coupons <> 0 OR s.carry_over_minor <> 0
    LEFT JOIN view_orders o ON o.order_id = 'ord_' || substr(s.spend_id, 5)
    LEFT JOIN view_spends p ON p.spend_id = s.spend_id
    WHERE i.invoice_id = %s
"""
"""Rows of an invoice. (An order is named after the same fact as its hold, so its id is that of the spend.)"""


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "order_id": row["order_id"],
        "spend_id": row["spend_id"],
        "number": row["number"] or row["reference"],
        "name": row["name"],
        "ordered_at": None if row["ordered_at"] is None else rfc3339(row["ordered_at"]),
        "order_amount": row["amount_minor"],
        "order_coupons": row["ordered"],
        "settlement_amount": row["settlement_minor"],
        "settlement_coupons": row["coupons"],
        "carry_over": row["carry_over_minor"] or 0,
    }


async def _whole(conn: AsyncConnection[Any], found: list[dict[str, Any]], today: date) -> dict[str, Any]:
    if not found:
        raise InvoiceNotFound("there is no such invoice")
    query = "SELECT * FROM view_invoice_payments WHERE invoice_id = %s ORDER BY position"
    payments = await fetch(conn, query, [found[0]["invoice_id"]])
    return {
        **body(found[0], today),
        "adjustments": found[0]["adjustments"],
        "payments": [
            {
                "id": payment["settlement_id"],
                "amount": payment["amount_minor"],
                "paid_at": rfc3339(payment["paid_at"]),
                "method": payment["method"],
                "reference": payment["reference"],
            }
            for payment in payments
        ],
    }


def _aged(currency: str) -> dict[str, Any]:
    return {"currency": currency, "outstanding": 0, "overdue": 0, "invoices": 0, **{name: 0 for name, _, _ in BUCKETS}}

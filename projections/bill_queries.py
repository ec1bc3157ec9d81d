"""Queries of the view `bills`: lists and details, how customers pay, and what is due to be done."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from aggregates.collecting.auto_pay import CHARGED_FROM, announce_by, announce_window
from aggregates.collecting.bill import BillNotFound
from aggregates.collecting.bill_customer import CustomerNotFound
from aggregates.dates import KST, business_date, rfc3339
from projections.obligations import payment_body, payments_of
from projections.paging import Page, fetch, paged, place

REMINDER_DAYS = (3, 1, 0)
"""How many days before the last day payers are reminded, where nothing else is set (SPEC R-122)."""

REMINDED_FROM = time(10)
"""From which hour in Seoul (SPEC R-122)."""

_PAID = "o.paid_minor >= o.due_minor"
_OPEN = f"b.status IN ('sent', 'viewed') AND NOT ({_PAID}) AND o.attempt_id IS NULL"
_ANNOUNCED = "(b.auto_state = 'announced' AND b.auto_turn = c.auto_turn)"

_SHOWN = f"""
    CASE WHEN b.status NOT IN ('sent', 'viewed') THEN b.status
    WHEN {_PAID} AND o.refunded_minor = 0 THEN 'paid'
    WHEN {_PAID} AND o.refunded_minor >= o.due_minor THEN 'refunded'
    WHEN {_PAID} THEN 'part_refunded'
    WHEN b.due_on < %(today)s THEN 'overdue' ELSE b.status END
"""
"""As `bill_status` reads it."""

_FROM = """
    view_bills b LEFT JOIN view_obligations o USING (obligation_id) JOIN view_bill_customers c USING (customer_id)
"""

_SELECT = f"""
    SELECT b.*, {_SHOWN} AS shown, o.paid_minor, o.refunded_minor, o.due_minor, o.attempt_minor, o.paid_on,
    o.confirmed_minor, o.reversed_minor, c.auto_on, c.auto_turn AS customer_turn, c.billing_key_id
    FROM view_bills b LEFT JOIN view_obligations o USING (obligation_id)
    JOIN view_bill_customers c ON c.customer_id = b.customer_id
"""


class BillFilter(NamedTuple):
    """What of an account's bills is wanted; None = all.

    Attributes:
        status: as people see it. customer_id: of one customer. reference: the biller's own number.
        due_from, due_to: KST dates, both included.
    """

    status: str | None = None
    customer_id: str | None = None
    reference: str | None = None
    due_from: date | None = None
    due_to: date | None = None


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a bill in the shape of the HTTP face; `customer` holds the token of the person."""
    return {
        "id": row["bill_id"],
        "account_id": row["account_id"],
        "customer_id": row["customer_id"],
        "customer": row["person"],
        "obligation_id": row["obligation_id"],
        "reference": row["reference"],
        "amount": row["amount_minor"],
        "currency": row["currency"],
        "due_on": row["due_on"].isoformat(),
        "status": row["shown"],
        "outstanding": _outstanding(row),
        "paid": row["paid_minor"] or 0,
        "confirmed": row["confirmed_minor"] or 0,
        "pending": row["attempt_minor"] or 0,
        "refunded": row["refunded_minor"] or 0,
        "reversed": row["reversed_minor"] or 0,
        "paid_on": None if row["paid_on"] is None else row["paid_on"].isoformat(),
        "created_at": rfc3339(row["created_at"]),
        "sent_at": _at(row["sent_at"]),
        "viewed_at": _at(row["viewed_at"]),
        "forwarded": row["forward"] is not None,
        "auto_pay": {
            "on": row["auto_on"],
            "state": _auto_state(row),
            "code": row["auto_code"],
            "announce_by": announce_by(row["due_on"]).isoformat(),
            "announced_at": _at(row["auto_announced_at"]),
            "amount": row["auto_minor"],
            "pay_on": None if row["auto_pay_on"] is None else row["auto_pay_on"].isoformat(),
        },
        "position": row["position"],
    }


def _outstanding(row: dict[str, Any]) -> int | None:
    """Return what is left to pay; 0 of what is cancelled; None for a draft."""
    if row["due_minor"] is None:
        return None
    return 0 if row["status"] == "cancelled" else max(0, row["due_minor"] - row["paid_minor"])


def _auto_state(row: dict[str, Any]) -> str:
    """Return how far the automatic payment is; an announcement made under another turn counts for nothing (R-121)."""
    is_stale = row["auto_state"] == "announced" and not (row["auto_on"] and row["auto_turn"] == row["customer_turn"])
    return "none" if is_stale else str(row["auto_state"])


def _at(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)


async def page(
    conn: AsyncConnection[Any],
    account_id: str,
    wanted: BillFilter,
    today: date,
    *,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of an account's bills, newest first, in the states that they have on a day.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "bills", "account_id": account_id, **{k: v and str(v) for k, v in wanted._asdict().items()}}
    where = place(asked, cursor, limit)
    query = f"""
        SELECT * FROM ({_SELECT} WHERE b.account_id = %(account)s AND b.position < %(after)s) AS bills
        WHERE (%(status)s::text IS NULL OR shown = %(status)s)
        AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
        AND (%(reference)s::text IS NULL OR reference = %(reference)s)
        AND (%(due_from)s::date IS NULL OR due_on >= %(due_from)s)
        AND (%(due_to)s::date IS NULL OR due_on <= %(due_to)s)
        ORDER BY position DESC LIMIT %(limit)s
    """
    parameters = {
        "account": account_id, "after": where.after, "today": today, "limit": where.limit + 1, **wanted._asdict(),
    }  # fmt: skip
    found = await fetch(conn, query, parameters)
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])


async def row_of(conn: AsyncConnection[Any], bill_id: str, today: date) -> dict[str, Any]:
    """Return the row of a bill, `shown` as people see its state on a day. Raises: BillNotFound."""
    found = await fetch(conn, f"{_SELECT} WHERE b.bill_id = %(bill_id)s", {"bill_id": bill_id, "today": today})
    if not found:
        raise BillNotFound("there is no bill with this id")
    return found[0]


async def one(conn: AsyncConnection[Any], bill_id: str, today: date) -> dict[str, Any]:
    """Return a bill with its payments; `forwarded_to` holds the token of who is asked. Raises: BillNotFound."""
    row = await row_of(conn, bill_id, today)
    paid = [] if row["obligation_id"] is None else await payments_of(conn, row["obligation_id"])
    payments = []
    for payment in paid:
        chosen = row["chosen"].get(payment["attempt_id"], {})
        shape = payment_body(payment)
        payments.append({**shape, "by": chosen.get("by"), "method": chosen.get("method", shape["method"])})
    return {**body(row), "forwarded_to": row["forward"], "payments": payments}


_PATTERNS = f"""
    SELECT c.*, count(b.bill_id) AS bills, count(*) FILTER (WHERE p.is_paid) AS paid,
    count(*) FILTER (WHERE NOT p.is_paid AND b.due_on < %(today)s) AS overdue,
    count(*) FILTER (WHERE p.is_paid AND p.paid_on <= b.due_on) AS on_time,
    count(*) FILTER (WHERE p.is_paid AND p.by_auto) AS auto_paid,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY greatest(0, p.paid_on - b.due_on)) FILTER (WHERE p.is_paid) AS delay,
    coalesce(sum(greatest(0, p.due_minor - p.paid_minor)) FILTER (WHERE NOT p.is_paid), 0)::bigint AS outstanding,
    (SELECT currency FROM view_bills n WHERE n.customer_id = c.customer_id LIMIT 1) AS currency
    FROM view_bill_customers c LEFT JOIN view_bills b
        ON b.customer_id = c.customer_id AND b.status IN ('sent', 'viewed')
    LEFT JOIN LATERAL (
        SELECT coalesce({_PAID}, false) AS is_paid, o.paid_on, o.due_minor, o.paid_minor,
        EXISTS (
            SELECT FROM view_collections k WHERE k.obligation_id = o.obligation_id AND k.via = 'auto_pay'
            AND k.applied_minor > k.reversed_minor
        ) AS by_auto FROM view_obligations o WHERE o.obligation_id = b.obligation_id
    ) p ON true
"""


def customer_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return how a customer pays, in the shape of the HTTP face; `customer` holds the token of the person.

    On time is what was paid by its last day, of all that was paid or is overdue; a delay is in whole days after the
    last day, 0 when on time, and its median the lower one of two. Source: SPEC K6.
    """
    counted = row["paid"] + row["overdue"]
    return {
        "id": row["customer_id"],
        "account_id": row["account_id"],
        "customer": row["person"],
        "bills": row["bills"],
        "paid": row["paid"],
        "overdue": row["overdue"],
        "auto_paid": row["auto_paid"],
        "outstanding": row["outstanding"],
        "currency": row["currency"],
        "on_time": {
            "numerator": row["on_time"],
            "denominator": counted,
            "percent": None if not counted else row["on_time"] * 100 // counted,
        },
        "median_delay_days": row["delay"],
        "auto_pay": {"on": row["auto_on"], "since": _at(row["auto_since"]), "reason": row["auto_reason"]},
        "position": row["position"],
    }


async def customers(
    conn: AsyncConnection[Any], account_id: str, today: date, *, cursor: str | None = None, limit: int | None = None
) -> Page:
    """Return a page of an account's customers and how they pay, newest first. Raises: Malformed: cursor or limit."""
    asked = {"list": "bill_customers", "account_id": account_id}
    where = place(asked, cursor, limit)
    query = f"""
        {_PATTERNS} WHERE c.customer_id IN (
            SELECT customer_id FROM view_bill_customers WHERE account_id = %(account)s AND position < %(after)s
            ORDER BY position DESC LIMIT %(limit)s
        ) GROUP BY c.customer_id ORDER BY c.position DESC
    """
    parameters = {"account": account_id, "after": where.after, "today": today, "limit": where.limit + 1}
    found = await fetch(conn, query, parameters)
    return paged(asked, where, [customer_body(row) for row in found], [row["position"] for row in found])


async def customer(conn: AsyncConnection[Any], customer_id: str, today: date) -> dict[str, Any]:
    """Return how one customer pays. Raises: CustomerNotFound."""
    query = f"{_PATTERNS} WHERE c.customer_id = %(customer)s GROUP BY c.customer_id"
    found = await fetch(conn, query, {"customer": customer_id, "today": today})
    if not found:
        raise CustomerNotFound("there is no such customer")
    return customer_body(found[0])


async def due_reminders(
    conn: AsyncConnection[Any],
    *,
    at: datetime,
    limit: int,
    days: tuple[int, ...] = REMINDER_DAYS,
    reminded_from: time = REMINDED_FROM,
) -> list[dict[str, Any]]:
    """Return bills of which somebody is to be reminded at an instant, oldest first.

    Not of what is paid or being paid, what was sent after the hour, or what pays itself.

    Source: SPEC K4, R-122.
    """
    today = business_date(at)
    hour = datetime.combine(today, reminded_from, KST)
    if at < hour:
        return []
    query = f"""
        SELECT b.bill_id, b.due_on, b.due_on - %(today)s AS days_before FROM {_FROM}
        WHERE {_OPEN} AND b.due_on = ANY(%(days)s) AND b.sent_at < %(hour)s
        AND (b.reminded_on IS NULL OR b.reminded_on < %(today)s) AND NOT (c.auto_on AND {_ANNOUNCED})
        ORDER BY b.position LIMIT %(limit)s
    """
    parameters = {
        "today": today, "hour": hour, "days": [today + timedelta(days=each) for each in days], "limit": limit,
    }  # fmt: skip
    return await fetch(conn, query, parameters)


async def to_announce(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return bills whose automatic payment is to be announced at an instant, oldest first.

    Source: SPEC K3, R-120, R-121, R-123.
    """
    first, last = announce_window(at)
    query = f"""
        SELECT b.bill_id, b.changed, c.auto_turn AS turn FROM {_FROM}
        JOIN view_billing_keys k ON k.billing_key_id = c.billing_key_id AND k.status = 'active'
        WHERE {_OPEN} AND c.auto_on AND b.due_on BETWEEN %(first)s AND %(last)s AND b.forward IS NULL
        AND b.auto_state IN ('none', 'announced') AND NOT {_ANNOUNCED}
        ORDER BY b.position LIMIT %(limit)s
    """
    return await fetch(conn, query, {"first": first, "last": last, "limit": limit})


async def to_charge(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return bills that are to be charged at an instant: announced, and this is the day. Source: SPEC K3, R-121."""
    if at.astimezone(KST).time() < CHARGED_FROM:
        return []
    query = f"""
        SELECT b.bill_id, b.changed FROM {_FROM}
        WHERE {_OPEN} AND c.auto_on AND b.due_on = %(today)s AND b.forward IS NULL AND {_ANNOUNCED}
        ORDER BY b.position LIMIT %(limit)s
    """
    return await fetch(conn, query, {"today": business_date(at), "limit": limit})


async def to_miss(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return bills that cannot be paid automatically any more, and whose payers have to know. Source: SPEC R-120."""
    today, (first, _) = business_date(at), announce_window(at)
    query = f"""
        SELECT b.bill_id, b.changed, %(today)s::date AS today FROM {_FROM}
        WHERE {_OPEN} AND c.auto_on AND b.auto_state IN ('none', 'announced')
        AND (b.due_on < %(today)s OR (b.due_on < %(first)s AND NOT {_ANNOUNCED}))
        ORDER BY b.position LIMIT %(limit)s
    """
    return await fetch(conn, query, {"today": today, "first": first, "limit": limit})


async def without_card(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return customers with auto-pay whose card the gateway does not keep; `at` does not matter."""
    query = """
        SELECT c.customer_id, c.auto_turn AS turn
        FROM view_bill_customers c JOIN view_billing_keys k USING (billing_key_id)
        WHERE c.auto_on AND k.status IN ('refused', 'removed', 'deleted') ORDER BY c.position LIMIT %s
    """
    return await fetch(conn, query, [limit])

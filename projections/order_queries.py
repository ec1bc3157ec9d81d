"""Questions of people to the view `orders`: the list, one order, its recipients and voids, figures of the main page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from aggregates.dates import rfc3339
from aggregates.order.choices import WINDOW_DAYS
from aggregates.order.dispatch import DISPATCHED, SENDING
from aggregates.order.messages import RESENDS_MAX
from aggregates.order.parts import CHOICE
from aggregates.order.pricing import discount_percent
from ledger.commands.orders import OrderNotFound
from ledger.shapes import instant_json
from projections.order_rows import LIVE_LETTERS, UNREACHED, WAITS
from projections.paging import Page, fetch, paged, place

STATES = {
    "c": "chosen",
    "r": "requested",
    "i": "issued",
    "f": "issue_failed",
    "q": "void_requested",
    "w": "voiding",
    "v": "voided",
    "u": "used",
    "x": "expired",
}
"""Public names of the states of coupons; an open one is named by the kind of its order."""

RECENT = 5
"""Orders shown on the main page."""


class OrderFilter(NamedTuple):
    """Which orders are listed; None leaves a question open.

    Attributes:
        account_id: None = of all accounts. member_id: of that sub-member alone.
        from_date, to_date: KST dates of the order, both included.
    """

    account_id: str | None = None
    member_id: str | None = None
    status: str | None = None
    kind: str | None = None
    number: str | None = None
    from_date: date | None = None
    to_date: date | None = None


def open_state(kind: str) -> str:
    """Return the public name of a coupon's state before anything was done for it."""
    return "awaiting_choice" if kind == CHOICE else "pending"


def line_json(line: dict[str, Any]) -> dict[str, Any]:
    """Return an item of an order as people see it."""
    return {
        "product_id": line["product_id"],
        "brand": line["brand"],
        "name": line["name"],
        "validity_days": line["validity_days"],
        "quantity": line["quantity"],
        "list_price": line["list_minor"],
        "sale_price": line["sale_minor"],
        "discount_percent": discount_percent(line["list_minor"], line["sale_minor"]),
    }


def listed(row: dict[str, Any]) -> dict[str, Any]:
    """Return an order as the list shows it: of a general order no confirmed amount (SPEC 3.6, R-033)."""
    return {
        "id": row["order_id"],
        "number": row["number"],
        "account_id": row["account_id"],
        "member_id": row["member_id"],
        "ordered_by": row["made_by"],
        "name": row["name"],
        "kind": row["kind"],
        "status": row["status"],
        "ordered_at": rfc3339(row["ordered_at"]),
        "scheduled_at": instant_json(row["scheduled_at"]),
        "dispatch_at": instant_json(row["started_at"] or row["scheduled_at"]),
        "currency": row["currency"],
        "amount": row["amount_minor"],
        "confirmed_amount": row["issued_minor"] if row["kind"] == CHOICE else None,
        "recipients": row["recipients"],
        "coupons": row["recipients"] * row["coupons_each"],
        "counts": {
            "total": row["recipients"],
            "success": row["success"],
            "progress": row["progress"],
            "failure": row["failure"],
            "error": row["error"],
        },
        "position": row["position"],
    }


async def page(
    conn: AsyncConnection[Any], wanted: OrderFilter, *, cursor: str | None = None, limit: int | None = None
) -> Page:
    """Return a page of orders, newest first.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "orders", **{name: str(value) for name, value in wanted._asdict().items() if value is not None}}
    where = place(asked, cursor, limit)
    conditions, parameters = _conditions(wanted)
    query = f"""
        SELECT * FROM view_orders WHERE {" AND ".join(["position < %s", *conditions])}
        ORDER BY position DESC LIMIT %s
    """
    found = await fetch(conn, query, [where.after, *parameters, where.limit + 1])
    return paged(asked, where, [listed(row) for row in found], [row["position"] for row in found])


async def first(conn: AsyncConnection[Any], wanted: OrderFilter, limit: int) -> list[dict[str, Any]]:
    """Return the newest orders, as the list shows them."""
    conditions, parameters = _conditions(wanted)
    query = f"""
        SELECT * FROM view_orders WHERE {" AND ".join(["true", *conditions])} ORDER BY position DESC LIMIT %s
    """
    return [listed(row) for row in await fetch(conn, query, [*parameters, limit])]


async def row_of(conn: AsyncConnection[Any], order_id: str) -> dict[str, Any]:
    """Return the row of one order. Raises: OrderNotFound."""
    found = await fetch(conn, "SELECT * FROM view_orders WHERE order_id = %s", [order_id])
    if not found:
        raise OrderNotFound("there is no order with this id")
    return found[0]


async def one(conn: AsyncConnection[Any], order_id: str) -> dict[str, Any]:
    """Return one order with its money, its items and the states of its coupons. Raises: OrderNotFound."""
    row = await row_of(conn, order_id)
    query = """
        SELECT letter, sum(length(coupons) - length(replace(coupons, letter, '')))::int AS coupons
        FROM view_order_recipients CROSS JOIN unnest(string_to_array('.,c,r,i,f,q,w,v,u,x', ',')) AS letter
        WHERE order_id = %s GROUP BY letter
    """
    counted = {found["letter"]: found["coupons"] for found in await fetch(conn, query, [order_id])}
    return {
        **listed(row),
        "confirmed_amount": row["issued_minor"],
        "list_amount": row["list_minor"],
        "discount": row["discount_minor"],
        "unit_amount": row["unit_minor"],
        "held": row["held_minor"],
        "returned": row["returned_minor"],
        "lines": [line_json(line) for line in row["lines"]],
        "designated": row["designated"],
        "dispatch_title": row["dispatch_title"],
        "steps": [
            {"status": status, "at": instant_json(at)}
            for status, at in (
                ("scheduled", row["ordered_at"] if row["scheduled_at"] else None),
                ("sending", row["started_at"]),
                ("dispatched", row["dispatched_at"]),
                ("cancelled", row["cancelled_at"]),
            )
        ],
        "coupon_states": {
            "open": counted.get(".", 0),
            **{name: counted.get(letter, 0) for letter, name in STATES.items()},
        },
        "spend_id": row["spend_id"],
        "source": row["source"],
        "sender_profile_id": row["sender_profile_id"],
        "template_id": row["template_id"],
        "theme_id": row["theme_id"],
        "voids": row["voids"],
        "cancellable": row["status"] == "scheduled",
        "statement_eligible": row["status"] in (SENDING, DISPATCHED),
    }


async def recipients_of(
    conn: AsyncConnection[Any],
    order: dict[str, Any],
    *,
    dispatch: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of an order's recipients, in the order of the order; who they are is told by their tokens.

    Args:
        order: its row. dispatch: progress, success, failed or error alone.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "order recipients", "order_id": order["order_id"], "dispatch": dispatch}
    where = place(asked, cursor, limit, start=0)
    query = """
        SELECT * FROM view_order_recipients
        WHERE order_id = %s AND recipient >= %s AND (%s::text IS NULL OR dispatch = %s) ORDER BY recipient LIMIT %s
    """
    found = await fetch(conn, query, [order["order_id"], where.after, dispatch, dispatch, where.limit + 1])
    items = [recipient_json(order, row) for row in found]
    return paged(asked, where, items, [row["recipient"] + 1 for row in found])


async def every_recipient(conn: AsyncConnection[Any], order: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all recipients of an order."""
    query = "SELECT * FROM view_order_recipients WHERE order_id = %s ORDER BY recipient"
    return [recipient_json(order, row) for row in await fetch(conn, query, [order["order_id"]])]


async def one_recipient(conn: AsyncConnection[Any], order: dict[str, Any], recipient: int) -> dict[str, Any] | None:
    """Return one recipient of an order; None when it has no such one, or the view has not come to it."""
    query = "SELECT * FROM view_order_recipients WHERE order_id = %s AND recipient = %s"
    found = await fetch(conn, query, [order["order_id"], recipient])
    return recipient_json(order, found[0]) if found else None


def recipient_json(order: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """Return a recipient with its coupons, its token and `excluded`, the lines that could not be issued to it."""
    window = row["reached_on"] if row["due"] == WAITS else row["attempted_on"] if row["due"] == UNREACHED else None
    return {
        "recipient": row["recipient"],
        "token": row["token"],
        "dispatch": row["dispatch"],
        "channel": row["channel"],
        "resends": row["resends"],
        "resends_max": RESENDS_MAX,
        "chosen": row["chosen"],
        "chosen_by": None if row["chosen"] is None else "service" if row["auto"] else "recipient",
        "choose_until": None if window is None else (window + timedelta(days=WINDOW_DAYS)).isoformat(),
        "given_up": row["given_up"],
        "excluded": [line for line in range(len(order["lines"])) if row["excluded"] >> line & 1],
        "coupons": _coupons(order, row),
    }


async def voids_of(
    conn: AsyncConnection[Any],
    *,
    order_id: str | None = None,
    account_id: str | None = None,
    member_id: str | None = None,
    status: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of requests to void coupons, newest first; None leaves a question open.

    Raises:
        Malformed: cursor or limit.
    """
    given = {"v.order_id": order_id, "v.account_id": account_id, "o.member_id": member_id, "v.status": status}
    asked = {"list": "voids", **given}
    where = place(asked, cursor, limit)
    kept = {column: value for column, value in given.items() if value is not None}
    conditions = " AND ".join(["v.position < %s", *(f"{column} = %s" for column in kept)])
    query = f"""
        SELECT v.*, o.number FROM view_order_voids v JOIN view_orders o USING (order_id)
        WHERE {conditions} ORDER BY v.position DESC LIMIT %s
    """
    found = await fetch(conn, query, [where.after, *kept.values(), where.limit + 1])
    return paged(asked, where, [void_json(row) for row in found], [row["position"] for row in found])


def void_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a request to void coupons."""
    return {
        "order_id": row["order_id"],
        "number": row["number"],
        "account_id": row["account_id"],
        "void": row["void"],
        "status": row["status"],
        "coupons": row["coupons"],
        "voided": row["voided"],
        "refused": row["refused"],
        "waiting": len(row["waiting"]),
        "code": row["code"],
        "reason": row["reason"],
        "decision_reason": row["decision_reason"],
        "requested_at": rfc3339(row["requested_at"]),
        "requested_by": row["requested_by"],
        "decided_at": instant_json(row["decided_at"]),
        "decided_by": row["decided_by"],
        "position": row["position"],
    }


async def standing_of(
    conn: AsyncConnection[Any], account_id: str, order_ids: Sequence[str] | None, member_id: str | None
) -> list[dict[str, Any]]:
    """Return id, number, status and confirmed amount of orders of an account: those named, or all that can be stated.

    (All = those in sending and dispatched, SPEC R-097; what is named and not there is left out.)
    """
    conditions, parameters = _conditions(OrderFilter(account_id, member_id))
    if order_ids is None:
        conditions.append("status IN ('sending', 'dispatched')")
    else:
        conditions.append("order_id = ANY(%s)")
        parameters.append(list(order_ids))
    query = f"""
        SELECT order_id AS id, number, status, issued_minor AS amount FROM view_orders
        WHERE {" AND ".join(conditions)} ORDER BY position
    """
    return await fetch(conn, query, parameters)


async def tallies(conn: AsyncConnection[Any], account_id: str, member_id: str | None) -> dict[str, int]:
    """Return how many orders of an account, or of one member, are in which state."""
    query = """
        SELECT coalesce(sum(scheduled), 0)::bigint AS scheduled, coalesce(sum(sending), 0)::bigint AS sending,
            coalesce(sum(dispatched), 0)::bigint AS dispatched, coalesce(sum(cancelled), 0)::bigint AS cancelled
        FROM view_order_tallies WHERE account_id = %s AND (%s::text IS NULL OR member_id = %s)
    """
    (found,) = await fetch(conn, query, [account_id, member_id, member_id])
    return found


async def rules_running(conn: AsyncConnection[Any], account_id: str, member_id: str | None) -> int:
    """Return how many anniversary rules of an owner are on; rules are not shared (SPEC V7)."""
    query = """
        SELECT count(*) AS rules FROM view_anniversary_rules
        WHERE account_id = %s AND member_id IS NOT DISTINCT FROM %s AND status = 'active'
    """
    (found,) = await fetch(conn, query, [account_id, member_id])
    return int(found["rules"])


def is_live(coupon: dict[str, Any]) -> bool:
    """Say whether a coupon can be used."""
    return coupon["state"] in {STATES[letter] for letter in LIVE_LETTERS}


def _conditions(wanted: OrderFilter) -> tuple[list[str], list[Any]]:
    given = [
        ("account_id = %s", wanted.account_id),
        ("member_id = %s", wanted.member_id),
        ("status = %s", wanted.status),
        ("kind = %s", wanted.kind),
        ("number = %s", wanted.number),
        ("ordered_on >= %s", wanted.from_date),
        ("ordered_on <= %s", wanted.to_date),
    ]
    kept = [(condition, value) for condition, value in given if value is not None]
    return [condition for condition, _ in kept], [value for _, value in kept]


def _coupons(order: dict[str, Any], row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a recipient's coupons: number in the order, item, state, and the last day of those that were issued."""
    lines = order["lines"]
    choice = order["kind"] == CHOICE
    of_line = (
        [row["chosen"]] if choice else [number for number, line in enumerate(lines) for _ in range(line["quantity"])]
    )
    coupons = []
    for index, (line, letter) in enumerate(zip(of_line, row["coupons"], strict=True)):
        until = None
        if letter in f"{LIVE_LETTERS}ux" and line is not None and row["issued_on"] is not None:
            until = (row["issued_on"] + timedelta(days=lines[line]["validity_days"])).isoformat()
        coupons.append(
            {
                "coupon": row["recipient"] * order["coupons_each"] + index,
                "line": line,
                "name": None if line is None else lines[line]["name"],
                "state": STATES.get(letter) or open_state(order["kind"]),
                "valid_until": until,
            }
        )
    return coupons

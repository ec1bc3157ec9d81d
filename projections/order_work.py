"""Questions of the worker to the view `orders`: what is to be started, issued, sent, chosen and voided next.

Each answer is bounded and ready to be made a command of. It may be a moment old: the command decides, and a worker that
asked too early is refused, or does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from aggregates.order.choices import WINDOW_DAYS
from aggregates.order.messages import CHOSEN, FIRST
from aggregates.order.parts import BATCH_MAX, CHOICE
from projections.order_rows import ISSUE, ISSUES, MESSAGE, TELL, UNREACHED, WAITS
from projections.paging import fetch


class IssuePart(NamedTuple):
    """The next coupons to ask the issuer for: fields of `RequestIssue`, and what the issuer is asked."""

    order_id: str
    batch: int
    line: int
    unit: int
    sku: str
    validity_days: int
    recipients: tuple[int, ...]


class MessagePart(NamedTuple):
    """The next messages to send: fields of `RequestMessages`."""

    order_id: str
    batch: int
    purpose: str
    recipients: tuple[int, ...]


class OpenBatch(NamedTuple):
    """A batch that waits for the provider's word.

    Attributes:
        kind: issue or messages. line, unit, sku, validity_days: of an issue batch. purpose: of messages.
        recipients: as they were asked for, in order. waiting: those without a result.
        position: of its request.
    """

    order_id: str
    account_id: str
    kind: str
    batch: int
    line: int | None
    unit: int | None
    sku: str | None
    validity_days: int | None
    purpose: str | None
    recipients: tuple[int, ...]
    waiting: tuple[int, ...]
    requested_at: datetime
    position: int


class WindowPart(NamedTuple):
    """Recipients of a choice order whose 7 days are over.

    Attributes:
        reached: those a message has reached: an item is chosen for them.
        unreached: those no message has reached: they are given up.
        product_ids: of the order's lines.
        excluded: recipient -> bit mask of lines that could not be issued to it, where there are any.
    """

    order_id: str
    reached: tuple[int, ...]
    unreached: tuple[int, ...]
    product_ids: tuple[str, ...]
    excluded: dict[int, int]


class OpenVoidRow(NamedTuple):
    """An approved void. `waiting`: its coupons without the issuer's word."""

    order_id: str
    account_id: str
    void: int
    coupons: tuple[int, ...]
    waiting: tuple[int, ...]
    coupons_each: int
    position: int


async def due_dispatches(conn: AsyncConnection[Any], *, at: datetime, limit: int = 100) -> list[str]:
    """Return orders scheduled for `at` or before, longest ago first."""
    query = """
        SELECT order_id FROM view_orders WHERE status = 'scheduled' AND scheduled_at <= %s
        ORDER BY scheduled_at, position LIMIT %s
    """
    return [row["order_id"] for row in await fetch(conn, query, [at, limit])]


async def orders_to_issue(conn: AsyncConnection[Any], *, limit: int = 50) -> list[str]:
    """Return started orders with recipients for whom a coupon is to be asked of the issuer, oldest first."""
    return await _orders_where(conn, "to_issue > 0", limit)


async def orders_to_message(conn: AsyncConnection[Any], *, limit: int = 50) -> list[str]:
    """Return started orders with recipients whose first message is due, oldest first."""
    return await _orders_where(conn, "to_message > 0", limit)


async def orders_to_tell(conn: AsyncConnection[Any], *, limit: int = 50) -> list[str]:
    """Return orders with recipients for whom an item was chosen and issued, and who do not know it."""
    return await _orders_where(conn, "to_tell > 0", limit)


async def next_issue(conn: AsyncConnection[Any], order_id: str, *, limit: int = BATCH_MAX) -> IssuePart | None:
    """Return the next batch of one item to ask the issuer for; None when nothing is due."""
    order = await _started(conn, order_id)
    if order is None or not order["to_issue"]:
        return None
    choice = order["kind"] == CHOICE
    waiting = "chosen" if choice else "strpos(coupons, '.') - 1"
    # Everybody's next coupon is of the item whose turn it is for the first of them; the others' turns come later.
    query = f"""
        WITH due AS (
            SELECT recipient, {waiting} AS place FROM view_order_recipients WHERE order_id = %s AND due = %s
        ), first AS (SELECT place FROM due ORDER BY place, recipient LIMIT 1)
        SELECT due.recipient, due.place FROM due JOIN first USING (place) ORDER BY due.recipient LIMIT %s
    """
    found = await fetch(conn, query, [order_id, ISSUE, limit])
    if not found:
        return None
    place = found[0]["place"]
    line, unit = (place, 0) if choice else _line_of(order["lines"], place)
    item = order["lines"][line]
    return IssuePart(
        order_id,
        order["issue_batches"] + 1,
        line,
        unit,
        item["sku"],
        item["validity_days"],
        tuple(row["recipient"] for row in found),
    )


async def next_messages(conn: AsyncConnection[Any], order_id: str, *, limit: int = BATCH_MAX) -> MessagePart | None:
    """Return the next batch of first messages; None when none is due."""
    return await _message_part(conn, order_id, MESSAGE, FIRST, limit)


async def next_tellings(conn: AsyncConnection[Any], order_id: str, *, limit: int = BATCH_MAX) -> MessagePart | None:
    """Return the next batch of people to tell that an item was chosen for them; None when there are none."""
    return await _message_part(conn, order_id, TELL, CHOSEN, limit)


async def open_batches(
    conn: AsyncConnection[Any], kind: str, *, after: int | None = None, limit: int = 50
) -> list[OpenBatch]:
    """Return batches that wait for the provider's word, oldest first.

    Args:
        kind: issue or messages. after: position of the last one of the page before.
    """
    query = """
        SELECT b.*, o.account_id, (o.lines -> b.line ->> 'validity_days')::int AS validity_days
        FROM view_order_batches b JOIN view_orders o USING (order_id)
        WHERE b.kind = %s AND b.waiting <> '{}' AND b.position > %s ORDER BY b.position LIMIT %s
    """
    return [
        OpenBatch(
            row["order_id"], row["account_id"], row["kind"], row["batch"], row["line"], row["unit"], row["sku"],
            row["validity_days"], row["purpose"], tuple(row["recipients"]), tuple(row["waiting"]),
            row["requested_at"], row["position"],
        )
        for row in await fetch(conn, query, [kind, after or 0, limit])
    ]  # fmt: skip


async def windows_over(conn: AsyncConnection[Any], *, today: date, limit: int = 50) -> list[str]:
    """Return orders with recipients who wait and whose 7 days are over on KST day `today`; longest ago first."""
    query = """
        SELECT order_id FROM view_orders WHERE next_window_on <= %s ORDER BY next_window_on, position LIMIT %s
    """
    return [row["order_id"] for row in await fetch(conn, query, [_last_start(today), limit])]


async def next_windows(
    conn: AsyncConnection[Any], order_id: str, *, today: date, limit: int = BATCH_MAX
) -> WindowPart | None:
    """Return recipients of an order whose 7 days are over on KST day `today`, up to `limit`; None when there are none.

    Source: SPEC P8, R-038.
    """
    order = await _started(conn, order_id)
    query = """
        SELECT recipient, due, excluded FROM view_order_recipients
        WHERE order_id = %s AND ((due = %s AND reached_on <= %s) OR (due = %s AND attempted_on <= %s))
        ORDER BY recipient LIMIT %s
    """
    last = _last_start(today)
    found = await fetch(conn, query, [order_id, WAITS, last, UNREACHED, last, limit])
    if order is None or not found:
        return None
    return WindowPart(
        order_id,
        tuple(row["recipient"] for row in found if row["due"] == WAITS),
        tuple(row["recipient"] for row in found if row["due"] == UNREACHED),
        tuple(line["product_id"] for line in order["lines"]),
        {row["recipient"]: row["excluded"] for row in found if row["excluded"]},
    )


async def open_voids(conn: AsyncConnection[Any], *, after: int | None = None, limit: int = 50) -> list[OpenVoidRow]:
    """Return approved voids that wait for the issuer's word, oldest first.

    Args:
        after: position of the last one of the page before.
    """
    query = """
        SELECT v.*, o.coupons_each FROM view_order_voids v JOIN view_orders o USING (order_id)
        WHERE v.status = 'approved' AND v.position > %s ORDER BY v.position LIMIT %s
    """
    return [
        OpenVoidRow(
            row["order_id"], row["account_id"], row["void"], tuple(row["coupons"]), tuple(row["waiting"]),
            row["coupons_each"], row["position"],
        )
        for row in await fetch(conn, query, [after or 0, limit])
    ]  # fmt: skip


async def issue_places(conn: AsyncConnection[Any], order_id: str, coupons: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return in which issue batch, and as which of its recipients, each coupon was issued: coupon -> (batch, index)."""
    order = await _started(conn, order_id)
    if order is None:
        return {}
    each, choice = order["coupons_each"], order["kind"] == CHOICE
    recipients = sorted({coupon // each for coupon in coupons})
    query = "SELECT recipient, chosen FROM view_order_recipients WHERE order_id = %s AND recipient = ANY(%s)"
    chosen = {row["recipient"]: row["chosen"] for row in await fetch(conn, query, [order_id, recipients])}
    query = """
        SELECT batch, line, unit, recipients FROM view_order_batches
        WHERE order_id = %s AND kind = %s AND recipients && %s::int[] ORDER BY batch
    """
    places: dict[int, tuple[int, int]] = {}
    wanted = set(coupons)
    for row in await fetch(conn, query, [order_id, ISSUES, recipients]):
        place = 0 if choice else _place_of(order["lines"], row["line"], row["unit"])
        for index, recipient in enumerate(row["recipients"]):
            coupon = recipient * each + place
            if coupon in wanted and (not choice or chosen.get(recipient) == row["line"]):
                places[coupon] = (row["batch"], index)
    return places


async def tokens_of(conn: AsyncConnection[Any], order_id: str, recipients: Sequence[int]) -> dict[int, str]:
    """Return the vault tokens of recipients: number -> token."""
    query = "SELECT recipient, token FROM view_order_recipients WHERE order_id = %s AND recipient = ANY(%s)"
    return {row["recipient"]: row["token"] for row in await fetch(conn, query, [order_id, list(recipients)])}


async def message_facts(conn: AsyncConnection[Any], order_id: str) -> dict[str, Any]:
    """Return what messages of an order are made of; empty for an order that the view does not know."""
    query = """
        SELECT account_id, member_id, number, kind, dispatch_title, sender_profile_id, template_id, theme_id,
            texts_token, lines
        FROM view_orders WHERE order_id = %s
    """
    found = await fetch(conn, query, [order_id])
    return found[0] if found else {}


async def placed_parties(conn: AsyncConnection[Any], first_tokens: Sequence[str]) -> set[str]:
    """Return which of these tokens are the first recipient of an order."""
    query = "SELECT first_token FROM view_orders WHERE first_token = ANY(%s)"
    return {row["first_token"] for row in await fetch(conn, query, [list(first_tokens)])}


async def off_sale_lines(conn: AsyncConnection[Any], order_id: str) -> tuple[int, ...]:
    """Return the lines of an order whose product is discontinued, as the view `products` has it."""
    query = """
        SELECT line.n - 1 AS line FROM view_orders o
        CROSS JOIN jsonb_array_elements(o.lines) WITH ORDINALITY AS line (item, n)
        JOIN view_products p ON p.product_id = line.item ->> 'product_id'
        WHERE o.order_id = %s AND NOT p.on_sale ORDER BY 1
    """
    return tuple(row["line"] for row in await fetch(conn, query, [order_id]))


async def _orders_where(conn: AsyncConnection[Any], condition: str, limit: int) -> list[str]:
    query = f"SELECT order_id FROM view_orders WHERE {condition} ORDER BY position LIMIT %s"
    return [row["order_id"] for row in await fetch(conn, query, [limit])]


async def _started(conn: AsyncConnection[Any], order_id: str) -> dict[str, Any] | None:
    query = """
        SELECT kind, lines, coupons_each, issue_batches, message_batches, to_issue FROM view_orders
        WHERE order_id = %s AND status IN ('sending', 'dispatched')
    """
    found = await fetch(conn, query, [order_id])
    return found[0] if found else None


async def _message_part(
    conn: AsyncConnection[Any], order_id: str, due: int, purpose: str, limit: int
) -> MessagePart | None:
    order = await _started(conn, order_id)
    query = """
        SELECT recipient FROM view_order_recipients WHERE order_id = %s AND due = %s ORDER BY recipient LIMIT %s
    """
    found = await fetch(conn, query, [order_id, due, limit])
    if order is None or not found:
        return None
    return MessagePart(order_id, order["message_batches"] + 1, purpose, tuple(row["recipient"] for row in found))


def _last_start(today: date) -> date:
    """Return the last first day of 7 that are over when a KST day begins."""
    return today - timedelta(days=WINDOW_DAYS + 1)


def _line_of(lines: Sequence[dict[str, Any]], place: int) -> tuple[int, int]:
    """Return line and unit of a place among a recipient's coupons."""
    for line, item in enumerate(lines):
        if place < item["quantity"]:
            return line, place
        place -= item["quantity"]
    raise LookupError("every coupon belongs to a line")


def _place_of(lines: Sequence[dict[str, Any]], line: int, unit: int) -> int:
    return sum(int(before["quantity"]) for before in lines[:line]) + unit

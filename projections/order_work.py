"""Questions of reactions and pages to the view `orders`, about one order whose work is being done.

Which orders have work is asked in `projections.order_open`; what is to be done is asked of the order itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from aggregates.order.parts import CHOICE
from projections.order_rows import ISSUES
from projections.paging import fetch


async def issue_places(conn: AsyncConnection[Any], order_id: str, coupons: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return in which issue batch, and as which of its recipients, each coupon was issued: coupon -> (batch, index)."""
    found = await fetch(conn, "SELECT kind, lines, coupons_each FROM view_orders WHERE order_id = %s", [order_id])
    if not found:
        return {}
    order = found[0]
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


def _place_of(lines: Sequence[dict[str, Any]], line: int, unit: int) -> int:
    return sum(int(before["quantity"]) for before in lines[:line]) + unit

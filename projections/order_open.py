"""Questions of the reactions to the view `orders`: which orders have work at all, and which are due to be sent.

What is to be done inside an order is not asked here: whoever works on it looks at the order itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from aggregates.dates import KST, business_date
from aggregates.order.choices import WINDOW_DAYS
from aggregates.order.messages import CHOSEN_FROM_HOUR
from projections.paging import fetch


class OpenOrder(NamedTuple):
    """An order in which something is to be done, or a provider has to be asked.

    Attributes:
        position: of the fact that placed it. version: of its stream, as far as the view has come.
    """

    order_id: str
    position: int
    version: int


async def open_orders(conn: AsyncConnection[Any], *, at: datetime, after: int, limit: int) -> list[OpenOrder]:
    """Return orders with something to do at an instant, or with a batch or a void that waits for its result.

    Args:
        after: position of the last one of the page before; 0 = from the first.

    Source: SPEC 3.5, R-031, R-034, R-038.
    """
    query = """
        WITH given AS (SELECT %s::bigint AS after, %s::boolean AS telling, %s::date AS starts_before), found AS (
            SELECT order_id FROM view_orders WHERE to_issue > 0
            UNION SELECT order_id FROM view_orders WHERE to_message > 0
            UNION SELECT order_id FROM view_orders WHERE to_tell > 0 AND (SELECT telling FROM given)
            UNION SELECT order_id FROM view_orders WHERE next_window_on < (SELECT starts_before FROM given)
            UNION SELECT order_id FROM view_order_batches WHERE waiting <> '{}'
            UNION SELECT order_id FROM view_order_voids WHERE status = 'approved'
        )
        SELECT o.order_id, o.position, o.version FROM found JOIN view_orders o USING (order_id)
        WHERE o.status IN ('sending', 'dispatched') AND o.position > (SELECT after FROM given)
        ORDER BY o.position LIMIT %s
    """
    telling = at.astimezone(KST).hour >= CHOSEN_FROM_HOUR
    starts_before = business_date(at) - timedelta(days=WINDOW_DAYS)
    parameters = [after, telling, starts_before, limit]
    return [OpenOrder(**row) for row in await fetch(conn, query, parameters)]


async def without_items(conn: AsyncConnection[Any], *, after: int, limit: int) -> list[OpenOrder]:
    """Return choice orders in which somebody waits to choose and no item is on sale any more.

    Args:
        after: position of the last one of the page before.

    Source: SPEC R-041.
    """
    query = """
        SELECT order_id, position, version FROM view_orders o
        WHERE position > %s AND next_window_on IS NOT NULL AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(o.lines) AS line
            LEFT JOIN view_products p ON p.product_id = line->>'product_id'
            WHERE coalesce(p.on_sale, true)
        )
        ORDER BY position LIMIT %s
    """
    return [OpenOrder(**row) for row in await fetch(conn, query, [after, limit])]


async def in_use(conn: AsyncConnection[Any], *, after: int, limit: int) -> list[OpenOrder]:
    """Return orders with coupons that the issuer may say were used or have expired.

    Args:
        after: position of the last one of the page before.

    Source: SPEC R-035.
    """
    query = """
        SELECT order_id, position, version FROM view_orders WHERE in_use > 0 AND position > %s
        ORDER BY position LIMIT %s
    """
    return [OpenOrder(**row) for row in await fetch(conn, query, [after, limit])]


async def requested(conn: AsyncConnection[Any], order_id: str, kind: str, batch: int) -> tuple[int, ...] | None:
    """Return the recipients of a batch in the order in which they were asked for; None = the view is not so far."""
    query = "SELECT recipients FROM view_order_batches WHERE order_id = %s AND kind = %s AND batch = %s"
    found = await fetch(conn, query, [order_id, kind, batch])
    return tuple(found[0]["recipients"]) if found else None


async def due_dispatches(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return scheduled orders whose time has come, longest ago first: order_id."""
    query = """
        SELECT order_id FROM view_orders WHERE status = 'scheduled' AND scheduled_at <= %s
        ORDER BY scheduled_at, position LIMIT %s
    """
    return await fetch(conn, query, [at, limit])

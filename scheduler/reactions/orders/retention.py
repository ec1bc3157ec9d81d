"""People of orders that are over: the vault is told when their coupons are final (SPEC R-003).

What was typed for them goes with them. From that day the five years of the law are counted. The day may lie ahead: a
coupon that nobody uses ends with its validity.
"""

from __future__ import annotations

from projections import order_retention
from projections.paging import fetch
from scheduler.reactions import cursors
from scheduler.reactions.bench import Bench, Reaction

CURSOR = "order-retention"
PAGE = 20
TOKENS_PAGE = 1_000


async def let_years_begin(bench: Bench) -> int:
    """Tell the vault when the coupons of orders that are over are final; return how many orders that were.

    Raises:
        ViewBehind, VaultUnavailable, psycopg.Error: the next step goes on.

    Source: SPEC R-003.
    """
    after = await cursors.read(bench, CURSOR)
    async with bench.see() as connection:
        over = await order_retention.finished(connection, after=after, limit=PAGE)
    for order in over:
        await _final(bench, order)
        await cursors.move(bench, CURSOR, order.position)
    return len(over)


RETENTION = Reaction(CURSOR, every_s=5.0, step=let_years_begin)


async def _final(bench: Bench, order: order_retention.FinishedOrder) -> None:
    async with bench.see("orders", at_least=order.position) as connection:
        query = "SELECT token FROM view_order_recipients WHERE order_id = %s ORDER BY recipient"
        tokens = [row["token"] for row in await fetch(connection, query, [order.order_id])]
        typed = "SELECT texts_token FROM view_orders WHERE order_id = %s AND texts_token IS NOT NULL"
        tokens += [row["texts_token"] for row in await fetch(connection, typed, [order.order_id])]
    for first in range(0, len(tokens), TOKENS_PAGE):
        await bench.vault.people.final(tokens[first : first + TOKENS_PAGE], order.final_on)

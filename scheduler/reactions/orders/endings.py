"""Coupons that were used or have expired: the issuer is asked about all that are in use, once a day (SPEC R-035).

A sweep goes through the orders from the oldest on; how far it has come on which day is kept, so that one that was
killed goes on, and one that was stopped for days begins anew.
"""

from __future__ import annotations

from aggregates import ids
from aggregates.dates import business_date
from aggregates.order import Order
from aggregates.order.endings import can_end
from ledger.commands.order_endings import EndCoupons
from ledger.loading import load_stream
from projections import order_open, order_work
from projections.order_open import OpenOrder
from scheduler.reactions import cursors
from scheduler.reactions.bench import Bench, Reaction
from scheduler.reactions.orders.case import Case, mark, sliced
from scheduler.reactions.orders.issuance import issue_key

NAME = "order-endings"
PAGE = 20
POSITIONS = 10**12
"""More than there will be facts: the cursor is the day times this, and the position of the last order of the day."""


async def ask_issuer(bench: Bench) -> int:
    """Ask about the coupons of the next orders of today's sweep; return how many orders that were.

    Raises:
        ViewBehind, PortUnavailable, psycopg.Error: the next step goes on. LedgerError: as of `Engine.submit`.

    Source: SPEC R-035.
    """
    today = business_date(bench.clock.now()).toordinal()
    day, after = divmod(await cursors.read(bench, NAME), POSITIONS)
    async with bench.see("orders") as connection:
        found = await order_open.in_use(connection, after=after if day == today else 0, limit=PAGE)
    for order in found:
        await _ask(bench, order)
        await cursors.move(bench, NAME, today * POSITIONS + order.position)
    return len(found)


ENDINGS = Reaction(NAME, every_s=5.0, step=ask_issuer)


async def _ask(bench: Bench, found: OpenOrder) -> None:
    """Record what the issuer says of one order's coupons; what it does not know, or says is in use, stays."""
    order = await load_stream(bench.engine.store, Order, ids.stream_id(found.order_id))
    assert isinstance(order, Order)
    await bench.engine.freshen(found.order_id)
    in_use = [coupon for coupon in range(len(order.coupons)) if can_end(order, coupon)]
    async with bench.see() as views:
        case = Case(bench, views, order)
        for part in sliced(in_use):
            places = await order_work.issue_places(views, found.order_id, part)
            refs = {coupon: f"{issue_key(found.order_id, batch)}/{at}" for coupon, (batch, at) in places.items()}
            states = await bench.ports.coupons.states(list(refs.values()))
            used, expired = (
                tuple(coupon for coupon, ref in refs.items() if states.get(ref) == state)
                for state in ("used", "expired")
            )
            if used or expired:
                command = EndCoupons(found.order_id, used, expired, bench.expired_refund_rate)
                await case.do(f"{found.order_id}:ended:{mark(used, expired)}", command)

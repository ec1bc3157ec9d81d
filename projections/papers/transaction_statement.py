"""Figures of a transaction statement: the orders as their facts up to a position make them (SPEC 7, T1 to T6).

Amounts are those of the coupons that were issued and are not voided, at the position; so a statement is a snapshot, and
one issued later may say less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.dates import rfc3339
from aggregates.errors import Conflict, Rejected
from aggregates.order import Order
from aggregates.order.parts import CHOICE, CouponState
from ledger.commands.orders import OrderNotFound
from projections.papers.stored import facts_of

STATED = ("sending", "dispatched")
ORDERS_MAX = 500
"""Orders of one statement; more are stated in parts."""

ISSUED = frozenset(
    {
        CouponState.ISSUED,
        CouponState.VOID_REQUESTED,
        CouponState.VOIDING,
        CouponState.USED,
        CouponState.EXPIRED,
    }
)
"""States of a coupon that was issued and is not voided."""


class OrdersNotStated(Conflict):
    """Only orders in sending and dispatched can be stated; one other among those selected refuses all (SPEC R-097)."""

    code = "orders_not_stated"


class NothingToState(Conflict):
    """There is no order in sending or dispatched."""

    code = "nothing_to_state"


class TooManyOrders(Rejected):
    """A statement has a bound of orders."""

    code = "too_many_orders"


class _Stated(NamedTuple):
    """One order with all that a statement says of it."""

    order: Order
    placed: Any
    started_at: datetime | None

    @property
    def ordered_at(self) -> datetime:
        at: datetime = self.placed.occurred_at
        return at


def check(found: Sequence[dict[str, Any]]) -> None:
    """Check that orders can be stated together.

    Args:
        found: {number, status} of each.

    Raises:
        OrdersNotStated: with the numbers of those that cannot. NothingToState. TooManyOrders.

    Source: SPEC T1, R-097.
    """
    refused = [order["number"] for order in found if order["status"] not in STATED]
    if refused:
        raise OrdersNotStated(
            "only orders in sending and dispatched can be stated; take the others out of the selection", orders=refused
        )
    if not found:
        raise NothingToState("there is no order in sending or dispatched")
    if len(found) > ORDERS_MAX:
        raise TooManyOrders(
            f"a statement may have {ORDERS_MAX} orders; select some of them", orders=len(found), orders_max=ORDERS_MAX
        )


async def figures(conn: AsyncConnection[Any], basis: dict[str, Any], position: int) -> dict[str, Any]:
    """Return the figures of a transaction statement.

    Args:
        basis: {account_id, order_ids}.

    Raises:
        OrderNotFound. OrdersNotStated, NothingToState, TooManyOrders: as of `check`.

    Source: SPEC T3, T5, T6, R-033.
    """
    stated = [await _folded(conn, order_id, position) for order_id in basis["order_ids"]]
    check([{"number": each.order.number, "status": each.order.status} for each in stated])
    stated.sort(key=lambda each: (each.ordered_at, each.order.number))
    coupons = _coupons(stated)
    amount = sum(each.order.issued_minor for each in stated)
    sold = sum(price * quantity for (_, price), quantity in coupons.items())
    return {
        "currency": stated[0].placed.currency,
        "order_name": stated[-1].placed.name,
        "ordered": _span([each.ordered_at for each in stated]),
        "dispatched": _span([each.started_at for each in stated if each.started_at is not None]),
        "orders": [
            {
                "ordered_at": rfc3339(each.ordered_at),
                "started_at": None if each.started_at is None else rfc3339(each.started_at),
                "number": each.order.number,
                "kind": each.order.kind,
                "name": each.placed.name,
                "amount": each.order.issued_minor,
            }
            for each in stated
        ],
        "items": [
            {"name": name, "price": price, "quantity": quantity, "amount": price * quantity}
            for (name, price), quantity in sorted(coupons.items())
        ],
        "quantity": sum(coupons.values()),
        "expired_returned": sold - amount,
        "amount": amount,
    }


async def _folded(conn: AsyncConnection[Any], order_id: str, position: int) -> _Stated:
    """Return an order as its facts up to a position make it. Raises: OrderNotFound."""
    stream = ids.stream_id(order_id)
    order: Order = Order.blank(stream)
    placed: Any = None
    started_at: datetime | None = None
    async for fact in facts_of(conn, stream, position):
        fact.mutate(order)
        if isinstance(fact, Order.Placed):
            placed = fact
        elif isinstance(fact, Order.DispatchStarted):
            started_at = fact.occurred_at
    if placed is None:
        raise OrderNotFound("there is no order with this id")
    return _Stated(order, placed, started_at)


def _coupons(stated: Sequence[_Stated]) -> Counter[tuple[str, int]]:
    """Return how many coupons were issued of each item at each price; voided ones are not among them."""
    counted: Counter[tuple[str, int]] = Counter()
    for each in stated:
        order = each.order
        for coupon, state in enumerate(order.coupons):
            if state in ISSUED:
                line = order.lines[_line(order, coupon)]
                counted[line.name, line.sale_minor] += 1
    return counted


def _line(order: Order, coupon: int) -> int:
    """Return of which item a coupon is."""
    recipient, place = divmod(coupon, order.coupons_each)
    if order.kind == CHOICE:
        return order.chosen[recipient]
    for number, line in enumerate(order.lines):
        place -= line.quantity
        if place < 0:
            return number
    raise AssertionError("every coupon belongs to a line")


def _span(instants: Sequence[datetime]) -> list[str | None]:
    """Return the first and the last of some instants; nothing twice where there is none."""
    return [rfc3339(min(instants)), rfc3339(max(instants))] if instants else [None, None]

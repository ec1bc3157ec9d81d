"""The dispatch of an order: it starts, at once or at its time; it is cancelled before; it ends with its last recipient.

SPEC 3.3, R-030, R-044. A resend never changes the state of an order (SPEC R-036).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp, fact
from aggregates.order.parts import OrderCounts, OrderMoney
from aggregates.order.purse import Purse

if TYPE_CHECKING:
    from aggregates.order.order import Order

SCHEDULED = "scheduled"
SENDING = "sending"
DISPATCHED = "dispatched"
CANCELLED = "cancelled"


class OrderNotScheduled(Conflict):
    """Only a scheduled order can be started or cancelled (SPEC R-030)."""

    code = "order_not_scheduled"


class DispatchNotDue(Conflict):
    """The time for which the order is scheduled has not come."""

    code = "dispatch_not_due"


class OrderNotStarted(Conflict):
    """The order is scheduled or cancelled: nothing of it is issued or sent."""

    code = "order_not_started"


@fact("order.dispatch_started")
class DispatchStarted(Fact):
    """The order is being sent: its coupons may be issued and its messages go out."""

    order_id: str
    account_id: str

    def apply(self, stream: Order) -> None:
        stream.status = SENDING


@fact("order.cancelled")
class OrderCancelled(Fact):
    """A scheduled order was cancelled; the whole hold went back in the same commit, without a fee (SPEC R-030).

    Attributes:
        money: of the order after it: all returned.
        reason: why, in a person's words; null when not given.
    """

    order_id: str
    account_id: str
    money: OrderMoney
    reason: str | None

    def apply(self, stream: Order) -> None:
        stream.status = CANCELLED
        stream.take_money(self.money)


@fact("order.dispatched")
class OrderDispatched(Fact):
    """No recipient is in progress any more: each is a success, a failure or an error.

    Attributes:
        counts: recipients by dispatch state.
    """

    order_id: str
    account_id: str
    counts: OrderCounts

    def apply(self, stream: Order) -> None:
        stream.status = DISPATCHED


def start_dispatch(order: Order, stamp: Stamp) -> None:
    """Start to send a scheduled order.

    Raises:
        OrderNotScheduled: it is sending, dispatched or cancelled.
        DispatchNotDue: its time has not come at the ledger's clock.

    Source: SPEC 3.3, O1.
    """
    _refuse_unscheduled(order)
    if order.scheduled_at is not None and order.now(stamp) < order.scheduled_at:
        raise DispatchNotDue("the order is scheduled for a later time")
    record_start(order, stamp)


def cancel_order(order: Order, stamp: Stamp, *, purse: Purse, reason: str | None = None) -> None:
    """Cancel a scheduled order and give the whole hold back.

    Raises:
        OrderNotScheduled: it is sending, dispatched or cancelled.
        AccountIsClosed: the account is closed.

    Source: SPEC R-030.
    """
    _refuse_unscheduled(order)
    purse.check()
    purse.give_back(stamp, order.held_minor, "order_cancelled")
    order.record(
        OrderCancelled,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        money=order.money(returned_minor=order.held_minor),
        reason=reason,
    )


def record_start(order: Order, stamp: Stamp) -> None:
    """Record that an order is being sent; the caller has checked it."""
    order.record(DispatchStarted, stamp, order_id=order.order_id, account_id=order.account_id)


def record_end(order: Order, stamp: Stamp) -> None:
    """Record that an order is dispatched if it is sending and no recipient is in progress (SPEC 3.3)."""
    if order.status == SENDING and not order.counts.progress:
        order.record(OrderDispatched, stamp, order_id=order.order_id, account_id=order.account_id, counts=order.counts)


def refuse_not_started(order: Order) -> None:
    """Refuse work on an order that is scheduled or cancelled. Raises: OrderNotStarted."""
    if order.status not in (SENDING, DISPATCHED):
        raise OrderNotStarted("the order is scheduled or cancelled; nothing of it is issued or sent")


def _refuse_unscheduled(order: Order) -> None:
    if order.status != SCHEDULED:
        raise OrderNotScheduled("only a scheduled order can be started or cancelled", status=order.status)

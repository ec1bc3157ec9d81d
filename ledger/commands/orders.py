"""Commands about an order as a whole: place it, start it, cancel it. Each answers with the order as it stands.

What happens inside an order, recipient by recipient, is in `ledger.commands.order_work`; voids in `order_voids`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from aggregates.errors import NotFound
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from aggregates.numbers import ORDERS, Numbers, series_id
from aggregates.order import Order
from aggregates.order.form import OrderDraft
from aggregates.order.parts import OrderCounts, OrderLine, OrderMoney
from aggregates.order.placing import next_order_id
from aggregates.order.purse import Purse
from aggregates.spend import Spend
from ledger.command import Answer, Streams, answer
from ledger.shapes import instant_json

TYPED = "order"
"""`PlaceOrder.source` of an order that a person or a service placed; a rule says which rule."""


class OrderNotFound(NotFound):
    """There is no such order."""

    code = "order_not_found"


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Order coupons: money, number, order and recipients in one commit.

    Attributes:
        member_id: the sub-member who orders; None = the master.
        name: 1..50 characters, for the orderer's eyes.
        kind: general or choice.
        lines: items with a snapshot of their prices.
        dispatch_title: 1..16 letters or digits, shown to recipients.
        recipients: vault tokens "rcp_...", 1..10,000.
        consent: the orderer agrees to the terms.
        designated: index of the line for silent recipients of a choice order; None = the dearest.
        scheduled_at: aware; None = at once.
        duplicates: a number repeats among the recipients. allow_duplicates: that is meant.
        sender_profile_id, template_id, theme_id: None = the service's own.
        texts_token: vault token of texts typed by hand; None = none.
        source: TYPED, or "anniversary:{rule}:{occurrence}".
    """

    ANSWER: ClassVar[str] = "order/1"

    account_id: str
    member_id: str | None
    name: str
    kind: str
    lines: tuple[OrderLine, ...]
    dispatch_title: str
    recipients: tuple[str, ...]
    consent: bool
    designated: int | None = None
    scheduled_at: datetime | None = None
    duplicates: bool = False
    allow_duplicates: bool = False
    sender_profile_id: str | None = None
    template_id: str | None = None
    theme_id: str | None = None
    texts_token: str | None = None
    source: str = TYPED

    @property
    def draft(self) -> OrderDraft:
        """Return what is to be ordered, without who orders it."""
        return OrderDraft(
            name=self.name,
            kind=self.kind,
            lines=self.lines,
            designated=self.designated,
            dispatch_title=self.dispatch_title,
            scheduled_at=self.scheduled_at,
            recipients=self.recipients,
            duplicates=self.duplicates,
            allow_duplicates=self.allow_duplicates,
            consent=self.consent,
            sender_profile_id=self.sender_profile_id,
            template_id=self.template_id,
            theme_id=self.theme_id,
            texts_token=self.texts_token,
            source=self.source,
        )

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.Spent` (a hold), `NumberDrawn`, `Order.Placed`, and `Order.RecipientsAdded` for each 500.

        An order that is not scheduled also records `Order.DispatchStarted`.

        Raises:
            NotFound: no such account.
            LedgerError: as of `Order.place`.
        """
        account = streams.account(self.account_id)
        numbers = streams.stream(Numbers, series_id(ORDERS))
        order_id = next_order_id(account)
        streams.born(Order, order_id).place(
            stamp,
            order_id=order_id,
            account=account,
            numbers=numbers,
            member_id=self.member_id,
            draft=self.draft,
        )


@dataclass(frozen=True, slots=True)
class StartDispatch:
    """Start to send a scheduled order whose time has come."""

    ANSWER: ClassVar[str] = "order-started/1"

    order_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.DispatchStarted`. Raises: OrderNotFound; as of `Order.start_dispatch`."""
        known_order(streams, self.order_id).start_dispatch(stamp)


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel a scheduled order; its whole amount goes back at once.

    Attributes:
        reason: why, in a person's words; None when not given.
    """

    ANSWER: ClassVar[str] = "order-cancelled/1"

    order_id: str
    reason: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.SpendReturned` and `Order.Cancelled`. Raises: OrderNotFound; as of `Order.cancel`."""
        order = known_order(streams, self.order_id)
        order.cancel(stamp, purse=purse_of(streams, order), reason=self.reason)


def known_order(streams: Streams, order_id: str) -> Order:
    """Return an order that was placed. Raises: OrderNotFound."""
    parse(order_id, "ord")
    return streams.known(Order, order_id, OrderNotFound)


def purse_of(streams: Streams, order: Order) -> Purse:
    """Return the money of an order on its account."""
    account = streams.account(order.account_id)
    return Purse(account, streams.stream(Spend, order.spend_id), order.spend_id)


@answer("order/1")
def placed(facts: Sequence[Fact]) -> Answer:
    """Answer with a new order."""
    fact = next(fact for fact in facts if isinstance(fact, Order.Placed))
    money = OrderMoney(fact.amount_minor, fact.amount_minor, 0, 0)
    counts = OrderCounts(fact.recipients, 0, 0, 0)
    return Answer(
        201,
        {
            "id": fact.order_id,
            "number": fact.number,
            "account_id": fact.account_id,
            "member_id": fact.member_id,
            "spend_id": fact.spend_id,
            "name": fact.name,
            "kind": fact.kind,
            "status": "sending" if fact.scheduled_at is None else "scheduled",
            "lines": [line_json(line) for line in fact.lines],
            "designated": fact.designated,
            "dispatch_title": fact.dispatch_title,
            "ordered_at": instant_json(fact.occurred_at),
            "ordered_on": fact.ordered_on.isoformat(),
            "scheduled_at": instant_json(fact.scheduled_at),
            "recipients": fact.recipients,
            "coupons": fact.recipients * fact.coupons_each,
            "currency": fact.currency,
            "list_amount": fact.list_minor,
            "discount": fact.discount_minor,
            **money_json(money),
            "counts": counts_json(counts),
            "source": fact.source,
        },
    )


@answer("order-started/1")
def started(facts: Sequence[Fact]) -> Answer:
    """Answer with what is being sent."""
    fact = next(fact for fact in facts if isinstance(fact, Order.DispatchStarted))
    return Answer(200, {"id": fact.order_id, "account_id": fact.account_id, "status": "sending"})


@answer("order-cancelled/1")
def cancelled(facts: Sequence[Fact]) -> Answer:
    """Answer with a cancelled order and its money."""
    fact = next(fact for fact in facts if isinstance(fact, Order.Cancelled))
    shape = {"id": fact.order_id, "account_id": fact.account_id, "status": "cancelled", "reason": fact.reason}
    return Answer(200, {**shape, **money_json(fact.money)})


def line_json(line: OrderLine) -> dict[str, Any]:
    """Return an item of an order as people see it."""
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "brand": line.brand,
        "list_price": line.list_minor,
        "sale_price": line.sale_minor,
        "validity_days": line.validity_days,
        "quantity": line.quantity,
        "cash_convertible": line.cash_convertible,
    }


def money_json(money: OrderMoney) -> dict[str, Any]:
    """Return where the amount of an order is; amount = held + confirmed + returned (SPEC R-033)."""
    return {
        "amount": money.amount_minor,
        "confirmed_amount": money.issued_minor,
        "held": money.held_minor,
        "returned": money.returned_minor,
    }


def counts_json(counts: OrderCounts) -> dict[str, int]:
    """Return recipients by dispatch state, and how many there are."""
    return {
        "total": counts.progress + counts.success + counts.failure + counts.error,
        "success": counts.success,
        "progress": counts.progress,
        "failure": counts.failure,
        "error": counts.error,
    }

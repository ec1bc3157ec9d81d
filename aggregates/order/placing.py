"""Placing an order: the facts of one commit that take its money, draw its number and record whom it is for.

All rules are checked before the first record: those of the form in `form`, those of the money by the account.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from aggregates.account import Account, spends
from aggregates.dates import business_date
from aggregates.fact import Fact, Stamp, fact
from aggregates.ids import child_id
from aggregates.numbers import ORDERS, Numbers, order_number
from aggregates.order import dispatch
from aggregates.order.form import OrderCurrencyUnsupported, OrderDraft, check_draft
from aggregates.order.parts import BATCH_MAX, CHOICE, OrderLine
from aggregates.order.pricing import coupons_each, dearest, price_order

if TYPE_CHECKING:
    from aggregates.order.order import Order


@fact("order.placed")
class OrderPlaced(Fact):
    """A company ordered coupons; their price was taken from its account in the same commit, as a hold.

    Attributes:
        number: what people call the order: CB20241028C0388.
        member_id: the sub-member who ordered; null = the master.
        spend_id: the hold on the account.
        name: for the orderer's own eyes.
        kind: general or choice.
        lines: items with their prices of that moment.
        designated: index of the line that a silent recipient gets; null on a general order.
        dispatch_title: shown to recipients.
        ordered_on: KST date of the order.
        scheduled_at: when it will be sent; null = at once.
        recipients: how many; their tokens are in the facts that follow.
        coupons_each: coupons for each recipient; coupon number n of the order belongs to recipient n // coupons_each.
        list_minor, discount_minor: list price of all, and what the amount is below it.
        amount_minor: taken; of a choice order at the price of the dearest item.
        unit_minor: part of the amount for one recipient.
        cash_minor: part of the amount that counts against the cash-convertible limit.
        allow_duplicates: a number may repeat among the recipients.
        sender_profile_id, template_id, theme_id: look of messages and page; null = the service's own.
        texts_token: vault token of texts typed by hand; null = none.
        source: order, or anniversary:{rule}:{occurrence}.
    """

    order_id: str
    number: str
    account_id: str
    member_id: str | None
    spend_id: str
    name: str
    kind: str
    lines: tuple[OrderLine, ...]
    designated: int | None
    dispatch_title: str
    ordered_on: date
    scheduled_at: datetime | None
    recipients: int
    coupons_each: int
    list_minor: int
    discount_minor: int
    amount_minor: int
    unit_minor: int
    cash_minor: int
    currency: str
    mode: str
    allow_duplicates: bool
    sender_profile_id: str | None
    template_id: str | None
    theme_id: str | None
    texts_token: str | None
    source: str

    def apply(self, stream: Order) -> None:
        stream.order_id = self.order_id
        stream.number = self.number
        stream.account_id = self.account_id
        stream.member_id = self.member_id
        stream.spend_id = self.spend_id
        stream.kind = self.kind
        stream.lines = self.lines
        stream.designated = self.designated
        stream.ordered_on = self.ordered_on
        stream.scheduled_at = self.scheduled_at
        stream.unit_minor = self.unit_minor
        stream.amount_minor = stream.held_minor = self.amount_minor
        stream.begin(self.recipients, self.coupons_each, by_month=self.mode == "postpaid")


@fact("order.recipients_added")
class RecipientsAdded(Fact):
    """Recipients of an order, at most 500 in a fact; recorded with the order, never changed (SPEC O4).

    Attributes:
        first: number of the first of them in the order, counted from 0.
        tokens: their vault tokens, in order; no personal data.
    """

    order_id: str
    account_id: str
    first: int
    tokens: tuple[str, ...]

    def apply(self, stream: Order) -> None:
        """Fold nothing: who they are is for views; the state knows how many."""


def place_order(
    order: Order,
    stamp: Stamp,
    *,
    order_id: str,
    account: Account,
    numbers: Numbers,
    member_id: str | None,
    draft: OrderDraft,
) -> None:
    """Place an order: hold its amount, draw its number, record it and its recipients; send it unless it is scheduled.

    Args:
        order: blank. order_id: named after the hold's fact, the account's next one.

    Raises:
        LedgerError: as of `check_draft`.
        OrderCurrencyUnsupported: the account is not in KRW.
        LedgerError: as of `Account.spend`: standing, limits and money, in one decision.

    Source: SPEC R-016, R-020, R-021, R-025.
    """
    ordered_on = business_date(stamp.occurred_at)
    check_draft(draft, ordered_on=ordered_on, now=account.now(stamp))
    if account.currency != "KRW":
        raise OrderCurrencyUnsupported("orders are in KRW; the account is in another currency")
    price = price_order(draft.kind, draft.lines, len(draft.recipients))
    number = order_number(ordered_on, numbers.last + 1)
    spent = account.spend(
        stamp,
        amount_minor=price.amount_minor,
        reference=number,
        member_id=member_id,
        capture=False,
        expires_at=spends.NEVER,
        cash_minor=price.cash_minor,
    )
    numbers.draw(stamp, series=ORDERS)
    designated = draft.designated
    if draft.kind == CHOICE and designated is None:
        designated = dearest(draft.lines)
    order.record(
        OrderPlaced,
        stamp,
        order_id=order_id,
        number=number,
        account_id=account.account_id,
        member_id=member_id,
        spend_id=spent.spend_id,
        name=draft.name,
        kind=draft.kind,
        lines=draft.lines,
        designated=designated,
        dispatch_title=draft.dispatch_title,
        ordered_on=ordered_on,
        scheduled_at=draft.scheduled_at,
        recipients=len(draft.recipients),
        coupons_each=coupons_each(draft.kind, draft.lines),
        list_minor=price.list_minor,
        discount_minor=price.discount_minor,
        amount_minor=price.amount_minor,
        unit_minor=price.unit_minor,
        cash_minor=price.cash_minor,
        currency=account.currency,
        mode=account.mode,
        allow_duplicates=draft.allow_duplicates,
        sender_profile_id=draft.sender_profile_id,
        template_id=draft.template_id,
        theme_id=draft.theme_id,
        texts_token=draft.texts_token,
        source=draft.source,
    )
    for first in range(0, len(draft.recipients), BATCH_MAX):
        order.record(
            RecipientsAdded,
            stamp,
            order_id=order_id,
            account_id=account.account_id,
            first=first,
            tokens=draft.recipients[first : first + BATCH_MAX],
        )
    if draft.scheduled_at is None:
        dispatch.record_start(order, stamp)


def next_order_id(account: Account) -> str:
    """Return the id of an order whose hold is the account's next fact."""
    return child_id("ord", account.account_id, account.version + 1)

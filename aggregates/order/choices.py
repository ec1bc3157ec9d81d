"""Choices: each recipient of a choice order picks one item within 7 days (SPEC P5, R-038, R-046).

The first recorded selection wins and is final (SPEC R-046). The window is decided from the clock when a command comes;
whether an item is still on sale is said by whoever asks, because products are streams of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from aggregates.dates import is_within
from aggregates.errors import Conflict, Malformed
from aggregates.fact import Fact, Stamp, fact
from aggregates.order import dispatch
from aggregates.order.issuance import check_recipients
from aggregates.order.parts import CHOICE, CouponState

if TYPE_CHECKING:
    from aggregates.order.order import Order

WINDOW_DAYS = 7


class NotAChoiceOrder(Conflict):
    """On a general order nobody chooses."""

    code = "not_a_choice_order"


class AlreadyChosen(Conflict):
    """The recipient's item is settled: the first recorded selection is final (SPEC R-046)."""

    code = "already_chosen"


class ItemGone(Conflict):
    """The item could not be issued to this recipient, or is off sale; another one can be chosen."""

    code = "item_gone"


class ChoiceNotOpen(Conflict):
    """No message has been sent to the recipient yet."""

    code = "choice_not_open"


class ChoiceWindowClosed(Conflict):
    """The 7 days are over (SPEC R-038)."""

    code = "choice_window_closed"


@fact("order.item_chosen")
class ItemChosen(Fact):
    """A recipient picked an item; it will be issued.

    Attributes:
        recipient: number of the recipient.
        line: index of the item.
        difference_minor: what will be given back when it is issued: dearest - chosen.
    """

    order_id: str
    account_id: str
    recipient: int
    line: int
    difference_minor: int

    def apply(self, stream: Order) -> None:
        stream.choose(self.recipient, self.line)


def window_start(order: Order, recipient: int) -> date | None:
    """Return the day from which the 7 days count: of the first successful message, else of the first attempt."""
    return order.reached_on(recipient) or order.attempted_on(recipient)


def choice_is_open(order: Order, recipient: int, at: datetime) -> bool:
    """Say whether a recipient may choose at an instant. Source: SPEC R-038."""
    start = window_start(order, recipient)
    awaits = order.kind == CHOICE and order.coupons[recipient] == CouponState.OPEN
    return awaits and start is not None and is_within(start, WINDOW_DAYS, at)


def choose_item(order: Order, stamp: Stamp, *, recipient: int, line: int, off_sale: Sequence[int] = ()) -> None:
    """Record a recipient's selection.

    Args:
        off_sale: lines whose product is discontinued now.

    Raises:
        Malformed: no such recipient or line.
        OrderNotStarted, NotAChoiceOrder: nothing to choose.
        AlreadyChosen: a selection is recorded, or nothing will be issued.
        ChoiceNotOpen: no message was sent yet.
        ChoiceWindowClosed: after 24:00 of the seventh day.
        ItemGone: the item failed for this recipient, or is off sale.

    Source: SPEC P5, R-038, R-046.
    """
    check_recipients(order, [recipient])
    if not 0 <= line < len(order.lines):
        raise Malformed("line must be an item of the order", field="line")
    refuse_general(order)
    if order.coupons[recipient] != CouponState.OPEN:
        raise AlreadyChosen("the recipient's item is settled; the first selection is final")
    start = window_start(order, recipient)
    if start is None:
        raise ChoiceNotOpen("no message was sent to the recipient yet")
    if not is_within(start, WINDOW_DAYS, order.now(stamp)):
        raise ChoiceWindowClosed("the 7 days in which the recipient could choose are over")
    if line in off_sale or order.is_excluded(recipient, line):
        raise ItemGone("this item cannot be had any more; choose another one")
    order.record(
        ItemChosen,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        recipient=recipient,
        line=line,
        difference_minor=order.unit_minor - order.lines[line].sale_minor,
    )


def refuse_general(order: Order) -> None:
    """Refuse choosing where there is no choice. Raises: OrderNotStarted, NotAChoiceOrder."""
    dispatch.refuse_not_started(order)
    if order.kind != CHOICE:
        raise NotAChoiceOrder("on a general order every item goes to every recipient")

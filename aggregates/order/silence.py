"""Silence: what becomes of recipients of a choice order who do not choose, or cannot (SPEC P8, R-038..R-041).

Whose 7 days are over gets the designated item, or the dearest that is left. Whom no message has reached, or for whom no
item is left, gets nothing, and the whole price goes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aggregates.dates import is_within
from aggregates.errors import Conflict, Malformed
from aggregates.fact import Fact, Stamp, fact
from aggregates.order import dispatch
from aggregates.order.choices import WINDOW_DAYS, AlreadyChosen, ChoiceNotOpen, refuse_general
from aggregates.order.issuance import check_recipients
from aggregates.order.parts import CouponState, DispatchState, OrderCounts, OrderMoney
from aggregates.order.pricing import dearest
from aggregates.order.purse import Purse

if TYPE_CHECKING:
    from aggregates.order.order import Order

NOT_DELIVERED = "not_delivered"
ITEMS_GONE = "items_gone"


class ChoiceWindowOpen(Conflict):
    """The 7 days are not over: the recipient may still choose (SPEC R-038)."""

    code = "choice_window_open"


class MessageDelivered(Conflict):
    """A message has reached the recipient, so the recipient is not given up."""

    code = "message_delivered"


class ItemsOnSale(Conflict):
    """An item that the recipient can have is still on sale."""

    code = "items_on_sale"


@fact("order.items_auto_chosen")
class ItemsAutoChosen(Fact):
    """Recipients were silent for 7 days: an item was chosen for them (SPEC P8, R-040).

    Attributes:
        recipients: numbers of the recipients, at most 500.
        line: index of the item: the designated one, or the dearest that is left to them.
        difference_minor: what will be given back for each when it is issued.
    """

    order_id: str
    account_id: str
    recipients: tuple[int, ...]
    line: int
    difference_minor: int

    def apply(self, stream: Order) -> None:
        for recipient in self.recipients:
            stream.choose(recipient, self.line)
            stream.auto[recipient] = 1


@fact("order.recipients_given_up")
class RecipientsGivenUp(Fact):
    """Nothing will be issued to these recipients of a choice order; their whole price went back in the same commit.

    Attributes:
        recipients: numbers of the recipients, at most 500.
        reason: not_delivered (no message reached them in time, SPEC R-038) or items_gone (SPEC R-041).
        errored: of them, those to whom nothing was sent yet: nothing will be.
        returned_minor: given back.
        money: of the order after it.
        counts: recipients by dispatch state after it.
    """

    order_id: str
    account_id: str
    recipients: tuple[int, ...]
    reason: str
    errored: tuple[int, ...]
    returned_minor: int
    money: OrderMoney
    counts: OrderCounts

    def apply(self, stream: Order) -> None:
        for recipient in self.recipients:
            stream.coupons[recipient] = CouponState.ISSUE_FAILED
        for recipient in self.errored:
            stream.dispatch[recipient] = DispatchState.ERROR
        stream.take_money(self.money)
        stream.counts = self.counts


def auto_choose(
    order: Order, stamp: Stamp, *, purse: Purse, recipients: Sequence[int], off_sale: Sequence[int] = ()
) -> None:
    """Choose for recipients whose 7 days are over: the designated item, else the dearest left, else none.

    Recipients who have chosen meanwhile are left out: theirs was first.

    Args:
        recipients: 1..500 numbers. off_sale: lines whose product is discontinued now.

    Raises:
        Malformed: no such recipient.
        OrderNotStarted, NotAChoiceOrder: nothing to choose.
        AlreadyChosen: all of them have chosen.
        ChoiceNotOpen: no message has reached one of them.
        ChoiceWindowOpen: one of them may still choose.
        AccountIsClosed: money goes back to an account that is closed.

    Source: SPEC P8, R-038..R-041, R-046.
    """
    check_recipients(order, recipients)
    refuse_general(order)
    waiting = [recipient for recipient in recipients if order.coupons[recipient] == CouponState.OPEN]
    if not waiting:
        raise AlreadyChosen("every one of these recipients has an item; the first selection is final")
    now = order.now(stamp)
    chosen: dict[int | None, list[int]] = {}
    for recipient in waiting:
        start = order.reached_on(recipient)
        if start is None:
            raise ChoiceNotOpen("no message has reached the recipient", recipient=recipient)
        if is_within(start, WINDOW_DAYS, now):
            raise ChoiceWindowOpen("the recipient may still choose", recipient=recipient)
        chosen.setdefault(_assigned(order, recipient, off_sale), []).append(recipient)
    without = chosen.pop(None, [])
    if without:
        purse.check()
        _give_up(order, stamp, purse, without, ITEMS_GONE)
    for line, of_line in chosen.items():
        assert line is not None, "those without an item are given up"
        order.record(
            ItemsAutoChosen,
            stamp,
            order_id=order.order_id,
            account_id=order.account_id,
            recipients=tuple(of_line),
            line=line,
            difference_minor=order.unit_minor - order.lines[line].sale_minor,
        )


def give_up_recipients(
    order: Order,
    stamp: Stamp,
    *,
    purse: Purse,
    recipients: Sequence[int],
    reason: str,
    off_sale: Sequence[int] = (),
) -> None:
    """Give the whole price back for recipients who cannot get anything any more; nothing will be sent to the unwritten.

    Args:
        recipients: 1..500 numbers.
        reason: not_delivered or items_gone.
        off_sale: lines whose product is discontinued now (for items_gone).

    Raises:
        Malformed: no such recipient, an unknown reason.
        OrderNotStarted, NotAChoiceOrder: nothing to give up.
        AlreadyChosen: one of them has an item, or is given up.
        MessageDelivered: not_delivered, and a message has reached one of them.
        ChoiceNotOpen: not_delivered, and no message was ever sent to one of them.
        ChoiceWindowOpen: not_delivered, and its 7 days from the first attempt are not over.
        ItemsOnSale: items_gone, and one of them can still have an item.
        AccountIsClosed: the account is closed.

    Source: SPEC R-038, R-041.
    """
    check_recipients(order, recipients)
    if reason not in (NOT_DELIVERED, ITEMS_GONE):
        raise Malformed(f"reason must be {NOT_DELIVERED} or {ITEMS_GONE}", field="reason")
    refuse_general(order)
    for recipient in recipients:
        if order.coupons[recipient] != CouponState.OPEN:
            raise AlreadyChosen("the recipient's item is settled", recipient=recipient)
        if reason == NOT_DELIVERED:
            _refuse_reachable(order, stamp, recipient)
        elif _left(order, recipient, off_sale) is not None:
            raise ItemsOnSale("the recipient can still have an item", recipient=recipient)
    purse.check()
    _give_up(order, stamp, purse, list(recipients), reason)


def _give_up(order: Order, stamp: Stamp, purse: Purse, recipients: list[int], reason: str) -> None:
    returned_minor = order.unit_minor * len(recipients)
    errored = tuple(
        recipient
        for recipient in recipients
        if order.dispatch[recipient] == DispatchState.IN_PROGRESS and not order.sending[recipient]
    )
    purse.give_back(stamp, returned_minor, "not_delivered" if reason == NOT_DELIVERED else "issue_failed")
    order.record(
        RecipientsGivenUp,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        recipients=tuple(recipients),
        reason=reason,
        errored=errored,
        returned_minor=returned_minor,
        money=order.money(returned_minor=returned_minor),
        counts=order.counted(error=len(errored)),
    )
    dispatch.record_end(order, stamp)


def _refuse_reachable(order: Order, stamp: Stamp, recipient: int) -> None:
    if order.reached_on(recipient) is not None:
        raise MessageDelivered("a message has reached the recipient", recipient=recipient)
    attempted_on = order.attempted_on(recipient)
    if attempted_on is None:
        raise ChoiceNotOpen("no message was sent to the recipient yet", recipient=recipient)
    if is_within(attempted_on, WINDOW_DAYS, order.now(stamp)):
        raise ChoiceWindowOpen("a message may still reach the recipient", recipient=recipient)


def _assigned(order: Order, recipient: int, off_sale: Sequence[int]) -> int | None:
    designated = order.designated
    if designated is not None and designated not in off_sale and not order.is_excluded(recipient, designated):
        return designated
    return _left(order, recipient, off_sale)


def _left(order: Order, recipient: int, off_sale: Sequence[int]) -> int | None:
    """Return the dearest item that a recipient can still have; None when none is left."""
    gone = {line for line in range(len(order.lines)) if line in off_sale or order.is_excluded(recipient, line)}
    return dearest(order.lines, gone)

"""How coupons end: used, or expired without use, as the issuer says (SPEC R-035).

A coupon that nobody used keeps its money where it is, unless the operator's policy gives a share of its price back. The
share goes back in the commit that records the expiry, so it goes back once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aggregates.errors import Conflict, Malformed
from aggregates.fact import Fact, Stamp, fact
from aggregates.order import dispatch
from aggregates.order.issuance import check_results
from aggregates.order.parts import BATCH_MAX, CouponState, DispatchState, OrderMoney
from aggregates.order.purse import Purse

if TYPE_CHECKING:
    from aggregates.order.order import Order

RATE_MAX = 100
"""Percent of the price of an expired coupon that can go back."""


class CouponNotInUse(Conflict):
    """Only an issued coupon whose void is not asked for, and whose message has its result, can be used or expire."""

    code = "coupon_not_in_use"


@fact("order.coupons_ended")
class CouponsEnded(Fact):
    """The issuer said of coupons that they were used, or expired without use; what is due moved in the same commit.

    Attributes:
        used, expired: numbers of the coupons in the order, at most 500 together.
        refund_rate: percent of the price of an expired coupon that went back; 0 = the policy gives nothing, or the
            account is closed.
        returned_minor: given back.
        money: of the order after it.
    """

    order_id: str
    account_id: str
    used: tuple[int, ...]
    expired: tuple[int, ...]
    refund_rate: int
    returned_minor: int
    money: OrderMoney

    def apply(self, stream: Order) -> None:
        stream.set_coupons(self.used, CouponState.USED)
        stream.set_coupons(self.expired, CouponState.EXPIRED)
        stream.take_money(self.money)


def can_end(order: Order, coupon: int) -> bool:
    """Say whether a coupon may be said to be used or expired now."""
    in_progress = order.dispatch[coupon // order.coupons_each] == DispatchState.IN_PROGRESS
    return not in_progress and bool(order.coupons[coupon] == CouponState.ISSUED)


def share_of(price_minor: int, refund_rate: int) -> int:
    """Return what goes back for an expired coupon: a share of its price, rounded down to a whole unit."""
    return price_minor * refund_rate // 100


def end_coupons(
    order: Order, stamp: Stamp, *, purse: Purse, used: Sequence[int], expired: Sequence[int], refund_rate: int = 0
) -> None:
    """Record what the issuer definitely said of issued coupons; give the share of the expired ones back.

    Args:
        used, expired: numbers of coupons in the order, 1..500 together, each once.
        refund_rate: 0..100 percent of the price of each expired coupon, each rounded down. Nothing goes back to a
            closed account.

    Raises:
        Malformed: nothing, too many, one twice, no such coupon, or a rate out of bounds.
        OrderNotStarted: scheduled or cancelled.
        CouponNotInUse: a coupon is not issued, in a void, or ended before.

    Source: SPEC R-035, R-076.
    """
    ended = [*used, *expired]
    check_results(ended)
    if len(ended) > BATCH_MAX or min(ended) < 0 or max(ended) >= len(order.coupons):
        raise Malformed(f"1 to {BATCH_MAX} coupons of the order can be named", field="coupons")
    if not 0 <= refund_rate <= RATE_MAX:
        raise Malformed(f"refund_rate must be 0 to {RATE_MAX} percent", field="refund_rate")
    dispatch.refuse_not_started(order)
    if not all(can_end(order, coupon) for coupon in ended):
        raise CouponNotInUse("a coupon is not in use: not issued, in a void, or ended before")
    if purse.account.status == "closed" or not expired:
        refund_rate = 0
    returned_minor = sum(share_of(order.price_of(coupon), refund_rate) for coupon in expired)
    if returned_minor:
        shares = order.issued_in(expired, lambda coupon: share_of(order.price_of(coupon), refund_rate))
        purse.take_back(stamp, returned_minor, "expired", shares)
    order.record(
        CouponsEnded,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        used=tuple(used),
        expired=tuple(expired),
        refund_rate=refund_rate,
        returned_minor=returned_minor,
        money=order.money(issued_minor=-returned_minor, returned_minor=returned_minor),
    )

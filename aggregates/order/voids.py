"""Voids: issued coupons taken out of use; the orderer asks, an operator approves, the issuer confirms (SPEC R-034).

Money goes back only for what the issuer confirms. A coupon that is used, or of which nothing definite is known, keeps
its money where it is.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aggregates.errors import Conflict, Malformed, NotFound
from aggregates.fact import Fact, Stamp, fact
from aggregates.order import dispatch
from aggregates.order.issuance import check_results
from aggregates.order.parts import BATCH_MAX, CouponState, DispatchState, OpenVoid, OrderMoney
from aggregates.order.purse import Purse

if TYPE_CHECKING:
    from aggregates.order.order import Order


class CouponNotVoidable(Conflict):
    """Only issued coupons whose void is not asked for can be voided, once their message has its result."""

    code = "coupon_not_voidable"


class VoidNotFound(NotFound):
    """The order has no such void."""

    code = "void_not_found"


class VoidAlreadyDecided(Conflict):
    """An operator has decided this void, or all of it is settled."""

    code = "void_already_decided"


class VoidNotApproved(Conflict):
    """No operator has approved this void, or all of it is settled."""

    code = "void_not_approved"


class CouponNotInVoid(Conflict):
    """A coupon is not in the void, or has its result already."""

    code = "coupon_not_in_void"


@fact("order.void_requested")
class VoidRequested(Fact):
    """The orderer asked to take issued coupons out of use; an operator decides.

    Attributes:
        void: number of the request among the order's voids: 1, 2, 3, ...
        coupons: numbers of the coupons in the order, at most 500.
        reason: why, in the orderer's words.
    """

    order_id: str
    account_id: str
    void: int
    coupons: tuple[int, ...]
    reason: str

    def apply(self, stream: Order) -> None:
        stream.voids = self.void
        stream.open_voids[self.void] = OpenVoid(False, array("I", self.coupons))
        stream.set_coupons(self.coupons, CouponState.VOID_REQUESTED)


@fact("order.void_approved")
class VoidApproved(Fact):
    """An operator approved a void; the issuer is being asked.

    Attributes:
        void: number of the request.
        coupons: numbers of the coupons in the order.
    """

    order_id: str
    account_id: str
    void: int
    coupons: tuple[int, ...]

    def apply(self, stream: Order) -> None:
        stream.open_voids[self.void] = OpenVoid(True, array("I", self.coupons))
        stream.set_coupons(self.coupons, CouponState.VOIDING)


@fact("order.void_rejected")
class VoidRejected(Fact):
    """An operator turned a void down; its coupons stay in use.

    Attributes:
        void: number of the request.
        coupons: numbers of the coupons in the order.
        reason: why, in the operator's words.
    """

    order_id: str
    account_id: str
    void: int
    coupons: tuple[int, ...]
    reason: str

    def apply(self, stream: Order) -> None:
        del stream.open_voids[self.void]
        stream.set_coupons(self.coupons, CouponState.ISSUED)


@fact("order.void_settled")
class VoidSettled(Fact):
    """The issuer definitely said what became of coupons of a void; the money of the voided went back with it.

    Attributes:
        void: number of the request.
        voided: coupons out of use.
        refused: coupons that stay, e.g. because they are used.
        code: the issuer's reason for those that stay; null when none does.
        returned_minor: price of the voided.
        money: of the order after it.
        unsettled: coupons of the void whose result is still unknown.
    """

    order_id: str
    account_id: str
    void: int
    voided: tuple[int, ...]
    refused: tuple[int, ...]
    code: str | None
    returned_minor: int
    money: OrderMoney
    unsettled: int

    def apply(self, stream: Order) -> None:
        stream.set_coupons(self.voided, CouponState.VOIDED)
        stream.set_coupons(self.refused, CouponState.ISSUED)
        stream.close_void(self.void, {*self.voided, *self.refused})
        stream.take_money(self.money)


def request_void(order: Order, stamp: Stamp, *, purse: Purse, coupons: Sequence[int], reason: str) -> int:
    """Ask to take issued coupons out of use. Returns the number of the request.

    Args:
        coupons: 1..500 numbers of coupons in the order (recipient x coupons_each + place), each once.
        reason: why, in the orderer's words.

    Raises:
        Malformed: no such coupon, or one twice.
        OrderNotStarted: scheduled or cancelled.
        CouponNotVoidable: not issued, a void of it is asked for, or its recipient is still in progress.
        AccountIsClosed: money could not come back any more.

    Source: SPEC R-032, R-034.
    """
    if not 1 <= len(coupons) <= BATCH_MAX or len(set(coupons)) != len(coupons):
        raise Malformed(f"a void names 1 to {BATCH_MAX} coupons, each once", field="coupons")
    if min(coupons) < 0 or max(coupons) >= len(order.coupons):
        raise Malformed("a coupon is not one of the order", field="coupons")
    dispatch.refuse_not_started(order)
    for coupon in coupons:
        in_progress = order.dispatch[coupon // order.coupons_each] == DispatchState.IN_PROGRESS
        if in_progress or order.coupons[coupon] != CouponState.ISSUED:
            raise CouponNotVoidable("only issued coupons can be voided, once their message has its result")
    purse.check()
    requested: VoidRequested = order.record(
        VoidRequested,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        void=order.voids + 1,
        coupons=tuple(coupons),
        reason=reason,
    )
    return requested.void


def approve_void(order: Order, stamp: Stamp, *, purse: Purse, void: int) -> None:
    """Approve a void; the issuer is asked once this is recorded, and the account stays open until it has answered.

    Raises:
        VoidNotFound, VoidAlreadyDecided: there is nothing to decide.
        AccountIsClosed: money could not come back any more.

    Source: SPEC R-034.
    """
    opened = _undecided(order, void)
    purse.await_void(stamp, order.order_id, void, len(opened.coupons))
    order.record(
        VoidApproved,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        void=void,
        coupons=tuple(opened.coupons),
    )


def reject_void(order: Order, stamp: Stamp, *, void: int, reason: str) -> None:
    """Turn a void down; the coupons stay in use.

    Raises:
        VoidNotFound, VoidAlreadyDecided: there is nothing to decide.

    Source: SPEC R-034.
    """
    opened = _undecided(order, void)
    order.record(
        VoidRejected,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        void=void,
        coupons=tuple(opened.coupons),
        reason=reason,
    )


def record_voided(
    order: Order,
    stamp: Stamp,
    *,
    purse: Purse,
    void: int,
    voided: Sequence[int],
    refused: Sequence[int],
    code: str | None = None,
) -> None:
    """Record what the issuer definitely said of a void, all of it or a part; give the money of the voided back.

    Args:
        voided, refused: coupons of the void, at least one together, each once.
        code: the issuer's reason for those that stay.

    Raises:
        Malformed: nothing, or a coupon twice.
        VoidNotFound, VoidNotApproved: the issuer was not to be asked, or all is settled.
        CouponNotInVoid: a coupon is not in it or has its result.
        AccountIsClosed: money goes back to an account that is closed.

    Source: SPEC R-034, R-076, R-090.
    """
    check_results([*voided, *refused])
    _require(order, void)
    opened = order.open_voids.get(void)
    if opened is None or not opened.approved:
        raise VoidNotApproved("the void is not approved, or all of it is settled")
    if not {*voided, *refused} <= set(opened.coupons):
        raise CouponNotInVoid("a coupon is not in the void or has its result already")
    returned_minor = sum(order.price_of(coupon) for coupon in voided)
    if returned_minor:
        purse.check()
        purse.take_back(stamp, returned_minor, "voided", order.issued_in(voided))
    unsettled = len(opened.coupons) - len(voided) - len(refused)
    if not unsettled:
        purse.conclude_void(stamp, order.order_id, void)
    order.record(
        VoidSettled,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        void=void,
        voided=tuple(voided),
        refused=tuple(refused),
        code=code if refused else None,
        returned_minor=returned_minor,
        money=order.money(issued_minor=-returned_minor, returned_minor=returned_minor),
        unsettled=unsettled,
    )


def _require(order: Order, void: int) -> None:
    if not 1 <= void <= order.voids:
        raise VoidNotFound("the order has no such void")


def _undecided(order: Order, void: int) -> OpenVoid:
    _require(order, void)
    opened = order.open_voids.get(void)
    if opened is None or opened.approved:
        raise VoidAlreadyDecided("the void is decided")
    return opened

"""Voids that may still bring money back: while the issuer's last word is out, the account stays open (SPEC R-034).

Voids themselves are a matter of orders. The account only counts those that an operator has approved, so that it is not
closed before their money has had a place to go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregates.account import standing
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account


@fact("account.void_awaited")
class VoidAwaited(Fact):
    """An operator approved a void of coupons: their money may come back, and until then the account stays open.

    Attributes:
        order_id: public id of the order.
        void: number of the void in the order.
        coupons: how many are in it.
    """

    order_id: str
    void: int
    coupons: int

    def apply(self, account: Account) -> None:
        account.own("voids")[void_name(self.order_id, self.void)] = self.coupons


@fact("account.void_concluded")
class VoidConcluded(Fact):
    """The issuer has had its last word on a void; what came back came in the same commit, or before.

    Attributes:
        order_id: public id of the order.
        void: number of the void in the order.
    """

    order_id: str
    void: int

    def apply(self, account: Account) -> None:
        del account.voids[void_name(self.order_id, self.void)]


def void_name(order_id: str, void: int) -> str:
    """Return the name of a void among all of the account."""
    return f"{order_id}:{void}"


def await_void(account: Account, stamp: Stamp, *, order_id: str, void: int, coupons: int) -> None:
    """Record that the issuer is being asked to void coupons.

    Raises:
        AccountIsClosed: there is no place for the money any more.

    Source: SPEC R-034.
    """
    standing.refuse_closed(account)
    account.record(VoidAwaited, stamp, order_id=order_id, void=void, coupons=coupons)


def conclude_void(account: Account, stamp: Stamp, *, order_id: str, void: int) -> None:
    """Record that nothing more is to come of a void; one that was approved before accounts counted them is none."""
    if void_name(order_id, void) in account.voids:
        account.record(VoidConcluded, stamp, order_id=order_id, void=void)

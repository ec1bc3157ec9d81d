"""The command that records how coupons ended: used, or expired without use, as the issuer says (SPEC R-035)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aggregates.fact import Fact, Stamp
from aggregates.order import Order
from ledger.command import Answer, Streams, answer
from ledger.commands.orders import known_order, money_json, purse_of


@dataclass(frozen=True, slots=True)
class EndCoupons:
    """Say what the issuer definitely said of issued coupons; money moves with it where the policy says so.

    Attributes:
        used, expired: numbers of coupons in the order, 1..500 together.
        refund_rate: 0..100 percent of the price of an expired coupon that go back.
    """

    ANSWER: ClassVar[str] = "coupons-ended/1"

    order_id: str
    used: tuple[int, ...]
    expired: tuple[int, ...]
    refund_rate: int = 0

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.CouponsEnded`, and `Account.SpendReturned` where money goes back.

        Raises: OrderNotFound; as of `Order.end_coupons`.
        """
        order = known_order(streams, self.order_id)
        order.end_coupons(
            stamp,
            purse=purse_of(streams, order),
            used=self.used,
            expired=self.expired,
            refund_rate=self.refund_rate,
        )


@answer("coupons-ended/1")
def coupons_ended(facts: Sequence[Fact]) -> Answer:
    """Answer with how many ended how, and with the order's money."""
    fact = next(fact for fact in facts if isinstance(fact, Order.CouponsEnded))
    shape = {"id": fact.order_id, "used": len(fact.used), "expired": len(fact.expired)}
    return Answer(200, {**shape, "refund_rate": fact.refund_rate, **money_json(fact.money)})

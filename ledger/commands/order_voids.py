"""Commands that void coupons: the orderer asks, an operator decides, the issuer's word moves the money (SPEC R-034)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aggregates.fact import Fact, Stamp
from aggregates.order import Order
from ledger.command import Answer, Streams, answer
from ledger.commands.orders import known_order, money_json, purse_of


@dataclass(frozen=True, slots=True)
class RequestVoid:
    """Ask to take issued coupons out of use.

    Attributes:
        coupons: 1..500 numbers of coupons in the order.
        reason: why, in the orderer's words.
    """

    ANSWER: ClassVar[str] = "void-requested/1"

    order_id: str
    coupons: tuple[int, ...]
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.VoidRequested`. Raises: OrderNotFound; as of `Order.request_void`."""
        order = known_order(streams, self.order_id)
        order.request_void(stamp, purse=purse_of(streams, order), coupons=self.coupons, reason=self.reason)


@dataclass(frozen=True, slots=True)
class ApproveVoid:
    """Approve a void; the issuer is asked afterwards."""

    ANSWER: ClassVar[str] = "void-decided/1"

    order_id: str
    void: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.VoidAwaited` and `Order.VoidApproved`.

        Raises: OrderNotFound; as of `Order.approve_void`.
        """
        order = known_order(streams, self.order_id)
        order.approve_void(stamp, purse=purse_of(streams, order), void=self.void)


@dataclass(frozen=True, slots=True)
class RejectVoid:
    """Turn a void down.

    Attributes:
        reason: why, in the operator's words.
    """

    ANSWER: ClassVar[str] = "void-decided/1"

    order_id: str
    void: int
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.VoidRejected`. Raises: OrderNotFound; as of `Order.reject_void`."""
        known_order(streams, self.order_id).reject_void(stamp, void=self.void, reason=self.reason)


@dataclass(frozen=True, slots=True)
class RecordVoided:
    """Say what the issuer definitely did with an approved void, or with a part of it; money moves with it.

    Attributes:
        voided, refused: coupons of the void. What is in neither stays unknown.
        code: the issuer's reason for those that stay in use.
    """

    ANSWER: ClassVar[str] = "void-settled/1"

    order_id: str
    void: int
    voided: tuple[int, ...]
    refused: tuple[int, ...]
    code: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.SpendReturned`, `Order.VoidSettled`, and with its last coupon `Account.VoidConcluded`.

        Raises: OrderNotFound; as of `Order.record_voided`.
        """
        order = known_order(streams, self.order_id)
        order.record_voided(
            stamp,
            purse=purse_of(streams, order),
            void=self.void,
            voided=self.voided,
            refused=self.refused,
            code=self.code,
        )


@answer("void-requested/1")
def void_requested(facts: Sequence[Fact]) -> Answer:
    """Answer with a request that waits for an operator."""
    fact = next(fact for fact in facts if isinstance(fact, Order.VoidRequested))
    return Answer(
        201,
        {
            "id": fact.order_id,
            "void": fact.void,
            "status": "requested",
            "coupons": list(fact.coupons),
            "reason": fact.reason,
        },
    )


@answer("void-decided/1")
def void_decided(facts: Sequence[Fact]) -> Answer:
    """Answer with an operator's decision."""
    fact = next(fact for fact in facts if isinstance(fact, (Order.VoidApproved, Order.VoidRejected)))
    status = "approved" if isinstance(fact, Order.VoidApproved) else "rejected"
    return Answer(200, {"id": fact.order_id, "void": fact.void, "status": status, "coupons": list(fact.coupons)})


@answer("void-settled/1")
def void_settled(facts: Sequence[Fact]) -> Answer:
    """Answer with the issuer's word and the order's money."""
    fact = next(fact for fact in facts if isinstance(fact, Order.VoidSettled))
    return Answer(
        200,
        {
            "id": fact.order_id,
            "void": fact.void,
            "voided": list(fact.voided),
            "refused": list(fact.refused),
            "unsettled": fact.unsettled,
            **money_json(fact.money),
        },
    )

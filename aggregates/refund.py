"""A refund request after its pay-out: what must be known when the bank sends the money back days later (SPEC R-081).

Its own small stream, created when the request is completed. A blank one of a request that the account no longer knows
means: rejected or cancelled.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from aggregates.account.lots import LotPart
from aggregates.account.parts import OpenRefund
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class


@fact("refund.completed")
class RefundWasCompleted(Fact):
    """The payout was paid. Fields as of `account.refund_requested`; what they were when it was paid.

    Attributes:
        reviewed_by: person who had taken it into review.
        changed_by: person who had entered another bank account after a failed pay-out; None when nobody had.
    """

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    fee_free_minor: int
    lots: tuple[LotPart, ...]
    requested_on: date
    judged_on: tuple[date, ...]
    destination: str
    bank: str
    holder_is_member: bool
    second_approver_required: bool
    reviewed_by: str
    changed_by: str | None

    def apply(self, refund: Refund) -> None:
        refund.completed = OpenRefund(
            amount_minor=self.amount_minor,
            fee_minor=self.fee_minor,
            payout_minor=self.payout_minor,
            fee_free_minor=self.fee_free_minor,
            lots=self.lots,
            status="completed",
            requested_on=self.requested_on,
            judged_on=self.judged_on,
            second_approver_required=self.second_approver_required,
            reviewed_by=self.reviewed_by,
            changed_by=self.changed_by,
            destination=self.destination,
            bank=self.bank,
            holder_is_member=self.holder_is_member,
        )


@fact("refund.payout_returned")
class RefundPayoutWasReturned(Fact):
    """The bank sent the payout back; the request lives on the account again.

    Attributes:
        code: the bank's reason.
    """

    refund_id: str
    amount_minor: int
    payout_minor: int
    currency: str
    code: str

    def apply(self, refund: Refund) -> None:
        refund.completed = None


@stream_class("refund")
class Refund(Stream):
    """What is known of a refund request that was paid.

    Attributes:
        completed: the request as it was paid; None when it is not (or no longer) paid.
    """

    __slots__ = ("completed",)

    Completed = RefundWasCompleted
    PayoutReturned = RefundPayoutWasReturned

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.completed: OpenRefund | None = None

    def complete(self, stamp: Stamp, *, refund_id: str, currency: str, request: OpenRefund) -> RefundWasCompleted:
        """Record beside `account.refund_completed`, which has decided it; `request` = as it stood on the account."""
        completed: RefundWasCompleted = self.record(
            RefundWasCompleted,
            stamp,
            refund_id=refund_id,
            amount_minor=request.amount_minor,
            currency=currency,
            fee_minor=request.fee_minor,
            payout_minor=request.payout_minor,
            fee_free_minor=request.fee_free_minor,
            lots=request.lots,
            requested_on=request.requested_on,
            judged_on=request.judged_on,
            destination=request.destination,
            bank=request.bank,
            holder_is_member=request.holder_is_member,
            second_approver_required=request.second_approver_required,
            reviewed_by=request.reviewed_by or "",
            changed_by=request.changed_by,
        )
        return completed

    def return_payout(
        self, stamp: Stamp, *, refund_id: str, amount_minor: int, payout_minor: int, currency: str, code: str
    ) -> RefundPayoutWasReturned:
        """Record beside `account.refund_payout_returned`, which has decided it."""
        returned: RefundPayoutWasReturned = self.record(
            RefundPayoutWasReturned,
            stamp,
            refund_id=refund_id,
            amount_minor=amount_minor,
            payout_minor=payout_minor,
            currency=currency,
            code=code,
        )
        return returned

    def copy(self) -> Refund:
        """Return an independent copy."""
        twin = Refund(self.id)
        twin.version, twin.recorded_at, twin.pending = self.version, self.recorded_at, list(self.pending)
        twin.completed = self.completed
        return twin

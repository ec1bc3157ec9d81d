"""Refund requests: prepaid money on its way back to a bank account (SPEC 5.4, 5.5, R-069..R-081)."""

from __future__ import annotations

from datetime import date

from aggregates.account.lots import LotPart
from aggregates.fact import Fact, fact


@fact("account.refund_requested")
class RefundRequested(Fact):
    """The customer asked for money back; it left the balance at once and fee and lots are pinned.

    Attributes:
        refund_id: public id, named after this fact.
        amount_minor: > 1,000 won.
        fee_minor, payout_minor: fee + payout = amount.
        displayed_estimate_minor: what the simple formula had shown.
        fee_free_minor: part that bears no fee.
        lots: parts taken: fee-free lots first, oldest of them first, then older lots, oldest first (SPEC R-070).
        requested_on: KST date that the fee was judged by.
        destination: vault token of bank account and holder ("dst_..."); no personal data in a fact.
        bank: code or name of the bank.
        holder_is_member: the account holder is the member itself.
        second_approver_required: another operator than the reviewer must complete it (SPEC R-080).
        attachments: opaque ids of stored files.
        fee_rule: id and version of the fee rule, e.g. "refund-fee/1".
    """

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    displayed_estimate_minor: int
    fee_free_minor: int
    lots: tuple[LotPart, ...]
    requested_on: date
    destination: str
    bank: str
    holder_is_member: bool
    second_approver_required: bool
    reason: str
    attachments: tuple[str, ...]
    fee_rule: str
    balance_minor: int
    refund_pending_minor: int


@fact("account.refund_reviewed")
class RefundReviewed(Fact):
    """An operator took the request into review."""

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    lots: tuple[LotPart, ...]
    reason: str | None


@fact("account.refund_payout_started")
class RefundPayoutStarted(Fact):
    """The bank was told to pay; until its definite answer nothing else may happen to the request (SPEC R-081)."""

    refund_id: str
    amount_minor: int
    payout_minor: int
    currency: str


@fact("account.refund_payout_unknown")
class RefundPayoutUnknown(Fact):
    """The bank's answer was lost; it is asked, never told again (SPEC R-081)."""

    refund_id: str
    amount_minor: int
    payout_minor: int
    currency: str


@fact("account.refund_payout_failed")
class RefundPayoutFailed(Fact):
    """The bank definitely did not pay (SPEC R-081).

    Attributes:
        code: the bank's reason.
        failed_on: KST date; refiling within 7 days keeps the first request date of these lots (SPEC R-075).
    """

    refund_id: str
    amount_minor: int
    payout_minor: int
    currency: str
    code: str


@fact("account.refund_destination_changed")
class RefundDestinationChanged(Fact):
    """The customer entered another account after a failed or returned pay-out; a second operator must approve it."""

    refund_id: str
    destination: str
    bank: str
    holder_is_member: bool


@fact("account.refund_completed")
class RefundCompleted(Fact):
    """The payout was paid; the fee is earned."""

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    lots: tuple[LotPart, ...]
    reason: str | None
    refund_pending_minor: int


@fact("account.refund_rejected")
class RefundRejected(Fact):
    """An operator refused the request; the money went back to its lots.

    Attributes:
        rejected_on: KST date of the rejection; refiling within 7 days keeps `requested_on` (SPEC R-075).
        requested_on: first request date of these lots.
        overdrawn_repaid_minor: part that went against what was overdrawn meanwhile; lots_returned holds the rest.
    """

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    lots: tuple[LotPart, ...]
    returned_lots: tuple[LotPart, ...]
    overdrawn_repaid_minor: int
    requested_on: date
    rejected_on: date
    reason: str | None
    balance_minor: int
    refund_pending_minor: int


@fact("account.refund_cancelled")
class RefundCancelled(Fact):
    """The customer (or an operator for the customer) withdrew the request; the money went back to its lots."""

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    lots: tuple[LotPart, ...]
    returned_lots: tuple[LotPart, ...]
    overdrawn_repaid_minor: int
    reason: str | None
    balance_minor: int
    refund_pending_minor: int


@fact("account.refund_payout_returned")
class RefundPayoutReturned(Fact):
    """The bank sent a completed payout back days later; the request is under review again, its fee un-earned (SPEC R-081).

    Attributes: as of `RefundRequested`; requested_on stays the first one.
    """

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    lots: tuple[LotPart, ...]
    requested_on: date
    destination: str
    bank: str
    holder_is_member: bool
    code: str
    refund_pending_minor: int

"""Facts of refund requests, from request to resolution, and the state that they leave (SPEC 5.4, R-075, R-079).

A resolved request leaves the account; see `aggregates.account.refunds`, which decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from aggregates.account.lots import LotPart, newest_first
from aggregates.account.parts import OpenRefund
from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account


@fact("account.refund_requested")
class RefundRequested(Fact):
    """The customer asked for money back; it left the balance at once and fee and lots are pinned.

    Attributes:
        refund_id: public id, named after this fact.
        amount_minor: > 1,000 won.
        currency: that of the account.
        fee_minor, payout_minor: fee + payout = amount.
        displayed_estimate_minor: what the simple formula had shown.
        fee_free_minor: part that bears no fee: the first of the lots.
        lots: parts taken: fee-free lots first, oldest of them first, then older lots, oldest first (SPEC R-070).
        requested_on: KST date of the request.
        judged_on: date that judged each lot, in their order; empty when all are requested_on (SPEC R-075).
        destination: vault token of bank account and holder ("dst_..."); no personal data in a fact.
        bank: code or name of the bank.
        holder_is_member: the account holder is the member itself.
        second_approver_required: another person than the reviewer must approve the pay-out (SPEC R-080).
        reason: the customer's words, at most 100 bytes of CP949.
        attachments: opaque ids of stored files.
        fee_rule: id and version of the fee rule, e.g. "refund-fee/1".
        balance_minor, refund_pending_minor: of the account, after it.
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
    judged_on: tuple[date, ...]
    destination: str
    bank: str
    holder_is_member: bool
    second_approver_required: bool
    reason: str
    attachments: tuple[str, ...]
    fee_rule: str
    balance_minor: int
    refund_pending_minor: int

    def apply(self, account: Account) -> None:
        forget_dates(account, self.requested_on)
        account.lots.take(self.lots)
        account.balance_minor = self.balance_minor
        account.refund_pending_minor = self.refund_pending_minor
        account.own("refunds")[self.refund_id] = OpenRefund(
            amount_minor=self.amount_minor,
            fee_minor=self.fee_minor,
            payout_minor=self.payout_minor,
            fee_free_minor=self.fee_free_minor,
            lots=self.lots,
            status="requested",
            requested_on=self.requested_on,
            judged_on=self.judged_on,
            second_approver_required=self.second_approver_required,
            reviewed_by=None,
            changed_by=None,
            destination=self.destination,
            bank=self.bank,
            holder_is_member=self.holder_is_member,
        )


@fact("account.refund_reviewed")
class RefundReviewed(Fact):
    """An operator took the request into review.

    Attributes:
        refund_id: public id of the request.
        amount_minor, fee_minor, payout_minor, fee_free_minor, lots: as of `RefundRequested`.
        reviewed_by: the person; another one must approve where a second approver is required.
        reason: a note; None when not given.
    """

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    fee_free_minor: int
    lots: tuple[LotPart, ...]
    reviewed_by: str
    reason: str | None

    def apply(self, account: Account) -> None:
        request = account.refunds[self.refund_id]
        account.own("refunds")[self.refund_id] = replace(request, status="reviewing", reviewed_by=self.reviewed_by)


@fact("account.refund_completed")
class RefundCompleted(Fact):
    """The payout was paid; the fee is earned.

    Attributes:
        refund_id: public id of the request.
        amount_minor, fee_minor, payout_minor, fee_free_minor, lots: as of `RefundRequested`.
        completed_by: the person (or job) who recorded that it was paid.
        reason: a note; None when not given.
        refund_pending_minor: of the account, after it.
    """

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    fee_free_minor: int
    lots: tuple[LotPart, ...]
    completed_by: str
    reason: str | None
    refund_pending_minor: int

    def apply(self, account: Account) -> None:
        del account.refunds[self.refund_id]
        account.refund_pending_minor = self.refund_pending_minor


@fact("account.refund_rejected")
class RefundRejected(Fact):
    """An operator refused the request; the money went back to its lots.

    Attributes:
        refund_id: public id of the request.
        amount_minor, fee_minor, payout_minor, fee_free_minor, lots: as of `RefundRequested`.
        overdrawn_repaid_minor: part that went against what was overdrawn meanwhile; the rest went back to the lots.
        requested_on: as of `RefundRequested`.
        rejected_on: KST date of the rejection.
        refile_until: last KST day on which filing again keeps the first dates of these lots (SPEC R-075).
        reason: why, for the customer; None when not given.
        balance_minor, refund_pending_minor: of the account, after it.
    """

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    fee_free_minor: int
    lots: tuple[LotPart, ...]
    overdrawn_repaid_minor: int
    requested_on: date
    rejected_on: date
    refile_until: date
    reason: str | None
    balance_minor: int
    refund_pending_minor: int

    @property
    def returned_lots(self) -> tuple[LotPart, ...]:
        """Parts put back into lots, last taken first (SPEC R-076)."""
        return newest_first(self.lots, self.amount_minor - self.overdrawn_repaid_minor)

    def apply(self, account: Account) -> None:
        keep_dates(account, account.refunds[self.refund_id], self.rejected_on, self.refile_until)
        _put_back(account, self)


@fact("account.refund_cancelled")
class RefundCancelled(Fact):
    """The customer (or an operator for the customer) withdrew the request; the money went back to its lots.

    Attributes: as of `RefundRejected`; filing again starts anew.
        by_customer: False when an operator did it for the customer.
    """

    refund_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    fee_free_minor: int
    lots: tuple[LotPart, ...]
    overdrawn_repaid_minor: int
    by_customer: bool
    reason: str | None
    balance_minor: int
    refund_pending_minor: int

    @property
    def returned_lots(self) -> tuple[LotPart, ...]:
        """Parts put back into lots, last taken first (SPEC R-076)."""
        return newest_first(self.lots, self.amount_minor - self.overdrawn_repaid_minor)

    def apply(self, account: Account) -> None:
        _put_back(account, self)


def keep_dates(account: Account, request: OpenRefund, on: date, until: date) -> None:
    """Fold: lots of this request keep the date that judged them, for requests filed until `until` (SPEC R-075)."""
    forget_dates(account, on)
    judged_on = request.judged_on or (request.requested_on,) * len(request.lots)
    for part, first_on in zip(request.lots, judged_on, strict=True):
        kept_on, kept_until = account.refile.get(part.charge_id, (first_on, until))
        account.own("refile")[part.charge_id] = (min(kept_on, first_on), max(kept_until, until))


def forget_dates(account: Account, on: date) -> None:
    """Fold: forget kept dates whose last day is before `on`."""
    if account.refile:
        account.refile = {charge_id: kept for charge_id, kept in account.refile.items() if kept[1] >= on}


def _put_back(account: Account, resolved: RefundRejected | RefundCancelled) -> None:
    """Fold: the money of a request that ended without a pay-out."""
    del account.refunds[resolved.refund_id]
    account.lots.put_back(resolved.returned_lots)
    account.overdrawn_minor -= resolved.overdrawn_repaid_minor
    account.balance_minor = resolved.balance_minor
    account.refund_pending_minor = resolved.refund_pending_minor

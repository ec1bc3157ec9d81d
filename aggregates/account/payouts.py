"""Pay-outs: the bank transfer inside a refund's review, its lost answers, failures and returns (SPEC R-081).

While the bank's answer is outstanding nothing else may happen to the request, and it is asked, never told again. What
the bank says has happened, so it is taken on a closed account too: money that came back is never lost.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from aggregates.account.lots import LotPart
from aggregates.account.parts import OpenRefund
from aggregates.account.refund_facts import keep_dates
from aggregates.account.refunds import (
    IN_FLIGHT,
    REFILE_DAYS,
    UNDER_REVIEW,
    open_request,
    person,
    require_approver,
)
from aggregates.dates import business_date, last_day_within
from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account


@fact("account.refund_payout_started")
class RefundPayoutStarted(Fact):
    """The bank was told to pay; until its definite answer nothing else may happen to the request (SPEC R-081).

    Attributes:
        refund_id: public id of the request.
        approved_by: the person who approved the pay-out.
    """

    refund_id: str
    amount_minor: int
    payout_minor: int
    currency: str
    approved_by: str

    def apply(self, account: Account) -> None:
        account.own("refunds")[self.refund_id] = replace(account.refunds[self.refund_id], status="paying")


@fact("account.refund_payout_unknown")
class RefundPayoutUnknown(Fact):
    """The bank's answer was lost; it is asked, never told again (SPEC R-081)."""

    refund_id: str
    amount_minor: int
    payout_minor: int
    currency: str

    def apply(self, account: Account) -> None:
        account.own("refunds")[self.refund_id] = replace(account.refunds[self.refund_id], status="payout_unknown")


@fact("account.refund_payout_failed")
class RefundPayoutFailed(Fact):
    """The bank definitely did not pay (SPEC R-081).

    Attributes:
        refund_id: public id of the request.
        code: the bank's reason.
        failed_on: KST date of the answer.
        refile_until: last KST day on which filing again keeps the first dates of these lots (SPEC R-075).
    """

    refund_id: str
    amount_minor: int
    payout_minor: int
    currency: str
    code: str
    failed_on: date
    refile_until: date

    def apply(self, account: Account) -> None:
        request = account.refunds[self.refund_id]
        keep_dates(account, request, self.failed_on, self.refile_until)
        account.own("refunds")[self.refund_id] = replace(request, status="payout_failed")


@fact("account.refund_destination_changed")
class RefundDestinationChanged(Fact):
    """The customer entered another account after a failed or returned pay-out; a second operator must approve it.

    Attributes:
        refund_id: public id of the request.
        destination, bank, holder_is_member: as of `RefundRequested`.
        changed_by: the person who entered it.
    """

    refund_id: str
    amount_minor: int
    payout_minor: int
    currency: str
    destination: str
    bank: str
    holder_is_member: bool
    changed_by: str

    def apply(self, account: Account) -> None:
        account.own("refunds")[self.refund_id] = replace(
            account.refunds[self.refund_id],
            status="reviewing",
            destination=self.destination,
            bank=self.bank,
            holder_is_member=self.holder_is_member,
            changed_by=self.changed_by,
            second_approver_required=True,
        )


@fact("account.refund_payout_returned")
class RefundPayoutReturned(Fact):
    """The bank sent a completed payout back days later; it is under review again, its fee un-earned (SPEC R-081).

    Attributes: as of `RefundRequested` and `RefundReviewed`; requested_on stays the first one.
        refund_id: public id of the request.
        changed_by: as of `RefundDestinationChanged`; None when nobody had.
        code: the bank's reason.
        returned_on, refile_until: as of `RefundPayoutFailed`.
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
    reviewed_by: str | None
    changed_by: str | None
    code: str
    returned_on: date
    refile_until: date
    refund_pending_minor: int

    def apply(self, account: Account) -> None:
        request = OpenRefund(
            amount_minor=self.amount_minor,
            fee_minor=self.fee_minor,
            payout_minor=self.payout_minor,
            fee_free_minor=self.fee_free_minor,
            lots=self.lots,
            status="payout_returned",
            requested_on=self.requested_on,
            judged_on=self.judged_on,
            second_approver_required=self.second_approver_required,
            reviewed_by=self.reviewed_by,
            changed_by=self.changed_by,
            destination=self.destination,
            bank=self.bank,
            holder_is_member=self.holder_is_member,
        )
        keep_dates(account, request, self.returned_on, self.refile_until)
        account.own("refunds")[self.refund_id] = request
        account.refund_pending_minor = self.refund_pending_minor


class RefundNotCompleted(Conflict):
    """Only a payout that was paid can come back."""

    code = "refund_not_completed"


def start_payout(account: Account, stamp: Stamp, *, refund_id: str) -> RefundPayoutStarted:
    """Approve the pay-out and record the intent before the bank is told.

    Raises:
        RefundResolved, PayoutInFlight, WrongRefundStatus, SecondApproverRequired: in this order.

    Source: SPEC R-080, R-081.
    """
    request = open_request(account, refund_id, *UNDER_REVIEW)
    require_approver(request, person(stamp))
    started: RefundPayoutStarted = account.record(
        RefundPayoutStarted,
        stamp,
        refund_id=refund_id,
        amount_minor=request.amount_minor,
        payout_minor=request.payout_minor,
        currency=account.currency,
        approved_by=person(stamp),
    )
    return started


def lose_payout(account: Account, stamp: Stamp, *, refund_id: str) -> RefundPayoutUnknown:
    """Record that the bank's answer was lost.

    Raises:
        RefundResolved, PayoutInFlight, WrongRefundStatus: in this order.

    Source: SPEC R-081.
    """
    request = open_request(account, refund_id, "paying")
    unknown: RefundPayoutUnknown = account.record(
        RefundPayoutUnknown,
        stamp,
        refund_id=refund_id,
        amount_minor=request.amount_minor,
        payout_minor=request.payout_minor,
        currency=account.currency,
    )
    return unknown


def fail_payout(account: Account, stamp: Stamp, *, refund_id: str, reason_code: str) -> RefundPayoutFailed:
    """Take the bank's definite no.

    Args:
        reason_code: the bank's reason, e.g. account_closed.

    Raises:
        RefundResolved, WrongRefundStatus: in this order.

    Source: SPEC R-075, R-081.
    """
    request = open_request(account, refund_id, *IN_FLIGHT)
    failed_on = business_date(stamp.occurred_at)
    failed: RefundPayoutFailed = account.record(
        RefundPayoutFailed,
        stamp,
        refund_id=refund_id,
        amount_minor=request.amount_minor,
        payout_minor=request.payout_minor,
        currency=account.currency,
        code=reason_code,
        failed_on=failed_on,
        refile_until=last_day_within(failed_on, REFILE_DAYS),
    )
    return failed


def change_refund_destination(
    account: Account, stamp: Stamp, *, refund_id: str, bank: str, destination: str, holder_is_member: bool
) -> RefundDestinationChanged:
    """Take another bank account from the customer after a failed or returned pay-out; it is under review again.

    Args:
        destination: vault token of bank account and holder.

    Raises:
        RefundResolved, PayoutInFlight, WrongRefundStatus: in this order.

    Source: SPEC R-081.
    """
    request = open_request(account, refund_id, "payout_failed", "payout_returned")
    changed: RefundDestinationChanged = account.record(
        RefundDestinationChanged,
        stamp,
        refund_id=refund_id,
        amount_minor=request.amount_minor,
        payout_minor=request.payout_minor,
        currency=account.currency,
        destination=destination,
        bank=bank,
        holder_is_member=holder_is_member,
        changed_by=person(stamp),
    )
    return changed


def return_payout(
    account: Account, stamp: Stamp, *, refund_id: str, paid: OpenRefund | None, reason_code: str
) -> RefundPayoutReturned:
    """Take back what the bank returned after the request was completed.

    Args:
        paid: the request as it was paid, from its own stream; None when it is not paid.
        reason_code: the bank's reason.

    Raises:
        RefundNotCompleted: it was never paid, or has come back already.

    Source: SPEC R-081.
    """
    if paid is None:
        raise RefundNotCompleted("only a completed request's payout can be returned by the bank")
    returned_on = business_date(stamp.occurred_at)
    returned: RefundPayoutReturned = account.record(
        RefundPayoutReturned,
        stamp,
        refund_id=refund_id,
        amount_minor=paid.amount_minor,
        currency=account.currency,
        fee_minor=paid.fee_minor,
        payout_minor=paid.payout_minor,
        fee_free_minor=paid.fee_free_minor,
        lots=paid.lots,
        requested_on=paid.requested_on,
        judged_on=paid.judged_on,
        destination=paid.destination,
        bank=paid.bank,
        holder_is_member=paid.holder_is_member,
        second_approver_required=paid.second_approver_required,
        reviewed_by=paid.reviewed_by,
        changed_by=paid.changed_by,
        code=reason_code,
        returned_on=returned_on,
        refile_until=last_day_within(returned_on, REFILE_DAYS),
        refund_pending_minor=account.refund_pending_minor + paid.amount_minor,
    )
    return returned

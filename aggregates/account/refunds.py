"""Refund requests: prepaid money on its way back to a bank account (SPEC 5.4, 5.5, R-069..R-080).

Refusals and decisions from request to resolution; their facts are `refund_facts`, the pay-out inside a review is
`payouts`, the arithmetic `refund_terms`. A resolved request leaves the account; one that was paid is remembered on its
own stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregates import ids
from aggregates.account import refund_terms, standing
from aggregates.account.cancellations import CANCEL_DAYS
from aggregates.account.parts import OpenRefund
from aggregates.account.refund_facts import (
    RefundCancelled,
    RefundCompleted,
    RefundRejected,
    RefundRequested,
    RefundReviewed,
)
from aggregates.dates import business_date, last_day_within
from aggregates.errors import Conflict, Rejected
from aggregates.fact import Stamp

if TYPE_CHECKING:
    from aggregates.account.account import Account

REASON_BYTES_MAX = 100
"""Length of a refund's reason in CP949, where Hangul counts 2 (SPEC R-079)."""

ATTACHMENTS_MAX = 2
"""A bankbook copy, and one file of evidence when the holder is not the member (SPEC 5.4, R-078)."""

OPEN_REFUNDS_MAX = 10_000
"""Most unresolved requests of one account, so that its state stays bounded."""

REFILE_DAYS = 7
"""A request filed again this soon after a rejection or failed pay-out keeps its first date (SPEC R-075)."""

UNDER_REVIEW = ("reviewing", "payout_returned")
"""States in which an operator decides freely."""

IN_FLIGHT = ("paying", "payout_unknown")
"""States in which only the bank's definite answer decides (SPEC R-081)."""

preview = refund_terms.preview
RefundPreview = refund_terms.RefundPreview
RefundTooSmall = refund_terms.RefundTooSmall


class ReasonTooLong(Rejected):
    """A refund's reason has at most 100 bytes in CP949 (SPEC R-079)."""

    code = "reason_too_long"


class TooManyAttachments(Rejected):
    """A refund takes a bankbook copy and one more file; several proofs go into one zip (SPEC R-078)."""

    code = "too_many_attachments"


class TooManyRefunds(Conflict):
    """An account has only so many unresolved requests at the same time."""

    code = "too_many_open_refunds"


class RefundResolved(Conflict):
    """Completed, rejected and cancelled are final (SPEC 5.5)."""

    code = "refund_resolved"


class PayoutInFlight(Conflict):
    """The bank was told to pay; nothing else happens before its definite answer (SPEC R-081)."""

    code = "payout_in_flight"


class WrongRefundStatus(Conflict):
    """The request's state has no such transition (SPEC 5.5)."""

    code = "wrong_refund_status"


class RefundUnderReview(Conflict):
    """Once in review only an operator cancels, on the customer's word (SPEC 5.5)."""

    code = "refund_under_review"


class SecondApproverRequired(Rejected):
    """This pay-out needs another person than its reviewer, and than who changed its bank account (SPEC R-080)."""

    code = "second_approver_required"


def request_refund(
    account: Account,
    stamp: Stamp,
    *,
    amount_minor: int,
    bank: str,
    destination: str,
    holder_is_member: bool,
    reason: str,
    attachments: tuple[str, ...] = (),
) -> RefundRequested:
    """Take the amount from the balance at once and pin its lots and its fee.

    Args:
        amount_minor: asked for, in minor units.
        destination: vault token of bank account and holder.
        reason: the customer's words.
        attachments: opaque ids of stored files.

    Raises:
        ReasonTooLong, TooManyAttachments, TooManyRefunds: in this order, after all that `refund_terms.preview` raises.

    Source: SPEC 5.4, 5.5, R-064, R-068, R-070..R-080.
    """
    terms = refund_terms.preview(account, amount_minor, stamp.occurred_at)
    if cp949_bytes(reason) > REASON_BYTES_MAX:
        raise ReasonTooLong(
            f"reason must have at most {REASON_BYTES_MAX} bytes in CP949, where a Korean letter counts 2",
            maximum_bytes=REASON_BYTES_MAX,
        )
    if len(attachments) > ATTACHMENTS_MAX:
        raise TooManyAttachments(
            f"at most {ATTACHMENTS_MAX} attachments; put several proofs into one zip", maximum=ATTACHMENTS_MAX
        )
    if len(account.refunds) >= OPEN_REFUNDS_MAX:
        raise TooManyRefunds(f"at most {OPEN_REFUNDS_MAX} refund requests may be open", maximum=OPEN_REFUNDS_MAX)
    requested_on = business_date(stamp.occurred_at)
    young_card = any(
        part.method == "card" and requested_on <= last_day_within(part.charged_on, CANCEL_DAYS) for part in terms.lots
    )
    requested: RefundRequested = account.record(
        RefundRequested,
        stamp,
        refund_id=ids.child_id("rfd", account.account_id, account.version + 1),
        amount_minor=amount_minor,
        currency=account.currency,
        fee_minor=terms.fee_minor,
        payout_minor=terms.payout_minor,
        displayed_estimate_minor=terms.displayed_estimate_minor,
        fee_free_minor=terms.fee_free_minor,
        lots=terms.lots,
        requested_on=requested_on,
        judged_on=terms.judged_on,
        destination=destination,
        bank=bank,
        holder_is_member=holder_is_member,
        second_approver_required=young_card or not holder_is_member,
        reason=reason,
        attachments=attachments,
        fee_rule=terms.rule,
        balance_minor=account.balance_minor - amount_minor,
        refund_pending_minor=account.refund_pending_minor + amount_minor,
    )
    return requested


def review_refund(account: Account, stamp: Stamp, *, refund_id: str, reason: str | None = None) -> RefundReviewed:
    """Take a request into review: an operator's act.

    Raises:
        RefundResolved, PayoutInFlight, WrongRefundStatus: in this order.

    Source: SPEC 5.5.
    """
    request = open_request(account, refund_id, "requested")
    reviewed: RefundReviewed = account.record(
        RefundReviewed,
        stamp,
        refund_id=refund_id,
        amount_minor=request.amount_minor,
        currency=account.currency,
        fee_minor=request.fee_minor,
        payout_minor=request.payout_minor,
        fee_free_minor=request.fee_free_minor,
        lots=request.lots,
        reviewed_by=person(stamp),
        reason=reason,
    )
    return reviewed


def complete_refund(account: Account, stamp: Stamp, *, refund_id: str, reason: str | None = None) -> RefundCompleted:
    """Record that the payout was paid: by hand out of a review, or on the bank's definite yes.

    Out of a review this is the approval, so it is where a second approver is asked for; a pay-out that was started had
    its approval then.

    Raises:
        RefundResolved, WrongRefundStatus, SecondApproverRequired: in this order.

    Source: SPEC 5.5, R-080, R-081.
    """
    request = open_request(account, refund_id, *UNDER_REVIEW, *IN_FLIGHT)
    if request.status in UNDER_REVIEW:
        require_approver(request, person(stamp))
    completed: RefundCompleted = account.record(
        RefundCompleted,
        stamp,
        refund_id=refund_id,
        amount_minor=request.amount_minor,
        currency=account.currency,
        fee_minor=request.fee_minor,
        payout_minor=request.payout_minor,
        fee_free_minor=request.fee_free_minor,
        lots=request.lots,
        completed_by=person(stamp),
        reason=reason,
        refund_pending_minor=account.refund_pending_minor - request.amount_minor,
    )
    return completed


def reject_refund(account: Account, stamp: Stamp, *, refund_id: str, reason: str | None = None) -> RefundRejected:
    """Turn a reviewed request down; the money goes back to its lots, overdrawn first.

    Raises:
        AccountIsClosed, RefundResolved, PayoutInFlight, WrongRefundStatus: in this order.

    Source: SPEC 5.5, R-075, R-076, R-081.
    """
    standing.refuse_closed(account)
    request = open_request(account, refund_id, *UNDER_REVIEW, "payout_failed")
    rejected_on = business_date(stamp.occurred_at)
    rejected: RefundRejected = account.record(
        RefundRejected,
        stamp,
        refund_id=refund_id,
        amount_minor=request.amount_minor,
        currency=account.currency,
        fee_minor=request.fee_minor,
        payout_minor=request.payout_minor,
        fee_free_minor=request.fee_free_minor,
        lots=request.lots,
        overdrawn_repaid_minor=min(request.amount_minor, account.overdrawn_minor),
        requested_on=request.requested_on,
        rejected_on=rejected_on,
        refile_until=last_day_within(rejected_on, REFILE_DAYS),
        reason=reason,
        balance_minor=account.balance_minor + request.amount_minor,
        refund_pending_minor=account.refund_pending_minor - request.amount_minor,
    )
    return rejected


def cancel_refund(
    account: Account, stamp: Stamp, *, refund_id: str, by_customer: bool, reason: str | None = None
) -> RefundCancelled:
    """Withdraw a request: the customer before its review, an operator for the customer during it.

    Raises:
        AccountIsClosed, RefundResolved, PayoutInFlight, RefundUnderReview: in this order.

    Source: SPEC 5.5, 1.4, R-076, R-081.
    """
    standing.refuse_closed(account)
    request = open_request(account, refund_id, "requested", *UNDER_REVIEW, "payout_failed")
    if by_customer and request.status != "requested":
        raise RefundUnderReview("the request is under review; contact the operator to have it cancelled")
    cancelled: RefundCancelled = account.record(
        RefundCancelled,
        stamp,
        refund_id=refund_id,
        amount_minor=request.amount_minor,
        currency=account.currency,
        fee_minor=request.fee_minor,
        payout_minor=request.payout_minor,
        fee_free_minor=request.fee_free_minor,
        lots=request.lots,
        overdrawn_repaid_minor=min(request.amount_minor, account.overdrawn_minor),
        by_customer=by_customer,
        reason=reason,
        balance_minor=account.balance_minor + request.amount_minor,
        refund_pending_minor=account.refund_pending_minor - request.amount_minor,
    )
    return cancelled


def cp949_bytes(text: str) -> int:
    """Return the length of a text in CP949: 1 for ASCII, 2 for Hangul and for what CP949 cannot write (SPEC R-079)."""
    return sum(len(char.encode("cp949", "ignore")) or 2 for char in text)


def person(stamp: Stamp) -> str:
    """Return who acts: the person behind the principal where known."""
    return stamp.owner or stamp.actor


def open_request(account: Account, refund_id: str, *allowed: str) -> OpenRefund:
    """Return an unresolved request in one of the `allowed` states.

    Raises:
        RefundResolved, PayoutInFlight, WrongRefundStatus: in this order.
    """
    request = account.refunds.get(refund_id)
    if request is None:
        raise RefundResolved("the request is completed, rejected or cancelled, and that is final; file a new one")
    if request.status not in allowed:
        if request.status in IN_FLIGHT:
            raise PayoutInFlight("the bank was told to pay; nothing else can happen before its definite answer")
        raise WrongRefundStatus(
            f"the request is {request.status}; this is possible only from {' or '.join(allowed)}",
            refund_status=request.status,
            possible_from=list(allowed),
        )
    return request


def require_approver(request: OpenRefund, approver: str) -> None:
    """Check four eyes where they are asked for. Raises: SecondApproverRequired. Source: SPEC R-080, R-081."""
    if request.second_approver_required and approver in (request.reviewed_by, request.changed_by):
        raise SecondApproverRequired("this pay-out must be approved by another person than the one who reviewed it")

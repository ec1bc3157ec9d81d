"""A pay-out link: somebody is paid, and says where to by two clicks (SPEC 11.2, R-135 to R-137).

The payee enters an account or a card, the creator sees it masked with the bank's word on its holder and pays; the money
is held, then sent, once for each attempt. What could not be sent stays held, for other details or for the creator.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from aggregates.collecting import payout_link_facts as facts
from aggregates.collecting.obligation_parts import Source
from aggregates.collecting.payout_link_facts import (
    CANCELLED,
    DETAILS_SUBMITTED,
    EXPIRED,
    FUNDED,
    FUNDING,
    HOLDER_CHECKS,
    ISSUED,
    PAID_OUT,
    PAYING,
    PAYOUT_FAILED,
    REFUNDING,
    REJECTED,
    REVERSED,
    Details,
    HolderCheck,
)
from aggregates.dates import business_date, last_day_within
from aggregates.errors import Conflict, Malformed, NotFound, Rejected
from aggregates.fact import Stamp, Stream, stream_class

PREFIX = "pol"
SOURCE: Source = "payout"
"""As which it asks for its funding."""

DAYS_DEFAULT, DAYS_MAX = 7, 90
"""How long details are taken (SPEC R-135), and at most."""

AMOUNT_MAX = 1_000_000_000_000
"""Most that one link may pay, in minor units."""

KINDS: tuple[Literal["account", "card"], ...] = ("account", "card")
"""Where money can go."""


class PayoutLinkNotFound(NotFound):
    """There is no such pay-out link."""

    code = "payout_link_not_found"


class WrongPayoutStatus(Conflict):
    """This cannot be done with the pay-out link as it stands; `possible_from` says as it would have to."""

    code = "wrong_payout_status"


class PayoutLinkOver(Conflict):
    """The last day of the pay-out link is over (SPEC R-132, R-135)."""

    code = "payout_link_expired"


class PayoutLinkOpen(Conflict):
    """The last day of the pay-out link is not over."""

    code = "payout_link_not_over"


class PayLinkReplaced(Conflict):
    """The payee has entered other details since; the creator is shown the new ones before paying (SPEC R-137)."""

    code = "pay_link_replaced"


class HolderUnchecked(Conflict):
    """The bank has not said yet whose account it is; nobody pays before (SPEC R-135)."""

    code = "holder_unchecked"


class ApprovalMissing(Conflict):
    """Another person than the creator has to approve where the money goes."""

    code = "payout_approval_required"


class ApproverIsCreator(Rejected):
    """Who issued the pay-out link cannot approve or reject it as well."""

    code = "approver_is_creator"


class ApprovalNotWanted(Conflict):
    """The pay-out link was issued without an approver, or these details are approved: nobody has to decide."""

    code = "payout_approval_not_required"


class DetailsNeeded(Conflict):
    """The bank could not pay to these details, or they were rejected; the payee has to enter others (SPEC R-135)."""

    code = "payout_details_needed"


class PayoutNotCovered(Conflict):
    """Less is held than shall be paid; it can only go back."""

    code = "payout_not_covered"


class ExpiryOutOfRange(Rejected):
    """The last day lies in the past, or too far ahead."""

    code = "payout_expiry_out_of_range"


class PayoutAmountOutOfRange(Rejected):
    """The amount is not one that a pay-out link pays."""

    code = "payout_amount_out_of_range"


@stream_class("payout_link")
class PayoutLink(Stream):
    """One pay-out link.

    Attributes:
        payout_link_id, account_id, amount_minor, currency, payee, channels, expires_on, approval, made_by: as issued.
        status: one of `STATES`; "" before it is issued.
        details: what the payee entered last; None = nothing yet.
        obligation_id: of its funding; "" before. payment_id: what funded it; "" before.
        held_minor: what is held for it on the account.
        owing_minor: what the account owes because its funding was taken back when the money was gone.
        attempt: number of the last pay-out, 0 = none. tried_version: of the details that it was made to.
    """

    __slots__ = (
        "account_id", "amount_minor", "approval", "attempt", "channels", "currency", "details", "expires_on",
        "held_minor", "made_by", "obligation_id", "owing_minor", "payee", "payment_id", "payout_link_id", "status",
        "tried_version",
    )  # fmt: skip

    Issued = facts.PayoutLinkIssued
    DetailsSubmitted = facts.DetailsSubmitted
    HolderChecked = facts.HolderChecked
    Approved = facts.PayoutApproved
    Rejected = facts.PayoutRejected
    FundingStarted = facts.FundingStarted
    FundingFailed = facts.FundingFailed
    Funded = facts.PayoutLinkFunded
    PayingStarted = facts.PayingStarted
    PaidOut = facts.PaidOut
    PayoutFailed = facts.PayoutFailed
    PayoutReturned = facts.PayoutLinkReturned
    RefundStarted = facts.PayoutRefundStarted
    RefundFailed = facts.PayoutRefundFailed
    Refunded = facts.PayoutLinkRefunded
    FundingReversed = facts.FundingReversed
    HoldApplied = facts.HoldApplied
    Expired = facts.PayoutLinkExpired
    Cancelled = facts.PayoutLinkCancelled

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.payout_link_id = self.account_id = self.currency = self.payee = self.made_by = self.status = ""
        self.obligation_id = self.payment_id = ""
        self.amount_minor = self.held_minor = self.owing_minor = self.attempt = self.tried_version = 0
        self.channels: tuple[str, ...] = ()
        self.expires_on = date.min
        self.approval = False
        self.details: Details | None = None

    @property
    def version_submitted(self) -> int:
        """The version of the details that count; 0 = none."""
        return 0 if self.details is None else self.details.version

    def issue(
        self,
        stamp: Stamp,
        *,
        payout_link_id: str,
        account_id: str,
        amount_minor: int,
        currency: str,
        payee: str,
        channels: tuple[str, ...],
        expires_on: date | None,
        approval: bool,
        reference: str | None,
    ) -> facts.PayoutLinkIssued:
        """Issue the link; the account was asked for its standing before.

        Args:
            amount_minor: 1 to 1,000,000,000,000. payee: vault token.
            expires_on: KST date; None = 7 days from today. approval: whether another person has to approve.

        Raises:
            PayoutAmountOutOfRange: not that amount. ExpiryOutOfRange: not today to 90 days ahead.

        Source: SPEC Z1, R-135.
        """
        today = business_date(stamp.occurred_at)
        check_terms(amount_minor, expires_on, today)
        issued: facts.PayoutLinkIssued = self.record(
            facts.PayoutLinkIssued,
            stamp,
            payout_link_id=payout_link_id,
            account_id=account_id,
            amount_minor=amount_minor,
            currency=currency,
            payee=payee,
            channels=channels,
            expires_on=last_day_within(today, DAYS_DEFAULT) if expires_on is None else expires_on,
            approval=approval,
            made_by=person(stamp),
            reference=reference,
        )
        return issued

    def submit_details(self, stamp: Stamp, *, kind: str, destination: str) -> facts.DetailsSubmitted:
        """Take what the payee has entered, as a new version; whoever was shown the one before cannot pay any more.

        Args:
            kind: account or card. destination: vault token; the payee's code was right, the number well-formed.

        Raises:
            WrongPayoutStatus: money is under way, or was; it is over. PayoutLinkOver: the last day is over.

        Source: SPEC Z2, R-137.
        """
        if kind not in KINDS:
            raise Malformed("kind must be account or card", field="kind")
        self.require(ISSUED, DETAILS_SUBMITTED, PAYOUT_FAILED)
        self._require_in_time(stamp)
        submitted: facts.DetailsSubmitted = self.record(
            facts.DetailsSubmitted,
            stamp,
            payout_link_id=self.payout_link_id,
            version=self.version_submitted + 1,
            kind=kind,
            destination=destination,
        )
        return submitted

    def check_holder(self, stamp: Stamp, *, version: int, match: HolderCheck) -> facts.HolderChecked:
        """Record what the bank says of the holder.

        Raises:
            WrongPayoutStatus: nobody is to pay now. PayLinkReplaced: other details were entered since.

        Source: SPEC R-135.
        """
        if match not in HOLDER_CHECKS:
            raise Malformed("match must be full, partial or none", field="match")
        self.require(DETAILS_SUBMITTED, PAYOUT_FAILED)
        self._require_version(version)
        checked: facts.HolderChecked = self.record(
            facts.HolderChecked, stamp, payout_link_id=self.payout_link_id, version=version, match=match
        )
        return checked

    def approve(self, stamp: Stamp, *, version: int) -> facts.PayoutApproved:
        """Record that another person approves where the money goes; other details need another approval.

        Raises:
            WrongPayoutStatus, PayLinkReplaced, PayoutLinkOver: as of paying.
            ApprovalNotWanted: nobody need approve. DetailsNeeded: they were rejected.
            ApproverIsCreator: the same person issued it.

        Source: SPEC R-135, R-137.
        """
        self.require_decidable(stamp, version)
        approved: facts.PayoutApproved = self.record(
            facts.PayoutApproved,
            stamp,
            payout_link_id=self.payout_link_id,
            version=version,
            approved_by=person(stamp),
        )
        return approved

    def reject(self, stamp: Stamp, *, version: int, reason: str) -> facts.PayoutRejected:
        """Record that another person refuses to have it paid: it is over, or what is held goes back next.

        Raises: as of `approve`.

        Source: SPEC R-107, R-135.
        """
        self.require_decidable(stamp, version)
        rejected: facts.PayoutRejected = self.record(
            facts.PayoutRejected,
            stamp,
            payout_link_id=self.payout_link_id,
            version=version,
            rejected_by=person(stamp),
            reason=reason,
            status=PAYOUT_FAILED if self.status == PAYOUT_FAILED else REJECTED,
        )
        return rejected

    def require_decidable(self, stamp: Stamp, version: int) -> None:
        """Refuse the word of whoever may not approve or reject these details now. Raises: as of `approve`."""
        details = self._payable_details(stamp, version)
        if not self.approval or details.approved_by:
            raise ApprovalNotWanted("nobody has to approve these details")
        if details.rejected_by:
            raise DetailsNeeded("these details were rejected; the payee has to enter others")
        if person(stamp) == self.made_by:
            raise ApproverIsCreator("another person than the one who issued the pay-out link has to decide on it")

    def require_payable(self, stamp: Stamp, version: int) -> Details:
        """Return the details to pay to, or refuse.

        Args:
            version: which the creator was shown.

        Raises:
            WrongPayoutStatus: it is not to be paid now. PayoutLinkOver: the last day is over.
            PayLinkReplaced: the payee has entered other details since (SPEC R-137).
            HolderUnchecked: the bank has not said whose account it is.
            DetailsNeeded, ApprovalMissing: they were rejected; nobody has approved them.
            PayoutNotCovered, DetailsNeeded: after a failed pay-out, too little is held, or these details failed.

        Source: SPEC Z3, R-135, R-137.
        """
        details = self._payable_details(stamp, version)
        if not details.holder_check:
            raise HolderUnchecked("the bank has not said yet whose account it is; ask again in a moment")
        if details.rejected_by:
            raise DetailsNeeded("these details were rejected; the payee has to enter others")
        if self.approval and not details.approved_by:
            raise ApprovalMissing("another person than the creator has to approve where the money goes")
        if self.status == PAYOUT_FAILED:
            if self.held_minor < self.amount_minor:
                raise PayoutNotCovered(
                    "less is held than shall be paid; it can only go back", held=self.held_minor, due=self.amount_minor
                )
            if version <= self.tried_version:
                raise DetailsNeeded("the bank could not pay to these details; the payee has to enter others")
        return details

    def start_funding(self, stamp: Stamp, *, version: int, obligation_id: str) -> facts.FundingStarted:
        """Record that the creator pays at the gateway, for these details and no others.

        Raises: as of `require_payable`; WrongPayoutStatus: the money is there.
        """
        self.require(DETAILS_SUBMITTED)
        self.require_payable(stamp, version)
        started: facts.FundingStarted = self.record(
            facts.FundingStarted,
            stamp,
            payout_link_id=self.payout_link_id,
            version=version,
            obligation_id=obligation_id,
            confirmed_by=person(stamp),
        )
        return started

    def fail_funding(self, stamp: Stamp, *, code: str) -> facts.FundingFailed:
        """Record that the creator's payment brought nothing. Raises: WrongPayoutStatus."""
        self.require(FUNDING)
        failed: facts.FundingFailed = self.record(
            facts.FundingFailed, stamp, payout_link_id=self.payout_link_id, code=code
        )
        return failed

    def fund(self, stamp: Stamp, *, payment_id: str, amount_minor: int) -> facts.PayoutLinkFunded:
        """Record that the creator's payment has settled. Raises: WrongPayoutStatus."""
        self.require(FUNDING)
        funded: facts.PayoutLinkFunded = self.record(
            facts.PayoutLinkFunded,
            stamp,
            payout_link_id=self.payout_link_id,
            payment_id=payment_id,
            held_minor=amount_minor,
        )
        return funded

    def start_paying(self, stamp: Stamp, *, version: int | None = None) -> facts.PayingStarted:
        """Record that the bank shall pay, before it is told.

        Args:
            version: which the creator confirms, after a failed pay-out; None = it follows the funding.

        Raises:
            WrongPayoutStatus: the money is not there, or is on its way. As of `require_payable`.

        Source: SPEC R-135, R-137.
        """
        if version is None:
            self.require(FUNDED)
        else:
            self.require(PAYOUT_FAILED)
            self.require_payable(stamp, version)
        assert self.details is not None, "nobody funds before there are details"
        started: facts.PayingStarted = self.record(
            facts.PayingStarted,
            stamp,
            payout_link_id=self.payout_link_id,
            attempt=self.attempt + 1,
            version=self.details.version,
            destination=self.details.destination,
            amount_minor=self.amount_minor,
            currency=self.currency,
            confirmed_by=None if version is None else person(stamp),
        )
        return started

    def pay_out(self, stamp: Stamp, *, attempt: int) -> facts.PaidOut:
        """Record, beside the account's fact, that the bank has paid. Raises: WrongPayoutStatus."""
        self.require_attempt(attempt, PAYING)
        paid: facts.PaidOut = self.record(
            facts.PaidOut,
            stamp,
            payout_link_id=self.payout_link_id,
            attempt=attempt,
            paid_on=business_date(stamp.occurred_at),
        )
        return paid

    def fail_payout(self, stamp: Stamp, *, attempt: int, code: str) -> facts.PayoutFailed:
        """Record the bank's definite no; the money stays held. Raises: WrongPayoutStatus."""
        self.require_attempt(attempt, PAYING)
        failed: facts.PayoutFailed = self.record(
            facts.PayoutFailed, stamp, payout_link_id=self.payout_link_id, attempt=attempt, code=code
        )
        return failed

    def return_payout(self, stamp: Stamp, *, attempt: int, code: str) -> facts.PayoutLinkReturned:
        """Record, beside the account's fact, that the bank has sent the money back. Raises: WrongPayoutStatus."""
        self.require_attempt(attempt, PAID_OUT)
        returned: facts.PayoutLinkReturned = self.record(
            facts.PayoutLinkReturned, stamp, payout_link_id=self.payout_link_id, attempt=attempt, code=code
        )
        return returned

    def start_refund(self, stamp: Stamp, *, reason: str) -> facts.PayoutRefundStarted:
        """Record that the creator wants back what is held. Raises: WrongPayoutStatus. Source: SPEC R-135."""
        self.require(PAYOUT_FAILED)
        started: facts.PayoutRefundStarted = self.record(
            facts.PayoutRefundStarted,
            stamp,
            payout_link_id=self.payout_link_id,
            amount_minor=self.held_minor,
            reason=reason,
        )
        return started

    def finish_refund(self, stamp: Stamp, *, amount_minor: int) -> facts.PayoutLinkRefunded:
        """Record, beside the account's fact, that the creator has the money back. Raises: WrongPayoutStatus."""
        self.require(REFUNDING)
        refunded: facts.PayoutLinkRefunded = self.record(
            facts.PayoutLinkRefunded, stamp, payout_link_id=self.payout_link_id, amount_minor=amount_minor
        )
        return refunded

    def fail_refund(self, stamp: Stamp, *, code: str) -> facts.PayoutRefundFailed:
        """Record that the gateway has not given it back; it stays held. Raises: WrongPayoutStatus."""
        self.require(REFUNDING)
        failed: facts.PayoutRefundFailed = self.record(
            facts.PayoutRefundFailed, stamp, payout_link_id=self.payout_link_id, code=code
        )
        return failed

    def held_against(self, amount_minor: int) -> int:
        """Return what of a reversal comes from what is held: nothing while the money is on its way or gone."""
        return min(amount_minor, self.held_minor) if self.status in (FUNDED, PAYOUT_FAILED) else 0

    def reverse_funding(self, stamp: Stamp, *, amount_minor: int, code: str) -> facts.FundingReversed:
        """Record, beside the account's fact, that others took the creator's payment back; it is never refused."""
        from_hold_minor = self.held_against(amount_minor)
        status = self.status
        if status in (FUNDED, PAYOUT_FAILED):
            status = PAYOUT_FAILED if self.held_minor > from_hold_minor else REVERSED
        taken: facts.FundingReversed = self.record(
            facts.FundingReversed,
            stamp,
            payout_link_id=self.payout_link_id,
            amount_minor=amount_minor,
            from_hold_minor=from_hold_minor,
            code=code,
            status=status,
        )
        return taken

    def apply_hold(self, stamp: Stamp, *, amount_minor: int) -> facts.HoldApplied:
        """Record, beside the account's fact, that held money pays what a reversal left owing.

        Args:
            amount_minor: 1 to what is held and owing.
        """
        applied: facts.HoldApplied = self.record(
            facts.HoldApplied,
            stamp,
            payout_link_id=self.payout_link_id,
            amount_minor=amount_minor,
            status=REVERSED if amount_minor == self.held_minor else self.status,
        )
        return applied

    def expire(self, stamp: Stamp) -> facts.PayoutLinkExpired:
        """Record that the last day is over. Raises: WrongPayoutStatus, PayoutLinkOpen. Source: SPEC R-132, R-135."""
        self.require(ISSUED, DETAILS_SUBMITTED)
        if business_date(stamp.occurred_at) <= self.expires_on:
            raise PayoutLinkOpen("the last day is not over", expires_on=self.expires_on.isoformat())
        expired: facts.PayoutLinkExpired = self.record(
            facts.PayoutLinkExpired, stamp, payout_link_id=self.payout_link_id
        )
        return expired

    def cancel(self, stamp: Stamp, *, reason: str) -> facts.PayoutLinkCancelled:
        """Withdraw the link while nothing is paid. Raises: WrongPayoutStatus. Source: SPEC R-135."""
        self.require(ISSUED, DETAILS_SUBMITTED)
        cancelled: facts.PayoutLinkCancelled = self.record(
            facts.PayoutLinkCancelled, stamp, payout_link_id=self.payout_link_id, reason=reason
        )
        return cancelled

    def require(self, *allowed: str) -> None:
        """Refuse what is not possible as the link stands. Raises: WrongPayoutStatus."""
        if self.status not in allowed:
            raise WrongPayoutStatus(
                "this is not possible as the pay-out link stands",
                payout_status=self.status,
                possible_from=list(allowed),
            )

    def copy(self) -> Self:
        """Return an independent copy; its parts are never changed."""
        twin: Any = type(self)(self.id)
        for name in (*Stream.__slots__, *PayoutLink.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        copied: Self = twin
        return copied

    def _payable_details(self, stamp: Stamp, version: int) -> Details:
        self.require(DETAILS_SUBMITTED, PAYOUT_FAILED)
        self._require_in_time(stamp)
        self._require_version(version)
        assert self.details is not None, "there is a version of them"
        return self.details

    def _require_version(self, version: int) -> None:
        if version != self.version_submitted:
            raise PayLinkReplaced(
                "the payee has entered other details since; the creator is shown them first",
                version=self.version_submitted,
            )

    def _require_in_time(self, stamp: Stamp) -> None:
        """Refuse after the last day; where money is held there is none."""
        if self.status != PAYOUT_FAILED and business_date(stamp.occurred_at) > self.expires_on:
            raise PayoutLinkOver("the last day of the pay-out link is over", expires_on=self.expires_on.isoformat())

    def require_attempt(self, attempt: int, status: str) -> None:
        """Refuse what is not about the last pay-out, or comes at another state. Raises: WrongPayoutStatus."""
        self.require(status)
        if attempt != self.attempt:
            raise WrongPayoutStatus(
                "this is about an earlier attempt of the pay-out",
                payout_status=self.status,
                possible_from=[status],
            )


def transfer_key(payout_link_id: str, attempt: int) -> str:
    """Return the bank's key for one attempt: told again under it, the bank pays once."""
    return f"{payout_link_id}:payout:{attempt}"


def check_terms(amount_minor: int, expires_on: date | None, today: date) -> None:
    """Refuse terms that a link cannot have. Raises: PayoutAmountOutOfRange, ExpiryOutOfRange."""
    if not 1 <= amount_minor <= AMOUNT_MAX:
        raise PayoutAmountOutOfRange(f"amount must be 1 to {AMOUNT_MAX} minor units", minimum=1, maximum=AMOUNT_MAX)
    latest = last_day_within(today, DAYS_MAX)
    if expires_on is not None and not today <= expires_on <= latest:
        raise ExpiryOutOfRange(
            f"expires_on must be a day from today to {DAYS_MAX} days ahead",
            earliest=today.isoformat(),
            latest=latest.isoformat(),
        )


def person(stamp: Stamp) -> str:
    """Return who acts: the person behind the principal where known."""
    return stamp.owner or stamp.actor


__all__ = [
    "CANCELLED", "DETAILS_SUBMITTED", "EXPIRED", "FUNDED", "FUNDING", "ISSUED", "PAID_OUT", "PAYING", "PAYOUT_FAILED",
    "PREFIX", "REFUNDING", "REJECTED", "REVERSED", "SOURCE", "PayoutLink",
]  # fmt: skip

"""A payment request: one side asks, the other accepts or rejects, and what was agreed is on record (SPEC 9).

What is paid of an accepted request is its obligation's; here it is only said that all of it was, and when. The payer's
word is never taken for a payment (SPEC R-101).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Self
from uuid import UUID

from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_parts import AMOUNT_MAX
from aggregates.collecting.payment_request_facts import (
    AmendmentProposed,
    AmendmentRefused,
    AmendmentTakenBack,
    RequestAccepted,
    RequestAmended,
    RequestBound,
    RequestExpired,
    RequestFellOverdue,
    RequestRejected,
    RequestReopened,
    RequestRevised,
    RequestSent,
    RequestWasPaid,
    RequestWithdrawn,
)
from aggregates.collecting.payment_request_parts import (
    ACCEPTED,
    AMENDMENTS_MAX,
    ATTACHMENTS_MAX,
    DUE_DAYS_MAX,
    EXPIRED,
    REJECTION_CODES,
    SENT,
    VERSIONS_MAX,
    Amendment,
    AmendmentBelowPaid,
    AmendmentOpen,
    AmendmentUnknown,
    CounterpartyKnown,
    DueDateNotAllowed,
    NotForThisSide,
    RejectionCodeUnknown,
    RequestAmountTooLarge,
    RequestAnswered,
    RequestNotAccepted,
    RequestNotFound,
    RequestPaid,
    Side,
    Terms,
    TooManyAttachments,
    TooManyChanges,
    VersionSuperseded,
    Via,
)
from aggregates.dates import business_date, last_day_within
from aggregates.fact import Fact, Stamp, Stream, stream_class


def check_terms(terms: Terms, today: date) -> None:
    """Refuse what may not be asked for.

    Raises:
        RequestAmountTooLarge: more than 1,000,000,000,000 minor units.
        DueDateNotAllowed: before today or more than five years ahead.
        TooManyAttachments: more than 5.

    Source: SPEC Q2, R-106.
    """
    if terms.amount_minor > AMOUNT_MAX:
        raise RequestAmountTooLarge(f"amount may be {AMOUNT_MAX} at most", maximum=AMOUNT_MAX)
    last = last_day_within(today, DUE_DAYS_MAX)
    if not today <= terms.due_on <= last:
        raise DueDateNotAllowed(
            "due_on must be today or later, and at most five years ahead",
            earliest=today.isoformat(),
            latest=last.isoformat(),
        )
    if len(terms.attachments) > ATTACHMENTS_MAX:
        raise TooManyAttachments(f"a request may have {ATTACHMENTS_MAX} attachments", maximum=ATTACHMENTS_MAX)


def check_rejection(code: str) -> None:
    """Refuse a reason that nobody knows. Raises: RejectionCodeUnknown. Source: SPEC R-107."""
    if code not in REJECTION_CODES:
        raise RejectionCodeUnknown("code must be one of the known reasons", allowed=list(REJECTION_CODES))


def days_late(due_on: date, paid_on: date) -> int:
    """Return how many days after its due date something was paid; 0 = in time."""
    return max(0, (paid_on - due_on).days)


@stream_class("payment_request")
class PaymentRequest(Stream):
    """One payment request.

    Attributes:
        request_id, account_id, currency: as sent.
        payer_account_id: the account that is asked; None = a person without one.
        contact: vault token of the person that is asked; None = an account is.
        is_bound: whether that person has shown to be the one.
        terms, version_number: what is asked for now. expires_on: last KST day on which it can be answered.
        status: sent, accepted, rejected, withdrawn or expired.
        obligation_id: what may be paid; "" before it was accepted.
        amendment: the change that waits for an answer; None = none. amendments: how many were ever proposed.
        paid_on: KST date on which all was paid; None = it is not. is_reversed: it was, and was taken back.
        reopenings: how often it was taken back. overdue_told: the due date of which both sides know that it passed.
    """

    __slots__ = (
        "account_id", "amendment", "amendments", "contact", "currency", "expires_on", "is_bound", "is_reversed",
        "obligation_id", "overdue_told", "paid_on", "payer_account_id", "reopenings", "request_id", "status", "terms",
        "version_number",
    )  # fmt: skip

    Sent = RequestSent
    Revised = RequestRevised
    Bound = RequestBound
    Accepted = RequestAccepted
    Rejected = RequestRejected
    Withdrawn = RequestWithdrawn
    Expired = RequestExpired
    AmendmentProposed = AmendmentProposed
    Amended = RequestAmended
    AmendmentRejected = AmendmentRefused
    AmendmentWithdrawn = AmendmentTakenBack
    Paid = RequestWasPaid
    Reopened = RequestReopened
    FellOverdue = RequestFellOverdue

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.request_id = ""
        self.account_id = ""
        self.payer_account_id: str | None = None
        self.contact: str | None = None
        self.is_bound = False
        self.currency = ""
        self.terms = Terms(0, date.min, None, ())
        self.version_number = 0
        self.expires_on = date.min
        self.status = ""
        self.obligation_id = ""
        self.amendment: Amendment | None = None
        self.amendments = 0
        self.paid_on: date | None = None
        self.is_reversed = False
        self.reopenings = 0
        self.overdue_told: date | None = None

    def side_of(self, account_id: str) -> Side:
        """Return which side an account is. Raises: RequestNotFound: neither."""
        if account_id == self.account_id:
            return "payee"
        if account_id == self.payer_account_id:
            return "payer"
        raise RequestNotFound("there is no such payment request")

    def require_side(self, account_id: str | None, side: Side) -> None:
        """Refuse what the other side does; None = nobody's own key, who may act for both.

        Raises:
            RequestNotFound: the account is neither side. NotForThisSide: it is the other one.
        """
        if account_id is not None and self.side_of(account_id) != side:
            raise NotForThisSide(f"this is done by the {side} of the request", side=side)

    def send(
        self,
        stamp: Stamp,
        *,
        request_id: str,
        account_id: str,
        payer_account_id: str | None,
        contact: str | None,
        terms: Terms,
        currency: str,
        reference: str | None,
        expiry_days: int,
    ) -> RequestSent:
        """Ask for money.

        Args:
            payer_account_id, contact: who is asked, by one of the two.
            expiry_days: so many days after the due date it can still be answered.

        Raises:
            RequestAmountTooLarge, DueDateNotAllowed, TooManyAttachments: as of `check_terms`.

        Source: SPEC Q2, R-103, R-105.
        """
        assert (payer_account_id is None) != (contact is None), "an account is asked, or a person"
        check_terms(terms, business_date(stamp.occurred_at))
        sent: RequestSent = self.record(
            RequestSent,
            stamp,
            payment_request_id=request_id,
            account_id=account_id,
            payer_account_id=payer_account_id,
            contact=contact,
            terms=terms,
            currency=currency,
            reference=reference,
            expires_on=last_day_within(terms.due_on, expiry_days),
        )
        return sent

    def revise(self, stamp: Stamp, *, terms: Terms) -> RequestRevised:
        """Ask for something else before there is an answer.

        Raises:
            RequestAnswered: there is one, or it is too late for one.
            TooManyChanges: 50 versions.
            RequestAmountTooLarge, DueDateNotAllowed, TooManyAttachments: as of `check_terms`.

        Source: SPEC R-104.
        """
        self.require_unanswered(stamp)
        if self.version_number >= VERSIONS_MAX:
            raise TooManyChanges(f"a request may have {VERSIONS_MAX} versions", maximum=VERSIONS_MAX)
        check_terms(terms, business_date(stamp.occurred_at))
        revised: RequestRevised = self.record(
            RequestRevised,
            stamp,
            payment_request_id=self.request_id,
            version=self.version_number + 1,
            terms=terms,
            expires_on=terms.due_on + (self.expires_on - self.terms.due_on),
        )
        return revised

    def bind(self, stamp: Stamp, *, payer_account_id: str | None, via: Via) -> RequestBound:
        """Record that the person who was asked has shown to be the one.

        Args:
            payer_account_id: the account that is theirs; None = on the page alone.

        Raises:
            CounterpartyKnown: an account was asked, or has claimed it before.

        Source: SPEC R-105.
        """
        if self.payer_account_id is not None or (self.is_bound and payer_account_id is None):
            raise CounterpartyKnown("it is on record who is asked")
        bound: RequestBound = self.record(
            RequestBound, stamp, payment_request_id=self.request_id, payer_account_id=payer_account_id, via=via
        )
        return bound

    def accept(self, stamp: Stamp, *, obligation_id: str, via: Via) -> RequestAccepted:
        """Record the counterparty's yes, beside the obligation that it opens. Check `require_answerable` before.

        Source: SPEC Q3, R-101.
        """
        accepted: RequestAccepted = self.record(
            RequestAccepted,
            stamp,
            payment_request_id=self.request_id,
            version=self.version_number,
            obligation_id=obligation_id,
            via=via,
        )
        return accepted

    def reject(self, stamp: Stamp, *, version: int, reason_code: str, text: str, via: Via) -> RequestRejected:
        """Record the counterparty's no.

        Args:
            version: which they have seen. reason_code: one of the known reasons. text: vault token of their words.

        Raises:
            RequestAnswered, VersionSuperseded: as of `require_answerable`. RejectionCodeUnknown.

        Source: SPEC Q3, R-107.
        """
        self.require_answerable(stamp, version)
        check_rejection(reason_code)
        rejected: RequestRejected = self.record(
            RequestRejected,
            stamp,
            payment_request_id=self.request_id,
            version=self.version_number,
            code=reason_code,
            text=text,
            via=via,
        )
        return rejected

    def withdraw(self, stamp: Stamp) -> RequestWithdrawn:
        """Record that the payee does not ask any more. Raises: RequestAnswered. Source: SPEC R-101."""
        self.require_unanswered(stamp)
        withdrawn: RequestWithdrawn = self.record(
            RequestWithdrawn, stamp, payment_request_id=self.request_id, version=self.version_number
        )
        return withdrawn

    def expire(self, stamp: Stamp) -> RequestExpired:
        """Record that nobody answered in time.

        Raises:
            RequestAnswered: somebody did, or there is still time; `status` says which.

        Source: SPEC R-103.
        """
        if self.status != SENT or business_date(stamp.occurred_at) <= self.expires_on:
            raise RequestAnswered("the request does not wait beyond its time", status=self.status)
        expired: RequestExpired = self.record(
            RequestExpired, stamp, payment_request_id=self.request_id, expires_on=self.expires_on
        )
        return expired

    def propose_amendment(self, stamp: Stamp, *, side: Side, terms: Terms, paid_minor: int, via: Via) -> Fact:
        """Propose to change what was agreed.

        Args:
            side: who proposes. paid_minor: what is paid already.

        Raises:
            RequestNotAccepted: there is nothing agreed. RequestPaid: it is paid.
            AmendmentOpen: another change waits. TooManyChanges: 50 were proposed, or there are 50 versions.
            AmendmentBelowPaid: more is paid already.
            RequestAmountTooLarge, DueDateNotAllowed, TooManyAttachments: as of `check_terms`.

        Source: SPEC R-104.
        """
        self.require_owed()
        if self.amendment is not None:
            raise AmendmentOpen("a change waits for an answer", amendment=self.amendment.number)
        if self.amendments >= AMENDMENTS_MAX or self.version_number >= VERSIONS_MAX:
            raise TooManyChanges(f"a request may be changed {AMENDMENTS_MAX} times", maximum=AMENDMENTS_MAX)
        check_amount(terms, paid_minor)
        check_terms(terms, business_date(stamp.occurred_at))
        proposed: Fact = self.record(
            AmendmentProposed,
            stamp,
            payment_request_id=self.request_id,
            amendment=self.amendments + 1,
            side=side,
            terms=terms,
            via=via,
        )
        return proposed

    def require_amendment(self, number: int, side: Side, paid_minor: int) -> Amendment:
        """Return the change that one side may answer with yes.

        Args:
            number: which. side: who answers. paid_minor: what is paid already.

        Raises:
            RequestPaid: it is paid in the meantime. AmendmentUnknown: no such change waits.
            NotForThisSide: it is their own. AmendmentBelowPaid: more is paid in the meantime.

        Source: SPEC R-104.
        """
        self.require_owed()
        waiting = self.require_waiting(number)
        if waiting.side == side:
            raise NotForThisSide("a change is answered by the other side of the request", side=_other(side))
        check_amount(waiting.terms, paid_minor)
        return waiting

    def amend(self, stamp: Stamp, *, via: Via) -> RequestAmended:
        """Record that both sides agree to the change that waits. Check `require_amendment` before."""
        assert self.amendment is not None, "a change waits"
        amended: RequestAmended = self.record(
            RequestAmended,
            stamp,
            payment_request_id=self.request_id,
            amendment=self.amendment.number,
            version=self.version_number + 1,
            terms=self.amendment.terms,
            via=via,
        )
        return amended

    def reject_amendment(self, stamp: Stamp, *, number: int, side: Side, reason_code: str, text: str, via: Via) -> Fact:
        """Record that the other side does not want the change.

        Raises:
            AmendmentUnknown, NotForThisSide: as of `require_amendment`. RejectionCodeUnknown.

        Source: SPEC R-104, R-107.
        """
        if self.require_waiting(number).side == side:
            raise NotForThisSide("a change is answered by the other side of the request", side=_other(side))
        check_rejection(reason_code)
        refused: Fact = self.record(
            AmendmentRefused,
            stamp,
            payment_request_id=self.request_id,
            amendment=number,
            code=reason_code,
            text=text,
            via=via,
        )
        return refused

    def withdraw_amendment(self, stamp: Stamp, *, number: int, side: Side, via: Via) -> Fact:
        """Record that who has proposed a change does not want it any more.

        Raises:
            AmendmentUnknown: no such change waits. NotForThisSide: the other side has proposed it.
        """
        if self.require_waiting(number).side != side:
            raise NotForThisSide("a change is withdrawn by who has proposed it", side=_other(side))
        taken: Fact = self.record(
            AmendmentTakenBack, stamp, payment_request_id=self.request_id, amendment=number, via=via
        )
        return taken

    def note_paid(self, stamp: Stamp, *, paid_on: date) -> RequestWasPaid:
        """Record beside the settlement that completes it that all is paid. Source: SPEC Q4, R-101."""
        late = days_late(self.terms.due_on, paid_on)
        paid: RequestWasPaid = self.record(
            RequestWasPaid,
            stamp,
            payment_request_id=self.request_id,
            obligation_id=self.obligation_id,
            paid_on=paid_on,
            late_days=late,
            overdue_from=self.terms.due_on + timedelta(days=1) if late else None,
            overdue_to=paid_on if late else None,
        )
        return paid

    def note_reversed(self, stamp: Stamp, *, attempt_id: str, code: str) -> RequestReopened:
        """Record beside the reversal that what was paid is to be paid again. Source: SPEC R-101."""
        reopened: RequestReopened = self.record(
            RequestReopened,
            stamp,
            payment_request_id=self.request_id,
            obligation_id=self.obligation_id,
            attempt_id=attempt_id,
            code=code,
        )
        return reopened

    def fall_overdue(self, stamp: Stamp, *, obligation: Obligation) -> RequestFellOverdue:
        """Record that the due date has passed and not all is paid.

        Raises:
            RequestNotAccepted, RequestPaid: nothing is owed.
            RequestAnswered: the due date has not passed, or both sides know of it.

        Source: SPEC R-101.
        """
        self.require_owed()
        due_on = self.terms.due_on
        if business_date(stamp.occurred_at) <= due_on or self.overdue_told == due_on:
            raise RequestAnswered("the due date has not passed, or both sides know", status=self.status)
        overdue: RequestFellOverdue = self.record(
            RequestFellOverdue,
            stamp,
            payment_request_id=self.request_id,
            obligation_id=self.obligation_id,
            due_on=due_on,
            outstanding_minor=obligation.outstanding_minor or 0,
            currency=self.currency,
        )
        return overdue

    def require_unanswered(self, stamp: Stamp) -> None:
        """Refuse what is done before there is an answer. Raises: RequestAnswered."""
        if self.status != SENT:
            raise RequestAnswered("the request does not wait for an answer any more", status=self.status)
        if business_date(stamp.occurred_at) > self.expires_on:
            raise RequestAnswered(
                "the request has expired without an answer", status=EXPIRED, expires_on=self.expires_on.isoformat()
            )

    def require_answerable(self, stamp: Stamp, version: int) -> None:
        """Refuse an answer to what is not asked any more.

        Raises:
            RequestAnswered: it was answered, withdrawn, or has expired.
            VersionSuperseded: the answer is to an older version.

        Source: SPEC R-103, R-104.
        """
        self.require_unanswered(stamp)
        if version != self.version_number:
            raise VersionSuperseded(
                "the request was changed; look at its present version and answer that", version=self.version_number
            )

    def require_accepted(self) -> None:
        """Refuse what only follows a yes. Raises: RequestNotAccepted."""
        if self.status != ACCEPTED:
            raise RequestNotAccepted("the request was not accepted", status=self.status)

    def require_owed(self) -> None:
        """Refuse what is done while something is owed. Raises: RequestNotAccepted, RequestPaid."""
        self.require_accepted()
        if self.paid_on is not None:
            raise RequestPaid("the request is paid", paid_on=self.paid_on.isoformat())

    def require_waiting(self, number: int) -> Amendment:
        """Return the change that waits. Raises: AmendmentUnknown."""
        if self.amendment is None or self.amendment.number != number:
            raise AmendmentUnknown("no such change waits for an answer")
        return self.amendment

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *PaymentRequest.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin


def check_amount(terms: Terms, paid_minor: int) -> None:
    """Refuse to ask for less than what was paid. Raises: AmendmentBelowPaid."""
    if terms.amount_minor < paid_minor:
        raise AmendmentBelowPaid(f"amount must be at least {paid_minor}, which is paid already", minimum=paid_minor)


def _other(side: Side) -> Side:
    return "payer" if side == "payee" else "payee"

"""Commands on payment requests: send, revise, answer, amend, pay; and what an obligation's money means to a request.

A request is named by its own id. `by` is the account whose key asks, None where an internal service or an operator
does: the decision looks which side that is. Whoever has to know is told in the same commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from aggregates.account import Account, standing
from aggregates.collecting.obligation import (
    Obligation,
    ObligationConfirmed,
    ObligationRefunded,
    ObligationReversed,
    ObligationSettled,
)
from aggregates.collecting.payment_request import PaymentRequest
from aggregates.collecting.payment_request_facts import RequestSent
from aggregates.collecting.payment_request_parts import (
    ACCEPTED,
    AMENDMENT_ACCEPTED,
    AMENDMENT_PROPOSED,
    AMENDMENT_REJECTED,
    AMENDMENT_WITHDRAWN,
    EXPIRED,
    PREFIX,
    REJECTED,
    SENT,
    WITHDRAWN,
    Attachment,
    CounterpartyCurrency,
    CounterpartyIsSelf,
    NotForThisSide,
    RequestNotFound,
    Side,
    Terms,
    Via,
)
from aggregates.collecting.telling import CHANNELS
from aggregates.dates import business_date
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.obligations import (
    Method,
    StartCollection,
    change_due,
    known_obligation,
    open_obligation,
)
from ledger.commands.collecting.sources import SourceRules, source
from ledger.commands.collecting.tellings import tell

SOURCE: Final = "request"


def known_request(streams: Streams, request_id: str) -> PaymentRequest:
    """Return a payment request. Raises: RequestNotFound."""
    parse(request_id, PREFIX)
    return streams.known(PaymentRequest, request_id, RequestNotFound)


@dataclass(frozen=True, slots=True)
class SendPaymentRequest:
    """Ask somebody for money.

    Attributes:
        account_id: who asks. payer_account_id, contact: who is asked: an account, or the vault token of a person.
        terms: what is asked for. reference: the payee's own number; None = none.
        expiry_days: so many days after the due date it can be answered (settings; SPEC R-103).
    """

    ANSWER: ClassVar[str] = "payment-request-sent/1"

    account_id: str
    payer_account_id: str | None
    contact: str | None
    terms: Terms
    reference: str | None
    expiry_days: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.Sent`, and tell who is asked.

        Raises:
            AccountNotFound, CounterpartyIsSelf, AccountIsClosed, CounterpartyCurrency, and as of `PaymentRequest.send`.

        Source: SPEC Q2, Q3.
        """
        account = streams.account(self.account_id)
        payer = None if self.payer_account_id is None else streams.account(self.payer_account_id)
        if self.payer_account_id == self.account_id:
            raise CounterpartyIsSelf("an account cannot ask itself for money")
        standing.refuse_closed(account)
        if payer is not None:
            _check_payer(payer, account)
        request_id, request = streams.new_child(PaymentRequest, PREFIX, self.account_id)
        request.send(
            stamp,
            request_id=request_id,
            account_id=self.account_id,
            payer_account_id=self.payer_account_id,
            contact=self.contact,
            terms=self.terms,
            currency=account.currency,
            reference=self.reference,
            expiry_days=self.expiry_days,
        )
        _tell(streams, stamp, request, "payer", "sent")


@dataclass(frozen=True, slots=True)
class RevisePaymentRequest:
    """Ask for something else before there is an answer."""

    ANSWER: ClassVar[str] = "payment-request/1"

    request_id: str
    by: str | None
    terms: Terms

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.Revised`, and tell who is asked.

        Raises:
            RequestNotFound, NotForThisSide, and as of `PaymentRequest.revise`.
        """
        request = known_request(streams, self.request_id)
        request.require_side(self.by, "payee")
        request.revise(stamp, terms=self.terms)
        _tell(streams, stamp, request, "payer", "revised")


@dataclass(frozen=True, slots=True)
class BindPaymentRequest:
    """Record that the person who was asked is known: on the page, or by the account that has the link and the digits.

    Attributes:
        payer_account_id: the account that is theirs; None = the person alone, on the page.
    """

    ANSWER: ClassVar[str] = "payment-request-bound/1"

    request_id: str
    payer_account_id: str | None
    via: Via

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.Bound`.

        Raises:
            RequestNotFound, AccountNotFound, CounterpartyIsSelf, AccountIsClosed, CounterpartyCurrency,
            CounterpartyKnown.

        Source: SPEC R-105.
        """
        request = known_request(streams, self.request_id)
        if self.payer_account_id is not None:
            account, payer = streams.account(request.account_id), streams.account(self.payer_account_id)
            if self.payer_account_id == request.account_id:
                raise CounterpartyIsSelf("an account cannot ask itself for money")
            _check_payer(payer, account)
        request.bind(stamp, payer_account_id=self.payer_account_id, via=self.via)


@dataclass(frozen=True, slots=True)
class AcceptPaymentRequest:
    """Agree to owe what is asked for. version: which the counterparty has seen."""

    ANSWER: ClassVar[str] = "payment-request/1"

    request_id: str
    by: str | None
    version: int
    via: Via

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.Accepted` and `Obligation.Opened`, and tell the payee.

        Raises:
            RequestNotFound, NotForThisSide, RequestAnswered, VersionSuperseded, AccountIsClosed.

        Source: SPEC Q3, R-101, R-104.
        """
        request = known_request(streams, self.request_id)
        request.require_side(self.by, "payer")
        request.require_answerable(stamp, self.version)
        standing.refuse_closed(streams.account(request.account_id))
        _bind_on_page(request, stamp, self.via)
        obligation = open_obligation(
            streams,
            stamp,
            account_id=request.account_id,
            source=SOURCE,
            source_id=request.request_id,
            due_minor=request.terms.amount_minor,
            due_on=request.terms.due_on,
            parts=True,
        )
        request.accept(stamp, obligation_id=obligation.obligation_id, via=self.via)
        _tell(streams, stamp, request, "payee", "accepted")


@dataclass(frozen=True, slots=True)
class RejectPaymentRequest:
    """Say no. version: which was seen. reason_code: one of the known reasons. text: vault token of the words."""

    ANSWER: ClassVar[str] = "payment-request/1"

    request_id: str
    by: str | None
    version: int
    reason_code: str
    text: str
    via: Via

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.Rejected`, and tell the payee.

        Raises:
            RequestNotFound, NotForThisSide, and as of `PaymentRequest.reject`.

        Source: SPEC Q3, R-107.
        """
        request = known_request(streams, self.request_id)
        request.require_side(self.by, "payer")
        request.reject(stamp, version=self.version, reason_code=self.reason_code, text=self.text, via=self.via)
        _bind_on_page(request, stamp, self.via)
        _tell(streams, stamp, request, "payee", "rejected", code=self.reason_code)


@dataclass(frozen=True, slots=True)
class WithdrawPaymentRequest:
    """Ask no more, before there is an answer."""

    ANSWER: ClassVar[str] = "payment-request/1"

    request_id: str
    by: str | None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.Withdrawn`, and tell who was asked.

        Raises:
            RequestNotFound, NotForThisSide, RequestAnswered.
        """
        request = known_request(streams, self.request_id)
        request.require_side(self.by, "payee")
        request.withdraw(stamp)
        _tell(streams, stamp, request, "payer", "withdrawn")


@dataclass(frozen=True, slots=True)
class ExpirePaymentRequest:
    """Record that nobody has answered in time."""

    ANSWER: ClassVar[str] = "payment-request/1"

    request_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.Expired`, and tell the payee. Raises: RequestNotFound, RequestAnswered."""
        request = known_request(streams, self.request_id)
        request.expire(stamp)
        _tell(streams, stamp, request, "payee", "expired")


@dataclass(frozen=True, slots=True)
class ProposeAmendment:
    """Propose to change what was agreed. side: who does; None = the side of `by`."""

    ANSWER: ClassVar[str] = "payment-request-amendment/1"

    request_id: str
    by: str | None
    side: Side | None
    terms: Terms
    via: Via

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.AmendmentProposed`, and tell the other side.

        Raises:
            RequestNotFound, NotForThisSide, and as of `PaymentRequest.propose_amendment`.

        Source: SPEC R-104.
        """
        request = known_request(streams, self.request_id)
        side = _side(request, self.by, self.side)
        paid_minor = _paid_minor(streams, request)
        request.propose_amendment(stamp, side=side, terms=self.terms, paid_minor=paid_minor, via=self.via)
        _tell(streams, stamp, request, _other(side), "amendment_proposed", **_figures(self.terms))


@dataclass(frozen=True, slots=True)
class AcceptAmendment:
    """Agree to a change that the other side has proposed. number: which. side: as of `ProposeAmendment`."""

    ANSWER: ClassVar[str] = "payment-request-amendment/1"

    request_id: str
    by: str | None
    side: Side | None
    number: int
    via: Via

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.Amended` and `Obligation.Changed`, and tell who has proposed it.

        What is paid already may be all that is owed now; credit of the payer's counts for what is more (SPEC R-102).

        Raises:
            RequestNotFound, NotForThisSide, and as of `PaymentRequest.require_amendment`.

        Source: SPEC R-104.
        """
        request = known_request(streams, self.request_id)
        side = _side(request, self.by, self.side)
        request.require_owed()
        obligation = known_obligation(streams, request.obligation_id)
        streams.account(request.account_id)
        terms = request.require_amendment(self.number, side, obligation.paid_minor).terms
        change_due(streams, stamp, obligation, due_minor=terms.amount_minor, due_on=terms.due_on)
        request.amend(stamp, via=self.via)
        _tell(streams, stamp, request, _other(side), "amended")
        if obligation.is_paid:
            request.note_paid(stamp, paid_on=business_date(stamp.occurred_at))
            _tell_both(streams, stamp, request, "paid")


@dataclass(frozen=True, slots=True)
class RejectAmendment:
    """Say no to a change. number: which. reason_code, text: as of `RejectPaymentRequest`."""

    ANSWER: ClassVar[str] = "payment-request-amendment/1"

    request_id: str
    by: str | None
    side: Side | None
    number: int
    reason_code: str
    text: str
    via: Via

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.AmendmentRejected`, and tell who has proposed it.

        Raises:
            RequestNotFound, NotForThisSide, and as of `PaymentRequest.reject_amendment`.
        """
        request = known_request(streams, self.request_id)
        side = _side(request, self.by, self.side)
        request.reject_amendment(
            stamp, number=self.number, side=side, reason_code=self.reason_code, text=self.text, via=self.via
        )
        _tell(streams, stamp, request, _other(side), "amendment_rejected", code=self.reason_code)


@dataclass(frozen=True, slots=True)
class WithdrawAmendment:
    """Take back a change that one has proposed oneself. number: which."""

    ANSWER: ClassVar[str] = "payment-request-amendment/1"

    request_id: str
    by: str | None
    side: Side | None
    number: int
    via: Via

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.AmendmentWithdrawn`, and tell the other side.

        Raises:
            RequestNotFound, NotForThisSide, AmendmentUnknown.
        """
        request = known_request(streams, self.request_id)
        side = _side(request, self.by, self.side)
        request.withdraw_amendment(stamp, number=self.number, side=side, via=self.via)
        _tell(streams, stamp, request, _other(side), "amendment_withdrawn")


@dataclass(frozen=True, slots=True)
class PayPaymentRequest:
    """Start a payment of an accepted request at the gateway; nothing is paid before it has settled (SPEC R-101)."""

    ANSWER: ClassVar[str] = "collection-payment/1"

    request_id: str
    by: str | None
    amount_minor: int
    method: Method

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record as `StartCollection` does.

        Raises:
            RequestNotFound, NotForThisSide, RequestNotAccepted, and as of `StartCollection`.

        Source: SPEC R-101, R-102.
        """
        request = known_request(streams, self.request_id)
        request.require_side(self.by, "payer")
        request.require_accepted()
        StartCollection(request.obligation_id, self.amount_minor, self.method, SOURCE).decide(streams, stamp)


@dataclass(frozen=True, slots=True)
class MarkRequestOverdue:
    """Record that a due date has passed and not all is paid."""

    ANSWER: ClassVar[str] = "payment-request/1"

    request_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.FellOverdue`, and tell both sides.

        Raises:
            RequestNotFound, and as of `PaymentRequest.fall_overdue`.

        Source: SPEC R-101, Q5.
        """
        request = known_request(streams, self.request_id)
        request.require_owed()
        obligation = known_obligation(streams, request.obligation_id)
        request.fall_overdue(stamp, obligation=obligation)
        _tell_both(streams, stamp, request, "overdue", outstanding=obligation.outstanding_minor or 0)


@source(SOURCE)
class RequestRules(SourceRules):
    """What a request makes of its obligation's money; over-payment stays the payer's credit (SPEC R-102)."""

    KEEPS_CREDIT: ClassVar[bool] = True

    def load(self, streams: Streams, obligation: Obligation) -> None:
        """Ask for the request."""
        known_request(streams, obligation.source_id)

    def settled(
        self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationSettled | ObligationConfirmed
    ) -> None:
        """Say that all is paid, when it is, and tell who has to know."""
        request = known_request(streams, obligation.source_id)
        if request.paid_on is not None:
            _tell(streams, stamp, request, "payee", "over_paid", amount=fact.amount_minor)
        elif obligation.is_paid:
            request.note_paid(stamp, paid_on=fact.paid_on)
            _tell_both(streams, stamp, request, "paid")
        else:
            left = obligation.outstanding_minor or 0
            _tell(streams, stamp, request, "payee", "part_paid", amount=fact.amount_minor, outstanding=left)

    def reversed(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationReversed) -> None:
        """Let a request that was paid be payable again, and tell both sides."""
        request = known_request(streams, obligation.source_id)
        if request.paid_on is not None and not obligation.is_paid:
            request.note_reversed(stamp, attempt_id=fact.attempt_id, code=fact.code)
        left = obligation.outstanding_minor or 0
        _tell_both(streams, stamp, request, "reversed", amount=fact.amount_minor, outstanding=left)

    def refunded(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationRefunded) -> None:
        """Tell the payer that money has gone back."""
        request = known_request(streams, obligation.source_id)
        _tell(streams, stamp, request, "payer", "refunded", amount=fact.amount_minor)


def _check_payer(payer: Account, account: Account) -> None:
    """Refuse to ask an account that cannot owe this. Raises: AccountIsClosed, CounterpartyCurrency."""
    standing.refuse_closed(payer)
    if payer.currency != account.currency:
        raise CounterpartyCurrency("the account that is asked has another currency", currency=account.currency)


def _bind_on_page(request: PaymentRequest, stamp: Stamp, via: Via) -> None:
    """Whoever answers on the page has shown to be the person that was asked (SPEC R-105)."""
    if via == "page" and request.contact is not None and not request.is_bound:
        request.bind(stamp, payer_account_id=None, via=via)


def _side(request: PaymentRequest, by: str | None, side: Side | None) -> Side:
    """Return who acts. Raises: RequestNotFound, NotForThisSide."""
    if by is None:
        assert side is not None, "who acts for both sides says for which"
        return side
    own = request.side_of(by)
    if side not in (None, own):
        raise NotForThisSide(f"the key is that of the {own}", side=own)
    return own


def _other(side: Side) -> Side:
    return "payer" if side == "payee" else "payee"


def _paid_minor(streams: Streams, request: PaymentRequest) -> int:
    """Return what is paid of a request. Raises: RequestNotAccepted."""
    request.require_accepted()
    return known_obligation(streams, request.obligation_id).paid_minor


def _tell_both(streams: Streams, stamp: Stamp, request: PaymentRequest, event: str, **detail: int | str) -> None:
    _tell(streams, stamp, request, "payee", event, **detail)
    _tell(streams, stamp, request, "payer", event, **detail)


def _tell(streams: Streams, stamp: Stamp, request: PaymentRequest, side: Side, event: str, **detail: int | str) -> None:
    """Tell one side, as the owner of its account or as a person with a link (SPEC Q3, Q4)."""
    figures: dict[str, int | str] = {
        "request_id": request.request_id,
        "payee_id": request.account_id,
        "currency": request.currency,
        **_figures(request.terms),
        **detail,
    }
    is_person = side == "payer" and request.payer_account_id is None
    tell(
        streams,
        stamp,
        account_id=request.account_id if side == "payee" or is_person else request.payer_account_id or "",
        thing_id=request.request_id,
        kind=f"{SOURCE}.{event}",
        to=request.contact if is_person else None,
        channels=CHANNELS if is_person else None,
        detail=figures,
    )


def _figures(terms: Terms) -> dict[str, int | str]:
    return {"amount": terms.amount_minor, "due_on": terms.due_on.isoformat()}


def attachment_json(attachment: Attachment) -> dict[str, Any]:
    """Return what is known of a file, without its name."""
    return {
        "id": attachment.attachment_id,
        "type": attachment.type,
        "size": attachment.size_bytes,
        "sha256": attachment.sha256,
    }


STATUS_AFTER: dict[type[Fact], str] = {
    PaymentRequest.Revised: SENT,
    PaymentRequest.Accepted: ACCEPTED,
    PaymentRequest.Rejected: REJECTED,
    PaymentRequest.Withdrawn: WITHDRAWN,
    PaymentRequest.Expired: EXPIRED,
    PaymentRequest.FellOverdue: ACCEPTED,
}

AMENDMENT_AFTER: dict[type[Fact], str] = {
    PaymentRequest.AmendmentProposed: AMENDMENT_PROPOSED,
    PaymentRequest.Amended: AMENDMENT_ACCEPTED,
    PaymentRequest.AmendmentRejected: AMENDMENT_REJECTED,
    PaymentRequest.AmendmentWithdrawn: AMENDMENT_WITHDRAWN,
}


@answer("payment-request-sent/1")
def payment_request_sent(facts: Sequence[Fact]) -> Answer:
    """Answer with a request that was sent."""
    fact = next(fact for fact in facts if isinstance(fact, RequestSent))
    shape = {
        "id": fact.payment_request_id,
        "account_id": fact.account_id,
        "payer_account_id": fact.payer_account_id,
        "amount": fact.terms.amount_minor,
        "currency": fact.currency,
        "due_on": fact.terms.due_on.isoformat(),
        "expires_on": fact.expires_on.isoformat(),
        "reference": fact.reference,
        "attachments": [attachment_json(each) for each in fact.terms.attachments],
        "version": 1,
        "status": SENT,
    }
    return Answer(201, shape)


@answer("payment-request/1")
def payment_request(facts: Sequence[Fact]) -> Answer:
    """Answer with what a step has made of a request."""
    fact: Any = next(fact for fact in facts if type(fact) in STATUS_AFTER)
    shape = {
        "id": fact.payment_request_id,
        "status": STATUS_AFTER[type(fact)],
        "version": getattr(fact, "version", None),
        "obligation_id": getattr(fact, "obligation_id", None),
    }
    return Answer(200, shape)


@answer("payment-request-amendment/1")
def payment_request_amendment(facts: Sequence[Fact]) -> Answer:
    """Answer with what has become of a change."""
    fact: Any = next(fact for fact in facts if type(fact) in AMENDMENT_AFTER)
    shape = {
        "id": fact.payment_request_id,
        "amendment": fact.amendment,
        "amendment_status": AMENDMENT_AFTER[type(fact)],
        "version": getattr(fact, "version", None),
    }
    return Answer(201 if isinstance(fact, PaymentRequest.AmendmentProposed) else 200, shape)


@answer("payment-request-bound/1")
def payment_request_bound(facts: Sequence[Fact]) -> Answer:
    """Answer with who is asked."""
    fact = next(fact for fact in facts if isinstance(fact, PaymentRequest.Bound))
    return Answer(200, {"id": fact.payment_request_id, "payer_account_id": fact.payer_account_id})

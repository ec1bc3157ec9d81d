"""Commands on payment requests: send, revise, accept or reject, withdraw, expire (SPEC 9).

A request is named by its own id. `by` is the account whose key asks, None where an internal service or an operator
does: the decision looks which side that is. Whoever has to know is told in the same commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.account import Account, standing
from aggregates.collecting.payment_request import PaymentRequest
from aggregates.collecting.payment_request_facts import RequestSent
from aggregates.collecting.payment_request_parts import (
    ACCEPTED,
    EXPIRED,
    PREFIX,
    REJECTED,
    SENT,
    WITHDRAWN,
    Attachment,
    CounterpartyCurrency,
    CounterpartyIsSelf,
    Terms,
    Via,
)
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.obligations import (
    open_obligation,
)
from ledger.commands.collecting.request_sides import SOURCE, known_request, tell_side


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
        tell_side(streams, stamp, request, "payer", "sent")


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
        tell_side(streams, stamp, request, "payer", "revised")


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
        tell_side(streams, stamp, request, "payee", "accepted")


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
        tell_side(streams, stamp, request, "payee", "rejected", code=self.reason_code)


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
        tell_side(streams, stamp, request, "payer", "withdrawn")


@dataclass(frozen=True, slots=True)
class ExpirePaymentRequest:
    """Record that nobody has answered in time."""

    ANSWER: ClassVar[str] = "payment-request/1"

    request_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `PaymentRequest.Expired`, and tell the payee. Raises: RequestNotFound, RequestAnswered."""
        request = known_request(streams, self.request_id)
        request.expire(stamp)
        tell_side(streams, stamp, request, "payee", "expired")


def _check_payer(payer: Account, account: Account) -> None:
    """Refuse to ask an account that cannot owe this. Raises: AccountIsClosed, CounterpartyCurrency."""
    standing.refuse_closed(payer)
    if payer.currency != account.currency:
        raise CounterpartyCurrency("the account that is asked has another currency", currency=account.currency)


def _bind_on_page(request: PaymentRequest, stamp: Stamp, via: Via) -> None:
    """Whoever answers on the page has shown to be the person that was asked (SPEC R-105)."""
    if via == "page" and request.contact is not None and not request.is_bound:
        request.bind(stamp, payer_account_id=None, via=via)


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


@answer("payment-request-bound/1")
def payment_request_bound(facts: Sequence[Fact]) -> Answer:
    """Answer with who is asked."""
    fact = next(fact for fact in facts if isinstance(fact, PaymentRequest.Bound))
    return Answer(200, {"id": fact.payment_request_id, "payer_account_id": fact.payer_account_id})

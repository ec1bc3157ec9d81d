"""Commands on changes of an accepted payment request: one side proposes, the other one decides (SPEC R-104)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.collecting.payment_request import PaymentRequest
from aggregates.collecting.payment_request_parts import (
    AMENDMENT_ACCEPTED,
    AMENDMENT_PROPOSED,
    AMENDMENT_REJECTED,
    AMENDMENT_WITHDRAWN,
    NotForThisSide,
    Side,
    Terms,
    Via,
)
from aggregates.dates import business_date
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.obligations import change_due, known_obligation
from ledger.commands.collecting.request_sides import figures_of, known_request, tell_both, tell_side


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
        tell_side(streams, stamp, request, _other(side), "amendment_proposed", **figures_of(self.terms))


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
        tell_side(streams, stamp, request, _other(side), "amended")
        if obligation.is_paid:
            request.note_paid(stamp, paid_on=business_date(stamp.occurred_at))
            tell_both(streams, stamp, request, "paid")


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
        tell_side(streams, stamp, request, _other(side), "amendment_rejected", code=self.reason_code)


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
        tell_side(streams, stamp, request, _other(side), "amendment_withdrawn")


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


AMENDMENT_AFTER: dict[type[Fact], str] = {
    PaymentRequest.AmendmentProposed: AMENDMENT_PROPOSED,
    PaymentRequest.Amended: AMENDMENT_ACCEPTED,
    PaymentRequest.AmendmentRejected: AMENDMENT_REJECTED,
    PaymentRequest.AmendmentWithdrawn: AMENDMENT_WITHDRAWN,
}


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

"""The money of payment requests: paid by the payer, overdue by the clock, and what a settlement means (SPEC R-101)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_facts import (
    ObligationConfirmed,
    ObligationRefunded,
    ObligationReversed,
    ObligationSettled,
)
from aggregates.collecting.payment_request import PaymentRequest
from aggregates.fact import Stamp
from ledger.command import Streams
from ledger.commands.collecting.obligations import Method, StartCollection, known_obligation
from ledger.commands.collecting.request_sides import SOURCE, known_request, tell_both, tell_side
from ledger.commands.collecting.sources import SourceRules, source


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
        tell_both(streams, stamp, request, "overdue", outstanding=obligation.outstanding_minor or 0)


@source(SOURCE)
class RequestRules(SourceRules):
    """What a request makes of its obligation's money; over-payment stays the payer's credit (SPEC R-102)."""

    KEEPS_CREDIT: ClassVar[bool] = True

    def load(self, streams: Streams, obligation: Obligation) -> None:
        """Ask for the request, as it stands in the commit: it says who is told, and is not always written."""
        streams.held(PaymentRequest, obligation.source_id)

    def settled(
        self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationSettled | ObligationConfirmed
    ) -> None:
        """Say that all is paid, when it is, and tell who has to know."""
        request = known_request(streams, obligation.source_id)
        if request.paid_on is not None:
            tell_side(streams, stamp, request, "payee", "over_paid", amount=fact.amount_minor)
        elif obligation.is_paid:
            request.note_paid(stamp, paid_on=fact.paid_on)
            tell_both(streams, stamp, request, "paid")
        else:
            left = obligation.outstanding_minor or 0
            tell_side(streams, stamp, request, "payee", "part_paid", amount=fact.amount_minor, outstanding=left)

    def reversed(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationReversed) -> None:
        """Let a request that was paid be payable again, and tell both sides."""
        request = known_request(streams, obligation.source_id)
        if request.paid_on is not None and not obligation.is_paid:
            request.note_reversed(stamp, attempt_id=fact.attempt_id, code=fact.code)
        left = obligation.outstanding_minor or 0
        tell_both(streams, stamp, request, "reversed", amount=fact.amount_minor, outstanding=left)

    def refunded(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationRefunded) -> None:
        """Tell the payer that money has gone back."""
        request = known_request(streams, obligation.source_id)
        tell_side(streams, stamp, request, "payer", "refunded", amount=fact.amount_minor)

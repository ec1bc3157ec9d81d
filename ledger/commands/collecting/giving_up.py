"""Giving up a payment by virtual account that has no money yet, to pay in another way (SPEC R-062, R-116).

The wish is recorded first; a reaction has the gateway close the number, and then it is recorded that the attempt has
ended. Money that was there before counts; what comes later nevertheless is the payer's credit, or goes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aggregates.collecting.obligation_parts import AttemptUnknown
from aggregates.fact import Fact, Stamp
from aggregates.payment import GIVEN_UP, Payment, PaymentGiveUpAsked, PaymentNotWaiting
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.obligations import end_waiting, known_obligation

GIVING_UP = "giving_up"
"""What the payment is until the gateway has closed its number."""


@dataclass(frozen=True, slots=True)
class GiveUpCollection:
    """Let the payer pay an obligation otherwise than by the virtual account that waits."""

    ANSWER: ClassVar[str] = "collection-given-up/1"

    obligation_id: str
    payment_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Payment.GiveUpAsked`; the gateway is asked next to close the number.

        Raises:
            ObligationNotFound.
            AttemptUnknown: the payment is not the one that is under way here.
            PaymentNotWaiting: it waits for no deposit, or is being given up already.

        Source: SPEC R-116.
        """
        obligation = known_obligation(streams, self.obligation_id)
        if obligation.attempt is None or obligation.attempt.attempt_id != self.payment_id:
            raise AttemptUnknown("no such payment is under way here")
        streams.stream(Payment, self.payment_id).ask_give_up(stamp)


@dataclass(frozen=True, slots=True)
class CloseCollection:
    """Take the gateway's word that the number of a payment that is given up is closed."""

    ANSWER: ClassVar[str] = "collection-expired/1"

    payment_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Payment.Failed` and `Obligation.AttemptEnded`.

        Raises:
            PaymentNotWaiting: nobody gives it up, or it has its result.

        Source: SPEC R-062, R-116.
        """
        payment = streams.stream(Payment, self.payment_id)
        if not payment.giving_up:
            raise PaymentNotWaiting("nobody gives up this payment")
        end_waiting(streams, stamp, payment, GIVEN_UP)


@answer("collection-given-up/1")
def collection_given_up(facts: Sequence[Fact]) -> Answer:
    """Answer that the payment is being given up; its obligation tells when another one can be started."""
    fact = next(fact for fact in facts if isinstance(fact, PaymentGiveUpAsked))
    return Answer(200, {"id": fact.payment_id, "status": GIVING_UP})

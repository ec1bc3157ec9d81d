"""What asks for obligations has a say in them: rules of each source, called inside the decision about an obligation.

The money of all sources goes one way (`ledger.commands.collecting.obligations`). A source that keeps facts of its own
about it, tells somebody, or allows payment under conditions only, registers its rules here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import ClassVar, Literal

from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_facts import (
    ObligationAttemptEnded,
    ObligationConfirmed,
    ObligationRefunded,
    ObligationRefundFailed,
    ObligationReversed,
    ObligationSettled,
)
from aggregates.collecting.obligation_parts import Attempt
from aggregates.fact import Stamp
from ledger.command import Streams


class SourceRules:
    """The rules of one source; these of the base allow everything and add nothing.

    Attributes:
        CREDITS: where settled money goes: collections of the account, or payout_hold, which the rules then record.
        KEEPS_CREDIT: whether what nothing was due for stays the payer's credit; else it goes back by itself.
    """

    CREDITS: ClassVar[Literal["collections", "payout_hold"]] = "collections"
    KEEPS_CREDIT: ClassVar[bool] = False

    def load(self, streams: Streams, obligation: Obligation) -> None:
        """Ask for every stream that the other rules touch: they are called after the first fact is recorded."""

    def check(self, streams: Streams, obligation: Obligation, stamp: Stamp) -> None:
        """Refuse a payment that may not be started now. Raises: LedgerError."""

    def check_confirmation(self, streams: Streams, obligation: Obligation, stamp: Stamp) -> None:
        """Refuse the payee's word that it was paid elsewhere. Raises: LedgerError."""
        self.check(streams, obligation, stamp)

    def check_refund(self, streams: Streams, obligation: Obligation, payment_id: str, amount_minor: int) -> None:
        """Refuse to give money of a payment back now. Raises: LedgerError."""

    def check_refunded(self, streams: Streams, obligation: Obligation, payment_id: str) -> None:
        """Refuse the result of a refund that what asks for the money has not started. Raises: LedgerError."""

    def deposit_until(self, streams: Streams, obligation: Obligation) -> date | None:
        """Return the last KST day on which a virtual account may take the money; None = as usual."""
        return None

    def attempted(self, streams: Streams, stamp: Stamp, obligation: Obligation, attempt: Attempt) -> None:
        """A payment was started."""

    def ended(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationAttemptEnded) -> None:
        """A payment brought nothing."""

    def split(self, streams: Streams, obligation: Obligation, amount_minor: int) -> int:
        """Return what of an arriving amount counts for what is due; the rest is the payer's credit."""
        return obligation.split(amount_minor)[0]

    def settled(
        self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationSettled | ObligationConfirmed
    ) -> None:
        """Money has settled, or the payee has confirmed that it was paid elsewhere."""

    def reversed(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationReversed) -> None:
        """Settled money was taken back."""

    def refunded(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationRefunded) -> None:
        """Settled money has gone back to the payer."""

    def refund_failed(
        self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationRefundFailed
    ) -> None:
        """The provider has not given the money back."""


RULES: dict[str, SourceRules] = {}
"""Source -> its rules."""


def source(name: str) -> Callable[[type[SourceRules]], type[SourceRules]]:
    """Register the rules of a source."""

    def decorate(rules: type[SourceRules]) -> type[SourceRules]:
        if name in RULES:
            raise ValueError(f"source {name} has its rules")
        RULES[name] = rules()
        return rules

    return decorate


PLAIN = SourceRules()


def rules_of(obligation: Obligation) -> SourceRules:
    """Return the rules of what asks for an obligation."""
    return RULES.get(obligation.source, PLAIN)

"""What the money of bills adds: who is told, and that a charge which failed is paid by hand (SPEC K3, R-120, R-124).

The same is done for a bill that asks for an obligation of its own and for one that has taken the place of a debit, on
the debit's obligation (SPEC N7).
"""

from __future__ import annotations

from aggregates.collecting.bill import Bill
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_facts import (
    ObligationAttemptEnded,
    ObligationConfirmed,
    ObligationRefunded,
    ObligationReversed,
    ObligationSettled,
)
from aggregates.fact import Stamp
from ledger.command import Streams
from ledger.commands.collecting.bills import miss, tell_biller, tell_forwardee, tell_payer
from ledger.commands.collecting.sources import SourceRules, source


@source("bill")
class BillRules(SourceRules):
    """What bills add to their obligations."""

    def load(self, streams: Streams, obligation: Obligation) -> None:
        """Ask for the bill, as it stands in the commit: it decides what is done, and is not always written."""
        streams.held(Bill, obligation.source_id)

    def ended(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationAttemptEnded) -> None:
        """Say that the automatic payment failed."""
        charge_ended(streams, stamp, streams.stream(Bill, obligation.source_id), fact)

    def settled(
        self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationSettled | ObligationConfirmed
    ) -> None:
        """Say that the bill is paid."""
        money_settled(streams, stamp, streams.stream(Bill, obligation.source_id), fact)

    def reversed(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationReversed) -> None:
        """Say that the bill is to be paid again."""
        money_reversed(streams, stamp, streams.stream(Bill, obligation.source_id), fact)

    def refunded(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationRefunded) -> None:
        """Say that the money has gone back."""
        money_refunded(streams, stamp, streams.stream(Bill, obligation.source_id), fact)


def charge_ended(streams: Streams, stamp: Stamp, bill: Bill, fact: ObligationAttemptEnded) -> None:
    """Tell the payer that the automatic payment failed, and that the bill is to be paid by hand."""
    if bill.sheet.auto_pay.payment_id == fact.attempt_id:
        miss(streams, stamp, bill, fact.code)


def money_settled(streams: Streams, stamp: Stamp, bill: Bill, fact: ObligationSettled | ObligationConfirmed) -> None:
    """Tell everybody that the bill is paid; money that came too late goes back and pays nothing."""
    if isinstance(fact, ObligationConfirmed) or fact.applied_minor:
        _tell_all(streams, stamp, bill, "bill.paid", fact.amount_minor)


def money_reversed(streams: Streams, stamp: Stamp, bill: Bill, fact: ObligationReversed) -> None:
    """Tell everybody that the bill is to be paid again."""
    if fact.applied_minor:
        _tell_all(streams, stamp, bill, "bill.reversed", fact.applied_minor)


def money_refunded(streams: Streams, stamp: Stamp, bill: Bill, fact: ObligationRefunded) -> None:
    """Tell the payer, and whom the payer has asked: one of them has the money back."""
    tell_payer(streams, stamp, bill, "bill.refunded", amount=fact.amount_minor)
    tell_forwardee(streams, stamp, bill, "bill.refunded", amount=fact.amount_minor)


def _tell_all(streams: Streams, stamp: Stamp, bill: Bill, kind: str, amount_minor: int) -> None:
    tell_payer(streams, stamp, bill, kind, amount=amount_minor)
    tell_forwardee(streams, stamp, bill, kind, amount=amount_minor)
    tell_biller(streams, stamp, bill, kind, amount=amount_minor)

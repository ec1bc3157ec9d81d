"""What a debit adds to its own obligation: paid otherwise, it is not collected any more; a bill in its place tells.

A bill that has taken the place of a debit asks for the debit's obligation (SPEC N7): whatever becomes of that money is
said to people as of any bill.
"""

from __future__ import annotations

from typing import ClassVar

from aggregates.collecting.bill import Bill
from aggregates.collecting.debit import Debit
from aggregates.collecting.mandate import Mandate
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
from ledger.commands.collecting.bill_money import charge_ended, money_refunded, money_reversed, money_settled
from ledger.commands.collecting.debits import cancel
from ledger.commands.collecting.sources import SourceRules, source


@source("debit")
class DebitRules(SourceRules):
    """What a debit adds to the obligation that it has opened."""

    KEEPS_CREDIT: ClassVar[bool] = True

    def load(self, streams: Streams, obligation: Obligation) -> None:
        """Ask for the debit, its mandate, and the bill in its place."""
        debit = streams.stream(Debit, obligation.source_id)
        if debit.next_on is not None:
            streams.stream(Mandate, debit.mandate_id)
        if debit.bill_id:
            streams.held(Bill, debit.bill_id)

    def ended(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationAttemptEnded) -> None:
        """Say that the automatic payment of the bill in its place failed."""
        bill = _bill(streams, _debit(streams, obligation, fact.attempt_id))
        if bill is not None:
            charge_ended(streams, stamp, bill, fact)

    def settled(
        self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationSettled | ObligationConfirmed
    ) -> None:
        """Take the debit back where what it asks for is paid, and say so of the bill in its place."""
        attempt_id = fact.attempt_id if isinstance(fact, ObligationSettled) else None
        debit = _debit(streams, obligation, attempt_id)
        if debit.next_on is not None and obligation.is_paid:
            cancel(stamp, debit, streams.stream(Mandate, debit.mandate_id), "paid_otherwise")
        bill = _bill(streams, debit)
        if bill is not None:
            money_settled(streams, stamp, bill, fact)

    def reversed(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationReversed) -> None:
        """Say that the bill in its place is to be paid again."""
        bill = _bill(streams, _debit(streams, obligation, fact.attempt_id))
        if bill is not None:
            money_reversed(streams, stamp, bill, fact)

    def refunded(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationRefunded) -> None:
        """Say that the money of the bill in its place has gone back."""
        bill = _bill(streams, _debit(streams, obligation, fact.attempt_id))
        if bill is not None:
            money_refunded(streams, stamp, bill, fact)


def _debit(streams: Streams, obligation: Obligation, attempt_id: str | None) -> Debit:
    """Return the debit as it stands in the commit: its own result is written on it anyway, else it is held."""
    is_own = attempt_id == obligation.source_id
    return (streams.stream if is_own else streams.held)(Debit, obligation.source_id)


def _bill(streams: Streams, debit: Debit) -> Bill | None:
    """Return the bill that has taken the place of a debit."""
    return streams.held(Bill, debit.bill_id) if debit.bill_id else None

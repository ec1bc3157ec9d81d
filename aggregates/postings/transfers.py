"""What moves without a payment: between accounts, by an operator's correction, and from older systems."""

from __future__ import annotations

from aggregates.account.transfers import AdjustmentApproved, Imported, TransferReceived, TransferSent
from aggregates.postings.chart import ADJUSTMENT, IMPORTED, PREPAID, TRANSFER
from aggregates.postings.entry import Entry, Rules, entry

RULES = Rules()


@RULES.of(TransferSent)
def _transfer_sent(fact: TransferSent) -> Entry:
    return entry(fact.currency, (PREPAID, fact.amount_minor), (TRANSFER, -fact.amount_minor))


@RULES.of(TransferReceived)
def _transfer_received(fact: TransferReceived) -> Entry:
    return entry(fact.currency, (TRANSFER, fact.amount_minor), (PREPAID, -fact.amount_minor))


@RULES.of(AdjustmentApproved)
def _adjustment_approved(fact: AdjustmentApproved) -> Entry:
    return entry(fact.currency, (ADJUSTMENT, fact.amount_minor), (PREPAID, -fact.amount_minor))


@RULES.of(Imported)
def _imported(fact: Imported) -> Entry:
    return entry(fact.currency, (IMPORTED, fact.amount_minor), (PREPAID, -fact.amount_minor))

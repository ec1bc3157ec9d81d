"""Collected money on its way to the bank account of the one for whom it was collected."""

from __future__ import annotations

from aggregates.account.withdrawals import WithdrawalEnded, WithdrawalPaid, WithdrawalRequested, WithdrawalReturned
from aggregates.postings.chart import BANK, COLLECTIONS, WITHDRAWAL_PAYABLE
from aggregates.postings.entry import Entry, Rules, entry

RULES = Rules()


@RULES.of(WithdrawalRequested)
def _withdrawal_requested(fact: WithdrawalRequested) -> Entry:
    return entry(fact.currency, (COLLECTIONS, fact.amount_minor), (WITHDRAWAL_PAYABLE, -fact.amount_minor))


@RULES.of(WithdrawalEnded)
def _withdrawal_ended(fact: WithdrawalEnded) -> Entry:
    return entry(fact.currency, (WITHDRAWAL_PAYABLE, fact.amount_minor), (COLLECTIONS, -fact.amount_minor))


@RULES.of(WithdrawalPaid)
def _withdrawal_paid(fact: WithdrawalPaid) -> Entry:
    return entry(fact.currency, (WITHDRAWAL_PAYABLE, fact.amount_minor), (BANK, -fact.amount_minor))


@RULES.of(WithdrawalReturned)
def _withdrawal_returned(fact: WithdrawalReturned) -> Entry:
    return entry(fact.currency, (BANK, fact.amount_minor), (COLLECTIONS, -fact.amount_minor))

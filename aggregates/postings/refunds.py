"""Refunds of prepaid money: asked for, paid out less a fee, or not; and pay-outs that came back from the bank."""

from __future__ import annotations

from aggregates.account.payouts import RefundPayoutReturned
from aggregates.account.refund_facts import RefundCancelled, RefundCompleted, RefundRejected, RefundRequested
from aggregates.postings.chart import BANK, PREPAID, REFUND_FEE, REFUND_PAYABLE
from aggregates.postings.entry import Entry, Rules, entry

RULES = Rules()


@RULES.of(RefundRequested)
def _refund_requested(fact: RefundRequested) -> Entry:
    return entry(fact.currency, (PREPAID, fact.amount_minor), (REFUND_PAYABLE, -fact.amount_minor))


@RULES.of(RefundCompleted)
def _refund_completed(fact: RefundCompleted) -> Entry:
    return entry(
        fact.currency,
        (REFUND_PAYABLE, fact.amount_minor),
        (BANK, -fact.payout_minor),
        (REFUND_FEE, -fact.fee_minor),
    )


@RULES.of(RefundRejected)
def _refund_rejected(fact: RefundRejected) -> Entry:
    return entry(fact.currency, (REFUND_PAYABLE, fact.amount_minor), (PREPAID, -fact.amount_minor))


@RULES.of(RefundCancelled)
def _refund_cancelled(fact: RefundCancelled) -> Entry:
    return entry(fact.currency, (REFUND_PAYABLE, fact.amount_minor), (PREPAID, -fact.amount_minor))


@RULES.of(RefundPayoutReturned)
def _refund_payout_returned(fact: RefundPayoutReturned) -> Entry:
    return entry(
        fact.currency,
        (BANK, fact.payout_minor),
        (REFUND_FEE, fact.fee_minor),
        (REFUND_PAYABLE, -fact.amount_minor),
    )

"""What is paid in for pay-out links, held, paid out and given back."""

from __future__ import annotations

from aggregates.account.payout_funds import (
    PayoutFunded,
    PayoutFundingReversed,
    PayoutHoldApplied,
    PayoutPaid,
    PayoutRefunded,
    PayoutReturned,
)
from aggregates.postings.chart import BANK, MEMBER_RECEIVABLE, PAYOUT_HOLD
from aggregates.postings.entry import Entry, Rules, entry, gateway

RULES = Rules()


@RULES.of(PayoutFunded)
def _payout_funded(fact: PayoutFunded) -> Entry:
    return entry(fact.currency, (gateway(fact.method), fact.amount_minor), (PAYOUT_HOLD, -fact.amount_minor))


@RULES.of(PayoutPaid)
def _payout_paid(fact: PayoutPaid) -> Entry:
    return entry(fact.currency, (PAYOUT_HOLD, fact.amount_minor), (BANK, -fact.amount_minor))


@RULES.of(PayoutReturned)
def _payout_returned(fact: PayoutReturned) -> Entry:
    return entry(fact.currency, (BANK, fact.amount_minor), (PAYOUT_HOLD, -fact.amount_minor))


@RULES.of(PayoutRefunded)
def _payout_refunded(fact: PayoutRefunded) -> Entry:
    return entry(fact.currency, (PAYOUT_HOLD, fact.amount_minor), (gateway(fact.method), -fact.amount_minor))


@RULES.of(PayoutFundingReversed)
def _payout_funding_reversed(fact: PayoutFundingReversed) -> Entry:
    return entry(
        fact.currency,
        (PAYOUT_HOLD, fact.from_hold_minor),
        (MEMBER_RECEIVABLE, fact.shortfall_minor),
        (gateway(fact.method), -fact.amount_minor),
    )


@RULES.of(PayoutHoldApplied)
def _payout_hold_applied(fact: PayoutHoldApplied) -> Entry:
    return entry(fact.currency, (PAYOUT_HOLD, fact.amount_minor), (MEMBER_RECEIVABLE, -fact.amount_minor))

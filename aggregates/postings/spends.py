"""Spends: held, captured and given back; what a postpaid customer gets back is carried over where it was billed."""

from __future__ import annotations

from aggregates.account.billing.months import carried
from aggregates.account.spend_facts import DifferenceRefunded, HoldExpired, SpendCaptured, SpendReturned, Spent
from aggregates.postings.chart import COUPON_PAYABLE, PREPAID, PREPAID_HOLD, TRADE_RECEIVABLE, UNBILLED_RECEIVABLE
from aggregates.postings.entry import Entry, Rules, entry

RULES = Rules()


@RULES.of(Spent)
def _spent(fact: Spent) -> Entry:
    if fact.mode == "postpaid":
        return entry(fact.currency, (UNBILLED_RECEIVABLE, fact.captured_minor), (COUPON_PAYABLE, -fact.captured_minor))
    return entry(
        fact.currency,
        (PREPAID, fact.amount_minor),
        (PREPAID_HOLD, -fact.held_minor),
        (COUPON_PAYABLE, -fact.captured_minor),
    )


@RULES.of(SpendCaptured)
def _spend_captured(fact: SpendCaptured) -> Entry:
    taken_from = UNBILLED_RECEIVABLE if fact.mode == "postpaid" else PREPAID_HOLD
    return entry(fact.currency, (taken_from, fact.amount_minor), (COUPON_PAYABLE, -fact.amount_minor))


@RULES.of(SpendReturned, DifferenceRefunded, HoldExpired)
def _spend_returned(fact: SpendReturned) -> Entry:
    if fact.mode == "postpaid":
        amount = fact.from_captured_minor
        carry_over = carried(fact.from_months, fact.recorded_at)
        return entry(
            fact.currency,
            (COUPON_PAYABLE, amount),
            (UNBILLED_RECEIVABLE, carry_over - amount),
            (TRADE_RECEIVABLE, -carry_over),
        )
    return entry(
        fact.currency,
        (PREPAID_HOLD, fact.from_held_minor),
        (COUPON_PAYABLE, fact.from_captured_minor),
        (PREPAID, -fact.amount_minor),
    )

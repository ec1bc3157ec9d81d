"""What is collected for an account, taken back and given back, and what payers have as credit."""

from __future__ import annotations

from aggregates.account.collections import (
    DIRECT_DEBIT,
    PAYER_CREDIT,
    Collected,
    CollectionRefunded,
    CollectionReversed,
    DebitsCollected,
    PayerCreditApplied,
    PayerCredited,
    PayerCreditRefunded,
    PayerCreditReversed,
)
from aggregates.postings.chart import COLLECTIONS, PAYERS_CREDIT, TRANSFER
from aggregates.postings.entry import Entry, Rules, entry, gateway

RULES = Rules()


def _payer(method: str) -> str:
    """Return where collected money comes from or goes to; between credit and what counts it passes over."""
    return TRANSFER if method == PAYER_CREDIT else gateway(method)


@RULES.of(Collected)
def _collected(fact: Collected) -> Entry:
    return entry(fact.currency, (_payer(fact.method), fact.amount_minor), (COLLECTIONS, -fact.amount_minor))


@RULES.of(CollectionReversed)
def _collection_reversed(fact: CollectionReversed) -> Entry:
    return entry(fact.currency, (COLLECTIONS, fact.amount_minor), (gateway(fact.method), -fact.amount_minor))


@RULES.of(CollectionRefunded)
def _collection_refunded(fact: CollectionRefunded) -> Entry:
    return entry(fact.currency, (COLLECTIONS, fact.amount_minor), (_payer(fact.method), -fact.amount_minor))


@RULES.of(DebitsCollected)
def _debits_collected(fact: DebitsCollected) -> Entry:
    return entry(fact.currency, (gateway(DIRECT_DEBIT), fact.amount_minor), (COLLECTIONS, -fact.amount_minor))


@RULES.of(PayerCredited)
def _payer_credited(fact: PayerCredited) -> Entry:
    return entry(fact.currency, (_payer(fact.method), fact.amount_minor), (PAYERS_CREDIT, -fact.amount_minor))


@RULES.of(PayerCreditApplied)
def _payer_credit_applied(fact: PayerCreditApplied) -> Entry:
    return entry(fact.currency, (PAYERS_CREDIT, fact.amount_minor), (TRANSFER, -fact.amount_minor))


@RULES.of(PayerCreditReversed)
def _payer_credit_reversed(fact: PayerCreditReversed) -> Entry:
    return entry(fact.currency, (PAYERS_CREDIT, fact.amount_minor), (gateway(fact.method), -fact.amount_minor))


@RULES.of(PayerCreditRefunded)
def _payer_credit_refunded(fact: PayerCreditRefunded) -> Entry:
    return entry(fact.currency, (PAYERS_CREDIT, fact.amount_minor), (gateway(fact.method), -fact.amount_minor))

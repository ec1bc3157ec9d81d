"""Invoices: what moves from unbilled to owed, what was changed of it, and what was paid."""

from __future__ import annotations

from aggregates.account.billing.invoices import InvoiceAdjusted, InvoiceIssued
from aggregates.account.billing.payments import CreditPaidOut, SettlementPaid
from aggregates.postings.chart import ADJUSTMENT, BANK, TRADE_RECEIVABLE, UNBILLED_RECEIVABLE
from aggregates.postings.entry import Entry, Rules, entry

RULES = Rules()


@RULES.of(InvoiceIssued)
def _invoice_issued(fact: InvoiceIssued) -> Entry:
    amount = fact.settlement_minor
    return entry(fact.currency, (TRADE_RECEIVABLE, amount), (UNBILLED_RECEIVABLE, -amount))


@RULES.of(InvoiceAdjusted)
def _invoice_adjusted(fact: InvoiceAdjusted) -> Entry:
    return entry(fact.currency, (TRADE_RECEIVABLE, fact.amount_minor), (ADJUSTMENT, -fact.amount_minor))


@RULES.of(SettlementPaid)
def _settlement_paid(fact: SettlementPaid) -> Entry:
    return entry(fact.currency, (BANK, fact.amount_minor), (TRADE_RECEIVABLE, -fact.amount_minor))


@RULES.of(CreditPaidOut)
def _credit_paid_out(fact: CreditPaidOut) -> Entry:
    return entry(fact.currency, (TRADE_RECEIVABLE, fact.amount_minor), (BANK, -fact.amount_minor))

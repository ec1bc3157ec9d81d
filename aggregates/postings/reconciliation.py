"""What the bank and the providers say: deposits that nothing explains, and what a provider sends, less its fees."""

from __future__ import annotations

from aggregates.postings.chart import BANK, PROVIDER_FEE, UNMATCHED_DEPOSIT
from aggregates.postings.entry import Entry, Rules, entry, gateway
from aggregates.reconciliation.facts import LineParked, LineReleased, ParkedReturned
from aggregates.reconciliation.remittance import RemittanceReceived, RemittanceReopened

RULES = Rules()


@RULES.of(LineParked)
def _line_parked(fact: LineParked) -> Entry:
    return entry(fact.currency, (BANK, fact.amount_minor), (UNMATCHED_DEPOSIT, -fact.amount_minor))


@RULES.of(LineReleased)
def _line_released(fact: LineReleased) -> Entry:
    return entry(fact.currency, (UNMATCHED_DEPOSIT, fact.amount_minor), (BANK, -fact.amount_minor))


@RULES.of(ParkedReturned)
def _parked_returned(fact: ParkedReturned) -> Entry:
    return entry(fact.currency, (UNMATCHED_DEPOSIT, fact.amount_minor), (BANK, -fact.amount_minor))


@RULES.of(RemittanceReceived)
def _remittance_received(fact: RemittanceReceived) -> Entry:
    return entry(fact.currency, *_remitted(fact, 1))


@RULES.of(RemittanceReopened)
def _remittance_reopened(fact: RemittanceReopened) -> Entry:
    return entry(fact.currency, *_remitted(fact, -1))


def _remitted(fact: RemittanceReceived | RemittanceReopened, sign: int) -> list[tuple[str, int]]:
    fee_minor = sum(part.fee_minor for part in fact.parts)
    owed = [(gateway(part.method), -sign * part.gross_minor) for part in fact.parts]
    return [(BANK, sign * fact.net_minor), (PROVIDER_FEE, sign * fee_minor), *owed]

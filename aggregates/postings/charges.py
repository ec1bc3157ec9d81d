"""What comes in and stays, and what is taken back of it: charges, deposits, late cancellations, chargebacks."""

from __future__ import annotations

from aggregates.account.bank_deposits import BankDepositCredited
from aggregates.account.cancellations import ChargeCancelled
from aggregates.account.chargebacks import ChargedBack, ReceivableSettled
from aggregates.account.charges import Charged
from aggregates.account.deposits import Deposited, DepositParked, ParkedDepositCredited, ParkedDepositReturned
from aggregates.postings.chart import BANK, MEMBER_RECEIVABLE, PREPAID, REFUND_FEE, UNMATCHED_DEPOSIT
from aggregates.postings.entry import Entry, Rules, entry, gateway

RULES = Rules()


@RULES.of(Charged)
def _charged(fact: Charged) -> Entry:
    return entry(fact.currency, (gateway(fact.method), fact.amount_minor), (PREPAID, -fact.amount_minor))


@RULES.of(Deposited)
def _deposited(fact: Deposited) -> Entry:
    return entry(fact.currency, (gateway("virtual_account"), fact.amount_minor), (PREPAID, -fact.amount_minor))


@RULES.of(DepositParked)
def _deposit_parked(fact: DepositParked) -> Entry:
    amount = fact.amount_minor
    return entry(fact.currency, (gateway("virtual_account"), amount), (UNMATCHED_DEPOSIT, -amount))


@RULES.of(ParkedDepositCredited)
def _parked_deposit_credited(fact: ParkedDepositCredited) -> Entry:
    return entry(fact.currency, (UNMATCHED_DEPOSIT, fact.amount_minor), (PREPAID, -fact.amount_minor))


@RULES.of(ParkedDepositReturned)
def _parked_deposit_returned(fact: ParkedDepositReturned) -> Entry:
    amount = fact.amount_minor
    return entry(fact.currency, (UNMATCHED_DEPOSIT, amount), (gateway("virtual_account"), -amount))


@RULES.of(BankDepositCredited)
def _bank_deposit_credited(fact: BankDepositCredited) -> Entry:
    return entry(fact.currency, (UNMATCHED_DEPOSIT, fact.amount_minor), (PREPAID, -fact.amount_minor))


@RULES.of(ChargeCancelled)
def _charge_cancelled(fact: ChargeCancelled) -> Entry:
    return entry(
        fact.currency,
        (PREPAID, fact.amount_minor),
        (gateway(fact.method), -fact.payout_minor),
        (REFUND_FEE, -fact.fee_minor),
    )


@RULES.of(ChargedBack)
def _charged_back(fact: ChargedBack) -> Entry:
    return entry(
        fact.currency,
        (PREPAID, fact.from_lot_minor),
        (MEMBER_RECEIVABLE, fact.shortfall_minor),
        (gateway(fact.method), -fact.amount_minor),
    )


@RULES.of(ReceivableSettled)
def _receivable_settled(fact: ReceivableSettled) -> Entry:
    return entry(fact.currency, (BANK, fact.amount_minor), (MEMBER_RECEIVABLE, -fact.amount_minor))

"""Items: what the ledger itself says of money at a provider or a bank, so that lines can be held against it. Pure.

An item is a fact that has moved money there, named after the fact: `itm_` and the account's, or `itr_` and the tally's
where parked money was sent back. Its amount is what its postings say.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aggregates import ids
from aggregates.account import Account
from aggregates.fact import Fact
from aggregates.postings import entry_of
from aggregates.postings.chart import BANK as BANK_ACCOUNT
from aggregates.postings.chart import GATEWAY_RECEIVABLE
from aggregates.reconciliation.facts import ParkedReturned
from aggregates.reconciliation.parts import BANK, PROVIDER

ITEM_FACTS: frozenset[type[Fact]] = frozenset(
    {
        Account.Charged,
        Account.Deposited,
        Account.DepositParked,
        Account.ParkedDepositReturned,
        Account.ChargeCancelled,
        Account.ChargedBack,
        Account.ReceivableSettled,
        Account.RefundCompleted,
        Account.RefundPayoutReturned,
        Account.SettlementPaid,
        Account.CreditPaidOut,
        Account.Collected,
        Account.CollectionReversed,
        Account.CollectionRefunded,
        Account.PayerCredited,
        Account.PayerCreditReversed,
        Account.PayerCreditRefunded,
        Account.DebitsCollected,
        Account.WithdrawalPaid,
        Account.WithdrawalReturned,
        Account.PayoutFunded,
        Account.PayoutPaid,
        Account.PayoutReturned,
        Account.PayoutRefunded,
        Account.PayoutFundingReversed,
        ParkedReturned,
    }
)
"""The facts that are items; what a line itself makes of money is none."""

_NAMES = (
    "reference", "charge_id", "deposit_id", "refund_id", "settlement_id", "payout_id", "line_id", "payment_id",
    "transfer", "refund", "batch_id", "obligation_id", "source_id", "payout_link_id",
    "withdrawal_id",
)  # fmt: skip
"""Fields by which a provider or a bank may call the thing."""

_GATEWAY = f"{GATEWAY_RECEIVABLE}."


class Item(NamedTuple):
    """What a fact says of money at one side.

    Attributes:
        side: provider or bank. method: of the provider's money; None at the bank.
        amount_minor: signed; > 0 is money to us. currency: ISO 4217.
        references: what it may be called.
    """

    side: str
    method: str | None
    amount_minor: int
    currency: str
    references: tuple[str, ...]


def item_of(fact: Fact) -> Item | None:
    """Return what a fact says of money at a provider or a bank; None when it says nothing of it."""
    if type(fact) not in ITEM_FACTS:
        return None
    currency, lines = entry_of(fact)
    for account, amount_minor in lines:
        if not amount_minor:
            continue
        if account == BANK_ACCOUNT:
            return Item(BANK, None, amount_minor, currency, _references(fact))
        if account.startswith(_GATEWAY):
            return Item(PROVIDER, account.removeprefix(_GATEWAY), amount_minor, currency, _references(fact))
    return None


def item_id(fact: Fact, account_id: str | None) -> str:
    """Return the public id of a fact that is an item. account_id: whose it is; None for a tally's."""
    if isinstance(fact, ParkedReturned):
        return fact.item_id
    assert account_id is not None, "every other item is an account's"
    return ids.child_id("itm", account_id, fact.originator_version)


def _references(fact: Any) -> tuple[str, ...]:
    named = [value for name in _NAMES if isinstance(value := getattr(fact, name, None), str)]
    invoices = [part.invoice_id for part in getattr(fact, "invoices", ())]
    return tuple(dict.fromkeys([*named, *invoices]))

"""Payments of a town: all that the gateway may say of them, in order and by chance."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from aggregates.account import Account
from aggregates.payment import Payment
from ledger.command import Command
from ledger.commands.billing_keys import (
    DeleteBillingKey,
    RefuseBillingKey,
    RegisterBillingKey,
    RemoveBillingKey,
    RequestBillingKey,
)
from ledger.commands.charges import FailChargeCancellation, StartChargeCancellation
from ledger.commands.deposits import ExpireDeposit
from ledger.commands.payments import (
    FailPayment,
    IssuePaymentAccount,
    SettlePayment,
    StartPayment,
    TakePaymentBack,
    TakePaymentDeposit,
)

if TYPE_CHECKING:
    from tests.projections.town import Town


def payments(town: Town, account_id: str) -> None:
    """Start payments and let each end in another way: every state of the view, and of a charge's cancellation."""

    def started(amount: int, method: str = "card") -> str:
        payment_id: str = town.do(StartPayment(account_id, amount, method, f"shop-{amount}"))["id"]
        return payment_id

    paid, declined, _pending = started(12_222), started(7_001), started(3_000, "transfer")
    town.do(SettlePayment(paid))
    town.do(FailPayment(declined, "declined"))
    deposited, waiting, lapsed = (started(amount, "virtual_account") for amount in (50_000, 40_000, 30_000))
    for number, payment_id in enumerate((deposited, waiting, lapsed)):
        town.do(IssuePaymentAccount(payment_id, f"van_{number}"))
    town.do(TakePaymentDeposit(deposited, 49_999))
    town.do(TakePaymentDeposit(deposited, 50_000))
    town.do(TakePaymentBack(paid, 2_222))
    cancelled = [started(amount) for amount in (5_000, 6_003)]
    for payment_id in cancelled:
        town.do(SettlePayment(payment_id))
        town.do(StartChargeCancellation(account_id, charge_of(town, payment_id)))
    town.do(FailChargeCancellation(account_id, charge_of(town, cancelled[1]), "partial_cancel_unsupported"))
    cards = [town.do(RequestBillingKey(account_id, f"otk_{number}", "card"))["id"] for number in range(4)]
    for card in cards[:2]:
        town.do(RegisterBillingKey(card, f"bks_{card}", "Sandbox Card *1234"))
    town.do(RefuseBillingKey(cards[2], "card_refused"))
    charged = town.do(StartPayment(account_id, 8_000, "card", billing_key_id=cards[0]))["id"]
    town.do(SettlePayment(charged))
    town.do(RemoveBillingKey(cards[1]))
    town.do(RemoveBillingKey(cards[0]))
    town.do(DeleteBillingKey(cards[0]))
    town.now = town.now.replace(year=town.now.year + 1)
    town.do(ExpireDeposit(account_id, charge_of(town, lapsed)))


def all_payments(town: Town) -> list[Payment]:
    """Return all payments of a town, as their own folds have them."""
    return [stream for stream in town.streams.values() if isinstance(stream, Payment)]


def charge_of(town: Town, payment_id: str) -> str:
    """Return the charge of a payment; "" before there is one."""
    return next(payment.charge_id for payment in all_payments(town) if payment.payment_id == payment_id)


def start_payment(chance: random.Random, town: Town, account: Account) -> Command:
    """Start a payment by chance."""
    amount, method = chance.choice((1_000, 12_345, 90_001)), chance.choice(("card", "transfer", "virtual_account"))
    return StartPayment(account.account_id, amount, method)


def payment_step(chance: random.Random, town: Town, account: Account) -> Command | None:
    """Let the gateway say something of a payment, by chance."""
    own = [payment for payment in all_payments(town) if payment.account_id == account.account_id]
    if not own:
        return None
    payment = chance.choice(own)
    said: list[Command] = [
        SettlePayment(payment.payment_id),
        FailPayment(payment.payment_id, "declined"),
        TakePaymentBack(payment.payment_id, chance.choice((1, payment.amount_minor))),
    ]
    if payment.method == "virtual_account":
        said = [
            IssuePaymentAccount(payment.payment_id, "van_1"),
            TakePaymentDeposit(payment.payment_id, payment.amount_minor - chance.choice((0, 0, 1))),
        ]
    return chance.choice(said)

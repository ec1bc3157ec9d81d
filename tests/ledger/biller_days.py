"""Days of a biller by chance: bills to one customer, and everybody doing what they please, allowed or not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from aggregates.collecting.bill import Bill
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.telling import REQUESTED, Telling
from aggregates.dates import business_date
from aggregates.errors import LedgerError
from ledger.commands.billing_keys import RegisterBillingKey, RemoveBillingKey
from ledger.commands.collecting.auto_pay import AnnounceAutoPay, RunAutoPay
from ledger.commands.collecting.bills import ChangeBill, RemindOfBill
from ledger.commands.collecting.tellings import SettleTelling
from ledger.commands.payments import FailPayment, SettlePayment, TakePaymentBack
from ledger.unit import CopyUnit
from tests.ledger.biller import Biller, acts

HOURS = (1, 3, 8, 14)
LIVELY = 12
"""So many bills, the newest, are what everybody is about."""

RARE = {"off": 0.15, "on": 0.6, "cancel": 0.3, "pay": 1.0, "forward": 0.4, "change": 0.4}
"""What is tried less often than the rest."""


class Days(Biller):
    """A biller whose days pass by chance.

    Attributes:
        bills: ids of all bills. dice: what decides.
    """

    def __init__(self, seed: int, steps: int) -> None:
        super().__init__()
        self.dice = Random(seed)
        self.bills: list[str] = []
        for _ in range(steps):
            self._step()

    def would(self, command: Any) -> list[Any] | None:
        """Return the facts that a command would record now, and record none; None where it would be refused."""
        kept, self.memory.keep = self.memory.keep, False
        try:
            return self.memory.decided(command, CopyUnit(self.memory.warm, b"would".ljust(32), 0))
        except LedgerError:
            return None
        finally:
            self.memory.keep = kept

    def bill(self, bill_id: str) -> Bill:
        """Return a bill as it stands."""
        found: Bill = self.memory.stream(Bill, bill_id)
        return found

    def obligation(self, bill_id: str) -> Obligation | None:
        """Return a bill's obligation; None for a draft."""
        obligation_id = self.bill(bill_id).sheet.obligation_id
        return None if obligation_id is None else self.memory.stream(Obligation, obligation_id)

    def _step(self) -> None:
        if not self.bills or self.dice.random() < 0.08:
            due_on = business_date(self.memory.at) + timedelta(days=self.dice.randrange(14))
            self.bills.append(self.draft(due_on, self.dice.randrange(1_000, 90_000)))
            if self.dice.random() < 0.85:
                self._try(acts(self)["send"])
        self.bill_id = self.dice.choice(self.bills[-LIVELY:])
        tried = acts(self)
        named = self.dice.choices(list(tried), [RARE.get(name, 3) for name in tried])[0]
        self._try(tried[named] if self.dice.random() < 0.4 else self.dice.choice(self._works()))
        if self.dice.random() < 0.25:
            self.memory.at += timedelta(hours=self.dice.choice(HOURS))
            if self.dice.random() < 0.8:
                self._sweep()

    def _try(self, step: Callable[[], Any]) -> None:
        """Take a step, or be refused."""
        with suppress(LedgerError):
            step()

    def _sweep(self) -> None:
        """Let the jobs look at every bill."""
        self._try(lambda: self.do(RegisterBillingKey(self.customer.billing_key_id, "bks_key", "Card *0007")))
        for bill_id in self.bills[-LIVELY:]:
            self.bill_id = bill_id
            money = self.obligation(bill_id)
            if money is not None and money.attempt is not None:
                payment_id = money.attempt.attempt_id
                (self.settle if self.dice.random() < 0.8 else self.fail)(payment_id)
            for command in (AnnounceAutoPay(bill_id), RunAutoPay(bill_id)):
                self._try(partial(self.do, command))
            self._report()

    def _works(self) -> list[Callable[[], Any]]:
        """Return what jobs and providers do; often more than once, so that more becomes of the bills."""
        money = self.obligation(self.bill_id)
        works: list[Callable[[], Any]] = [
            lambda: self.do(AnnounceAutoPay(self.bill_id)),
            lambda: self.do(RunAutoPay(self.bill_id)),
            lambda: self.do(RunAutoPay(self.bill_id)),
            lambda: self.do(RegisterBillingKey(self.customer.billing_key_id, "bks_key", "Card *0007")),
            lambda: self.do(RegisterBillingKey(self.customer.billing_key_id, "bks_key", "Card *0007")),
            lambda: self.do(ChangeBill(self.bill_id, None, business_date(self.memory.at) + timedelta(days=5))),
            lambda: self.do(RemindOfBill(self.bill_id, 1)),
            self._report,
            self._report,
        ]
        if self.dice.random() < 0.02:
            works.append(lambda: self.do(RemoveBillingKey(self.customer.billing_key_id)))
        if money is not None and money.attempt is not None:
            attempt = money.attempt.attempt_id
            works += 3 * [lambda: self.do(SettlePayment(attempt))] + [lambda: self.do(FailPayment(attempt, "declined"))]
        if money is not None and money.payments and self.dice.random() < 0.1:
            payment_id, paid = next(iter(money.payments.items()))
            works.append(lambda: self.do(TakePaymentBack(payment_id, paid.left_minor)))
        return works

    def _report(self) -> None:
        """Let word of an announcement come, good or bad."""
        telling_id = self.sheet.auto_pay.telling_id
        if telling_id and self.memory.stream(Telling, telling_id).status == REQUESTED:
            arrived = self.dice.random() < 0.8
            self.do(SettleTelling(telling_id, "sms" if arrived else None, None if arrived else "no_user"))

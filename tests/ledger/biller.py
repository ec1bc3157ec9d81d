"""A biller in memory alone: one account, its bills, and what time and providers do to them, put forward by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from aggregates.collecting.bill import Bill, bill_status
from aggregates.collecting.bill_customer import BillCustomer
from aggregates.collecting.bill_facts import BillSheet
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.telling import Telling
from aggregates.dates import business_date
from aggregates.fact import Fact
from aggregates.ids import drawn_child_id
from aggregates.payment import PaymentStarted
from ledger.commands.billing_keys import RegisterBillingKey
from ledger.commands.collecting.auto_pay import AnnounceAutoPay, RunAutoPay, TurnAutoPayOff, TurnAutoPayOn
from ledger.commands.collecting.bills import (
    CancelBill,
    ChangeBill,
    CreateBill,
    ForwardBill,
    PayBill,
    RefundBill,
    RemindOfBill,
    RevokeForward,
    SendBill,
    ViewBill,
)
from ledger.commands.collecting.obligations import FinishCollectionRefund
from ledger.commands.collecting.tellings import SettleTelling
from ledger.commands.payments import FailPayment, SettlePayment
from tests.aggregates.scenario import kst
from tests.ledger.memory import Memory

PERSON, FRIEND = "pyr_payer", "pyr_friend"
DUE = date(2024, 10, 11)


class Biller:
    """Writes bills of 55,000, due on Friday 2024-10-11, to one customer."""

    def __init__(self, at: str = "2024-09-30 12:00:00") -> None:
        self.memory = Memory(kst(at))
        self.account_id = self.memory.account()
        self.customer_id = drawn_child_id("cus", self.account_id, b"a phone number")
        self.friend_id = drawn_child_id("cus", self.account_id, b"another number")
        self.bill_id = ""

    def at(self, moment: str) -> None:
        """Put the clock forward."""
        self.memory.at = kst(moment)

    def do(self, command: Any) -> list[Fact]:
        """Decide a command; return its facts."""
        return self.memory.record(command)

    def draft(self, due_on: date = DUE, amount_minor: int = 55_000) -> str:
        """Write a bill, the one that the rest is about."""
        created = CreateBill(self.account_id, self.customer_id, PERSON, amount_minor, due_on)
        self.bill_id = self.memory.do(created)["id"]
        return self.bill_id

    def send(self, due_on: date = DUE) -> str:
        """Write a bill and send it."""
        self.draft(due_on)
        self.do(SendBill(self.bill_id))
        return self.bill_id

    def on(self) -> None:
        """Let the payer turn auto-pay on with a card, and the gateway keep it."""
        self.do(TurnAutoPayOn(self.bill_id, "otk_token"))
        self.do(RegisterBillingKey(self.customer.billing_key_id, "bks_key", "Sandbox Card *0007"))

    def announce(self, told: bool = True) -> None:
        """Announce the automatic payment, and say whether that reached the payer."""
        self.do(AnnounceAutoPay(self.bill_id))
        telling = self.sheet.auto_pay.telling_id or ""
        self.do(SettleTelling(telling, "alimtalk" if told else None, None if told else "no_user"))

    def run(self) -> list[Fact]:
        """Let the job look at the bill."""
        return self.do(RunAutoPay(self.bill_id))

    def pay(self, method: Any = "card", **who: Any) -> str:
        """Start a payment; return its id."""
        return str(self.memory.do(PayBill(self.bill_id, method, **who))["id"])

    def settle(self, payment_id: str) -> None:
        """Let the gateway say that it has the money."""
        self.do(SettlePayment(payment_id))

    def fail(self, payment_id: str) -> None:
        """Let the gateway say that it does not."""
        self.do(FailPayment(payment_id, "declined"))

    def paid(self) -> str:
        """Pay the bill; return the payment."""
        payment_id = self.pay()
        self.settle(payment_id)
        return payment_id

    def refund(self, amount_minor: int | None = None) -> None:
        """Give money back, and let the gateway say that it has."""
        going = self.memory.do(RefundBill(self.bill_id, amount_minor, "lesson_cancelled"))
        self.do(FinishCollectionRefund(going["obligation_id"], going["payment_id"], going["id"]))

    def forward(self) -> None:
        """Let the payer ask a friend."""
        self.do(ForwardBill(self.bill_id, FRIEND, self.friend_id))

    @property
    def sheet(self) -> BillSheet:
        """The bill as it stands."""
        sheet: BillSheet = self.memory.stream(Bill, self.bill_id).sheet
        return sheet

    @property
    def money(self) -> Obligation:
        """Its obligation."""
        money: Obligation = self.memory.stream(Obligation, self.sheet.obligation_id or "")
        return money

    @property
    def customer(self) -> BillCustomer:
        """Who pays."""
        customer: BillCustomer = self.memory.stream(BillCustomer, self.customer_id)
        return customer

    @property
    def status(self) -> str:
        """The bill's state as people see it now."""
        sheet, is_draft = self.sheet, self.sheet.obligation_id is None
        return bill_status(
            sheet.status,
            is_paid=not is_draft and self.money.is_paid,
            amount_minor=sheet.amount_minor,
            refunded_minor=0 if is_draft else self.money.refunded_minor,
            due_on=sheet.due_on,
            today=business_date(self.memory.at),
        )

    @property
    def started(self) -> PaymentStarted:
        """The payment that was started last."""
        return [fact for fact in self.memory.facts if isinstance(fact, PaymentStarted)][-1]

    def told(self) -> list[tuple[str, str | None]]:
        """Return kind and person of all that anybody was told, in order."""
        return [(fact.kind, fact.to) for fact in self.memory.facts if isinstance(fact, Telling.Requested)]


def acts(biller: Biller) -> dict[str, Callable[[], Any]]:
    """Return all that anybody may try with a bill, by name."""
    bill_id = biller.bill_id
    commands: dict[str, Any] = {
        "send": SendBill(bill_id),
        "change": ChangeBill(bill_id, 60_000, None),
        "view": ViewBill(bill_id),
        "cancel": CancelBill(bill_id),
        "pay": PayBill(bill_id, "card"),
        "refund": RefundBill(bill_id, None, "mistake"),
        "forward": ForwardBill(bill_id, FRIEND, biller.friend_id),
        "revoke": RevokeForward(bill_id),
        "remind": RemindOfBill(bill_id, (biller.sheet.due_on - business_date(biller.memory.at)).days),
        "on": TurnAutoPayOn(bill_id, "otk_token"),
        "off": TurnAutoPayOff(bill_id),
    }
    return {name: partial(biller.do, command) for name, command in commands.items()}

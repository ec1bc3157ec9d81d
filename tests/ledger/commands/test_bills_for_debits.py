"""A bill in the place of a debit, on the debit's obligation: who is told, what is due, what goes back (SPEC N7)."""

from __future__ import annotations

from datetime import date

import pytest

from aggregates.collecting.debit import Debit
from aggregates.errors import LedgerError
from ledger.commands.collecting.bills import ChangeBill, CreateBill, RefundBill, SendBillForDebit
from ledger.commands.collecting.obligations import ConfirmOutside
from ledger.commands.payments import TakePaymentBack
from tests.ledger.biller import DUE, FRIEND, PERSON, Biller
from tests.ledger.debiting import AskByDebit, CollectPart


class Switched(Biller):
    """A debit of 80,000, of which a part was collected perhaps, and a bill for the rest in its place."""

    def __init__(self, collected: int = 0) -> None:
        super().__init__()
        self.debit_id = self.schedule()
        if collected:
            self.do(CollectPart(self.debit_id, collected))
        self.draft(amount_minor=80_000 - collected)
        self.do(SendBillForDebit(self.bill_id, self.debit_id))

    def schedule(self, obligation_id: str | None = None) -> str:
        """Schedule a debit; return its id."""
        return str(self.memory.do(AskByDebit(self.account_id, 80_000, obligation_id))["id"])

    def debit(self, debit_id: str = "") -> Debit:
        """Return a debit as it stands."""
        found: Debit = self.memory.stream(Debit, debit_id or self.debit_id)
        return found

    def news(self) -> list[tuple[str, str | None]]:
        """Return what people were told since the bill was sent."""
        told = self.told()
        return told[told.index(("bill.sent", PERSON)) + 1 :]

    def refused(self, bill_id: str, debit_id: str) -> str:
        """Return the code with which another bill for a debit is refused."""
        with pytest.raises(LedgerError) as error:
            self.do(SendBillForDebit(bill_id, debit_id))
        return error.value.code


def test_everybody_is_told_that_a_bill_in_the_place_of_a_debit_is_paid_n7() -> None:
    biller = Switched()
    biller.forward()

    biller.settle(biller.pay(forwarded=True))

    assert (biller.status, biller.money.source, biller.debit().status) == ("paid", "debit", "cancelled")
    assert biller.news() == [
        ("bill.forwarded", FRIEND),
        ("bill.paid", PERSON),
        ("bill.paid", FRIEND),
        ("bill.paid", None),
    ]


def test_the_billers_own_word_that_such_a_bill_is_paid_is_told_too() -> None:
    biller = Switched()

    biller.do(ConfirmOutside(biller.money.obligation_id, 80_000, date(2024, 9, 30)))

    assert biller.news() == [("bill.paid", PERSON), ("bill.paid", None)]


def test_such_a_bill_that_is_taken_back_or_given_back_says_so() -> None:
    biller, other = Switched(), Switched()

    biller.do(TakePaymentBack(biller.paid(), 80_000))
    other.paid()
    other.refund(30_000)

    assert biller.news()[2:] == [("bill.reversed", PERSON), ("bill.reversed", None)]
    assert (biller.status, biller.money.outstanding_minor) == ("sent", 80_000)
    assert other.news()[2:] == [("bill.refunded", PERSON)]
    assert other.status == "part_refunded"


def test_a_charge_of_such_a_bill_that_fails_is_paid_by_hand_r_120() -> None:
    biller = Switched()
    biller.on()
    biller.announce()
    biller.at("2024-10-11 09:00:00")
    biller.run()

    biller.fail(biller.started.payment_id)

    assert biller.sheet.auto_pay.state == "missed"
    assert biller.news()[-1] == ("bill.auto_pay_missed", PERSON)


def test_such_a_bill_that_comes_too_late_for_auto_pay_says_so_at_once_r_120() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.at("2024-10-10 12:00:00")
    debit_id = str(biller.memory.do(AskByDebit(biller.account_id, 55_000))["id"])
    biller.draft(DUE)

    biller.do(SendBillForDebit(biller.bill_id, debit_id))

    assert biller.told()[-2:] == [("bill.sent", PERSON), ("bill.auto_pay_missed", PERSON)]


def test_a_second_bill_for_the_same_money_is_refused_n7() -> None:
    biller = Switched()
    first, again = biller.bill_id, biller.schedule(biller.money.obligation_id)
    second = biller.draft(amount_minor=80_000)
    own = Biller()
    own.send()
    of_bill = str(own.memory.do(AskByDebit(own.account_id, 55_000, own.money.obligation_id))["id"])
    other = own.draft()

    codes = [biller.refused(second, biller.debit_id), biller.refused(second, again)]
    with pytest.raises(LedgerError) as asked:
        own.do(SendBillForDebit(other, of_bill))

    assert [*codes, asked.value.code] == ["debit_asked_elsewhere"] * 3
    assert (biller.debit().bill_id, own.memory.stream(Debit, of_bill).status) == (first, "scheduled")


def test_a_bill_for_the_rest_of_a_debit_leaves_alone_what_was_collected_n7() -> None:
    biller = Switched(collected=30_000)
    asked = biller.money.outstanding_minor

    biller.do(ChangeBill(biller.bill_id, 40_000, None))
    changed = (biller.money.due_minor, biller.money.outstanding_minor)
    payment_id = biller.paid()
    going = biller.memory.do(RefundBill(biller.bill_id, None, "lesson_cancelled"))

    assert (asked, changed) == (50_000, (70_000, 40_000))
    assert (going["payment_id"], going["amount"]) == (payment_id, 40_000)
    assert biller.debit().collected_minor == 30_000


def test_the_debit_that_is_named_is_not_collected_either_n7() -> None:
    biller = Biller()
    first = str(biller.memory.do(AskByDebit(biller.account_id, 80_000))["id"])
    obligation_id = biller.memory.stream(Debit, first).obligation_id
    second = str(biller.memory.do(AskByDebit(biller.account_id, 80_000, obligation_id))["id"])
    bill = str(biller.memory.do(CreateBill(biller.account_id, biller.customer_id, PERSON, 80_000, DUE))["id"])

    biller.do(SendBillForDebit(bill, second))

    stands = [biller.memory.stream(Debit, each) for each in (first, second)]
    assert [(each.status, each.next_on) for each in stands] == [("cancelled", None)] * 2

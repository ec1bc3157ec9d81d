"""What holds for bills whatever anybody does, and in whatever order: nobody is charged unannounced, or twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from aggregates.account import Account
from aggregates.collecting.auto_pay import announce_by, may_charge
from aggregates.collecting.bill import Bill
from aggregates.collecting.bill_customer import BillCustomer
from aggregates.collecting.obligation import Obligation
from aggregates.dates import business_date
from aggregates.payment import Payment
from tests.ledger.biller_days import Days

STEPS = 900


@pytest.fixture(scope="module", params=[1, 2, 3, 4])
def days(request: pytest.FixtureRequest) -> Days:
    return Days(request.param, STEPS)


def test_the_days_are_full_enough_to_say_something(days: Days) -> None:
    kinds = Counter(type(fact) for fact in days.memory.facts)

    started = [fact for fact in days.memory.facts if isinstance(fact, Bill.PaymentStarted)]
    assert {fact.by for fact in started} >= {"payer", "auto_pay"}
    assert kinds[Bill.AutoPayAnnounced] > 5
    assert kinds[Bill.AutoPayMissed] > 5


def test_k3_r121_whatever_is_charged_was_announced_so_two_business_days_before_and_auto_pay_is_on(days: Days) -> None:
    announced: dict[str, Any] = {}
    turn: int | None = None
    charged = 0
    for fact in days.memory.facts:
        match fact:
            case BillCustomer.AutoPayOn():
                turn = fact.turn
            case BillCustomer.AutoPayOff():
                turn = None
            case Bill.AutoPayAnnounced():
                announced[fact.sheet.bill_id] = fact.sheet.auto_pay
            case Bill.PaymentStarted() if fact.by == "auto_pay":
                plan = announced.pop(fact.sheet.bill_id)
                charged += 1
                assert (plan.turn, plan.amount_minor, plan.pay_on) == (
                    turn, fact.sheet.amount_minor, fact.sheet.due_on,
                )  # fmt: skip
                assert business_date(plan.announced_at) <= announce_by(plan.pay_on)
                assert may_charge(plan.pay_on, fact.recorded_at)
                assert fact.sheet.forward is None
    assert charged, "somebody was charged"


def test_r124_nothing_is_paid_twice_and_the_account_has_what_its_bills_have(days: Days) -> None:
    account = days.memory.stream(Account, days.account_id)
    obligations = [money for bill_id in days.bills if (money := days.obligation(bill_id))]

    assert all(money.paid_minor <= (money.due_minor or 0) and not money.credit_minor for money in obligations)
    assert account.payer_credit_minor == 0
    assert account.collections_minor == sum(
        paid.applied_minor for money in obligations for paid in money.payments.values()
    )


def test_r116_one_payment_of_a_bill_is_under_way_at_a_time(days: Days) -> None:
    under_way: set[str] = set()
    for fact in days.memory.facts:
        match fact:
            case Obligation.AttemptStarted():
                assert fact.obligation_id not in under_way
                under_way.add(fact.obligation_id)
            case Obligation.AttemptEnded() | Obligation.Settled():
                under_way.discard(fact.obligation_id)


def test_a_customers_card_is_charged_by_announced_bills_alone(days: Days) -> None:
    by_auto_pay = {
        fact.payment_id for fact in days.memory.facts if isinstance(fact, Bill.PaymentStarted) and fact.by == "auto_pay"
    }
    with_card = {
        fact.payment_id
        for fact in days.memory.facts
        if isinstance(fact, Payment.Started) and fact.billing_key_id is not None
    }
    assert by_auto_pay == with_card

"""Postpaid facts from before there were invoices: read as the present shapes, and the account adds up (SPEC R-089)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import orjson

from aggregates.account import Account
from aggregates.account.parts import MonthPart
from aggregates.numbers import Numbers
from aggregates.postings import postings_of
from aggregates.postings.chart import TRADE_RECEIVABLE, UNBILLED_RECEIVABLE
from aggregates.spend import Spend
from ledger.mapper import pack, to_fact
from tests.aggregates.samples import sample
from tests.aggregates.scenario import Scenario

ADDED = ("coupons", "from_months", "method", "invoices", "advance_minor", "class_version")


def as_it_was(fact: Any) -> Any:
    """Return a fact as it comes back from a row that the first version of its shape has left."""
    state = json.loads(pack(fact))
    for name in ADDED:
        state.pop(name, None)
    state.get("spend", {}).pop("captured_in", None)
    return to_fact(fact.originator_id, fact.originator_version, fact.TOPIC, orjson.dumps(state))


def test_an_account_from_before_there_were_invoices_adds_up_and_can_be_billed() -> None:
    """What came back in the month of its purchase lowers it; what came back later is carried over."""
    scenario = Scenario(mode="postpaid", at="2024-09-10 10:00")
    account = scenario.account
    facts = list(scenario.opening)
    first = account.spend(scenario.stamp, amount_minor=69_000, capture=False)
    state = account.capture_spend(scenario.stamp, spend_id=first.spend_id, amount_minor=69_000)
    state = account.return_spend(scenario.stamp, spend_id=first.spend_id, spend=state, amount_minor=9_000)
    scenario.at("2024-10-02 10:00")
    account.return_spend(scenario.stamp, spend_id=first.spend_id, spend=state, amount_minor=9_900)
    account.pay_settlement(scenario.stamp, amount_minor=20_000)
    facts += [as_it_was(fact) for fact in scenario.facts()]

    old: Any = None
    sums = {UNBILLED_RECEIVABLE: 0, TRADE_RECEIVABLE: 0}
    for fact in facts:
        old = fact.mutate(old)
        for posting in postings_of(fact):
            if posting.account in sums:
                sums[posting.account] += posting.amount_minor

    billing = old.billing
    assert (billing.unbilled_minor, billing.carry_over_minor, billing.advance_minor) == (60_000, 9_900, 20_000)
    assert sums == {UNBILLED_RECEIVABLE: 60_000, TRADE_RECEIVABLE: -29_900}
    assert old.receivable_minor == billing.unbilled_minor + billing.trade_receivable_minor == 30_100
    issued = old.issue_invoice(
        scenario.stamp, month="2024-10", due_on=date(2024, 10, 31), numbers=Numbers.blank(old.id)
    )
    assert (issued.settlement_minor, issued.billed_minor, issued.advance_applied_minor) == (60_000, 60_000, 20_000)


def test_a_settled_spend_of_old_takes_its_captured_money_for_captured_when_it_was_settled() -> None:
    scenario = Scenario(mode="postpaid", at="2024-09-10 10:00")
    held = scenario.account.spend(scenario.stamp, amount_minor=69_000, capture=False)
    state = scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=69_000)
    own = Spend.blank(scenario.account.id)
    own.settle(scenario.stamp, spend_id=held.spend_id, account_id=scenario.account_id, spend=state)
    (settled,) = own.collect_events()

    read = as_it_was(settled)

    assert read.spend.captured_in == (MonthPart("2024-09", 69_000, 1),)
    assert read.spend == state


def test_prepaid_spends_of_old_have_no_month_to_bill() -> None:
    scenario = Scenario()
    scenario.charged(10_000)
    held = scenario.account.spend(scenario.stamp, amount_minor=5_000, capture=False)
    state = scenario.account.capture_spend(scenario.stamp, spend_id=held.spend_id, amount_minor=5_000)
    own = Spend.blank(scenario.account.id)
    own.settle(scenario.stamp, spend_id=held.spend_id, account_id=scenario.account_id, spend=state)

    reads = [as_it_was(fact) for fact in (*scenario.facts(), *own.collect_events())]

    assert reads[-1].spend.captured_in == ()
    assert as_it_was(sample(Account.SpendReturned, mode="prepaid")).from_months == ()

"""Money held for pay-out links: what comes in, goes out, comes back, and what is owed (SPEC R-135, 14)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from aggregates.account import Account
from aggregates.errors import Conflict
from aggregates.fact import FACTS
from aggregates.reconciliation.items import item_of
from tests.aggregates.samples import sample
from tests.aggregates.scenario import Scenario, replayed

LINK: dict[str, Any] = {"payout_link_id": "pol_1"}
FUNDING: dict[str, Any] = {**LINK, "obligation_id": "obl_1", "payment_id": "pay_1", "method": "card"}
TRANSFER: dict[str, Any] = {**LINK, "transfer": "pol_1:payout:1", "amount_minor": 30_000}
DAY = date(2024, 10, 28)


def funded(amount_minor: int = 30_000) -> Scenario:
    scenario = Scenario()
    scenario.account.fund_payout(scenario.stamp, **FUNDING, via="payout_link", amount_minor=amount_minor, paid_on=DAY)
    return scenario


def figures(account: Account) -> tuple[int, int]:
    return account.payout_hold_minor, account.member_receivable_minor


def test_what_is_paid_in_is_held_and_is_neither_balance_nor_collected() -> None:
    account = funded().account

    assert account.books == {"collections": 0, "payer_credit": 0, "payout_hold": 30_000}
    assert account.balance_minor == 0


def test_30_000_are_paid_come_back_and_go_back_to_the_creator() -> None:
    scenario = funded()
    account = scenario.account
    held = [account.payout_hold_minor]
    for step in (
        lambda: account.pay_payout(scenario.stamp, **TRANSFER, paid_on=DAY),
        lambda: account.return_paid_payout(scenario.stamp, **TRANSFER, reason_code="unreachable", returned_on=DAY),
        lambda: account.refund_payout(scenario.stamp, **FUNDING, refund="rfc_1", amount_minor=30_000),
    ):
        assert step().balance_minor == account.payout_hold_minor
        held.append(account.payout_hold_minor)

    assert held == [30_000, 0, 30_000, 0]
    again = replayed([*scenario.opening, *scenario.facts()])
    assert again.dump() == account.dump()


def test_no_more_is_paid_given_back_or_set_off_than_is_held() -> None:
    scenario = funded(29_999)
    account = scenario.account
    attempts: dict[str, Any] = {
        "paid": lambda: account.pay_payout(scenario.stamp, **TRANSFER, paid_on=DAY),
        "given back": lambda: account.refund_payout(scenario.stamp, **FUNDING, refund="r", amount_minor=30_000),
        "set off": lambda: account.apply_payout_hold(scenario.stamp, **LINK, amount_minor=30_000),
        "taken back": lambda: account.reverse_payout_funding(
            scenario.stamp, **FUNDING, amount_minor=30_000, from_hold_minor=30_000, reason_code="chargeback"
        ),
    }
    for attempt in attempts.values():
        with pytest.raises(Conflict) as refused:
            attempt()
        assert (refused.value.code, refused.value.figures) == ("payout_not_held", {"held": 29_999, "requested": 30_000})

    assert account.payout_hold_minor == 29_999


def test_what_is_taken_back_beyond_what_is_held_is_owed_and_paid_from_what_comes_back() -> None:
    scenario = funded()
    account = scenario.account
    account.pay_payout(scenario.stamp, **TRANSFER, paid_on=DAY)

    taken = account.reverse_payout_funding(
        scenario.stamp, **FUNDING, amount_minor=30_000, from_hold_minor=0, reason_code="chargeback"
    )
    owing = figures(account)
    account.return_paid_payout(scenario.stamp, **TRANSFER, reason_code="unreachable", returned_on=DAY)
    account.apply_payout_hold(scenario.stamp, **LINK, amount_minor=30_000)

    assert (taken.shortfall_minor, owing, figures(account)) == (30_000, (0, 30_000), (0, 0))


def test_an_account_that_holds_money_for_a_payout_is_not_closed() -> None:
    scenario = funded()

    with pytest.raises(Conflict) as refused:
        scenario.account.close(scenario.stamp, reason="done")

    assert (refused.value.code, refused.value.figures) == ("account_not_empty", {"payout_hold": 30_000})


@pytest.mark.parametrize(
    ("topic", "side", "method", "sign"),
    [
        ("account.collected", "provider", "card", 1),
        ("account.collection_reversed", "provider", "card", -1),
        ("account.collection_refunded", "provider", "card", -1),
        ("account.payer_credited", "provider", "card", 1),
        ("account.payer_credit_reversed", "provider", "card", -1),
        ("account.payer_credit_refunded", "provider", "card", -1),
        ("account.debits_collected", "provider", "direct_debit", 1),
        ("account.payout_funded", "provider", "card", 1),
        ("account.payout_refunded", "provider", "card", -1),
        ("account.payout_funding_reversed", "provider", "card", -1),
        ("account.payout_paid", "bank", None, -1),
        ("account.payout_returned", "bank", None, 1),
    ],
)
def test_collected_and_paid_out_money_is_held_against_the_lines_of_provider_and_bank(
    topic: str, side: str, method: str | None, sign: int
) -> None:
    fact = sample(FACTS[topic], amount_minor=30_000)

    item = item_of(fact)

    assert item is not None
    assert (item.side, item.method, item.amount_minor, item.currency) == (side, method, sign * 30_000, "KRW")
    assert set(item.references) & {"payment_id", "transfer", "batch_id", "refund"}


def test_credit_that_begins_to_count_is_no_line_of_any_provider() -> None:
    assert item_of(sample(FACTS["account.collected"], method="payer_credit")) is None

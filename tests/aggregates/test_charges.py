"""Charges: what is put on an account, from which amount, by which method, and on which day."""

from __future__ import annotations

import pytest

from aggregates.account.charges import METHODS, Charged
from aggregates.account.standing import BALANCE_MINOR_MAX
from aggregates.errors import Conflict, LedgerError, Malformed, Rejected
from aggregates.money import AMOUNT_MINOR_MAX
from tests.aggregates.scenario import Scenario


def pay(scenario: Scenario, amount: int, method: str = "card") -> Charged:
    return scenario.account.charge(scenario.stamp, amount_minor=amount, method=method, reference="pay-7")


@pytest.mark.parametrize("method", ["card", "transfer"])
def test_a_charge_puts_a_lot_of_its_day_on_the_account(method: str) -> None:
    scenario = Scenario(at="2024-10-28 10:00")

    charged = pay(scenario, 12_222, method)

    assert charged.amount_minor == charged.remaining_minor == charged.balance_minor == 12_222
    assert (charged.currency, charged.method, charged.reference) == ("KRW", method, "pay-7")
    assert charged.charged_on.isoformat() == "2024-10-28"
    assert scenario.lots() == {charged.charge_id: 12_222}
    assert scenario.account.balance_minor == 12_222


@pytest.mark.parametrize(
    ("happened", "day"), [("2024-10-27 23:59:59", "2024-10-27"), ("2024-10-28 00:00:00", "2024-10-28")]
)
def test_the_payment_date_is_the_korean_day_on_which_it_happened(happened: str, day: str) -> None:
    scenario = Scenario(at="2024-10-29 10:00")

    charged = scenario.account.charge(scenario.happened(happened), amount_minor=5_000, method="card", reference=None)

    assert charged.charged_on.isoformat() == day
    assert charged.recorded_at == scenario.now


@pytest.mark.parametrize(("amount", "code"), [(999, "charge_below_minimum"), (1_000, None), (1_001, None)])
def test_the_minimum_charge_is_1000_won_inclusive(amount: int, code: str | None) -> None:
    scenario = Scenario()

    if code is None:
        assert pay(scenario, amount).balance_minor == amount
    else:
        with pytest.raises(Rejected) as refused:
            pay(scenario, amount)
        assert refused.value.code == code
        assert refused.value.figures == {"minimum": 1_000}


def test_another_currency_has_no_minimum() -> None:
    scenario = Scenario(currency="CZK")

    assert pay(scenario, 1).balance_minor == 1


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MINOR_MAX + 1])
def test_an_amount_out_of_bounds_is_malformed(amount: int) -> None:
    scenario = Scenario()

    with pytest.raises(Malformed):
        pay(scenario, amount)

    assert scenario.facts() == []


def test_a_charge_pays_what_is_overdrawn_first_and_only_the_rest_becomes_a_lot() -> None:
    scenario = Scenario(overdraft=10_000)
    scenario.account.spend(scenario.stamp, amount_minor=3_000)

    part = pay(scenario, 1_000)
    rest = pay(scenario, 5_000)

    assert (part.overdrawn_paid_minor, part.remaining_minor, part.balance_minor) == (1_000, 0, -2_000)
    assert part.lots == ()
    assert (rest.overdrawn_paid_minor, rest.remaining_minor, rest.balance_minor) == (2_000, 3_000, 3_000)
    assert scenario.lots() == {rest.charge_id: 3_000}
    assert scenario.account.overdrawn_minor == 0


def test_a_frozen_account_takes_money_in() -> None:
    scenario = Scenario()
    scenario.account.freeze(scenario.stamp, reason="under investigation")

    assert pay(scenario, 5_000).balance_minor == 5_000


def test_the_operator_may_enable_methods_and_set_a_maximum() -> None:
    scenario = Scenario()
    account, stamp = scenario.account, scenario.stamp

    with pytest.raises(Rejected) as disabled:
        account.charge(stamp, amount_minor=5_000, method="transfer", reference=None, enabled_methods=("card",))
    with pytest.raises(Rejected) as beyond:
        account.charge(stamp, amount_minor=5_001, method="card", reference=None, maximum_minor=5_000)

    assert disabled.value.code == "method_not_enabled"
    assert disabled.value.figures == {"enabled": ["card"]}
    assert beyond.value.code == "charge_above_maximum"
    assert (
        account.charge(stamp, amount_minor=5_000, method="card", reference=None, maximum_minor=5_000).balance_minor
        == 5_000
    )


def test_refusals_of_a_charge_come_in_the_order_of_the_rules() -> None:
    scenario = Scenario()
    account = scenario.account
    account.status, account.mode = "closed", "postpaid"
    account.balance_minor = BALANCE_MINOR_MAX

    def refusal(amount: int = 999, method: str = "cash", maximum: int | None = 4_000) -> str:
        with pytest.raises(LedgerError) as refused:
            account.charge(scenario.stamp, amount_minor=amount, method=method, reference=None, maximum_minor=maximum)
        assert scenario.facts() == []
        return refused.value.code

    scenario.facts()
    assert refusal(amount=0) == "invalid_amount"
    assert refusal() == "account_closed"
    account.status = "open"
    assert refusal() == "prepaid_only"
    account.mode = "prepaid"
    assert refusal() == refusal(method="virtual_account") == "method_not_enabled"
    assert refusal(method="card") == "charge_below_minimum"
    assert refusal(4_001, "card") == "charge_above_maximum"
    assert refusal(4_000, "card") == "balance_out_of_range"


def test_a_refused_charge_is_a_conflict_only_where_the_account_stands_in_the_way() -> None:
    closed = Scenario()
    closed.account.close(closed.stamp, reason="moved away")
    postpaid = Scenario(mode="postpaid")

    with pytest.raises(Conflict):
        pay(closed, 5_000)
    with pytest.raises(Rejected) as refused:
        pay(postpaid, 5_000)

    assert refused.value.code == "prepaid_only"
    assert METHODS == ("card", "transfer", "virtual_account")


def test_folding_the_facts_again_gives_the_same_account() -> None:
    scenario = Scenario(overdraft=10_000)
    opened = scenario.account.copy()
    scenario.account.spend(scenario.stamp, amount_minor=3_000)
    pay(scenario, 5_000)

    facts = scenario.facts()

    for fact in facts:
        fact.mutate(opened)
    assert opened.dump() == scenario.account.dump()

"""Chargebacks: what others take back, from where, and what is owed because of it."""

from __future__ import annotations

import pytest

from aggregates import ids
from aggregates.account.chargebacks import ChargedBack
from aggregates.account.charges import Charged
from aggregates.charge import Charge
from aggregates.errors import LedgerError
from tests.aggregates.scenario import Scenario


def paid(scenario: Scenario, amount: int) -> tuple[Charged, Charge]:
    charged = scenario.account.charge(scenario.stamp, amount_minor=amount, method="card", reference=None)
    return charged, Charge.blank(ids.stream_id(charged.charge_id))


def take_back(scenario: Scenario, charged: Charged, own: Charge, amount: int) -> ChargedBack:
    taken = scenario.account.charge_back(scenario.stamp, charge=charged, past=own, amount_minor=amount)
    own.charge_back(scenario.stamp, charge_id=charged.charge_id, amount_minor=amount, currency="KRW")
    return taken


def test_a_chargeback_of_10000_with_6000_left_makes_the_member_owe_4000() -> None:
    scenario = Scenario()
    charged, own = paid(scenario, 10_000)
    scenario.account.spend(scenario.stamp, amount_minor=4_000)

    taken = take_back(scenario, charged, own, 10_000)

    assert (taken.from_lot_minor, taken.shortfall_minor) == (6_000, 4_000)
    assert (taken.balance_minor, taken.member_receivable_minor) == (0, 4_000)
    assert scenario.lots() == {}


def test_a_chargeback_never_touches_other_charges() -> None:
    scenario = Scenario()
    charged, own = paid(scenario, 10_000)
    scenario.account.spend(scenario.stamp, amount_minor=10_000)
    other, _ = paid(scenario, 3_000)

    taken = take_back(scenario, charged, own, 10_000)

    assert (taken.from_lot_minor, taken.shortfall_minor, taken.balance_minor) == (0, 10_000, 3_000)
    assert scenario.lots() == {other.charge_id: 3_000}


def test_while_a_member_owes_nothing_is_spent_refunded_or_cancelled_until_it_is_settled() -> None:
    scenario = Scenario()
    charged, own = paid(scenario, 10_000)
    scenario.account.spend(scenario.stamp, amount_minor=4_000)
    other, other_own = paid(scenario, 50_000)
    take_back(scenario, charged, own, 10_000)
    account, stamp = scenario.account, scenario.stamp
    attempts = (
        lambda: account.spend(stamp, amount_minor=1_000),
        lambda: account.request_refund(
            stamp, amount_minor=2_000, bank="Harbour Bank", destination="dst_1", holder_is_member=True, reason="x"
        ),
        lambda: account.cancel_charge(stamp, charge=other, past=other_own),
    )

    for attempt in attempts:
        with pytest.raises(LedgerError) as refused:
            attempt()
        assert refused.value.code == "member_receivable_outstanding"
    part = account.settle_receivable(stamp, amount_minor=1_500, reference="bank-1")
    rest = account.settle_receivable(stamp, amount_minor=2_500, reference=None)

    assert (part.member_receivable_minor, rest.member_receivable_minor) == (2_500, 0)
    for attempt in attempts[:2]:
        attempt()


def test_no_more_is_settled_than_is_owed() -> None:
    scenario = Scenario()
    charged, own = paid(scenario, 10_000)
    scenario.account.spend(scenario.stamp, amount_minor=10_000)
    take_back(scenario, charged, own, 4_000)

    with pytest.raises(LedgerError) as refused:
        scenario.account.settle_receivable(scenario.stamp, amount_minor=4_001, reference=None)

    assert refused.value.code == "settlement_exceeds_receivable"
    assert refused.value.figures == {"owing": 4_000}


def test_no_more_is_taken_back_than_was_paid_over_several_times() -> None:
    scenario = Scenario()
    charged, own = paid(scenario, 10_000)
    take_back(scenario, charged, own, 6_000)

    with pytest.raises(LedgerError) as refused:
        take_back(scenario, charged, own, 4_001)

    assert refused.value.code == "charge_back_exceeds_charge"
    assert refused.value.figures == {"left": 4_000}
    assert take_back(scenario, charged, own, 4_000).balance_minor == 0
    assert own.charged_back_minor == 10_000


def test_refusals_of_a_chargeback_come_in_the_order_of_the_rules() -> None:
    scenario = Scenario()
    charged, own = paid(scenario, 10_000)
    account = scenario.account
    awaited = account.await_deposit(scenario.stamp, amount_minor=5_000, reference=None)
    account.start_charge_cancellation(scenario.stamp, charge=charged, past=own)
    own.cancelled = True
    scenario.facts()

    def refusal(charge: object, amount: int = 10_001) -> str:
        with pytest.raises(LedgerError) as refused:
            account.charge_back(scenario.stamp, charge=charge, past=own, amount_minor=amount)  # type: ignore[arg-type]
        assert scenario.facts() == []
        return refused.value.code

    assert refusal(awaited, amount=0) == "invalid_amount"
    assert refusal(awaited) == "charge_already_cancelled"
    own.cancelled = False
    assert refusal(awaited) == "charge_not_paid"
    assert refusal(charged) == "charge_cancel_pending"
    account.fail_charge_cancellation(scenario.stamp, charge_id=charged.charge_id, past=own, reason_code="declined")
    scenario.facts()
    assert refusal(charged) == "charge_back_exceeds_charge"


def test_a_deposit_can_be_taken_back_too() -> None:
    scenario = Scenario()
    account = scenario.account
    awaited = account.await_deposit(scenario.stamp, amount_minor=5_000, reference=None)
    own = Charge.blank(ids.stream_id(awaited.charge_id))
    account.deposit(scenario.stamp, awaited=awaited, past=own, amount_minor=5_000)
    own.deposited_on = awaited.issued_on

    taken = account.charge_back(scenario.stamp, charge=awaited, past=own, amount_minor=5_000)

    assert (taken.method, taken.from_lot_minor, taken.balance_minor) == ("virtual_account", 5_000, 0)


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_what_others_took_back_is_recorded_on_a_stopped_account_too(status: str) -> None:
    scenario = Scenario()
    charged, own = paid(scenario, 10_000)
    scenario.account.spend(scenario.stamp, amount_minor=10_000)
    scenario.account.status = status

    taken = take_back(scenario, charged, own, 10_000)

    assert taken.member_receivable_minor == 10_000
    assert (
        scenario.account.settle_receivable(scenario.stamp, amount_minor=10_000, reference=None).member_receivable_minor
        == 0
    )

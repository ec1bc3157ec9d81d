"""State of an account written down and read again: exact, complete, and in one order."""

from __future__ import annotations

import json

from aggregates.account.parts import AwaitedDeposit, ParkedDeposit
from aggregates.account.snapshot import AccountSnapshot
from tests.aggregates.scenario import Scenario, kst, replayed


def busy() -> Scenario:
    scenario = Scenario(overdraft=5_000)
    scenario.charged(20_000, on="2024-09-01")
    scenario.charged(1_000, on="2024-10-01")
    scenario.account.set_member_limit(
        scenario.stamp, member_id="mem_a", limit_minor=9_000, granted=True, unlimited=False, cash_convertible=True
    )
    scenario.account.set_cash_limit(scenario.stamp, limit_minor=5_000, reason="contract")
    scenario.account.spend(
        scenario.stamp, amount_minor=2_000, capture=False, member_id="mem_a", cash_minor=500, reference="order-1"
    )
    scenario.account.request_adjustment(scenario.stamp, amount_minor=-5, reason="r")
    scenario.account.own("awaited")["chg_x"] = AwaitedDeposit(5_000, None, kst("2024-11-04").date())
    scenario.account.own("parked")["dep_x"] = ParkedDeposit("chg_x", 4_000)
    scenario.account.own("refile")["chg_y"] = (kst("2024-10-01").date(), kst("2024-10-08").date())
    lot = next(iter(scenario.account.lots))
    scenario.account.lots.freeze(lot, frozen=True)
    scenario.account.collect_events()
    return scenario


def test_a_snapshot_gives_back_the_same_account() -> None:
    account = busy().account

    snapshot = AccountSnapshot.take(account)
    stored = json.loads(json.dumps(snapshot.state))
    again = AccountSnapshot(
        originator_id=snapshot.originator_id, originator_version=snapshot.originator_version, state=stored
    ).mutate(None)

    assert again.dump() == account.dump()
    assert (again.id, again.version, again.recorded_at) == (account.id, account.version, account.recorded_at)
    assert again.holds == account.holds
    assert again.lots.frozen_minor == account.lots.frozen_minor
    assert not again.pending


def test_a_restored_account_decides_as_the_first_one_would() -> None:
    scenario = busy()
    restored = AccountSnapshot.take(scenario.account).mutate(None)

    first = scenario.account.spend(scenario.stamp, amount_minor=700, member_id="mem_a")
    second = restored.spend(scenario.stamp, amount_minor=700, member_id="mem_a")

    assert first == second
    assert restored.dump() == scenario.account.dump()


def test_a_copy_is_independent_of_its_original() -> None:
    scenario = busy()
    before = scenario.account.dump()

    twin = scenario.account.copy()
    twin.spend(scenario.stamp, amount_minor=700, member_id="mem_a", cash_minor=100)
    twin.freeze(scenario.stamp, reason="r")

    assert scenario.account.dump() == before
    assert not scenario.account.pending
    assert twin.dump() != before


def test_the_same_state_is_written_in_the_same_order_however_it_came_about() -> None:
    one, other = Scenario(), Scenario()
    for scenario, members in ((one, ["mem_a", "mem_b"]), (other, ["mem_b", "mem_a"])):
        for member_id in members:
            scenario.account.set_member_limit(
                scenario.stamp,
                member_id=member_id,
                limit_minor=0,
                granted=True,
                unlimited=False,
                cash_convertible=False,
            )

    assert json.dumps(one.account.dump()) == json.dumps(other.account.dump())


def test_folding_the_facts_from_nothing_gives_the_live_state() -> None:
    scenario = Scenario(overdraft=500)
    charge = scenario.account.charge(scenario.stamp, amount_minor=2_000, method="card", reference=None)
    spent = scenario.account.spend(scenario.stamp, amount_minor=2_300, capture=False)

    folded = replayed([*scenario.opening, charge, spent])

    assert folded.dump() == scenario.account.dump()
    assert (folded.version, folded.id) == (scenario.account.version, scenario.account.id)

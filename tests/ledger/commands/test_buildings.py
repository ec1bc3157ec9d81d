"""Buildings: who is charged with what, when it is late, and what no run, reading or move may do (SPEC 11.3)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from aggregates.account import Account
from aggregates.collecting.buildings import Building, BuildingMonth, Unit
from aggregates.collecting.buildings.building import UNITS_A_FACT_MAX
from aggregates.collecting.buildings.parts import (
    SHARES_MAX,
    Charge,
    Policy,
    Reading,
    Reduction,
    Share,
    UnitSheet,
    last_day,
)
from aggregates.collecting.buildings.pour import overdue
from aggregates.collecting.buildings.unit import LINES_MAX
from aggregates.errors import LedgerError
from aggregates.fact import Fact
from ledger.commands.collecting.building_charges import ChargeLateFee, ChargeUnit, RemindUnit
from ledger.commands.collecting.buildings import (
    AddUnits,
    ChangeBuildingPolicy,
    ChangeUnit,
    CorrectCost,
    CorrectReading,
    EnterUnit,
    LeaveUnit,
    OpenBuilding,
    RunMonth,
    SetCostType,
    TakeReadings,
)
from ledger.commands.collecting.obligations import ConfirmOutside, StartCollection
from ledger.mapper import STATE_BYTES_MAX, pack
from tests.aggregates.samples import sample
from tests.ledger.estate import Estate, Reverse, Settle, cost, sheet

DUE = date(2026, 4, 10)
LATER = date(2026, 5, 10)


def three(policy: Policy | None = None, currency: str = "KRW") -> Estate:
    """Return a building of the three units of the worked example."""
    units = [sheet("101", 8_490), sheet("102", 5_980), sheet("103", 5_980)]
    return Estate(units, currency=currency) if policy is None else Estate(units, policy=policy, currency=currency)


def amounts(facts: list[Fact], code: str) -> list[int]:
    return [
        share.amount_minor
        for fact in facts
        if isinstance(fact, BuildingMonth.CostSplit) and fact.code == code
        for share in fact.shares
    ]


# -- the run -------------------------------------------------------------------------------------------------------


def test_r140_the_worked_example_is_charged_to_the_last_won() -> None:
    estate = three()
    estate.costs(cost("heating", "area"))

    facts = estate.run("2026-03", DUE, heating=1_000_000)

    assert amounts(facts, "heating") == [415_159, 292_421, 292_420]
    owed = [estate.obligation(estate.tab(unit_id)).due_minor for unit_id in estate.units]
    assert owed == [415_159, 292_421, 292_420]


def test_r140_each_basis_splits_by_its_own_figure() -> None:
    estate = Estate([sheet("1", 3_000, 1, 5), sheet("2", 1_000, 3, 5), sheet("10", 0, 0, 0)])
    bases = ("equal", "area", "occupants", "weight")
    estate.costs(*(cost(basis, basis) for basis in bases), cost("metered", "meter"), cost("byhand", "manual"))
    one, two, ten = estate.units
    estate.read("2026-02", "metered", {one: 10_000, two: 500})
    estate.read("2026-03", "metered", {one: 12_000, two: 500, ten: 1_000})
    estate.read("2026-03", "byhand", {one: 7, two: 0, ten: 3})

    facts = estate.run("2026-03", DUE, **dict.fromkeys((*bases, "metered"), 1_000))

    assert amounts(facts, "equal") == [334, 333, 333]
    assert amounts(facts, "area") == [750, 250, 0]
    assert amounts(facts, "occupants") == [250, 750, 0]
    assert amounts(facts, "weight") == [500, 500, 0]
    assert amounts(facts, "metered") == [667, 0, 333]
    assert amounts(facts, "byhand") == [7, 0, 3]


def test_h2_a_fixed_cost_is_charged_with_every_run_and_one_of_each_unit_by_every_unit() -> None:
    estate = three()
    estate.costs(cost("guard", "equal", 300), cost("fund", "each", 5_000, liable="owner"))

    facts = estate.run("2026-03", DUE)

    assert amounts(facts, "guard") == [100, 100, 100]
    assert amounts(facts, "fund") == [5_000, 5_000, 5_000]


def test_the_run_of_a_month_is_answered_with_what_each_cost_is() -> None:
    estate = three()
    estate.costs(cost("guard", "equal", 300))
    command = RunMonth(estate.id, "2026-03", DUE, {})

    answer = estate.memory.do(command)

    assert answer == {
        "building_id": estate.id, "month": "2026-03", "due_on": "2026-04-10",
        "due_on_jalali": None, "total": 300, "currency": "KRW",
        "units": 3, "adjusted": [],
        "costs": [{"code": "guard", "name": "Guard", "basis": "equal", "liable": "resident", "amount": 300}],
    }  # fmt: skip


def test_a_unit_counts_for_what_it_is_at_the_run() -> None:
    estate = three()
    estate.costs(cost("water", "occupants"))
    estate.run("2026-03", DUE, water=600)
    estate.memory.record(ChangeUnit(estate.id, estate.units[0], None, 8, None))

    assert amounts(estate.run("2026-04", LATER, water=600), "water") == [400, 100, 100]


def test_in_rials_dates_are_shown_in_the_jalali_calendar_too() -> None:
    estate = three(currency="IRR")
    estate.costs(cost("guard", "equal", 300))

    answer = estate.memory.do(RunMonth(estate.id, "2026-03", DUE, {}))

    assert (answer["due_on"], answer["due_on_jalali"]) == ("2026-04-10", "1405-01-21")


# -- who is liable -------------------------------------------------------------------------------------------------


def test_r141_residents_bear_costs_and_owners_capital_items() -> None:
    estate = three()
    unit_id = estate.units[0]
    estate.costs(cost("water", "equal"), cost("roof", "equal", liable="owner", capital=True))
    estate.enter(unit_id, "owner", "tok_owner", date(2020, 1, 1))
    estate.enter(unit_id, "resident", "tok_resident", date(2025, 1, 1))

    estate.run("2026-03", DUE, water=300, roof=3_000)

    tabs = {tab.person: estate.obligation(tab.obligation_id).due_minor for tab in estate.unit(unit_id).tabs.values()}
    assert tabs == {"tok_resident": 100, "tok_owner": 1_000}


def test_where_nobody_lives_the_owner_bears_all() -> None:
    estate = three()
    unit_id = estate.units[0]
    estate.costs(cost("water", "equal"))
    estate.enter(unit_id, "owner", "tok_owner", date(2020, 1, 1))

    estate.run("2026-03", DUE, water=300)

    assert [(tab.role, tab.person) for tab in estate.unit(unit_id).tabs.values()] == [("owner", "tok_owner")]


@pytest.mark.parametrize(("moved_in", "liable"), [(31, "tok_new"), (30, "tok_new"), (1, "tok_new")])
def test_a_charge_is_owed_by_who_was_there_on_the_last_day_of_its_month(moved_in: int, liable: str) -> None:
    estate = three()
    unit_id = estate.units[0]
    estate.costs(cost("water", "equal"))
    estate.enter(unit_id, "resident", "tok_old", date(2025, 1, 1))
    estate.enter(unit_id, "resident", "tok_new", date(2026, 3, moved_in))

    estate.run("2026-03", DUE, water=300)

    assert [tab.person for tab in estate.unit(unit_id).tabs.values()] == [liable]


def test_who_moves_on_the_first_of_the_next_month_leaves_the_charge_to_who_went() -> None:
    estate = three()
    unit_id = estate.units[0]
    estate.costs(cost("water", "equal"))
    estate.enter(unit_id, "resident", "tok_old", date(2025, 1, 1))
    estate.enter(unit_id, "resident", "tok_new", date(2026, 4, 1))

    estate.run("2026-03", DUE, water=300)
    estate.run("2026-04", LATER, water=600)

    assert {tab.person: tab.due_minor for tab in estate.unit(unit_id).tabs.values()} == {"tok_old": 100, "tok_new": 200}


# -- payments ------------------------------------------------------------------------------------------------------


def test_r143_over_payment_is_credit_that_counts_for_the_next_run() -> None:
    estate = three()
    unit_id = estate.units[0]
    estate.costs(cost("water", "equal"))
    estate.run("2026-03", DUE, water=300)
    tab = estate.tab(unit_id)

    estate.pay(tab, 130)
    assert (estate.obligation(tab).outstanding_minor, estate.obligation(tab).credit_minor) == (0, 30)
    estate.run("2026-04", LATER, water=600)

    found = estate.obligation(tab)
    assert (found.due_minor, found.paid_minor, found.outstanding_minor, found.credit_minor) == (300, 130, 170, 0)
    assert [each.paid_minor for each in estate.unit(unit_id).tabs[tab].covered()] == [100, 30]


def test_a_payment_may_be_any_part_of_what_is_owed_and_covers_what_was_due_first() -> None:
    estate = three()
    unit_id = estate.units[0]
    estate.costs(cost("water", "equal"), cost("guard", "equal", 90))
    estate.run("2026-03", DUE, water=300)
    estate.run("2026-04", LATER, water=300)
    tab = estate.tab(unit_id)

    estate.pay(tab, 135)

    covered = [
        (each.charge.month, each.charge.code, each.paid_minor) for each in estate.unit(unit_id).tabs[tab].covered()
    ]
    assert covered == [("2026-03", "water", 100), ("2026-03", "guard", 30), ("2026-04", "water", 5),
                       ("2026-04", "guard", 0)]  # fmt: skip


def test_a_reversal_makes_the_unit_a_debtor_again() -> None:
    estate = three()
    unit_id = estate.units[0]
    estate.costs(cost("water", "equal"))
    estate.run("2026-03", DUE, water=300)
    tab = estate.tab(unit_id)
    attempt_id = estate.pay(tab, 100)
    assert overdue(estate.unit(unit_id).tabs[tab].covered(), LATER) == 0

    estate.memory.record(Reverse(tab, 100, attempt_id))

    assert overdue(estate.unit(unit_id).tabs[tab].covered(), LATER) == 100
    undone = [fact for fact in estate.memory.facts if isinstance(fact, Unit.PaymentUndone)]
    assert [(fact.how, fact.amount_minor, fact.outstanding_minor) for fact in undone] == [("reversed", 100, 100)]


def test_what_the_manager_confirms_was_paid_elsewhere_counts_and_moves_no_money() -> None:
    estate = three()
    unit_id = estate.units[0]
    estate.costs(cost("water", "equal"))
    estate.run("2026-03", DUE, water=300)
    tab = estate.tab(unit_id)

    facts = estate.memory.record(ConfirmOutside(tab, 40, DUE))

    assert [fact.TOPIC for fact in facts] == ["obligation.confirmed", "unit.paid"]
    assert estate.unit(unit_id).tabs[tab].paid_minor == 40


# -- corrections ---------------------------------------------------------------------------------------------------


def metered() -> Estate:
    """Return a building whose three units used 10, 10 and 20 of the water of March, and as much of April's."""
    estate = three()
    estate.costs(cost("water", "meter"))
    for number, month in enumerate(("2026-02", "2026-03", "2026-04")):
        used = dict(zip(estate.units, (10, 10, 20), strict=True))
        estate.read(month, "water", {unit_id: each * number for unit_id, each in used.items()})
    return estate


def test_a_corrected_reading_is_put_right_with_the_next_run_and_the_sum_stays_the_cost() -> None:
    estate = metered()
    estate.run("2026-03", DUE, water=4_000)
    third = estate.units[2]
    tabs = [estate.tab(unit_id) for unit_id in estate.units]
    estate.pay(tabs[2], 2_000)

    # The third unit used 10, not 20: 4,000 are split by thirds. What it used in April is 30 then.
    estate.memory.record(CorrectReading(estate.id, "2026-03", "water", Reading(third, 10)))
    facts = estate.run("2026-04", LATER, water=5_000)

    adjusted = [fact for fact in facts if isinstance(fact, BuildingMonth.CostAdjusted)]
    assert [share.amount_minor for fact in adjusted for share in fact.shares] == [334, 333, -667]
    assert amounts(facts, "water") == [1_000, 1_000, 3_000]
    assert [estate.obligation(tab).due_minor for tab in tabs] == [2_334, 2_333, 4_333]
    assert sum(estate.obligation(tab).due_minor or 0 for tab in tabs) == 9_000


def test_a_cost_that_was_typed_wrong_is_put_right_with_the_next_run_by_the_weights_of_its_month() -> None:
    estate = three()
    estate.costs(cost("heat", "area"), cost("fund", "each"))
    estate.run("2026-03", DUE, heat=10_000_000, fund=70)
    estate.memory.record(ChangeUnit(estate.id, estate.units[0], 1, None, None))

    estate.memory.record(CorrectCost(estate.id, "2026-03", "heat", 1_000_000))
    estate.memory.record(CorrectCost(estate.id, "2026-03", "fund", 50))
    estate.run("2026-04", LATER)

    owed = [estate.obligation(estate.tab(unit_id)).due_minor for unit_id in estate.units]
    assert owed == [415_159 + 50, 292_421 + 50, 292_420 + 50]


def test_a_correction_of_what_two_months_rest_on_puts_both_right() -> None:
    estate = metered()
    estate.run("2026-03", DUE, water=4_000)
    estate.run("2026-04", LATER, water=4_000)
    third = estate.units[2]

    estate.memory.record(CorrectReading(estate.id, "2026-03", "water", Reading(third, 10)))
    assert estate.building.to_adjust == (("2026-03", "water"), ("2026-04", "water"))
    estate.costs(cost("guard", "equal", 300))
    estate.read("2026-05", "water", dict.fromkeys(estate.units, 99))
    estate.run("2026-05", date(2026, 6, 10))

    total = sum(estate.obligation(estate.tab(unit_id)).due_minor or 0 for unit_id in estate.units)
    assert total == 8_300
    assert not estate.building.to_adjust


def test_what_an_adjustment_takes_off_goes_to_who_was_charged_and_not_to_who_came_after() -> None:
    estate = metered()
    third = estate.units[2]
    estate.enter(third, "resident", "tok_old", date(2025, 1, 1))
    estate.run("2026-03", DUE, water=4_000)
    estate.enter(third, "resident", "tok_new", date(2026, 4, 1))
    estate.pay(estate.tab(third, person="tok_old"), 2_000)

    estate.memory.record(CorrectReading(estate.id, "2026-03", "water", Reading(third, 10)))
    estate.run("2026-04", LATER, water=5_000)

    tabs = {tab.person: tab.due_minor for tab in estate.unit(third).tabs.values()}
    assert tabs == {"tok_old": 1_333, "tok_new": 3_000}
    # 2,000 were paid for what is 1,333 now: the rest is credit, which goes back on request.
    left = estate.obligation(estate.tab(third, person="tok_old"))
    assert (left.outstanding_minor, left.paid_minor, left.credit_minor) == (0, 1_333, 667)
    account = estate.memory.stream(Account, estate.account_id)
    assert (account.collections_minor, account.payer_credit_minor) == (1_333, 667)


def test_a_payment_that_is_under_way_while_less_becomes_due_settles_and_leaves_credit() -> None:
    estate = three()
    estate.costs(cost("heat", "equal"))
    estate.run("2026-03", DUE, heat=3_000)
    unit_id = estate.units[0]
    tab = estate.tab(unit_id)
    started = estate.memory.do(StartCollection(tab, 1_000, "card", "link"))
    assert refusal(estate, StartCollection(tab, 1_000, "card", "link")) == "payment_in_flight"

    estate.memory.record(CorrectCost(estate.id, "2026-03", "heat", 600))
    estate.costs(cost("guard", "equal", 30))
    estate.run("2026-04", LATER)
    assert estate.obligation(tab).outstanding_minor == 210
    estate.memory.record(Settle(tab, 1_000, started["id"]))

    found = estate.obligation(tab)
    assert (found.attempt, found.outstanding_minor, found.paid_minor, found.credit_minor) == (None, 0, 210, 790)
    assert estate.unit(unit_id).tabs[tab].paid_minor == 210


# -- late payers ---------------------------------------------------------------------------------------------------

LATE = Policy("percent", 200, 0, 5, 7, 2)


def test_a_late_fee_is_charged_once_for_a_month_after_the_days_of_grace() -> None:
    estate = three(LATE)
    estate.costs(cost("water", "equal"))
    estate.run("2026-03", DUE, water=300_000)
    unit_id = estate.units[0]
    tab = estate.tab(unit_id)
    estate.pay(tab, 40_050)
    fee = ChargeLateFee(unit_id, tab, "2026-03")

    estate.on(date(2026, 4, 15), hour=23)
    assert refusal(estate, fee) == "nothing_late"
    estate.on(date(2026, 4, 16), hour=0)
    answer = estate.memory.do(fee)

    assert answer["amount"] == 59_950 * 200 // 10_000 == 1_199
    assert estate.obligation(tab).due_minor == 101_199
    assert refusal(estate, fee) == "nothing_late"


def test_r142_reminders_go_out_every_n_days_and_no_more_than_so_many_a_month() -> None:
    estate = three(LATE)
    estate.costs(cost("water", "equal"))
    unit_id = estate.units[0]
    estate.enter(unit_id, "resident", "tok_resident", date(2025, 1, 1))
    estate.run("2026-03", DUE, water=300)
    remind = RemindUnit(unit_id, estate.tab(unit_id))

    said = {}
    for day in (10, 11, 17, 18, 25, 26):
        estate.on(date(2026, 4, day))
        said[day] = refusal(estate, remind) or "sent"
    estate.on(date(2026, 5, 1))
    said[31] = refusal(estate, remind) or "sent"

    late, none = "sent", "reminder_not_due"
    assert said == {10: none, 11: late, 17: none, 18: late, 25: none, 26: none, 31: late}


# -- what may not be -----------------------------------------------------------------------------------------------


def refusal(estate: Estate, command: Any) -> str | None:
    """Return the code with which a command is refused; None when it is not."""
    before = len(estate.memory.facts)
    try:
        estate.memory.record(command)
    except LedgerError as error:
        assert len(estate.memory.facts) == before
        return error.code
    return None


def standing() -> Estate:
    """Return a building in which March was run and charged; its April is read, its first unit has a resident."""
    estate = metered()
    estate.costs(cost("guard", "equal", 300), cost("old", "equal", 5), cost("byhand", "manual"))
    estate.memory.record(SetCostType(estate.id, cost("old", "equal", 5, active=False), is_new=False))
    estate.run("2026-03", DUE, water=4_000)
    estate.enter(estate.units[0], "resident", "tok_resident", date(2026, 3, 1))
    return estate


ATTEMPTS: list[tuple[str, Any, str]] = [
    ("an unknown building", lambda e: RunMonth(e.id[:-1] + "0", "2026-04", LATER, {}), "building_not_found"),
    ("a month twice", lambda e: RunMonth(e.id, "2026-03", LATER, {"water": 1}), "month_already_run"),
    ("a month that was passed over", lambda e: RunMonth(e.id, "2026-02", LATER, {"water": 1}), "month_passed"),
    ("a cost nobody knows", lambda e: RunMonth(e.id, "2026-04", LATER, {"lift": 1}), "cost_type_not_found"),
    ("a cost that has ended", lambda e: RunMonth(e.id, "2026-04", LATER, {"old": 1}), "cost_type_not_found"),
    ("an amount for a fixed cost", lambda e: RunMonth(e.id, "2026-04", LATER, {"guard": 1}), "cost_amount_invalid"),
    ("an amount beside shares", lambda e: RunMonth(e.id, "2026-04", LATER, {"byhand": 1}), "cost_amount_invalid"),
    ("a month that is not read", lambda e: RunMonth(e.id, "2026-05", LATER, {"water": 1}), "readings_missing"),
    ("a month too far ahead", lambda e: RunMonth(e.id, "2026-07", date(2026, 7, 5), {}), "month_too_far_ahead"),
    ("due before its month", lambda e: RunMonth(e.id, "2026-04", date(2026, 3, 31), {}), "building_due_date_invalid"),
    ("due two years later", lambda e: RunMonth(e.id, "2026-04", date(2028, 4, 1), {}), "building_due_date_invalid"),
    ("a cost of a month that was not run", lambda e: CorrectCost(e.id, "2026-04", "guard", 5), "month_not_run"),
    ("a cost that the month had not", lambda e: CorrectCost(e.id, "2026-03", "byhand", 5), "cost_type_not_found"),
    ("the amount that it is", lambda e: CorrectCost(e.id, "2026-03", "water", 4_000), "building_unchanged"),
    ("a unit for a month that was not run", lambda e: ChargeUnit(e.id, e.units[0], "2026-04"), "month_not_run"),
    ("a unit twice", lambda e: ChargeUnit(e.id, e.units[0], "2026-03"), "unit_already_charged"),
    ("a unit of another building", lambda e: ChargeUnit(e.id, "unt_1", "2026-03"), "unit_not_found"),
    ("a number twice", lambda e: AddUnits(e.id, (sheet("101"),)), "unit_number_taken"),
    ("a number twice at once", lambda e: AddUnits(e.id, (sheet("7"), sheet("7"))), "unit_number_taken"),
    ("a unit that stays as it is", lambda e: ChangeUnit(e.id, e.units[0], 8_490, None, None), "building_unchanged"),
    ("a unit that is not there", lambda e: ChangeUnit(e.id, "unt_1", 1, None, None), "unit_not_found"),
    ("a code twice", lambda e: SetCostType(e.id, cost("water", "meter"), is_new=True), "cost_type_taken"),
    ("a cost that is not there", lambda e: SetCostType(e.id, cost("lift"), is_new=False), "cost_type_not_found"),
    ("the same cost", lambda e: SetCostType(e.id, cost("water", "meter"), is_new=False), "building_unchanged"),
    ("a meter made equal", lambda e: SetCostType(e.id, cost("water"), is_new=False), "cost_type_invalid"),
    ("fixed shares", lambda e: SetCostType(e.id, cost("x", "manual", 5), is_new=True), "cost_type_invalid"),
    ("capital of residents", lambda e: SetCostType(e.id, cost("x", capital=True), is_new=True), "cost_type_invalid"),
    ("a percentage of none", lambda e: ChangeBuildingPolicy(e.id, Policy("percent", 0, 0, 0, 7, 4)),
     "building_policy_invalid"),
    ("a fee of two kinds", lambda e: ChangeBuildingPolicy(e.id, Policy("fixed", 10, 5, 0, 7, 4)),
     "building_policy_invalid"),
    ("a policy on opening", lambda e: OpenBuilding(e.account_id, "tok", Policy("none", 1, 0, 0, 7, 4)),
     "building_policy_invalid"),
    ("the same policy", lambda e: ChangeBuildingPolicy(e.id, e.building.policy), "building_unchanged"),
    ("readings of what is not read", lambda e: TakeReadings(e.id, "2026-04", "guard", (Reading(e.units[0], 1),)),
     "reading_invalid"),
    ("a unit read twice", lambda e: TakeReadings(e.id, "2026-04", "water", (Reading(e.units[0], 30),) * 2),
     "reading_invalid"),
    ("a meter that runs backwards", lambda e: TakeReadings(e.id, "2026-04", "water", (Reading(e.units[0], 9),)),
     "reading_invalid"),
    ("a reading that was charged", lambda e: TakeReadings(e.id, "2026-03", "water", (Reading(e.units[0], 10),)),
     "reading_charged"),
    ("a reading on which the next month rests", lambda e: TakeReadings(e.id, "2026-02", "water",
     (Reading(e.units[0], 0),)), "reading_charged"),
    ("a correction of what nobody was charged by", lambda e: CorrectReading(e.id, "2026-04", "water",
     Reading(e.units[0], 20)), "reading_not_charged"),
    ("a correction beyond the next reading", lambda e: CorrectReading(e.id, "2026-03", "water",
     Reading(e.units[0], 21)), "reading_invalid"),
    ("a correction below the one before", lambda e: CorrectReading(e.id, "2026-03", "water",
     Reading(e.units[0], -1)), "reading_invalid"),
    ("a correction of what is not read", lambda e: CorrectReading(e.id, "2026-03", "guard",
     Reading(e.units[0], 1)), "reading_invalid"),
    ("somebody before who is there", lambda e: EnterUnit(e.id, e.units[0], "resident", "tok_new", date(2026, 3, 1)),
     "period_overlaps"),
    ("somebody who is not there leaves", lambda e: LeaveUnit(e.id, e.units[0], "owner", DUE), "nobody_there"),
    ("leaving before coming", lambda e: LeaveUnit(e.id, e.units[0], "resident", date(2026, 2, 28)), "period_overlaps"),
    ("a fee where none is charged", lambda e: ChargeLateFee(e.units[0], e.tab(e.units[0]), "2026-03"), "nothing_late"),
    ("a reminder before it is due", lambda e: RemindUnit(e.units[0], e.tab(e.units[0])), "reminder_not_due"),
]  # fmt: skip


@pytest.fixture(scope="module")
def stood() -> Estate:
    """Give a building that refusals leave as it is."""
    return standing()


@pytest.mark.parametrize(("attempt", "code"), [row[1:] for row in ATTEMPTS], ids=[row[0] for row in ATTEMPTS])
def test_what_a_building_refuses(stood: Estate, attempt: Any, code: str) -> None:
    assert refusal(stood, attempt(stood)) == code


def test_a_run_without_any_amount_is_refused() -> None:
    estate = three()
    estate.costs(cost("water", "equal"))

    assert refusal(estate, RunMonth(estate.id, "2026-03", DUE, {})) == "nothing_to_charge"


def test_a_basis_in_which_nobody_has_a_share_is_refused() -> None:
    estate = Estate([sheet("1", 0, 0, 0)])
    estate.costs(cost("water", "area"))

    assert refusal(estate, RunMonth(estate.id, "2026-03", DUE, {"water": 5})) == "basis_empty"


def test_who_comes_ends_the_period_of_who_was_there_and_who_left_can_be_followed() -> None:
    estate = three()
    unit_id = estate.units[0]
    estate.enter(unit_id, "resident", "tok_a", date(2025, 1, 1))
    estate.enter(unit_id, "resident", "tok_b", date(2026, 1, 15))
    estate.memory.record(LeaveUnit(estate.id, unit_id, "resident", date(2026, 2, 10)))

    there = {day: estate.unit(unit_id).person_on("resident", day) for day in (
        date(2024, 12, 31), date(2025, 1, 1), date(2026, 1, 14), date(2026, 1, 15), date(2026, 2, 10),
        date(2026, 2, 11))}  # fmt: skip

    assert list(there.values()) == [None, "tok_a", "tok_a", "tok_b", "tok_b", None]
    assert refusal(estate, EnterUnit(estate.id, unit_id, "resident", "tok_c", date(2026, 2, 10))) == "period_overlaps"
    assert refusal(estate, EnterUnit(estate.id, unit_id, "resident", "tok_c", date(2026, 2, 11))) is None


# -- sizes ---------------------------------------------------------------------------------------------------------

UNIT_ID = "unt_000123456789abcdefgzzzzzzzzzzzz"
BIG = 999_999_999_999_999
SHARES = (Share(UNIT_ID, BIG, -BIG),) * SHARES_MAX
LINES = (Charge(9_999, "adjustment", "c" * 32, "2026-12", "2026-12", DUE, BIG),) * LINES_MAX


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Building.UnitsAdded, {"units": (UnitSheet(UNIT_ID, "가" * 20, 10**9, 10**6, 10**6),) * UNITS_A_FACT_MAX}),
        (BuildingMonth.Read, {"readings": (Reading(UNIT_ID, 10**12),) * SHARES_MAX}),
        (BuildingMonth.CostSplit, {"shares": SHARES, "name": "가" * 60}),
        (BuildingMonth.CostAdjusted, {"shares": SHARES}),
        (Unit.Charged, {"lines": LINES, "reduced": (Reduction(9_999, BIG),) * 300}),
    ],
)
def test_r144_a_fact_of_a_large_building_fits_in_a_row(kind: Any, given: dict[str, Any]) -> None:
    assert len(pack(sample(kind, **given))) <= STATE_BYTES_MAX


def test_r144_a_building_of_1_000_units_is_split_in_facts_of_so_many_units_each() -> None:
    estate = Estate([sheet(f"{place}") for place in range(1, 1_001)])
    estate.costs(cost("clean", "equal"))

    facts = estate.split("2026-03", DUE, clean=1_000_003)

    assert [len(fact.shares) for fact in facts if isinstance(fact, BuildingMonth.CostSplit)] == [400, 400, 200]
    assert sum(amounts(facts, "clean")) == 1_000_003
    assert sorted(set(amounts(facts, "clean"))) == [1_000, 1_001]
    added = [fact for fact in estate.memory.facts if isinstance(fact, Building.UnitsAdded)]
    assert [len(fact.units) for fact in added] == [250, 250, 250, 250]


def test_a_unit_with_hundreds_of_costs_is_charged_in_several_facts_that_add_up() -> None:
    estate = Estate([sheet("1")])
    estate.costs(*(cost(f"c{number}", "each", 100) for number in range(450)))

    estate.run("2026-03", DUE)

    charged = [fact for fact in estate.memory.facts if isinstance(fact, Unit.Charged)]
    assert [(len(fact.lines), fact.due_minor) for fact in charged] == [(200, 20_000), (200, 40_000), (50, 45_000)]
    assert estate.obligation(estate.tab(estate.units[0])).due_minor == 45_000


def test_lines_that_were_covered_long_ago_are_only_summed_up() -> None:
    estate = Estate([sheet("1")])
    estate.costs(cost("clean", "each", 100))
    unit_id = estate.units[0]
    for number in range(60):
        year, month = 2020 + number // 12, number % 12 + 1
        estate.run(f"{year}-{month:02d}", last_day(f"{year}-{month:02d}"))
        estate.pay(estate.tab(unit_id), 100)

    [tab] = estate.unit(unit_id).tabs.values()
    assert (tab.due_minor, tab.paid_minor) == (6_000, 6_000)
    assert len(tab.charges) < 40
    assert len(estate.unit(unit_id).months) == 36
    assert sum(each.open_minor for each in tab.covered()) == 0

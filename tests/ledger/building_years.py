"""A building that is lived in for years: late payers, moves, corrections, and everything counted beside it."""

from __future__ import annotations

import random
from datetime import date, timedelta

from aggregates.account import Account
from aggregates.collecting.buildings import BuildingMonth
from aggregates.collecting.buildings.parts import Policy, Reading, last_day
from aggregates.collecting.buildings.pour import unpaid_of
from aggregates.collecting.buildings.unit import Tab
from ledger.commands.collecting.building_charges import ChargeLateFee
from ledger.commands.collecting.buildings import CorrectCost, CorrectReading
from ledger.mapper import STATE_BYTES_MAX, pack
from tests.ledger.estate import Estate, Reverse, cost, sheet

POLICY = Policy("percent", 150, 0, 5, 7, 4)


def months(first: tuple[int, int], count: int) -> list[str]:
    year, month = first
    return [f"{year + (month + each - 1) // 12:04d}-{(month + each - 1) % 12 + 1:02d}" for each in range(count)]


def overdue_of(tab: Tab, month: str) -> bool:
    """Say whether a fee can be charged for a month: at most once, and on what a per cent of is not nothing."""
    return month not in tab.fees and unpaid_of(tab.covered(), month) >= 67


class Years:
    """A building that is lived in, with everything counted beside it."""

    def __init__(self, units: int, months_run: list[str], seed: int = 7) -> None:
        self.dice = random.Random(seed)
        areas = [self.dice.randrange(3_000, 15_000) for _ in range(units)]
        numbers = [f"{place // 40 + 1}{place % 40:02d}" for place in range(units)]
        self.estate = Estate(
            [sheet(number, area, self.dice.randrange(1, 6)) for number, area in zip(numbers, areas, strict=True)],
            policy=POLICY,
        )
        self.months = months_run
        self.meters = dict.fromkeys(self.estate.units, 0)
        self.costs_minor = self.fees_minor = self.arrived_minor = self.reversed_minor = 0
        self.largest = 0
        self.estate.costs(
            cost("clean", "equal", 3_333_333),
            cost("heat", "area"),
            cost("water", "meter"),
            cost("fund", "each", 10_007, liable="owner"),
        )

    def live(self) -> None:
        estate = self.estate
        for place, unit_id in enumerate(estate.units):
            estate.enter(unit_id, "owner", f"tok_owner_{place}", date(2020, 1, 1))
            if place % 10:
                estate.enter(unit_id, "resident", f"tok_resident_{place}_0", date(2022, 1, 1))
        for number, month in enumerate(self.months):
            self.month(number, month)

    def month(self, number: int, month: str) -> None:
        estate, dice, end = self.estate, self.dice, last_day(month)
        for place in dice.sample(range(len(estate.units)), max(1, len(estate.units) // 50)):
            estate.enter(estate.units[place], "resident", f"tok_resident_{place}_{number + 1}", end)
        for unit_id in estate.units:
            self.meters[unit_id] += dice.randrange(500, 20_000)
        estate.read(month, "water", dict(self.meters))
        due_on = end + timedelta(days=15)
        heat, water = dice.randrange(10**6, 10**8), dice.randrange(10**6, 10**8)
        estate.on(end + timedelta(days=1))
        facts = estate.run(month, due_on, heat=heat, water=water)
        self.costs_minor += 3_333_333 + heat + water + 10_007 * len(estate.units)
        self.weigh(facts)
        self.pay(due_on)
        self.correct(month)
        if number % 3 == 0 and month != self.months[-1]:
            # Somebody typed the cost of the heating wrong.
            self.estate.memory.record(CorrectCost(estate.id, month, "heat", heat + 1_234_567 - number))
            self.costs_minor += 1_234_567 - number

    def weigh(self, facts: list) -> None:  # type: ignore[type-arg]
        self.largest = max(self.largest, *(len(pack(fact)) for fact in facts))

    def pay(self, due_on: date) -> None:
        """Let most pay, some in part, some too much, some late with a fee; and take a few payments back."""
        estate, dice = self.estate, self.dice
        for unit_id in estate.units:
            for tab in [*estate.unit(unit_id).tabs.values()]:
                outstanding = estate.obligation(tab.obligation_id).outstanding_minor or 0
                chance = dice.random()
                if not outstanding or chance < 0.1:
                    continue
                if chance < 0.14:
                    month = tab.charges[-1].month
                    estate.on(due_on + timedelta(days=POLICY.grace_days + 1))
                    if overdue_of(tab, month):
                        answer = estate.memory.do(ChargeLateFee(unit_id, tab.obligation_id, month))
                        self.fees_minor += answer["amount"]
                amount = max(1, outstanding // 2) if chance < 0.2 else outstanding + (5_000 if chance < 0.25 else 0)
                attempt_id = estate.pay(tab.obligation_id, amount)
                self.arrived_minor += amount
                if chance > 0.99:
                    estate.memory.record(Reverse(tab.obligation_id, amount, attempt_id))
                    self.reversed_minor += amount

    def correct(self, month: str) -> None:
        """Find that the meters of a few units were read too high."""
        for unit_id in self.dice.sample(self.estate.units, 3):
            self.meters[unit_id] -= self.dice.randrange(1, 400)
            reading = Reading(unit_id, self.meters[unit_id])
            self.estate.memory.record(CorrectReading(self.estate.id, month, "water", reading))

    def check(self) -> None:
        estate = self.estate
        tabs = [tab for unit_id in estate.units for tab in estate.unit(unit_id).tabs.values()]
        owed = [estate.obligation(tab.obligation_id) for tab in tabs]
        charges = sum(tab.due_minor for tab in tabs)

        # Sum of charges = costs, to the unit: corrections are charged with the next run, and add up to nothing.
        assert charges == self.costs_minor + self.fees_minor
        assert charges == sum(each.due_minor or 0 for each in owed)
        # Payments + debts - credits = charges.
        debts = sum(each.outstanding_minor or 0 for each in owed)
        credits = sum(each.credit_minor for each in owed)
        assert self.arrived_minor - self.reversed_minor + debts - credits == charges
        # Each tab says what its obligation says, and its lines add up to it.
        for tab, each in zip(tabs, owed, strict=True):
            assert (tab.due_minor, tab.paid_minor) == (each.due_minor, each.paid_minor)
            opened = sum(covered.open_minor for covered in tab.covered())
            assert opened == each.outstanding_minor
            assert each.paid_minor <= (each.due_minor or 0)
            assert all(charge.amount_minor >= 0 for charge in tab.charges)
        # What the account was given is what the units paid, and no fact was too large to store.
        account = estate.memory.stream(Account, estate.account_id)
        assert account.collections_minor == sum(each.paid_minor for each in owed)
        assert account.payer_credit_minor == sum(each.credit_minor for each in owed)
        assert self.largest <= STATE_BYTES_MAX

    def check_months(self) -> None:
        for month in self.months:
            found = self.estate.memory.stream(BuildingMonth, f"{self.estate.id}:{month}")
            for code, split in found.splits.items():
                assert sum(split.now.values()) == split.total_minor, (month, code)
                assert min(split.now.values()) >= 0

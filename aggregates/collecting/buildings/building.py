"""A building: its units, its kinds of cost, what is done about late payers, and which months were run (SPEC 11.3).

There is no bound on units, costs or months (SPEC R-144). What a unit owes stands on the unit's own stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Self
from uuid import UUID

from aggregates.collecting.buildings import facts
from aggregates.collecting.buildings.allotment import unit_order
from aggregates.collecting.buildings.month import BuildingMonth, Plan, reading_before
from aggregates.collecting.buildings.parts import (
    DEFAULT_POLICY,
    OWNER,
    READ_BASES,
    CostType,
    Policy,
    Reading,
    UnitSheet,
    chunks,
)
from aggregates.collecting.buildings.refusals import (
    CostAmountInvalid,
    CostTooOld,
    CostTypeInvalid,
    CostTypeNotFound,
    CostTypeTaken,
    DueDateInvalid,
    MonthAhead,
    MonthAlreadyRun,
    MonthNotRun,
    MonthPassed,
    NothingChanged,
    NothingToCharge,
    PolicyInvalid,
    ReadingCharged,
    ReadingInvalid,
    ReadingOpen,
    UnitNotFound,
    UnitNumberTaken,
)
from aggregates.dates import billing_month
from aggregates.fact import Stamp, Stream, stream_class
from aggregates.money import AMOUNT_MINOR_MAX

PREFIX = "bld"
UNIT_PREFIX = "unt"

UNITS_A_FACT_MAX = 250
"""Sheets that one fact holds at most."""

BACK_MONTHS = 3
"""So many earlier months with readings are searched for where a meter stood before."""

CORRECTION_MONTHS = 24
"""How many months back a reading or a cost can be corrected."""

MONTHS_AHEAD_MAX = 3
"""How far ahead a month can be run."""

DUE_WITHIN = timedelta(days=366)


@stream_class("building")
class Building(Stream):
    """A building.

    Attributes:
        units: by id. numbers: number -> id. costs: by code. policy: about late payers.
        read_months: cost -> months with readings, in order. to_adjust: (month, cost) that the next run puts right.
        last_month: that was run; "" = none.
    """

    __slots__ = (
        "account_id", "building_id", "costs", "currency", "last_month", "numbers", "policy", "read_months", "to_adjust",
        "units",
    )  # fmt: skip

    Opened = facts.BuildingOpened
    PolicyChanged = facts.BuildingPolicyChanged
    UnitsAdded = facts.BuildingUnitsAdded
    UnitChanged = facts.BuildingUnitChanged
    CostTypeSet = facts.BuildingCostTypeSet
    MonthRead = facts.BuildingMonthRead
    MonthToAdjust = facts.BuildingMonthToAdjust
    MonthRun = facts.BuildingMonthRun

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.building_id = self.account_id = self.currency = self.last_month = ""
        self.policy = DEFAULT_POLICY
        self.units: dict[str, UnitSheet] = {}
        self.numbers: dict[str, str] = {}
        self.costs: dict[str, CostType] = {}
        self.read_months: dict[str, tuple[str, ...]] = {}
        self.to_adjust: tuple[tuple[str, str], ...] = ()

    # -- the manager's decisions -------------------------------------------------------------------------------

    def open(
        self, stamp: Stamp, *, building_id: str, account_id: str, currency: str, name: str, policy: Policy
    ) -> None:
        """Begin to manage a building.

        Args:
            name: vault token of name and address.

        Raises:
            PolicyInvalid.
        """
        _check_policy(policy)
        self.record(
            facts.BuildingOpened,
            stamp,
            building_id=building_id,
            account_id=account_id,
            currency=currency,
            name=name,
            policy=policy,
        )

    def change_policy(self, stamp: Stamp, *, policy: Policy) -> None:
        """Change what is done about late payers. Raises: PolicyInvalid, NothingChanged."""
        _check_policy(policy)
        if policy == self.policy:
            raise NothingChanged("the building does so already; nothing was recorded")
        self.record(facts.BuildingPolicyChanged, stamp, building_id=self.building_id, policy=policy)

    def add_units(self, stamp: Stamp, *, units: Sequence[UnitSheet]) -> None:
        """Add units, in the order of their numbers.

        Raises:
            UnitNumberTaken: by a unit of the building, or by another of these.

        Source: SPEC 11.3, R-144.
        """
        numbers = [unit.number for unit in units]
        if len(set(numbers)) < len(numbers) or any(number in self.numbers for number in numbers):
            raise UnitNumberTaken("a unit's number must be its own in the building", field="units")
        ordered = sorted(units, key=lambda unit: unit_order(unit.number))
        for places in chunks(len(ordered), UNITS_A_FACT_MAX):
            self.record(
                facts.BuildingUnitsAdded,
                stamp,
                building_id=self.building_id,
                account_id=self.account_id,
                units=tuple(ordered[place] for place in places),
            )

    def change_unit(self, stamp: Stamp, *, unit: UnitSheet) -> None:
        """Let a unit count for something else from the next run on. Raises: UnitNotFound, NothingChanged."""
        if self.unit(unit.unit_id) == unit:
            raise NothingChanged("the unit is so already; nothing was recorded")
        self.record(facts.BuildingUnitChanged, stamp, building_id=self.building_id, unit=unit)

    def set_cost(self, stamp: Stamp, *, cost: CostType, is_new: bool) -> None:
        """Add a kind of cost, or change one from the next run on.

        Raises:
            CostTypeInvalid. CostTypeTaken: a new one has a known code. CostTypeNotFound: a changed one is unknown.
            NothingChanged.

        Source: SPEC R-140, R-141.
        """
        known = self.costs.get(cost.code)
        if is_new and known is not None:
            raise CostTypeTaken("the building has a cost type of this code")
        if not is_new and known is None:
            raise CostTypeNotFound("the building has no such cost type")
        _check_cost(cost)
        if known is not None and known.basis != cost.basis and "meter" in (known.basis, cost.basis):
            raise CostTypeInvalid("a metered cost stays metered; end it and add another", field="basis")
        if known == cost:
            raise NothingChanged("the cost type is so already; nothing was recorded")
        self.record(facts.BuildingCostTypeSet, stamp, building_id=self.building_id, cost=cost)

    # -- readings ----------------------------------------------------------------------------------------------

    def take_readings(
        self,
        stamp: Stamp,
        *,
        month: str,
        code: str,
        readings: Sequence[Reading],
        of_month: BuildingMonth,
        before: Sequence[BuildingMonth],
        after: BuildingMonth | None,
    ) -> None:
        """Take what was read for a month; what is taken again replaces what nobody was charged for.

        Args:
            of_month: the month's stream. before: as of `months_before`. after: of `month_after`; None = none.

        Raises:
            CostTypeNotFound, UnitNotFound, ReadingInvalid, ReadingCharged.
        """
        cost = self.cost(code)
        if cost.basis not in READ_BASES:
            raise ReadingInvalid("this cost is split without readings", field="cost", basis=cost.basis)
        if len({each.unit_id for each in readings}) < len(readings):
            raise ReadingInvalid("a unit has one reading a month of each cost", field="readings")
        for each in readings:
            self.unit(each.unit_id)
        if _is_charged(code, of_month, after):
            raise ReadingCharged("units were charged by these readings; correct those that are wrong", month=month)
        if cost.basis == "meter":
            for each in readings:
                _check_forward(code, each, before, after)
        if month not in self.read_months.get(code, ()):
            self.record(facts.BuildingMonthRead, stamp, building_id=self.building_id, month=month, code=code)
        of_month.read(
            stamp,
            building_id=self.building_id,
            account_id=self.account_id,
            month=month,
            code=code,
            readings=readings,
        )

    def correct_reading(
        self,
        stamp: Stamp,
        *,
        month: str,
        code: str,
        reading: Reading,
        of_month: BuildingMonth,
        before: Sequence[BuildingMonth],
        after: BuildingMonth | None,
    ) -> None:
        """Put a reading right that units were charged by; the next run charges what is more, takes off what is less.

        Args:
            of_month, before, after: as of `take_readings`.

        Raises:
            CostTypeNotFound, UnitNotFound, ReadingInvalid.
            ReadingOpen: nobody was charged by it. ReadingCharged: it is too old.
            BasisEmpty: nobody would have used anything.
        """
        if self.cost(code).basis != "meter":
            raise ReadingInvalid("only the readings of a meter can be corrected", field="cost")
        self.unit(reading.unit_id)
        if not _is_charged(code, of_month, after):
            raise ReadingOpen("nobody was charged by this reading; take it again instead", month=month)
        if _months_between(month, self.last_month) > CORRECTION_MONTHS:
            raise ReadingCharged(f"a reading can be corrected for {CORRECTION_MONTHS} months", month=month)
        if of_month.readings.get(code, {}).get(reading.unit_id) is None:
            raise ReadingInvalid("the unit has no reading of this cost in the month", field="unit_id")
        _check_forward(code, reading, before, after)
        wrong = [month] if code in of_month.splits else []
        following = self.month_after(code, month)
        if following is not None and after is not None and code in after.splits:
            wrong.append(following)
        of_month.correct(
            stamp,
            building_id=self.building_id,
            account_id=self.account_id,
            month=month,
            code=code,
            unit_id=reading.unit_id,
            value=reading.value,
        )
        for each in wrong:
            if (each, code) not in self.to_adjust:
                self.record(facts.BuildingMonthToAdjust, stamp, building_id=self.building_id, month=each, code=code)

    def correct_cost(self, stamp: Stamp, *, month: str, code: str, amount_minor: int, of_month: BuildingMonth) -> None:
        """Put right what a cost of a month amounted to; the next run charges what is more, takes off what is less.

        Args:
            amount_minor: 0 or more, as with the run: of each unit where each bears it.

        Raises:
            MonthNotRun. CostTypeNotFound: the month has no such cost. CostTooOld.
            CostAmountInvalid: it was split by hand, or is too large. NothingChanged.

        Source: SPEC H2.
        """
        if not of_month.is_run:
            raise MonthNotRun("the month was not run", month=month)
        split = of_month.splits.get(code)
        if split is None:
            raise CostTypeNotFound("the month has no such cost; charge it with the next run")
        if _months_between(month, self.last_month) > CORRECTION_MONTHS:
            raise CostTooOld(f"a cost can be corrected for {CORRECTION_MONTHS} months", month=month)
        total = amount_minor * len(split.weights) if split.basis == "each" else amount_minor
        if split.basis == "manual" or total > AMOUNT_MINOR_MAX:
            raise CostAmountInvalid("a cost that was split by hand has no other amount than its shares", cost=code)
        if total == split.total_minor:
            raise NothingChanged("the cost amounts to that already; nothing was recorded")
        of_month.correct_cost(
            stamp,
            building_id=self.building_id,
            account_id=self.account_id,
            month=month,
            code=code,
            total_minor=total,
            currency=self.currency,
        )
        if (month, code) not in self.to_adjust:
            self.record(facts.BuildingMonthToAdjust, stamp, building_id=self.building_id, month=month, code=code)

    # -- the monthly run ---------------------------------------------------------------------------------------

    def planned_costs(
        self, month: str, due_on: date, today: date, amounts: Mapping[str, int], of_month: BuildingMonth
    ) -> list[tuple[CostType, int]]:
        """Return what the run of a month splits: (cost type, amount), in the order in which costs were added.

        Args:
            due_on, today: KST dates.
            amounts: of variable costs, by code.

        Raises:
            MonthAhead, DueDateInvalid.
            MonthAlreadyRun, MonthPassed, CostTypeNotFound, CostAmountInvalid.
        """
        if _months_between(billing_month(today), month) > MONTHS_AHEAD_MAX:
            raise MonthAhead(f"a month is run at most {MONTHS_AHEAD_MAX} months ahead", maximum=MONTHS_AHEAD_MAX)
        first = date.fromisoformat(f"{month}-01")
        if not first <= due_on <= first + DUE_WITHIN:
            raise DueDateInvalid("due_on must lie in the month, or within a year after it begins", field="due_on")
        if month == self.last_month or of_month.is_run:
            raise MonthAlreadyRun("the month was run; what is missing belongs to the next one", month=month)
        if month < self.last_month:
            raise MonthPassed("a later month was run; months are run in their order", last=self.last_month)
        for code in amounts:
            if not self.cost(code).active:
                raise CostTypeNotFound("the cost type is not charged any more")
        costs = []
        for code, cost in self.costs.items():
            if not cost.active:
                continue
            given = amounts.get(code)
            if cost.charge == "fixed":
                if given is not None:
                    raise CostAmountInvalid("a fixed cost has its amount; change the cost type instead", cost=code)
                costs.append((cost, cost.amount_minor or 0))
            elif cost.basis == "manual":
                decided = sum(of_month.readings.get(code, {}).values())
                if given is not None and given != decided:
                    raise CostAmountInvalid("the amount is not the sum of the shares", cost=code, shares=decided)
                if decided:
                    costs.append((cost, decided))
            elif given:
                costs.append((cost, given))
        return costs

    def run(
        self,
        stamp: Stamp,
        *,
        month: str,
        due_on: date,
        plans: Sequence[Plan],
        of_month: BuildingMonth,
        adjusted: Mapping[tuple[str, str], tuple[BuildingMonth, Sequence[Any]]],
    ) -> None:
        """Split all costs of a month over the units, and put right what corrections ask for.

        Args:
            plans: one for each cost. of_month: the month's stream.
            adjusted: (earlier month, cost) -> its stream and what is more or less for whom.

        Raises:
            NothingToCharge. CostAmountInvalid: a cost is larger than an amount may be.

        Source: SPEC H2, R-140, R-141.
        """
        if not any(plan.total_minor for plan in plans) and not any(shares for _, shares in adjusted.values()):
            raise NothingToCharge("no cost of this month has an amount; give those of variable costs")
        if any(plan.total_minor > AMOUNT_MINOR_MAX for plan in plans):
            raise CostAmountInvalid("a cost is larger than an amount may be", maximum=AMOUNT_MINOR_MAX)
        months = []
        for (earlier, code), (stream, shares) in adjusted.items():
            if shares:
                months.append(earlier)
                stream.adjust(
                    stamp,
                    building_id=self.building_id,
                    account_id=self.account_id,
                    month=earlier,
                    code=code,
                    in_month=month,
                    shares=shares,
                    currency=self.currency,
                )
        units = self.ordered_units()
        of_month.run(
            stamp,
            building_id=self.building_id,
            account_id=self.account_id,
            month=month,
            currency=self.currency,
            due_on=due_on,
            plans=[plan for plan in plans if plan.total_minor],
            units=units,
            adjusted=tuple(dict.fromkeys(months)),
        )
        self.record(
            facts.BuildingMonthRun,
            stamp,
            building_id=self.building_id,
            account_id=self.account_id,
            month=month,
            due_on=due_on,
            total_minor=sum(plan.total_minor for plan in plans),
            units=len(units),
            currency=self.currency,
        )

    # -- questions ---------------------------------------------------------------------------------------------

    def unit(self, unit_id: str) -> UnitSheet:
        """Return a unit. Raises: UnitNotFound."""
        found = self.units.get(unit_id)
        if found is None:
            raise UnitNotFound("the building has no such unit")
        return found

    def cost(self, code: str) -> CostType:
        """Return a kind of cost. Raises: CostTypeNotFound."""
        found = self.costs.get(code)
        if found is None:
            raise CostTypeNotFound("the building has no such cost type")
        return found

    def ordered_units(self) -> list[UnitSheet]:
        """Return all units in the order of their numbers."""
        return sorted(self.units.values(), key=lambda unit: unit_order(unit.number))

    def months_before(self, code: str, month: str) -> list[str]:
        """Return the last months before one for which readings of a cost were taken, the newest first."""
        return [each for each in self.read_months.get(code, ()) if each < month][-BACK_MONTHS:][::-1]

    def month_after(self, code: str, month: str) -> str | None:
        """Return the first month after one for which readings of a cost were taken."""
        return next((each for each in self.read_months.get(code, ()) if each > month), None)

    # -- folds -------------------------------------------------------------------------------------------------

    def keep_units(self, units: Iterable[UnitSheet]) -> None:
        """Keep units as they are now."""
        for unit in units:
            known = self.units.get(unit.unit_id)
            if known is not None:
                self.numbers.pop(known.number, None)
            self.units[unit.unit_id] = unit
            self.numbers[unit.number] = unit.unit_id

    def size_bytes(self) -> int:
        """Estimate what it takes in memory."""
        return 2_000 + 400 * len(self.units) + 500 * len(self.costs)

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Building.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.units, twin.numbers = {**self.units}, {**self.numbers}
        twin.pending = list(self.pending)
        return twin


def _is_charged(code: str, of_month: BuildingMonth, after: BuildingMonth | None) -> bool:
    """Say whether anything was charged that rests on the readings of a month."""
    return code in of_month.splits or (after is not None and code in after.splits)


def _check_forward(code: str, reading: Reading, before: Sequence[BuildingMonth], after: BuildingMonth | None) -> None:
    least = reading_before(code, reading.unit_id, before)
    most = None if after is None else after.readings.get(code, {}).get(reading.unit_id)
    if reading.value < least or (most is not None and reading.value > most):
        raise ReadingInvalid(
            "a meter runs forward: the reading lies between those of the months around it",
            field="value",
            minimum=least,
            maximum=most,
        )


def _months_between(first: str, last: str) -> int:
    return (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:]) if last else 0


def _check_policy(policy: Policy) -> None:
    percent, fixed = policy.late_fee == "percent", policy.late_fee == "fixed"
    if bool(policy.late_fee_bps) != percent or bool(policy.late_fee_minor) != fixed:
        raise PolicyInvalid(
            "late_fee is none, percent with late_fee_bps above 0, or fixed with late_fee_amount above 0",
            field="late_fee",
        )


def _check_cost(cost: CostType) -> None:
    if (cost.charge == "fixed") != (cost.amount_minor is not None):
        raise CostTypeInvalid("a fixed cost has an amount, and a variable one gets it with each run", field="amount")
    if cost.basis == "manual" and cost.charge == "fixed":
        raise CostTypeInvalid(
            "shares decided by hand are the amount of the month; the cost is variable", field="charge"
        )
    if cost.capital and cost.liable != OWNER:
        raise CostTypeInvalid("owners bear capital items (SPEC R-141)", field="liable")

"""Commands of a building's manager: units, kinds of cost, people, readings, and the monthly run (SPEC 11.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any, ClassVar

from aggregates import ids
from aggregates.account import standing
from aggregates.collecting.buildings import Building, BuildingMonth, Unit, month_stream_id
from aggregates.collecting.buildings.building import PREFIX, UNIT_PREFIX
from aggregates.collecting.buildings.parts import CostType, Policy, Reading, UnitSheet
from aggregates.collecting.buildings.refusals import BuildingNotFound, UnitNotFound
from aggregates.dates import business_date
from aggregates.fact import Fact, Stamp
from aggregates.jalali import jalali
from ledger.command import Answer, Streams, answer


@dataclass(frozen=True, slots=True)
class OpenBuilding:
    """Begin to manage a building. name: vault token of its name and address."""

    ANSWER: ClassVar[str] = "building/1"

    account_id: str
    name: str
    policy: Policy

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Building.Opened`. Raises: AccountNotFound, AccountIsClosed; as of `Building.open`."""
        account = streams.account(self.account_id)
        standing.refuse_closed(account)
        building_id, building = streams.new_child(Building, PREFIX, self.account_id)
        building.open(
            stamp,
            building_id=building_id,
            account_id=self.account_id,
            currency=account.currency,
            name=self.name,
            policy=self.policy,
        )


@dataclass(frozen=True, slots=True)
class ChangeBuildingPolicy:
    """Change what a building does about late payers."""

    ANSWER: ClassVar[str] = "building-policy/1"

    building_id: str
    policy: Policy

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Building.PolicyChanged`. Raises: BuildingNotFound; as of `Building.change_policy`."""
        known_building(streams, self.building_id).change_policy(stamp, policy=self.policy)


@dataclass(frozen=True, slots=True)
class AddUnits:
    """Add units to a building; those given have no ids yet."""

    ANSWER: ClassVar[str] = "units-added/1"

    building_id: str
    units: tuple[UnitSheet, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Building.UnitsAdded`. Raises: BuildingNotFound; as of `Building.add_units`."""
        building = known_building(streams, self.building_id)
        named = [replace(unit, unit_id=unit_id_of(building, unit.number)) for unit in self.units]
        building.add_units(stamp, units=named)


@dataclass(frozen=True, slots=True)
class ChangeUnit:
    """Let a unit count for something else from the next run on; None = as it is."""

    ANSWER: ClassVar[str] = "unit-changed/1"

    building_id: str
    unit_id: str
    area_centi: int | None
    occupants: int | None
    weight: int | None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Building.UnitChanged`. Raises: BuildingNotFound; as of `Building.change_unit`."""
        building = known_building(streams, self.building_id)
        unit = building.unit(self.unit_id)
        building.change_unit(
            stamp,
            unit=replace(
                unit,
                area_centi=unit.area_centi if self.area_centi is None else self.area_centi,
                occupants=unit.occupants if self.occupants is None else self.occupants,
                weight=unit.weight if self.weight is None else self.weight,
            ),
        )


@dataclass(frozen=True, slots=True)
class SetCostType:
    """Add a kind of cost, or change one from the next run on."""

    ANSWER: ClassVar[str] = "cost-type/1"

    building_id: str
    cost: CostType
    is_new: bool

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Building.CostTypeSet`. Raises: BuildingNotFound; as of `Building.set_cost`."""
        known_building(streams, self.building_id).set_cost(stamp, cost=self.cost, is_new=self.is_new)


@dataclass(frozen=True, slots=True)
class EnterUnit:
    """Let somebody own a unit, or live there, from a day on. person: vault token."""

    ANSWER: ClassVar[str] = "unit-person/1"

    building_id: str
    unit_id: str
    role: str
    person: str
    since: date

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Unit.PersonEntered`. Raises: BuildingNotFound, UnitNotFound, PeriodOverlaps."""
        building = known_building(streams, self.building_id)
        building.unit(self.unit_id)
        streams.stream(Unit, self.unit_id).enter(
            stamp,
            unit_id=self.unit_id,
            building_id=self.building_id,
            account_id=building.account_id,
            role=self.role,
            person=self.person,
            since=self.since,
        )


@dataclass(frozen=True, slots=True)
class LeaveUnit:
    """Let who owns a unit, or lives there, do so until a day."""

    ANSWER: ClassVar[str] = "unit-person-left/1"

    building_id: str
    unit_id: str
    role: str
    until: date

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Unit.PersonLeft`. Raises: BuildingNotFound, UnitNotFound, NobodyThere, PeriodOverlaps."""
        known_building(streams, self.building_id).unit(self.unit_id)
        streams.stream(Unit, self.unit_id).leave(stamp, role=self.role, until=self.until)


@dataclass(frozen=True, slots=True)
class TakeReadings:
    """Take readings of a month, or shares of a cost that were decided by hand."""

    ANSWER: ClassVar[str] = "readings/1"

    building_id: str
    month: str
    code: str
    readings: tuple[Reading, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BuildingMonth.Read`. Raises: BuildingNotFound; as of `Building.take_readings`."""
        building = known_building(streams, self.building_id)
        of_month, before, after = months_around(streams, building, self.code, self.month)
        building.take_readings(
            stamp,
            month=self.month,
            code=self.code,
            readings=self.readings,
            of_month=of_month,
            before=before,
            after=after,
        )


@dataclass(frozen=True, slots=True)
class CorrectReading:
    """Put a reading right by which units were charged."""

    ANSWER: ClassVar[str] = "reading-corrected/1"

    building_id: str
    month: str
    code: str
    reading: Reading

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BuildingMonth.ReadingCorrected`, and what is to be adjusted.

        Raises:
            BuildingNotFound; as of `Building.correct_reading`.
        """
        building = known_building(streams, self.building_id)
        of_month, before, after = months_around(streams, building, self.code, self.month)
        building.correct_reading(
            stamp,
            month=self.month,
            code=self.code,
            reading=self.reading,
            of_month=of_month,
            before=before,
            after=after,
        )


@dataclass(frozen=True, slots=True)
class CorrectCost:
    """Put right what a cost of a month amounted to. amount_minor: as with the run."""

    ANSWER: ClassVar[str] = "cost-corrected/1"

    building_id: str
    month: str
    code: str
    amount_minor: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BuildingMonth.CostCorrected`. Raises: BuildingNotFound; as of `Building.correct_cost`."""
        building = known_building(streams, self.building_id)
        of_month = month_of(streams, building, self.month)
        building.correct_cost(
            stamp, month=self.month, code=self.code, amount_minor=self.amount_minor, of_month=of_month
        )


@dataclass(frozen=True, slots=True)
class RunMonth:
    """Split the costs of a month over the units; each is charged with its part next.

    Attributes:
        month: "YYYY-MM". due_on: KST date on which the units owe it.
        amounts: of variable costs, by code.
    """

    ANSWER: ClassVar[str] = "building-run/1"

    building_id: str
    month: str
    due_on: date
    amounts: Mapping[str, int]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record how each cost is split, `BuildingMonth.Run` and `Building.MonthRun`.

        Raises:
            BuildingNotFound, AccountIsClosed; as of `Building.planned_costs`, `BuildingMonth.plan`, `Building.run`.

        Source: SPEC H2, R-140, R-141.
        """
        building = known_building(streams, self.building_id)
        standing.refuse_closed(streams.account(building.account_id))
        of_month = month_of(streams, building, self.month)
        today = business_date(stamp.recorded_at)
        costs = building.planned_costs(self.month, self.due_on, today, self.amounts, of_month)
        units = building.ordered_units()
        plans = [
            of_month.plan(cost, amount, units, _before(streams, building, cost.code, self.month))
            for cost, amount in costs
        ]
        adjusted = {}
        for month, code in building.to_adjust:
            earlier = month_of(streams, building, month)
            shares = earlier.readjusted(code, _before(streams, building, code, month))
            adjusted[month, code] = (earlier, shares)
        building.run(stamp, month=self.month, due_on=self.due_on, plans=plans, of_month=of_month, adjusted=adjusted)


def known_building(streams: Streams, building_id: str) -> Building:
    """Return a building. Raises: BuildingNotFound."""
    ids.parse(building_id, PREFIX)
    return streams.known(Building, building_id, BuildingNotFound)


def known_unit(streams: Streams, unit_id: str) -> Unit:
    """Return a unit on which something is recorded. Raises: UnitNotFound."""
    ids.parse(unit_id, UNIT_PREFIX)
    return streams.known(Unit, unit_id, UnitNotFound)


def unit_id_of(building: Building, number: str) -> str:
    """Return what the unit of a number is called: the same one, however often it is asked for."""
    seed = sha256(f"{building.building_id}:{number}".encode()).digest()
    return ids.drawn_child_id(UNIT_PREFIX, building.account_id, seed)


def month_of(streams: Streams, building: Building, month: str) -> BuildingMonth:
    """Return the stream of a building's month."""
    return streams.stream(BuildingMonth, month_stream_id(building.building_id, month))


def months_around(
    streams: Streams, building: Building, code: str, month: str
) -> tuple[BuildingMonth, list[BuildingMonth], BuildingMonth | None]:
    """Return a month, those before it with readings of a cost, the newest first, and the one after it."""
    following = building.month_after(code, month)
    after = None if following is None else month_of(streams, building, following)
    return month_of(streams, building, month), _before(streams, building, code, month), after


def _before(streams: Streams, building: Building, code: str, month: str) -> list[BuildingMonth]:
    return [month_of(streams, building, each) for each in building.months_before(code, month)]


def jalali_of(day: date, currency: str) -> str | None:
    """Return a date as it is read where rials are paid, beside the Gregorian one; None elsewhere."""
    return str(jalali(day)) if currency == "IRR" else None


def policy_json(policy: Policy) -> dict[str, Any]:
    """Return a policy in the shape of the HTTP face."""
    return {
        "late_fee": policy.late_fee,
        "late_fee_bps": policy.late_fee_bps,
        "late_fee_amount": policy.late_fee_minor,
        "grace_days": policy.grace_days,
        "remind_every_days": policy.remind_every_days,
        "reminders_per_month": policy.reminders_per_month,
    }


def unit_json(unit: UnitSheet) -> dict[str, Any]:
    """Return a unit as it counts for runs, in the shape of the HTTP face."""
    return {
        "id": unit.unit_id,
        "number": unit.number,
        "area": unit.area_centi,
        "occupants": unit.occupants,
        "weight": unit.weight,
    }


def cost_json(cost: CostType) -> dict[str, Any]:
    """Return a kind of cost in the shape of the HTTP face."""
    return {
        "code": cost.code,
        "name": cost.name,
        "charge": cost.charge,
        "basis": cost.basis,
        "liable": cost.liable,
        "capital": cost.capital,
        "amount": cost.amount_minor,
        "active": cost.active,
    }


@answer("building/1")
def building_opened(facts: Sequence[Fact]) -> Answer:
    """Answer with the new building."""
    fact = next(fact for fact in facts if isinstance(fact, Building.Opened))
    shape = {
        "id": fact.building_id,
        "account_id": fact.account_id,
        "currency": fact.currency,
        "units": 0,
        "last_month": None,
        **policy_json(fact.policy),
    }
    return Answer(201, shape)


@answer("building-policy/1")
def policy_changed(facts: Sequence[Fact]) -> Answer:
    """Answer with what is done about late payers from now on."""
    fact = next(fact for fact in facts if isinstance(fact, Building.PolicyChanged))
    return Answer(200, {"id": fact.building_id, **policy_json(fact.policy)})


@answer("units-added/1")
def units_added(facts: Sequence[Fact]) -> Answer:
    """Answer with the new units, in the order of their numbers."""
    found = [fact for fact in facts if isinstance(fact, Building.UnitsAdded)]
    units = [unit_json(unit) for fact in found for unit in fact.units]
    return Answer(201, {"building_id": found[0].building_id, "items": units})


@answer("unit-changed/1")
def unit_changed(facts: Sequence[Fact]) -> Answer:
    """Answer with what the unit counts for."""
    fact = next(fact for fact in facts if isinstance(fact, Building.UnitChanged))
    return Answer(200, {"building_id": fact.building_id, **unit_json(fact.unit)})


@answer("cost-type/1")
def cost_type_set(facts: Sequence[Fact]) -> Answer:
    """Answer with the kind of cost."""
    fact = next(fact for fact in facts if isinstance(fact, Building.CostTypeSet))
    return Answer(200, {"building_id": fact.building_id, **cost_json(fact.cost)})


@answer("unit-person/1")
def person_entered(facts: Sequence[Fact]) -> Answer:
    """Answer with who came, without saying who it is."""
    fact = next(fact for fact in facts if isinstance(fact, Unit.PersonEntered))
    shape = {"unit_id": fact.unit_id, "building_id": fact.building_id, "role": fact.role, "since": str(fact.since)}
    return Answer(201, {**shape, "until": None})


@answer("unit-person-left/1")
def person_left(facts: Sequence[Fact]) -> Answer:
    """Answer with who left, and when."""
    fact = next(fact for fact in facts if isinstance(fact, Unit.PersonLeft))
    shape = {"unit_id": fact.unit_id, "building_id": fact.building_id, "role": fact.role, "until": str(fact.until)}
    return Answer(200, shape)


@answer("readings/1")
def readings_taken(facts: Sequence[Fact]) -> Answer:
    """Answer with how many were taken."""
    found = [fact for fact in facts if isinstance(fact, BuildingMonth.Read)]
    first = found[0]
    taken = sum(len(fact.readings) for fact in found)
    shape = {"building_id": first.building_id, "month": first.month, "cost": first.code, "taken": taken}
    return Answer(201, shape)


@answer("reading-corrected/1")
def reading_corrected(facts: Sequence[Fact]) -> Answer:
    """Answer with what stands now, and which months the next run puts right."""
    fact = next(fact for fact in facts if isinstance(fact, BuildingMonth.ReadingCorrected))
    shape = {
        "building_id": fact.building_id,
        "unit_id": fact.unit_id,
        "month": fact.month,
        "cost": fact.code,
        "value": fact.value,
        "before": fact.before,
    }
    return Answer(201, shape)


@answer("cost-corrected/1")
def cost_corrected(facts: Sequence[Fact]) -> Answer:
    """Answer with what the whole cost amounts to now."""
    fact = next(fact for fact in facts if isinstance(fact, BuildingMonth.CostCorrected))
    shape = {
        "building_id": fact.building_id,
        "month": fact.month,
        "cost": fact.code,
        "total": fact.total_minor,
        "before": fact.before_minor,
        "currency": fact.currency,
    }
    return Answer(201, shape)


@answer("building-run/1")
def month_run(facts: Sequence[Fact]) -> Answer:
    """Answer with what the month costs, by kind of cost."""
    fact = next(fact for fact in facts if isinstance(fact, Building.MonthRun))
    costs: dict[str, dict[str, Any]] = {}
    for each in facts:
        if isinstance(each, BuildingMonth.CostSplit):
            costs[each.code] = {
                "code": each.code,
                "name": each.name,
                "basis": each.basis,
                "liable": each.liable,
                "amount": each.total_minor,
            }
    adjusted = [
        {"month": each.month, "cost": each.code, "units": len(each.shares)}
        for each in facts
        if isinstance(each, BuildingMonth.CostAdjusted)
    ]
    shape = {
        "building_id": fact.building_id,
        "month": fact.month,
        "due_on": str(fact.due_on),
        "due_on_jalali": jalali_of(fact.due_on, fact.currency),
        "total": fact.total_minor,
        "currency": fact.currency,
        "units": fact.units,
        "costs": list(costs.values()),
        "adjusted": adjusted,
    }
    return Answer(201, shape)

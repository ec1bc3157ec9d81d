"""The view `buildings`: buildings, their units and people, what each month cost whom, and what was paid (SPEC 11.3).

What of a line is paid is not stored: it follows from the lines of a tab and what counts as paid of it, oldest due
first (`projections.building_queries`), exactly as the unit itself reckons it (SPEC R-143).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from aggregates.collecting.buildings import Building, BuildingMonth, Unit
from aggregates.collecting.buildings.allotment import unit_order
from aggregates.collecting.buildings.parts import OWNER, Charge, Policy
from projections.building_rows import (
    BUILDINGS,
    COST_TYPES,
    COSTS,
    DUES,
    LINES,
    PAYMENTS,
    PEOPLE,
    READINGS,
    RUNS,
    SHARES,
    TABS,
    UNIT_MONTHS,
    UNITS,
    BuildingRow,
    CostRow,
    CostTypeRow,
    DueRow,
    LineRow,
    PersonRow,
    ReadingRow,
    RunRow,
    ShareRow,
    TabRow,
    UnitMonthRow,
    UnitPaymentRow,
    UnitRow,
)
from projections.rows import Key, Rows, Table
from projections.view import View


class Buildings(View):
    """Every building."""

    NAME = "buildings"
    TABLES = (
        BUILDINGS,
        UNITS,
        PEOPLE,
        COST_TYPES,
        READINGS,
        RUNS,
        COSTS,
        SHARES,
        UNIT_MONTHS,
        TABS,
        LINES,
        DUES,
        PAYMENTS,
    )
    TAKES = frozenset(
        {
            Building.Opened,
            Building.PolicyChanged,
            Building.UnitsAdded,
            Building.UnitChanged,
            Building.CostTypeSet,
            Building.MonthRun,
            BuildingMonth.Read,
            BuildingMonth.ReadingCorrected,
            BuildingMonth.CostSplit,
            BuildingMonth.CostCorrected,
            BuildingMonth.CostAdjusted,
            Unit.PersonEntered,
            Unit.PersonLeft,
            Unit.Charged,
            Unit.Paid,
            Unit.PaymentUndone,
            Unit.LateFeeCharged,
            Unit.Reminded,
        }
    )

    def adds(self, fact: Any) -> int:
        """Return about how many rows a fact adds."""
        if isinstance(fact, Building.UnitsAdded):
            return len(fact.units)
        if isinstance(fact, BuildingMonth.Read):
            return len(fact.readings)
        return 2 * len(fact.shares) if isinstance(fact, BuildingMonth.CostSplit | BuildingMonth.CostAdjusted) else 1

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        match fact:
            case Building.PolicyChanged() | Building.UnitsAdded() | Building.MonthRun():
                yield BUILDINGS, (fact.building_id,)
            case Building.UnitChanged():
                yield UNITS, (fact.unit.unit_id,)
            case Building.CostTypeSet():
                yield COST_TYPES, (fact.building_id, fact.cost.code)
            case BuildingMonth.ReadingCorrected():
                yield READINGS, (fact.building_id, fact.month, fact.code, fact.unit_id)
            case BuildingMonth.CostCorrected():
                yield COSTS, (fact.building_id, fact.month, fact.code)
                yield RUNS, (fact.building_id, fact.month)
            case BuildingMonth.CostSplit():
                for share in fact.shares:
                    yield UNIT_MONTHS, (share.unit_id, fact.month)
            case BuildingMonth.CostAdjusted():
                for share in fact.shares:
                    yield UNIT_MONTHS, (share.unit_id, fact.in_month)
            case Unit.PersonEntered() | Unit.PersonLeft():
                yield UNITS, (fact.unit_id,)
            case Unit.Charged():
                yield TABS, (fact.obligation_id,)
                yield UNIT_MONTHS, (fact.unit_id, fact.month)
                yield DUES, (fact.obligation_id, fact.month)
                for each in fact.reduced:
                    yield LINES, (fact.obligation_id, each.number)
            case Unit.LateFeeCharged():
                yield TABS, (fact.obligation_id,)
                yield DUES, (fact.obligation_id, fact.month)
            case Unit.Paid() | Unit.PaymentUndone() | Unit.Reminded():
                yield TABS, (fact.obligation_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        match fact:
            case Building.Opened():
                rows.put(BUILDINGS, _building(fact, position))
            case Building.PolicyChanged():
                row = rows.get(BUILDINGS, (fact.building_id,))
                for name, value in _policy(fact.policy).items():
                    setattr(row, name, value)
            case Building.UnitsAdded():
                rows.get(BUILDINGS, (fact.building_id,)).units += len(fact.units)
                for unit in fact.units:
                    rows.put(UNITS, _unit(fact, unit))
            case Building.UnitChanged():
                row = rows.get(UNITS, (fact.unit.unit_id,))
                row.area_centi, row.occupants, row.weight = fact.unit.area_centi, fact.unit.occupants, fact.unit.weight
            case Building.CostTypeSet():
                _set_cost(fact, position, rows)
            case Building.MonthRun():
                _run(fact, position, rows)
            case BuildingMonth.Read() | BuildingMonth.ReadingCorrected():
                _read(fact, rows)
            case BuildingMonth.CostSplit():
                _split(fact, position, rows)
            case BuildingMonth.CostCorrected():
                rows.get(COSTS, (fact.building_id, fact.month, fact.code)).total_minor = fact.total_minor
                rows.get(RUNS, (fact.building_id, fact.month)).total_minor += fact.total_minor - fact.before_minor
            case BuildingMonth.CostAdjusted():
                _share(fact, fact.in_month, rows)
            case _:
                _of_unit(fact, position, rows)


def _of_unit(fact: Any, position: int, rows: Rows) -> None:
    """Change the rows as a fact of a unit says."""
    match fact:
        case Unit.PersonEntered() | Unit.PersonLeft():
            _move(fact, position, rows)
        case Unit.Charged():
            _charge(fact, position, rows)
        case Unit.LateFeeCharged():
            rows.get(DUES, (fact.obligation_id, fact.month)).has_fee = True
            _line(fact, fact.line, position, rows)
            _stand(fact, rows)
        case Unit.Paid() | Unit.PaymentUndone():
            _pay(fact, position, rows)
        case Unit.Reminded():
            tab = rows.get(TABS, (fact.obligation_id,))
            tab.reminded_on, tab.reminders = fact.on, fact.in_month


def _policy(policy: Policy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in Policy.__slots__}


def _building(fact: Any, position: int) -> BuildingRow:
    return BuildingRow(
        building_id=fact.building_id,
        position=position,
        opened_at=fact.recorded_at,
        account_id=fact.account_id,
        currency=fact.currency,
        name=fact.name,
        **_policy(fact.policy),
    )


def _unit(fact: Any, unit: Any) -> UnitRow:
    return UnitRow(
        unit_id=unit.unit_id,
        building_id=fact.building_id,
        account_id=fact.account_id,
        place=unit_order(unit.number),
        number=unit.number,
        area_centi=unit.area_centi,
        occupants=unit.occupants,
        weight=unit.weight,
    )


def _set_cost(fact: Any, position: int, rows: Rows) -> None:
    cost = fact.cost
    known = rows.find(COST_TYPES, (fact.building_id, cost.code))
    rows.put(
        COST_TYPES,
        CostTypeRow(
            building_id=fact.building_id,
            code=cost.code,
            rank=position if known is None else known.rank,
            name=cost.name,
            charge=cost.charge,
            basis=cost.basis,
            liable=cost.liable,
            capital=cost.capital,
            amount_minor=cost.amount_minor,
            active=cost.active,
        ),
    )


def _run(fact: Any, position: int, rows: Rows) -> None:
    rows.get(BUILDINGS, (fact.building_id,)).last_month = fact.month
    rows.put(
        RUNS,
        RunRow(
            building_id=fact.building_id,
            month=fact.month,
            position=position,
            run_at=fact.recorded_at,
            due_on=fact.due_on,
            total_minor=fact.total_minor,
            units=fact.units,
            currency=fact.currency,
        ),
    )


def _read(fact: Any, rows: Rows) -> None:
    if isinstance(fact, BuildingMonth.ReadingCorrected):
        row = rows.get(READINGS, (fact.building_id, fact.month, fact.code, fact.unit_id))
        row.value, row.before = fact.value, fact.before
        return
    for each in fact.readings:
        rows.put(READINGS, ReadingRow(fact.building_id, fact.month, fact.code, each.unit_id, each.value, None))


def _split(fact: Any, position: int, rows: Rows) -> None:
    rows.put(
        COSTS,
        CostRow(
            building_id=fact.building_id,
            month=fact.month,
            code=fact.code,
            position=position,
            name=fact.name,
            basis=fact.basis,
            liable=fact.liable,
            total_minor=fact.total_minor,
            weight=fact.weight,
        ),
    )
    _share(fact, fact.month, rows)


def _share(fact: Any, month: str, rows: Rows) -> None:
    for share in fact.shares:
        if not share.amount_minor:
            continue
        key = (share.unit_id, month)
        if rows.find(UNIT_MONTHS, key) is None:
            rows.put(UNIT_MONTHS, UnitMonthRow(share.unit_id, month, fact.building_id, is_charged=False))
        rows.put(
            SHARES,
            ShareRow(
                unit_id=share.unit_id,
                month=month,
                of_month=fact.month,
                code=fact.code,
                building_id=fact.building_id,
                weight=share.weight,
                amount_minor=share.amount_minor,
            ),
        )


def _move(fact: Any, position: int, rows: Rows) -> None:
    unit = rows.get(UNITS, (fact.unit_id,))
    person, since = (unit.owner, unit.owner_since) if fact.role == OWNER else (unit.resident, unit.resident_since)
    if person is not None:
        key = (fact.unit_id, fact.role, since)
        rows.load_missing(PEOPLE, [key])
        last = rows.get(PEOPLE, key)
        last.until = fact.until if isinstance(fact, Unit.PersonLeft) else fact.since - timedelta(days=1)
        last.ended_at = position
    came, on = (None, None) if isinstance(fact, Unit.PersonLeft) else (fact.person, fact.since)
    if fact.role == OWNER:
        unit.owner, unit.owner_since = came, on
    else:
        unit.resident, unit.resident_since = came, on
    if isinstance(fact, Unit.PersonEntered):
        rows.put(PEOPLE, PersonRow(fact.unit_id, fact.role, fact.since, fact.building_id, fact.person, None))


def _charge(fact: Any, position: int, rows: Rows) -> None:
    rows.get(UNIT_MONTHS, (fact.unit_id, fact.month)).is_charged = True
    if rows.find(TABS, (fact.obligation_id,)) is None:
        rows.put(
            TABS,
            TabRow(
                obligation_id=fact.obligation_id,
                unit_id=fact.unit_id,
                building_id=fact.building_id,
                account_id=fact.account_id,
                role=fact.role,
                person=fact.person,
                currency=fact.currency,
                due_minor=0,
                paid_minor=0,
                credit_minor=0,
            ),
        )
    if rows.find(DUES, (fact.obligation_id, fact.month)) is None:
        rows.put(
            DUES,
            DueRow(fact.obligation_id, fact.month, fact.unit_id, fact.building_id, fact.due_on, has_fee=False),
        )
    for line in fact.lines:
        _line(fact, line, position, rows)
    for each in fact.reduced:
        rows.get(LINES, (fact.obligation_id, each.number)).amount_minor -= each.amount_minor
    _stand(fact, rows)


def _line(fact: Any, line: Charge, position: int, rows: Rows) -> None:
    rows.put(
        LINES,
        LineRow(
            obligation_id=fact.obligation_id,
            number=line.number,
            place=f"{position:019d}:{line.number:06d}",
            unit_id=fact.unit_id,
            building_id=fact.building_id,
            charged_at=fact.recorded_at,
            kind=line.kind,
            code=line.code,
            month=line.month,
            of_month=line.of_month,
            due_on=line.due_on,
            amount_minor=line.amount_minor,
        ),
    )


def _stand(fact: Any, rows: Rows) -> None:
    """Let a tab stand as a fact says it stands."""
    tab = rows.get(TABS, (fact.obligation_id,))
    tab.due_minor, tab.paid_minor, tab.credit_minor = fact.due_minor, fact.paid_minor, fact.credit_minor


def _pay(fact: Any, position: int, rows: Rows) -> None:
    is_paid = isinstance(fact, Unit.Paid)
    tab = rows.get(TABS, (fact.obligation_id,))
    tab.paid_minor, tab.credit_minor = fact.paid_minor, fact.credit_minor
    came = "confirmed" if fact.attempt_id is None else "paid"
    rows.add(
        PAYMENTS,
        UnitPaymentRow(
            obligation_id=fact.obligation_id,
            position=position,
            at=fact.occurred_at,
            unit_id=fact.unit_id,
            building_id=fact.building_id,
            kind=came if is_paid else fact.how,
            attempt_id=fact.attempt_id,
            method=fact.method if is_paid else None,
            amount_minor=fact.amount_minor,
            over_minor=fact.over_minor if is_paid else fact.amount_minor - fact.applied_minor,
            outstanding_minor=fact.outstanding_minor,
        ),
    )

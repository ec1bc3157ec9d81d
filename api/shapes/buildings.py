"""Shapes of buildings, their units, runs, charges and reports."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, TIME, Shape, example
from api.shapes.obligations import OBLIGATION_ID, PAYMENT_ID

BUILDING_ID = "bld_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9"
UNIT_ID = "unt_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9"

Role = Literal["owner", "resident"]
Basis = Literal["each", "equal", "area", "occupants", "weight", "meter", "manual"]
LateFee = Literal["none", "percent", "fixed"]
LineKind = Annotated[
    Literal["cost", "adjustment", "late_fee"],
    Field(description="adjustment = what a corrected reading made more, charged with a later month"),
]
Jalali = Annotated[str | None, Field(description="the same day in the Jalali calendar, where rials are paid")]

_POLICY: dict[str, Any] = {
    "late_fee": "percent", "late_fee_bps": 150, "late_fee_amount": 0, "grace_days": 5, "remind_every_days": 7,
    "reminders_per_month": 4,
}  # fmt: skip
_UNIT: dict[str, Any] = {"id": UNIT_ID, "number": "101", "area": 8_490, "occupants": 3, "weight": 1}
_COST: dict[str, Any] = {
    "code": "heating", "name": "Heating", "charge": "variable", "basis": "area", "liable": "resident",
    "capital": False, "amount": None, "active": True,
}  # fmt: skip
_BUILDING: dict[str, Any] = {
    "id": BUILDING_ID, "account_id": ACCOUNT_ID, "currency": "KRW", "units": 3, "last_month": "2026-03", **_POLICY,
}  # fmt: skip
_RUN_COST = {"code": "heating", "name": "Heating", "basis": "area", "liable": "resident", "amount": 1_000_000}
_RUN: dict[str, Any] = {
    "building_id": BUILDING_ID, "month": "2026-03", "due_on": "2026-04-10", "due_on_jalali": None,
    "total": 1_000_000, "currency": "KRW", "units": 3, "costs": [_RUN_COST],
}  # fmt: skip
_LISTED_RUN: dict[str, Any] = {**_RUN, "units_charged": 3, "run_at": TIME}
_TAB: dict[str, Any] = {
    "obligation_id": OBLIGATION_ID, "liable": "resident", "person": {"name": "H**", "phone": "***-***-0007",
    "email": "***"}, "charged": 415_159, "paid": 400_000, "outstanding": 15_159, "credit": 0, "currency": "KRW",
}  # fmt: skip
_CHARGE: dict[str, Any] = {
    "obligation_id": OBLIGATION_ID, "number": 1, "unit_id": UNIT_ID, "unit_number": "101", "liable": "resident",
    "kind": "cost", "cost": "heating", "name": "Heating", "month": "2026-03", "of_month": "2026-03",
    "due_on": "2026-04-10", "due_on_jalali": None, "amount": 415_159, "paid": 400_000, "outstanding": 15_159,
    "currency": "KRW",
}  # fmt: skip
_LINE: dict[str, Any] = {**_CHARGE, "basis": "area", "cost_total": 1_000_000, "weight": 8_490, "weights": 20_450}
_PAYMENT: dict[str, Any] = {
    "obligation_id": OBLIGATION_ID, "kind": "paid", "payment_id": PAYMENT_ID, "method": "card", "amount": 400_000,
    "credit": 0, "outstanding": 15_159, "at": TIME,
}  # fmt: skip


class BuildingPolicy(Shape):
    """What is done about late payers."""

    model_config = example(id=BUILDING_ID, **_POLICY)

    id: str
    late_fee: LateFee
    late_fee_bps: int
    late_fee_amount: int
    grace_days: int
    remind_every_days: int
    reminders_per_month: int


class Building(BuildingPolicy):
    """A building that is managed here."""

    model_config = example(**_BUILDING)

    account_id: str
    currency: str
    units: int
    last_month: Annotated[str | None, Field(description="that was run")]


class ListedBuilding(Building):
    """A building with its name: in clear for the account's own key alone."""

    model_config = example(**_BUILDING, name="***", address="***", opened_at=TIME)

    name: str
    address: str
    opened_at: str


class UnitSheet(Shape):
    """A unit as it counts for runs."""

    model_config = example(**_UNIT)

    id: str
    number: str
    area: Annotated[int, Field(description="in 0.01 square metres")]
    occupants: int
    weight: int


class ChangedUnit(UnitSheet):
    """A unit as it counts from the next run on."""

    model_config = example(building_id=BUILDING_ID, **_UNIT)

    building_id: str


class AddedUnits(Shape):
    """Units that were added, in the order of their numbers."""

    model_config = example(building_id=BUILDING_ID, items=[_UNIT])

    building_id: str
    items: list[UnitSheet]


class ListedUnit(UnitSheet):
    """A unit with what all its tabs amount to."""

    model_config = example(**_UNIT, charged=415_159, outstanding=15_159, credit=0)

    charged: int
    outstanding: int
    credit: int


class UnitPerson(Shape):
    """Who owns a unit or lives there."""

    model_config = example(unit_id=UNIT_ID, building_id=BUILDING_ID, role="resident", since="2026-03-01", until=None)

    unit_id: str
    building_id: str
    role: Role
    since: str
    until: str | None


class UnitPersonLeft(Shape):
    """Who owned a unit or lived there, and until when."""

    model_config = example(unit_id=UNIT_ID, building_id=BUILDING_ID, role="resident", until="2026-03-31")

    unit_id: str
    building_id: str
    role: Role
    until: str


class ResidentName(Shape):
    """Somebody by name; in clear for the account's own key alone."""

    model_config = example(name="H**", phone="***-***-0007", email="***")

    name: str
    phone: str
    email: str


class PersonThere(Shape):
    """A period of somebody at a unit, with the link to their page where the key may hand it over."""

    model_config = example(
        role="resident", person={"name": "H**", "phone": "***-***-0007", "email": "***"}, since="2026-03-01",
        until=None, link="/p/abcdefghijklmnopqrstuvwxyz234567",
    )  # fmt: skip

    role: Role
    person: ResidentName
    since: str
    until: str | None
    link: str | None


class ListedPerson(Shape):
    """Somebody who owns a unit or lives there, and how long."""

    model_config = example(
        unit_id=UNIT_ID, unit_number="101", role="resident", since="2026-03-01", until=None,
        person={"name": "H**", "phone": "***-***-0007", "email": "***"},
    )  # fmt: skip

    unit_id: str
    unit_number: str
    role: Role
    person: ResidentName
    since: str
    until: str | None


class UnitTab(Shape):
    """What one person owes and has paid for a unit in one role; pay its obligation to pay it."""

    model_config = example(**_TAB)

    obligation_id: str
    liable: Role
    person: Annotated[ResidentName | None, Field(description="null = nobody was known")]
    charged: int
    paid: Annotated[int, Field(description="settled, confirmed, or credit that counted")]
    outstanding: int
    credit: int
    currency: str


class UnitDetail(ChangedUnit):
    """A unit, its people and its tabs."""

    model_config = example(
        building_id=BUILDING_ID,
        **_UNIT,
        people=[PersonThere.model_config["json_schema_extra"]["example"]],  # type: ignore[index]
        tabs=[_TAB],
    )

    people: list[PersonThere]
    tabs: list[UnitTab]


class CostType(Shape):
    """A kind of cost."""

    model_config = example(**_COST)

    code: str
    name: str
    charge: Literal["fixed", "variable"]
    basis: Basis
    liable: Role
    capital: bool
    amount: Annotated[int | None, Field(description="of a fixed cost")]
    active: bool


class SetCostType(CostType):
    """A kind of cost, as it is charged from the next run on."""

    model_config = example(building_id=BUILDING_ID, **_COST)

    building_id: str


class TakenReadings(Shape):
    """How many readings were taken."""

    model_config = example(building_id=BUILDING_ID, month="2026-03", cost="water", taken=1)

    building_id: str
    month: str
    cost: str
    taken: int


class CorrectedReading(Shape):
    """A reading that was put right; the next run charges what is more, and takes off what is less."""

    model_config = example(
        building_id=BUILDING_ID, unit_id=UNIT_ID, month="2026-03", cost="water", value=1_200_000, before=1_204_500
    )

    building_id: str
    unit_id: str
    month: str
    cost: str
    value: int
    before: int


class CorrectedCost(Shape):
    """What a cost of a month amounts to now, and what was taken for it; the next run puts it right."""

    model_config = example(
        building_id=BUILDING_ID, month="2026-03", cost="heating", total=900_000, before=1_000_000, currency="KRW"
    )

    building_id: str
    month: str
    cost: str
    total: int
    before: int
    currency: str


class ListedReading(Shape):
    """What was read for a unit."""

    model_config = example(unit_id=UNIT_ID, number="101", value=1_204_500, before=None)

    unit_id: str
    number: str
    value: int
    before: Annotated[int | None, Field(description="what stood there before the last correction")]


class RunCost(Shape):
    """What one cost of a month amounts to."""

    model_config = example(**_RUN_COST)

    code: str
    name: str
    basis: Basis
    liable: Role
    amount: int


class RunAdjustment(Shape):
    """An earlier month whose cost is split anew with this one, and for how many units it makes a difference."""

    model_config = example(month="2026-02", cost="water", units=3)

    month: str
    cost: str
    units: int


class RunPlain(Shape):
    """A month that was run."""

    model_config = example(**_RUN)

    building_id: str
    month: str
    due_on: str
    due_on_jalali: Jalali
    total: int
    currency: str
    units: int
    costs: list[RunCost]


class BuildingRun(RunPlain):
    """A month that was run; the units are charged with it next."""

    model_config = example(**_RUN, adjusted=[])

    adjusted: list[RunAdjustment]


class ListedBuildingRun(RunPlain):
    """A month that was run, and how many units are charged with it."""

    model_config = example(**_LISTED_RUN)

    units_charged: int
    run_at: str


class ListedUnitCharge(Shape):
    """One line that a unit is charged with; payments cover the oldest due first, then the order of charging."""

    model_config = example(**_CHARGE)

    obligation_id: str
    number: int
    unit_id: str
    unit_number: str
    liable: Role
    kind: LineKind
    cost: Annotated[str | None, Field(description="code of the cost; null for a late fee")]
    name: str | None
    month: Annotated[str, Field(description="of the run")]
    of_month: Annotated[str, Field(description="whose cost it is")]
    due_on: str
    due_on_jalali: Jalali
    amount: Annotated[int, Field(description="less what adjustments took off")]
    paid: int
    outstanding: int
    currency: str


class Debtor(UnitTab):
    """A tab of which something is unpaid after its due date."""

    model_config = example(
        unit_id=UNIT_ID, unit_number="101", **_TAB, overdue=15_159, overdue_since="2026-04-10",
        overdue_since_jalali=None, days_late=3, reminded_on=None,
    )  # fmt: skip

    unit_id: str
    unit_number: str
    overdue: int
    overdue_since: str
    overdue_since_jalali: Jalali
    days_late: int
    reminded_on: str | None


class UnitReminder(Shape):
    """A reminder that goes out, with the link to the page of the unit."""

    model_config = example(unit_id=UNIT_ID, obligation_id=OBLIGATION_ID, overdue=15_159, on="2026-04-13", in_month=1)

    unit_id: str
    obligation_id: str
    overdue: int
    on: str
    in_month: int


class ReportedUnit(Shape):
    """A unit in the report of a month: charged, paid and overdue of this month; outstanding and credit of all."""

    model_config = example(
        unit_id=UNIT_ID, unit_number="101", charged=415_159, paid=400_000, overdue=15_159, outstanding=15_159, credit=0
    )

    unit_id: str
    unit_number: str
    charged: int
    paid: int
    overdue: int
    outstanding: int
    credit: int


class BuildingReport(ListedBuildingRun):
    """What a month cost, and what of it is paid, unit by unit."""

    model_config = example(
        **_LISTED_RUN, charged=415_159, paid=400_000, overdue=15_159, outstanding=15_159, credit=0,
        items=[ReportedUnit.model_config["json_schema_extra"]["example"]],  # type: ignore[index]
    )  # fmt: skip

    charged: int
    paid: int
    overdue: int
    outstanding: int
    credit: int
    items: list[ReportedUnit]


class ReportedLine(ListedUnitCharge):
    """A line with how the unit's share came about: its weight among all weights of the cost."""

    model_config = example(**_LINE)

    basis: Basis | None
    cost_total: int | None
    weight: int | None
    weights: int | None


class UnitPayment(Shape):
    """A payment of a tab, or the end of one."""

    model_config = example(**_PAYMENT)

    obligation_id: str
    kind: Annotated[
        Literal["paid", "confirmed", "reversed", "refunded"],
        Field(description="confirmed = the manager says it was paid elsewhere; reversed = it was taken back"),
    ]
    payment_id: str | None
    method: str | None
    amount: int
    credit: Annotated[int, Field(description="what of it was credit")]
    outstanding: int
    at: str


class UnitReport(Shape):
    """What a unit was charged with, and what was paid."""

    model_config = example(
        unit_id=UNIT_ID, unit_number="101", building_id=BUILDING_ID, currency="KRW", charged=415_159, paid=400_000,
        outstanding=15_159, overdue=15_159, credit=0, tabs=[_TAB], lines=[_LINE], payments=[_PAYMENT],
    )  # fmt: skip

    unit_id: str
    unit_number: str
    building_id: str
    currency: str
    charged: int
    paid: int
    outstanding: int
    overdue: int
    credit: int
    tabs: list[UnitTab]
    lines: list[ReportedLine]
    payments: list[UnitPayment]

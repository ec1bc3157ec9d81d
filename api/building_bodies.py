"""Bodies and queries of buildings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from aggregates.money import AMOUNT_MINOR_MAX
from api.bodies import example
from api.fields import MONEY, Amount, Body, Currency, Day, Limit, Name, PageQuery, PublicIdText, Query
from api.recipients import Text

UNIT_ID = "unt_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9"
OBLIGATION_ID = "obl_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9"

Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$"), Field(description='"YYYY-MM"')]
CostCode = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$"), Field(description="The building's own word for a cost.")
]
UnitNumber = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z가-힣\u0600-\u06ff][0-9A-Za-z가-힣\u0600-\u06ff ./-]{0,19}$"),
    Field(description="As people know it; no two of a building are the same."),
]
Area = Annotated[int, Field(ge=0, le=10**9, description="In 0.01 square metres.")]
Count = Annotated[int, Field(ge=0, le=10**6)]
Meter = Annotated[
    int,
    Field(
        ge=0,
        le=10**12,
        description="Of a meter in 1/1000 of its unit; of a cost split by hand the unit's share in minor units.",
    ),
]
CostName = Annotated[str, Field(min_length=1, max_length=60)]
Basis = Annotated[
    Literal["each", "equal", "area", "occupants", "weight", "meter", "manual"],
    Field(description="each = every unit bears the amount itself; all others split it."),
]
Role = Literal["owner", "resident"]


class PolicyBody(Body):
    """What is done about late payers; the whole of it."""

    model_config = example(
        late_fee="percent",
        late_fee_bps=150,
        late_fee_amount=0,
        grace_days=5,
        remind_every_days=7,
        reminders_per_month=4,
    )

    late_fee: Annotated[
        Literal["none", "percent", "fixed"],
        Field(description="On what of a month is unpaid after its days of grace, once."),
    ] = "none"
    late_fee_bps: Annotated[int, Field(ge=0, le=10_000, description="1/100 of a per cent, for percent alone.")] = 0
    late_fee_amount: Annotated[Limit, Field(description="For fixed alone.")] = 0
    grace_days: Annotated[int, Field(ge=0, le=365)] = 0
    remind_every_days: Annotated[int, Field(ge=1, le=90)] = 7
    reminders_per_month: Annotated[int, Field(ge=0, le=31, description="0 = none are sent.")] = 4


class BuildingBody(PolicyBody):
    """A building to manage; name and address go to the vault and nowhere else."""

    model_config = example(
        account_id="acc_01k7q4m2x9w3t8r5z6", name="Kite Court", address="1 Harbour Street", late_fee="percent",
        late_fee_bps=150, late_fee_amount=0, grace_days=5, remind_every_days=7, reminders_per_month=4,
    )  # fmt: skip

    account_id: PublicIdText
    name: Annotated[Name, Field(max_length=100)]
    address: Annotated[str, Field(max_length=300)] = ""


class UnitBody(Body):
    """A unit, and what it counts for."""

    model_config = example(number="101", area=8_490, occupants=3, weight=1)

    number: UnitNumber
    area: Area = 0
    occupants: Count = 0
    weight: Count = 1


class UnitsBody(Body):
    """Units to add; many come in several requests."""

    model_config = example(units=[{"number": "101", "area": 8_490, "occupants": 3, "weight": 1}])

    units: Annotated[list[UnitBody], Field(min_length=1, max_length=1_000)]


class ChangeUnitBody(Body):
    """What a unit counts for from the next run on; what is left out stays."""

    model_config = example(occupants=4)

    area: Area | None = None
    occupants: Count | None = None
    weight: Count | None = None


class UnitPersonBody(Body):
    """Who owns a unit or lives there from a day on; who did before does so until the day before."""

    model_config = example(
        role="resident", name="Haneul", phone="010-0000-0007", email="haneul@kite.example", since="2026-03-01"
    )

    role: Role
    name: Annotated[Name, Field(max_length=50)]
    phone: Text = ""
    email: Annotated[str, Field(max_length=254)] = ""
    since: Annotated[Day, Field(description="First KST day.")]


class LeaveBody(Body):
    """Who owns a unit, or lives there, does so until a day; what is owed until then stays theirs."""

    model_config = example(role="resident", until="2026-03-31")

    role: Role
    until: Annotated[Day, Field(description="Last KST day.")]


class CostTypeChangeBody(Body):
    """A kind of cost as it is charged from the next run on; the whole of it."""

    model_config = example(
        name="Cleaning", charge="fixed", basis="equal", liable="resident", capital=False, amount=300_000, active=True
    )

    name: CostName
    charge: Annotated[
        Literal["fixed", "variable"],
        Field(description="fixed = its amount is charged with every run; variable = each run names the amount."),
    ]
    basis: Basis
    liable: Annotated[
        Role | None, Field(description="Who bears it; null = the owner of a capital item, else the resident.")
    ] = None
    capital: Annotated[bool, Field(description="Owners bear capital items.")] = False
    amount: Annotated[Amount | None, Field(description="Of a fixed cost, and of no other.")] = None
    active: bool = True


class CostTypeBody(CostTypeChangeBody):
    """A kind of cost to add."""

    model_config = example(
        code="cleaning", name="Cleaning", charge="fixed", basis="equal", liable="resident", capital=False,
        amount=300_000, active=True,
    )  # fmt: skip

    code: CostCode


class ReadingBody(Body):
    """What was read for a unit."""

    model_config = example(unit_id=UNIT_ID, value=1_204_500)

    unit_id: PublicIdText
    value: Meter


class ReadingsBody(Body):
    """Readings of a month; many come in several requests. What is taken again replaces what nobody was charged by."""

    model_config = example(month="2026-03", cost="water", readings=[{"unit_id": UNIT_ID, "value": 1_204_500}])

    month: Month
    cost: CostCode
    readings: Annotated[list[ReadingBody], Field(min_length=1, max_length=1_000)]


class CorrectionBody(Body):
    """What a meter really showed, where units were charged by something else."""

    model_config = example(month="2026-03", cost="water", unit_id=UNIT_ID, value=1_200_000)

    month: Month
    cost: CostCode
    unit_id: PublicIdText
    value: Meter


class CostAmountBody(Body):
    """What a variable cost amounts to in a month; of each unit where each bears it."""

    model_config = example(code="heating", amount=1_000_000)

    code: CostCode
    amount: Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX, title=MONEY, description="Integer minor units, 0 or more.")]


class RunBody(Body):
    """The run of a month: what its variable costs amount to. Fixed costs are charged by themselves."""

    model_config = example(
        month="2026-03", due_on="2026-04-10", currency="KRW", costs=[{"code": "heating", "amount": 1_000_000}]
    )

    month: Month
    due_on: Annotated[Day, Field(description="KST date on which the units owe it.")]
    currency: Currency | None = None
    costs: Annotated[list[CostAmountBody], Field(default_factory=list, max_length=1_000)]


class CostCorrectionBody(Body):
    """What a cost of a month really amounted to; of each unit where each bears it."""

    model_config = example(month="2026-03", cost="heating", amount=900_000, currency="KRW")

    month: Month
    cost: CostCode
    amount: Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX, title=MONEY, description="Integer minor units, 0 or more.")]
    currency: Currency | None = None


class RemindBody(Body):
    """Whom to remind: one tab of the unit."""

    model_config = example(obligation_id=OBLIGATION_ID)

    obligation_id: PublicIdText


class PeopleQuery(PageQuery):
    """Who is there on which day; whoever ever was when nothing is said."""

    on: Annotated[Day | None, Field(description="KST date.")] = None


class ReadingsQuery(PageQuery):
    """Readings of which cost and month."""

    month: Month
    cost: CostCode


class ChargesQuery(PageQuery):
    """Which charges; all when nothing is said."""

    unit_id: PublicIdText | None = None
    month: Month | None = None


class ManagerReportQuery(Query):
    """Which month, and as what."""

    month: Month
    form: Literal["json", "csv", "xlsx"] = "json"


class UnitReportQuery(Query):
    """Which months of runs, both included, and as what."""

    from_month: Month | None = None
    to_month: Month | None = None
    form: Literal["json", "csv", "xlsx"] = "json"

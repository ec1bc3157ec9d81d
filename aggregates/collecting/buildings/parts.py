"""Values that the facts of buildings are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from aggregates.plain import direct

Role = Literal["owner", "resident"]
OWNER: Role = "owner"
RESIDENT: Role = "resident"
ROLES: tuple[Role, ...] = (OWNER, RESIDENT)
"""Who may be liable for a cost (SPEC R-141)."""

Basis = Literal["each", "equal", "area", "occupants", "weight", "meter", "manual"]
READ_BASES: tuple[Basis, ...] = ("meter", "manual")
"""Bases of which each month has its own figures."""

COST, ADJUSTMENT, LATE_FEE = "cost", "adjustment", "late_fee"
"""Kinds of what a unit is charged with."""

SHARES_MAX = 400
"""Units that one fact names at most."""

BASIS_POINTS = 10_000


@direct
@dataclass(frozen=True, slots=True)
class Policy:
    """What a building does about late payers.

    Attributes:
        late_fee: none, percent (late_fee_bps) or fixed (late_fee_minor).
        late_fee_bps: of what of a month is unpaid, in 1/100 of a per cent, rounded down; 0 unless percent.
        late_fee_minor: 0 unless fixed.
        grace_days: KST days after the due date before the fee.
        remind_every_days: days between two reminders.
        reminders_per_month: most reminders of one calendar month; 0 = none are sent.
    """

    late_fee: str
    late_fee_bps: int
    late_fee_minor: int
    grace_days: int
    remind_every_days: int
    reminders_per_month: int


DEFAULT_POLICY = Policy("none", 0, 0, 0, 7, 4)
"""No late fee, and a reminder every 7 days (SPEC R-142)."""


@direct
@dataclass(frozen=True, slots=True)
class UnitSheet:
    """A unit as it counts for the next run.

    Attributes:
        unit_id: public id ("unt_...").
        number: as people know it, e.g. "101-1203"; no two of a building are the same.
        area_centi: in 0.01 square metres.
        occupants: how many live or work there.
        weight: of the building's own key.
    """

    unit_id: str
    number: str
    area_centi: int
    occupants: int
    weight: int


@direct
@dataclass(frozen=True, slots=True)
class CostType:
    """One kind of cost of a building.

    Attributes:
        code: the building's own word for it.
        name: as residents read it.
        charge: fixed (the same amount each month) or variable (an amount with each run).
        basis: each (every unit bears the amount itself), equal, area, occupants, weight, meter or manual (SPEC R-140).
        liable: owner or resident (SPEC R-141).
        capital: whether it is a capital item, which owners bear.
        amount_minor: of a fixed cost: in all, by each of each unit; null for a variable one.
        active: whether it is still charged.
    """

    code: str
    name: str
    charge: str
    basis: str
    liable: str
    capital: bool
    amount_minor: int | None
    active: bool


@direct
@dataclass(frozen=True, slots=True)
class Reading:
    """What was read for a unit.

    Attributes:
        unit_id: public id.
        value: of a meter in 1/1000 of its unit; of a cost split by hand the share in minor units.
    """

    unit_id: str
    value: int


@direct
@dataclass(frozen=True, slots=True)
class Share:
    """What a unit bears of a cost.

    Attributes:
        unit_id: public id.
        weight: by which it was split; of an adjustment, that which is right now.
        amount_minor: of an adjustment what is more, below zero what is less.
    """

    unit_id: str
    weight: int
    amount_minor: int


@direct
@dataclass(frozen=True, slots=True)
class Charge:
    """One line that a unit is charged with.

    Attributes:
        number: of the line among those of its tab, from 1.
        kind: cost, adjustment or late_fee.
        code: of the cost type; "" for a late fee.
        month: of the run.
        of_month: whose cost it is; another one for an adjustment.
        due_on: KST date.
        amount_minor: what is owed for it, less what adjustments took off.
    """

    number: int
    kind: str
    code: str
    month: str
    of_month: str
    due_on: date
    amount_minor: int


@direct
@dataclass(frozen=True, slots=True)
class Reduction:
    """What an adjustment takes off a line.

    Attributes:
        number: of the line among those of its tab.
        amount_minor: > 0.
    """

    number: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Period:
    """How long somebody owns a unit or lives there.

    Attributes:
        person: vault token.
        since, until: first and last KST day; None = still.
    """

    person: str
    since: date
    until: date | None


def last_day(month: str) -> date:
    """Return the last day of "YYYY-MM"."""
    year, number = int(month[:4]), int(month[5:])
    following = date(year + 1, 1, 1) if number == 12 else date(year, number + 1, 1)
    return following - timedelta(days=1)


def chunks(count: int, size: int = SHARES_MAX) -> list[range]:
    """Return the ranges of places that together are `count` things, none longer than `size`."""
    return [range(first, min(first + size, count)) for first in range(0, count, size)]

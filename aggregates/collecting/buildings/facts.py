"""The facts of a building: its policy, its units, its kinds of cost and its months (SPEC 11.3).

Its name and address are in the vault, under a token. What a month cost whom stands on the month's own stream
(`aggregates.collecting.buildings.month_facts`), so that a building does not grow with its history.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.collecting.buildings.parts import CostType, Policy, UnitSheet
from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.collecting.buildings.building import Building


@fact("building.opened")
class BuildingOpened(Fact):
    """A building is managed here.

    Attributes:
        building_id: public id ("bld_...").
        account_id: of the manager, who collects for it.
        currency: ISO 4217, that of the account.
        name: vault token of name and address.
        policy: what is done about late payers.
    """

    building_id: str
    account_id: str
    currency: str
    name: str
    policy: Policy

    def apply(self, building: Building) -> None:
        building.building_id = self.building_id
        building.account_id = self.account_id
        building.currency = self.currency
        building.policy = self.policy


@fact("building.policy_changed")
class BuildingPolicyChanged(Fact):
    """The manager changed what is done about late payers, from now on.

    Attributes:
        building_id: public id.
        policy: whole.
    """

    building_id: str
    policy: Policy

    def apply(self, building: Building) -> None:
        building.policy = self.policy


@fact("building.units_added")
class BuildingUnitsAdded(Fact):
    """The building has more units; a list of many comes in several facts.

    Attributes:
        building_id: public id.
        account_id: of the manager.
        units: with what they count for.
    """

    building_id: str
    account_id: str
    units: tuple[UnitSheet, ...]

    def apply(self, building: Building) -> None:
        building.keep_units(self.units)


@fact("building.unit_changed")
class BuildingUnitChanged(Fact):
    """A unit counts for something else from the next run on.

    Attributes:
        building_id: public id.
        unit: whole.
    """

    building_id: str
    unit: UnitSheet

    def apply(self, building: Building) -> None:
        building.keep_units((self.unit,))


@fact("building.cost_type_set")
class BuildingCostTypeSet(Fact):
    """The building has a new kind of cost, or one of them is another from the next run on.

    Attributes:
        building_id: public id.
        cost: whole.
    """

    building_id: str
    cost: CostType

    def apply(self, building: Building) -> None:
        building.costs = {**building.costs, self.cost.code: self.cost}


@fact("building.month_read")
class BuildingMonthRead(Fact):
    """Readings of a cost were taken for a month for the first time.

    Attributes:
        building_id: public id.
        month: "YYYY-MM".
        code: of the cost type.
    """

    building_id: str
    month: str
    code: str

    def apply(self, building: Building) -> None:
        months = sorted({*building.read_months.get(self.code, ()), self.month})
        building.read_months = {**building.read_months, self.code: tuple(months)}


@fact("building.month_to_adjust")
class BuildingMonthToAdjust(Fact):
    """What was charged for a cost of a month rests on a reading that was wrong; the next run puts it right.

    Attributes:
        building_id: public id.
        month: whose charges are wrong.
        code: of the cost type.
    """

    building_id: str
    month: str
    code: str

    def apply(self, building: Building) -> None:
        building.to_adjust = tuple(dict.fromkeys((*building.to_adjust, (self.month, self.code))))


@fact("building.month_run")
class BuildingMonthRun(Fact):
    """A month was run: what it cost is split, and each unit is charged with its part next.

    Attributes:
        building_id: public id.
        account_id: of the manager.
        month: "YYYY-MM".
        due_on: KST date on which the units owe it.
        total_minor: of all costs, adjustments apart: those add up to nothing.
        units: how many are charged.
        currency: ISO 4217.
    """

    building_id: str
    account_id: str
    month: str
    due_on: date
    total_minor: int
    units: int
    currency: str

    def apply(self, building: Building) -> None:
        building.last_month = self.month
        building.to_adjust = ()

"""The facts of one month of a building: what was read, how each cost was split, and how it was put right later.

None names more than 400 units: a long list comes in several facts of one commit.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.collecting.buildings.parts import Reading, Share
from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.collecting.buildings.month import BuildingMonth


@fact("building_month.read")
class MonthRead(Fact):
    """Meters were read at the end of the month, or the shares of a cost were decided by hand; a later fact counts.

    Attributes:
        building_id: public id.
        account_id: of the manager.
        month: "YYYY-MM".
        code: of the cost type.
        readings: of these units.
    """

    building_id: str
    account_id: str
    month: str
    code: str
    readings: tuple[Reading, ...]

    def apply(self, month: BuildingMonth) -> None:
        month.keep_readings(self.code, self.readings)


@fact("building_month.reading_corrected")
class MonthReadingCorrected(Fact):
    """A reading that was charged for was wrong.

    Attributes:
        building_id: public id.
        account_id: of the manager.
        month: "YYYY-MM".
        code: of the cost type.
        unit_id: public id.
        value: what is right.
        before: what was taken for right.
    """

    building_id: str
    account_id: str
    month: str
    code: str
    unit_id: str
    value: int
    before: int

    def apply(self, month: BuildingMonth) -> None:
        month.keep_readings(self.code, (Reading(self.unit_id, self.value),))


@fact("building_month.cost_split")
class MonthCostSplit(Fact):
    """A cost of the month is split over units; those of a large building come in several facts.

    Attributes:
        building_id: public id.
        account_id: of the manager.
        month: "YYYY-MM".
        code: of the cost type.
        name: of it, as it was then.
        basis: by which it is split.
        liable: owner or resident.
        total_minor: of the whole cost, over all its facts.
        weight: sum of all weights, over all its facts.
        shares: of these units.
        currency: ISO 4217.
    """

    building_id: str
    account_id: str
    month: str
    code: str
    name: str
    basis: str
    liable: str
    total_minor: int
    weight: int
    shares: tuple[Share, ...]
    currency: str

    def apply(self, month: BuildingMonth) -> None:
        month.keep_split(self.code, self.basis, self.liable, self.total_minor, self.shares)


@fact("building_month.cost_corrected")
class MonthCostCorrected(Fact):
    """A cost of the month amounted to something else than what was split; the next run puts it right.

    Attributes:
        building_id: public id.
        account_id: of the manager.
        month: "YYYY-MM".
        code: of the cost type.
        total_minor: of the whole cost.
        before_minor: what was taken for it.
        currency: ISO 4217.
    """

    building_id: str
    account_id: str
    month: str
    code: str
    total_minor: int
    before_minor: int
    currency: str

    def apply(self, month: BuildingMonth) -> None:
        month.splits[self.code].total_minor = self.total_minor


@fact("building_month.cost_adjusted")
class MonthCostAdjusted(Fact):
    """A cost of the month was split anew after a correction; what is more or less is charged with a later month.

    Attributes:
        building_id: public id.
        account_id: of the manager.
        month: whose cost it is.
        code: of the cost type.
        liable: as it was split first.
        in_month: with whose run it is charged.
        shares: what is more or less; over all facts of one correction they add up to nothing.
        currency: ISO 4217.
    """

    building_id: str
    account_id: str
    month: str
    code: str
    liable: str
    in_month: str
    shares: tuple[Share, ...]
    currency: str

    def apply(self, month: BuildingMonth) -> None:
        month.keep_adjustment(self.code, self.in_month, self.shares)


@fact("building_month.run")
class MonthRun(Fact):
    """All costs of the month are split, and it takes no other.

    Attributes:
        building_id: public id.
        account_id: of the manager.
        month: "YYYY-MM".
        due_on: KST date on which the units owe it.
        adjusted: earlier months of which a cost is put right with this one.
    """

    building_id: str
    account_id: str
    month: str
    due_on: date
    adjusted: tuple[str, ...]

    def apply(self, month: BuildingMonth) -> None:
        month.due_on = self.due_on
        month.adjusted = self.adjusted

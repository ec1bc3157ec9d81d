"""One month of a building: its readings, how its costs are split, and corrections of both (SPEC 11.3, R-140).

A month has a stream of its own beside the building's, so that a run reads a month or two and never the whole history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self
from uuid import UUID

from aggregates.collecting.buildings import month_facts
from aggregates.collecting.buildings.allotment import allot
from aggregates.collecting.buildings.parts import CostType, Reading, Share, UnitSheet, chunks
from aggregates.collecting.buildings.refusals import MonthAlreadyRun, ReadingInvalid, ReadingsMissing
from aggregates.fact import Stamp, Stream, stream_class

NAMED_MAX = 20
"""Most units that a refusal names."""


def month_stream_id(building_id: str, month: str) -> str:
    """Return what the stream of a building's month is called."""
    return f"{building_id}:{month}"


@dataclass(slots=True)
class Split:
    """How a cost of the month is split.

    Attributes:
        total_minor: of the cost. weights: unit -> by what it was split.
        first: unit -> what it bears, as split with the run. now: after all corrections.
        adjusted: month -> unit -> what is more or less with that month's run.
    """

    basis: str
    liable: str
    total_minor: int
    weights: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    now: dict[str, int] = field(default_factory=dict)
    adjusted: dict[str, dict[str, int]] = field(default_factory=dict)

    def copy(self) -> Split:
        """Return an independent copy."""
        adjusted = {month: {**shares} for month, shares in self.adjusted.items()}
        return Split(
            self.basis, self.liable, self.total_minor, {**self.weights}, {**self.first}, {**self.now}, adjusted
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A cost, split and not recorded yet."""

    cost: CostType
    total_minor: int
    weights: tuple[int, ...]
    parts: tuple[int, ...]


@stream_class("building_month")
class BuildingMonth(Stream):
    """A month of a building.

    Attributes:
        readings: cost -> unit -> value. splits: by cost, once the month is run.
        due_on: KST date on which its charges are due; None = it was not run.
        adjusted: earlier months of which something is put right with this one.
    """

    __slots__ = ("adjusted", "due_on", "readings", "splits")

    Read = month_facts.MonthRead
    ReadingCorrected = month_facts.MonthReadingCorrected
    CostSplit = month_facts.MonthCostSplit
    CostCorrected = month_facts.MonthCostCorrected
    CostAdjusted = month_facts.MonthCostAdjusted
    Run = month_facts.MonthRun

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.readings: dict[str, dict[str, int]] = {}
        self.splits: dict[str, Split] = {}
        self.due_on: date | None = None
        self.adjusted: tuple[str, ...] = ()

    # -- questions ---------------------------------------------------------------------------------------------

    @property
    def is_run(self) -> bool:
        """Whether its costs are split."""
        return self.due_on is not None

    def consumption(self, code: str, unit_ids: Iterable[str], before: Sequence[BuildingMonth]) -> list[int]:
        """Return what units used in the month, by their meters.

        Args:
            before: earlier months with readings of the cost, the newest first. A unit without any began at 0.
        """
        read = self.readings.get(code, {})
        return [read.get(unit_id, 0) - reading_before(code, unit_id, before) for unit_id in unit_ids]

    def plan(
        self, cost: CostType, amount_minor: int, units: Sequence[UnitSheet], before: Sequence[BuildingMonth]
    ) -> Plan:
        """Split a cost over the units of a building.

        Args:
            amount_minor: of the cost; of each unit where each bears it; 0 = the sum of what was decided by hand.
            units: in their order. before: as of `consumption`.

        Raises:
            ReadingsMissing: units have no reading, or no share. BasisEmpty: nobody has a share.

        Source: SPEC R-140.
        """
        ids = [unit.unit_id for unit in units]
        if cost.basis in ("meter", "manual"):
            read = self.readings.get(cost.code, {})
            missing = [unit.number for unit in units if unit.unit_id not in read]
            if missing:
                raise ReadingsMissing(
                    f"{len(missing)} units have no reading of {cost.code} for the month",
                    cost=cost.code,
                    missing=len(missing),
                    units=missing[:NAMED_MAX],
                )
        if cost.basis == "each":
            return Plan(cost, amount_minor * len(units), (1,) * len(units), (amount_minor,) * len(units))
        if cost.basis == "manual":
            shares = tuple(self.readings[cost.code][unit_id] for unit_id in ids)
            return Plan(cost, sum(shares), shares, shares)
        if cost.basis == "meter":
            weights = tuple(self.consumption(cost.code, ids, before))
        else:
            weights = tuple(_weight(cost.basis, unit) for unit in units)
        return Plan(cost, amount_minor, weights, tuple(allot(amount_minor, weights)))

    def readjusted(self, code: str, before: Sequence[BuildingMonth]) -> list[Share]:
        """Return what is more or less for each unit when a cost is split by amount and readings as they stand now."""
        split = self.splits[code]
        ids = list(split.now)
        weights = [split.weights[unit_id] for unit_id in ids]
        if split.basis == "meter":
            weights = self.consumption(code, ids, before)
        right = allot(split.total_minor, weights)
        return [
            Share(unit_id, weight, amount - split.now[unit_id])
            for unit_id, weight, amount in zip(ids, weights, right, strict=True)
            if amount != split.now[unit_id]
        ]

    # -- decisions ---------------------------------------------------------------------------------------------

    def read(
        self, stamp: Stamp, *, building_id: str, account_id: str, month: str, code: str, readings: Sequence[Reading]
    ) -> None:
        """Record readings, or shares decided by hand; the building has checked that they may be taken."""
        for places in chunks(len(readings)):
            self.record(
                month_facts.MonthRead,
                stamp,
                building_id=building_id,
                account_id=account_id,
                month=month,
                code=code,
                readings=tuple(readings[place] for place in places),
            )

    def correct(
        self, stamp: Stamp, *, building_id: str, account_id: str, month: str, code: str, unit_id: str, value: int
    ) -> None:
        """Record what is right in the place of a reading. Raises: ReadingInvalid: there is none."""
        before = self.readings.get(code, {}).get(unit_id)
        if before is None:
            raise ReadingInvalid("the unit has no reading of this cost in the month", field="unit_id")
        self.record(
            month_facts.MonthReadingCorrected,
            stamp,
            building_id=building_id,
            account_id=account_id,
            month=month,
            code=code,
            unit_id=unit_id,
            value=value,
            before=before,
        )

    def correct_cost(
        self,
        stamp: Stamp,
        *,
        building_id: str,
        account_id: str,
        month: str,
        code: str,
        total_minor: int,
        currency: str,
    ) -> None:
        """Record what a cost really amounted to; the building has checked it."""
        self.record(
            month_facts.MonthCostCorrected,
            stamp,
            building_id=building_id,
            account_id=account_id,
            month=month,
            code=code,
            total_minor=total_minor,
            before_minor=self.splits[code].total_minor,
            currency=currency,
        )

    def adjust(
        self,
        stamp: Stamp,
        *,
        building_id: str,
        account_id: str,
        month: str,
        code: str,
        in_month: str,
        shares: Sequence[Share],
        currency: str,
    ) -> None:
        """Record what is more or less after a correction."""
        for places in chunks(len(shares)):
            self.record(
                month_facts.MonthCostAdjusted,
                stamp,
                building_id=building_id,
                account_id=account_id,
                month=month,
                code=code,
                liable=self.splits[code].liable,
                in_month=in_month,
                shares=tuple(shares[place] for place in places),
                currency=currency,
            )

    def run(
        self,
        stamp: Stamp,
        *,
        building_id: str,
        account_id: str,
        month: str,
        currency: str,
        due_on: date,
        plans: Sequence[Plan],
        units: Sequence[UnitSheet],
        adjusted: tuple[str, ...],
    ) -> None:
        """Record how all costs are split. Raises: MonthAlreadyRun. Source: SPEC 11.3, R-140."""
        if self.is_run:
            raise MonthAlreadyRun("the month was run; what is missing belongs to the next one", month=month)
        for plan in plans:
            for places in chunks(len(units)):
                self.record(
                    month_facts.MonthCostSplit,
                    stamp,
                    building_id=building_id,
                    account_id=account_id,
                    month=month,
                    code=plan.cost.code,
                    name=plan.cost.name,
                    basis=plan.cost.basis,
                    liable=plan.cost.liable,
                    total_minor=plan.total_minor,
                    weight=sum(plan.weights),
                    shares=tuple(
                        Share(units[place].unit_id, plan.weights[place], plan.parts[place]) for place in places
                    ),
                    currency=currency,
                )
        self.record(
            month_facts.MonthRun,
            stamp,
            building_id=building_id,
            account_id=account_id,
            month=month,
            due_on=due_on,
            adjusted=adjusted,
        )

    # -- folds -------------------------------------------------------------------------------------------------

    def keep_readings(self, code: str, readings: Iterable[Reading]) -> None:
        """Keep what was read."""
        self.readings.setdefault(code, {}).update({each.unit_id: each.value for each in readings})

    def keep_split(self, code: str, basis: str, liable: str, total_minor: int, shares: Iterable[Share]) -> None:
        """Keep how a cost is split."""
        shares = tuple(shares)
        split = self.splits.setdefault(code, Split(basis, liable, total_minor))
        split.weights.update({share.unit_id: share.weight for share in shares})
        amounts = {share.unit_id: share.amount_minor for share in shares}
        split.first.update(amounts)
        split.now.update(amounts)

    def keep_adjustment(self, code: str, in_month: str, shares: Iterable[Share]) -> None:
        """Keep what is more or less."""
        split = self.splits[code]
        for share in shares:
            split.now[share.unit_id] += share.amount_minor
            split.adjusted.setdefault(in_month, {})[share.unit_id] = share.amount_minor

    def size_bytes(self) -> int:
        """Estimate what it takes in memory."""
        read = sum(map(len, self.readings.values()))
        return 1_500 + 120 * (read + 3 * sum(len(split.first) for split in self.splits.values()))

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *BuildingMonth.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.readings = {code: {**read} for code, read in self.readings.items()}
        twin.splits = {code: split.copy() for code, split in self.splits.items()}
        twin.pending = list(self.pending)
        return twin


def reading_before(code: str, unit_id: str, before: Sequence[BuildingMonth]) -> int:
    """Return where a unit's meter stood before a month; 0 when it was never read.

    Args:
        before: earlier months with readings of the cost, the newest first.
    """
    return next((month.readings[code][unit_id] for month in before if unit_id in month.readings.get(code, {})), 0)


def _weight(basis: str, unit: UnitSheet) -> int:
    return {"equal": 1, "area": unit.area_centi, "occupants": unit.occupants, "weight": unit.weight}[basis]

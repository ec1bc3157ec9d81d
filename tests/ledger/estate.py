"""A building to try commands on, in memory: units, people, costs, runs, payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from aggregates.collecting.buildings import Building, Unit
from aggregates.collecting.buildings.parts import DEFAULT_POLICY, CostType, Policy, Reading, UnitSheet
from aggregates.collecting.obligation import Obligation
from aggregates.dates import business_date
from aggregates.fact import Fact, Stamp
from ledger.command import Streams
from ledger.commands.collecting.building_charges import ChargeUnit
from ledger.commands.collecting.buildings import AddUnits, EnterUnit, OpenBuilding, RunMonth, SetCostType, TakeReadings
from ledger.commands.collecting.obligations import known_obligation, reverse_attempt, settle_attempt
from tests.ledger.memory import Memory


@dataclass(frozen=True, slots=True)
class Settle:
    """Money settled for an obligation, without a gateway."""

    ANSWER: ClassVar[str] = "unit-charged/1"

    obligation_id: str
    amount_minor: int
    attempt_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record what settled."""
        settle_attempt(
            streams, stamp, known_obligation(streams, self.obligation_id), attempt_id=self.attempt_id, via="link",
            method="card", amount_minor=self.amount_minor, paid_on=business_date(stamp.occurred_at),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reverse:
    """Settled money was taken back."""

    ANSWER: ClassVar[str] = "unit-charged/1"

    obligation_id: str
    amount_minor: int
    attempt_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record what was taken back."""
        reverse_attempt(
            streams, stamp, known_obligation(streams, self.obligation_id), attempt_id=self.attempt_id,
            amount_minor=self.amount_minor, code="chargeback",
        )  # fmt: skip


def cost(code: str, basis: str = "equal", amount_minor: int | None = None, **given: Any) -> CostType:
    """Return a kind of cost: fixed with an amount, variable without."""
    return CostType(
        code=code,
        name=given.get("name", code.title()),
        charge="variable" if amount_minor is None else "fixed",
        basis=basis,
        liable=given.get("liable", "resident"),
        capital=given.get("capital", False),
        amount_minor=amount_minor,
        active=given.get("active", True),
    )


def sheet(number: str, area_centi: int = 8_000, occupants: int = 2, weight: int = 1) -> UnitSheet:
    """Return a unit that is not added yet."""
    return UnitSheet("", number, area_centi, occupants, weight)


class Estate:
    """One building on one account."""

    def __init__(self, units: Sequence[UnitSheet], *, policy: Policy = DEFAULT_POLICY, currency: str = "KRW") -> None:
        self.memory = Memory()
        self.account_id = self.memory.account(currency)
        self.id = str(self.memory.do(OpenBuilding(self.account_id, "tok_building", policy))["id"])
        self.units: list[str] = []
        self.attempts = 0
        if units:
            self.units = [each["id"] for each in self.memory.do(AddUnits(self.id, tuple(units)))["items"]]

    @property
    def building(self) -> Building:
        found: Building = self.memory.stream(Building, self.id)
        return found

    def unit(self, unit_id: str) -> Unit:
        found: Unit = self.memory.stream(Unit, unit_id)
        return found

    def obligation(self, obligation_id: str) -> Obligation:
        found: Obligation = self.memory.stream(Obligation, obligation_id)
        return found

    def on(self, day: date, hour: int = 12) -> None:
        """Put the clock to an hour of a KST day."""
        self.memory.at = datetime.combine(day, time(hour), UTC) - timedelta(hours=9)

    def costs(self, *costs: CostType) -> None:
        for each in costs:
            self.memory.record(SetCostType(self.id, each, is_new=True))

    def enter(self, unit_id: str, role: str, person: str, since: date) -> None:
        self.memory.record(EnterUnit(self.id, unit_id, role, person, since))

    def read(self, month: str, code: str, values: dict[str, int]) -> None:
        readings = tuple(Reading(unit_id, value) for unit_id, value in values.items())
        self.memory.record(TakeReadings(self.id, month, code, readings))

    def split(self, month: str, due_on: date, **amounts: int) -> list[Fact]:
        """Run a month; charge nobody yet."""
        return self.memory.record(RunMonth(self.id, month, due_on, amounts))

    def charge(self, month: str, facts: Sequence[Fact]) -> None:
        """Charge whom a run names."""
        for unit_id in dict.fromkeys(share.unit_id for fact in facts for share in getattr(fact, "shares", ())
                                     if share.amount_minor):  # fmt: skip
            self.memory.record(ChargeUnit(self.id, unit_id, month))

    def run(self, month: str, due_on: date, **amounts: int) -> list[Fact]:
        """Run a month and charge all units."""
        facts = self.split(month, due_on, **amounts)
        self.charge(month, facts)
        return facts

    def pay(self, obligation_id: str, amount_minor: int) -> str:
        """Let money settle; return the attempt."""
        self.attempts += 1
        attempt_id = f"pay_{self.attempts}"
        self.memory.record(Settle(obligation_id, amount_minor, attempt_id))
        return attempt_id

    def tab(self, unit_id: str, role: str = "resident", person: str | None = None) -> str:
        """Return the obligation of a unit's tab: of its person, or the only one in the role."""
        found = [
            tab.obligation_id
            for tab in self.unit(unit_id).tabs.values()
            if tab.role == role and person in (None, tab.person)
        ]
        assert len(found) == 1, found
        return found[0]

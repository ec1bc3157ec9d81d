"""Commands that charge the units of a building, and the rules of their obligations (SPEC 11.3, R-141 to R-143).

A run is split on the building first; each unit takes its part in a commit of its own, so that a building may have any
number of units. What was paid is written down on the unit in the commit in which the money settles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.collecting.buildings import BuildingMonth, Unit, month_stream_id
from aggregates.collecting.buildings.pour import oldest_open
from aggregates.collecting.buildings.refusals import MonthNotRun, UnitNotFound
from aggregates.collecting.buildings.unit import Bill
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_facts import (
    ObligationConfirmed,
    ObligationRefunded,
    ObligationReversed,
    ObligationSettled,
)
from aggregates.dates import business_date
from aggregates.errors import Unavailable
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.buildings import known_building, known_unit
from ledger.commands.collecting.obligations import change_due, known_obligation, open_obligation
from ledger.commands.collecting.sources import SourceRules, source
from ledger.commands.collecting.tellings import tell


class ChargedOutOfOrder(Unavailable):
    """An earlier month of the unit is not charged yet; ask again."""

    code = "unit_charged_out_of_order"


@dataclass(frozen=True, slots=True)
class ChargeUnit:
    """Charge a unit with its part of a month that was run."""

    ANSWER: ClassVar[str] = "unit-charged/1"

    building_id: str
    unit_id: str
    month: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Unit.Charged` for each tab, what its obligation says, and that people are told.

        Raises:
            BuildingNotFound, UnitNotFound, MonthNotRun.
            ChargedOutOfOrder. UnitAlreadyCharged.

        Source: SPEC H3, R-141, R-143.
        """
        building = known_building(streams, self.building_id)
        building.unit(self.unit_id)
        account_id = building.account_id
        streams.account(account_id)
        unit = streams.stream(Unit, self.unit_id)
        of_month = _month(streams, self.building_id, self.month)
        if of_month.due_on is None:
            raise MonthNotRun("the month was not run", month=self.month)
        due_on = of_month.due_on
        bills = _bills(streams, of_month, unit, self.building_id, self.unit_id, self.month)
        owed = unit.owed(month=self.month, due_on=due_on, bills=bills)
        known = [known_obligation(streams, each.obligation_id) if each.obligation_id else None for each in owed]
        for index, (each, obligation) in enumerate(zip(owed, known, strict=True)):
            if obligation is None:
                obligation = open_obligation(
                    streams,
                    stamp,
                    account_id=account_id,
                    source="unit",
                    source_id=self.unit_id,
                    due_minor=each.due_minor,
                    due_on=due_on,
                    parts=True,
                    index=index,
                )
            else:
                since = oldest_open(unit.tabs[each.obligation_id].covered())
                change_due(streams, stamp, obligation, due_minor=each.due_minor, due_on=since or due_on)
            unit.charge(
                stamp,
                each,
                unit_id=self.unit_id,
                building_id=self.building_id,
                month=self.month,
                due_on=due_on,
                obligation=obligation,
            )
            if each.person is not None:
                tell(
                    streams,
                    stamp,
                    account_id=account_id,
                    thing_id=self.unit_id,
                    kind="unit.charged",
                    to=each.person,
                    detail={
                        "month": self.month,
                        "amount": each.amount_minor,
                        "outstanding": obligation.outstanding_minor or 0,
                        "currency": obligation.currency,
                        "due_on": due_on.isoformat(),
                    },
                    index=index,
                )


@dataclass(frozen=True, slots=True)
class ChargeLateFee:
    """Charge the late fee of a month on one tab, as the building's policy says."""

    ANSWER: ClassVar[str] = "late-fee/1"

    unit_id: str
    obligation_id: str
    month: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Unit.LateFeeCharged` and what its obligation says. Raises: UnitNotFound, NotLate."""
        unit = known_unit(streams, self.unit_id)
        building = known_building(streams, unit.building_id)
        obligation = known_obligation(streams, self.obligation_id)
        streams.account(unit.account_id)
        unpaid, line = unit.fee(
            obligation_id=self.obligation_id,
            month=self.month,
            policy=building.policy,
            today=business_date(stamp.recorded_at),
        )
        due = unit.tabs[self.obligation_id].due_minor + line.amount_minor
        change_due(streams, stamp, obligation, due_minor=due, due_on=obligation.due_on)
        unit.charge_fee(stamp, month=self.month, unpaid_minor=unpaid, line=line, obligation=obligation)


@dataclass(frozen=True, slots=True)
class RemindUnit:
    """Send the payment link of a tab again, when the building's interval allows it.

    Attributes:
        building_id: that the unit has to be of; None = whichever it is.
    """

    ANSWER: ClassVar[str] = "unit-reminded/1"

    unit_id: str
    obligation_id: str
    building_id: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Unit.Reminded`, and that the person is told. Raises: UnitNotFound, ReminderNotDue."""
        unit = known_unit(streams, self.unit_id)
        if self.building_id not in (None, unit.building_id):
            raise UnitNotFound("the building has no such unit")
        building = known_building(streams, unit.building_id)
        reminded = unit.remind(stamp, obligation_id=self.obligation_id, policy=building.policy)
        tell(
            streams,
            stamp,
            account_id=unit.account_id,
            thing_id=self.unit_id,
            kind="unit.reminder",
            to=reminded.person,
            detail={"overdue": reminded.overdue_minor, "currency": building.currency},
        )


@source("unit")
class UnitRules(SourceRules):
    """A unit keeps what is paid beyond its due as credit, and writes down each payment (SPEC H4, R-143)."""

    KEEPS_CREDIT: ClassVar[bool] = True

    def load(self, streams: Streams, obligation: Obligation) -> None:
        """Ask for the unit, as far as it knows of this money.

        (Another process opens tabs: a copy of before is refused here, read again, and decided on anew.)

        Raises:
            UnitNotFound: there is no such unit, or it has no such tab.
        """
        if obligation.obligation_id not in _unit_of(streams, obligation).tabs:
            raise UnitNotFound("the unit has no such tab")

    def settled(
        self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationSettled | ObligationConfirmed
    ) -> None:
        """Record `Unit.Paid`; manager and payer are told of money that came in (SPEC H3, H4)."""
        unit = _unit_of(streams, obligation)
        unit.note_paid(stamp, obligation, fact)
        if not isinstance(fact, ObligationSettled):
            return
        detail: dict[str, int | str] = {
            "amount": fact.amount_minor,
            "outstanding": obligation.outstanding_minor or 0,
            "currency": obligation.currency,
        }
        person = unit.tabs[obligation.obligation_id].person
        for kind, to in (("unit.paid", None), ("unit.receipt", person)):
            if kind == "unit.paid" or to is not None:
                tell(
                    streams,
                    stamp,
                    account_id=unit.account_id,
                    thing_id=unit.unit_id,
                    kind=kind,
                    to=to,
                    detail=detail,
                )

    def reversed(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationReversed) -> None:
        """Record `Unit.PaymentUndone`; the manager is told."""
        unit = _unit_of(streams, obligation)
        unit.note_undone(stamp, obligation, fact)
        tell(
            streams,
            stamp,
            account_id=unit.account_id,
            thing_id=unit.unit_id,
            kind="unit.payment_reversed",
            to=None,
            detail={"amount": fact.amount_minor, "currency": obligation.currency},
        )

    def refunded(self, streams: Streams, stamp: Stamp, obligation: Obligation, fact: ObligationRefunded) -> None:
        """Record `Unit.PaymentUndone`."""
        _unit_of(streams, obligation).note_undone(stamp, obligation, fact)


def _unit_of(streams: Streams, obligation: Obligation) -> Unit:
    return streams.known(Unit, obligation.source_id, UnitNotFound)


def _month(streams: Streams, building_id: str, month: str) -> BuildingMonth:
    """Return a month as it stands in the commit: what is read of it decides what is charged."""
    return streams.held(BuildingMonth, month_stream_id(building_id, month))


def _bills(
    streams: Streams, of_month: BuildingMonth, unit: Unit, building_id: str, unit_id: str, month: str
) -> list[Bill]:
    """Return a unit's parts of a run: costs in their order, then what puts earlier months right.

    Raises:
        ChargedOutOfOrder: an earlier month that is put right was not charged yet.
    """
    bills = [
        Bill(code, split.liable, month, split.first[unit_id])
        for code, split in of_month.splits.items()
        if split.first.get(unit_id)
    ]
    for earlier in of_month.adjusted:
        for code, split in _month(streams, building_id, earlier).splits.items():
            amount = split.adjusted.get(month, {}).get(unit_id)
            if amount and earlier not in unit.months and split.first.get(unit_id):
                raise ChargedOutOfOrder("an earlier month of the unit is not charged yet; ask again", 1)
            if amount:
                bills.append(Bill(code, split.liable, earlier, amount))
    return bills


@answer("unit-charged/1")
def unit_charged(facts: Sequence[Fact]) -> Answer:
    """Answer with what each tab is charged with."""
    charged = [fact for fact in facts if isinstance(fact, Unit.Charged)]
    tabs: dict[str, dict[str, Any]] = {}
    for fact in charged:
        tab = tabs.setdefault(
            fact.obligation_id,
            {"obligation_id": fact.obligation_id, "liable": fact.role, "amount": 0, "currency": fact.currency},
        )
        tab["amount"] += fact.amount_minor
    return Answer(201, {"unit_id": charged[0].unit_id, "month": charged[0].month, "charges": list(tabs.values())})


@answer("late-fee/1")
def late_fee_charged(facts: Sequence[Fact]) -> Answer:
    """Answer with the fee."""
    fact = next(fact for fact in facts if isinstance(fact, Unit.LateFeeCharged))
    shape = {
        "unit_id": fact.unit_id,
        "obligation_id": fact.obligation_id,
        "month": fact.month,
        "amount": fact.line.amount_minor,
        "currency": fact.currency,
    }
    return Answer(201, shape)


@answer("unit-reminded/1")
def unit_reminded(facts: Sequence[Fact]) -> Answer:
    """Answer with what was overdue, and how often this month a reminder went out."""
    fact = next(fact for fact in facts if isinstance(fact, Unit.Reminded))
    shape = {
        "unit_id": fact.unit_id,
        "obligation_id": fact.obligation_id,
        "overdue": fact.overdue_minor,
        "on": str(fact.on),
        "in_month": fact.in_month,
    }
    return Answer(201, shape)

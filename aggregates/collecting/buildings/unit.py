"""A unit of a building: who owns it and lives there, and a tab for each of them of what is owed and paid (SPEC 11.3).

A charge is owed by whoever was liable on the last day of its month and stays theirs when they move: it is not
prorated. Where a resident would be liable and nobody lives there, the owner is. Each tab has one obligation, whose due
amount grows with each run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple, Self
from uuid import UUID

from aggregates.collecting.buildings import unit_facts
from aggregates.collecting.buildings.parts import (
    ADJUSTMENT,
    COST,
    LATE_FEE,
    OWNER,
    RESIDENT,
    Charge,
    Period,
    Policy,
    Reduction,
    chunks,
    last_day,
)
from aggregates.collecting.buildings.pour import Covered, late_fee, overdue, pour, take_off, unpaid_of
from aggregates.collecting.buildings.refusals import (
    NobodyThere,
    NotLate,
    PeriodOverlaps,
    ReminderNotDue,
    UnitAlreadyCharged,
)
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_facts import (
    ObligationConfirmed,
    ObligationRefunded,
    ObligationReversed,
    ObligationSettled,
)
from aggregates.dates import billing_month, business_date
from aggregates.fact import Stamp, Stream, stream_class

PREFIX = "unt"

LINES_MAX = 200
"""Lines that one fact holds at most."""

MONTHS_KEPT = 36
"""A covered line older than this is only summed up, and a month that was charged is forgotten."""

_KEPT = timedelta(days=31 * MONTHS_KEPT)


class Bill(NamedTuple):
    """What a run charges a unit with for one cost.

    Attributes:
        role: who is liable. of_month: whose cost it is. amount_minor: of an adjustment also below zero.
    """

    code: str
    role: str
    of_month: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Tab:
    """What one person owes and has paid for the unit in one role.

    Attributes:
        obligation_id: that holds the money. person: vault token; None = nobody was known.
        charges: lines; those long covered are only summed up in `closed_minor`.
        paid_minor: what counts as paid of all of it.
        last_number: of its lines.
        fees: months for which a late fee was charged.
        reminded_on: KST date of the last reminder; None = none. reminders: how many in that calendar month.
    """

    obligation_id: str
    role: str
    person: str | None
    charges: tuple[Charge, ...] = ()
    paid_minor: int = 0
    closed_minor: int = 0
    last_number: int = 0
    fees: frozenset[str] = frozenset()
    reminded_on: date | None = None
    reminders: int = 0

    @property
    def due_minor(self) -> int:
        """What it has amounted to, ever."""
        return self.closed_minor + sum(charge.amount_minor for charge in self.charges)

    def covered(self) -> list[Covered]:
        """Return its lines, oldest due first, with what of each is paid."""
        return pour(self.charges, max(0, self.paid_minor - self.closed_minor))


class Owed(NamedTuple):
    """What a run charges one tab with; an unknown one has an empty obligation_id."""

    obligation_id: str
    role: str
    person: str | None
    lines: list[Charge]
    reduced: list[Reduction]
    before_minor: int

    @property
    def amount_minor(self) -> int:
        """Of all lines, less what is taken off."""
        return sum(line.amount_minor for line in self.lines) - sum(each.amount_minor for each in self.reduced)

    @property
    def due_minor(self) -> int:
        """Of the whole tab after it."""
        return self.before_minor + self.amount_minor


@stream_class("unit")
class Unit(Stream):
    """A unit.

    Attributes:
        periods: role -> who, in order. tabs: by obligation. months: that it was charged for lately.
    """

    __slots__ = ("account_id", "building_id", "months", "periods", "tabs", "unit_id")

    PersonEntered = unit_facts.UnitPersonEntered
    PersonLeft = unit_facts.UnitPersonLeft
    Charged = unit_facts.UnitCharged
    Paid = unit_facts.UnitPaid
    PaymentUndone = unit_facts.UnitPaymentUndone
    LateFeeCharged = unit_facts.UnitLateFeeCharged
    Reminded = unit_facts.UnitReminded

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.unit_id = self.building_id = self.account_id = ""
        self.periods: dict[str, tuple[Period, ...]] = {}
        self.tabs: dict[str, Tab] = {}
        self.months: tuple[str, ...] = ()

    # -- people ------------------------------------------------------------------------------------------------

    def enter(
        self, stamp: Stamp, *, unit_id: str, building_id: str, account_id: str, role: str, person: str, since: date
    ) -> None:
        """Let somebody own the unit, or live there, from a day on.

        Raises:
            PeriodOverlaps: somebody of the role came on that day or later, or was there till then.
        """
        last = self._last(role)
        if last is not None:
            earliest = (last.since if last.until is None else last.until) + timedelta(days=1)
            if since < earliest:
                raise PeriodOverlaps(
                    "since must lie after the period before it", field="since", earliest=earliest.isoformat()
                )
        self.record(
            unit_facts.UnitPersonEntered,
            stamp,
            unit_id=unit_id,
            building_id=building_id,
            account_id=account_id,
            role=role,
            person=person,
            since=since,
        )

    def leave(self, stamp: Stamp, *, role: str, until: date) -> None:
        """Let who owns the unit, or lives there, do so until a day.

        Raises:
            NobodyThere. PeriodOverlaps: the day lies before they came.
        """
        last = self._last(role)
        if last is None or last.until is not None:
            raise NobodyThere(f"the unit has no {role} at present", role=role)
        if until < last.since:
            raise PeriodOverlaps("until must not lie before since", field="until", earliest=last.since.isoformat())
        self.record(
            unit_facts.UnitPersonLeft,
            stamp,
            unit_id=self.unit_id,
            building_id=self.building_id,
            role=role,
            person=last.person,
            until=until,
        )

    def person_on(self, role: str, day: date) -> str | None:
        """Return who was in a role on a KST day; None = nobody is known."""
        for period in reversed(self.periods.get(role, ())):
            if period.since <= day and (period.until is None or day <= period.until):
                return period.person
        return None

    def liable(self, role: str, day: date) -> tuple[str, str | None]:
        """Return role and person of who is liable on a KST day; the owner, where nobody lives. Source: SPEC R-141."""
        person = self.person_on(role, day)
        if person is None and role == RESIDENT:
            owner = self.person_on(OWNER, day)
            if owner is not None:
                return OWNER, owner
        return role, person

    # -- charges -----------------------------------------------------------------------------------------------

    def owed(self, *, month: str, due_on: date, bills: Sequence[Bill]) -> list[Owed]:
        """Return what the run of a month charges whom with: costs by who was liable, adjustments where they belong.

        Raises:
            UnitAlreadyCharged.

        Source: SPEC R-141, R-143.
        """
        if month in self.months:
            raise UnitAlreadyCharged("the unit was charged for the month", month=month)
        found: dict[tuple[str, str | None], Owed] = {}
        for bill in bills:
            is_cost = bill.of_month == month
            tab = None if is_cost else self._charged_with(bill)
            role, person = self.liable(bill.role, last_day(bill.of_month)) if tab is None else (tab.role, tab.person)
            owed = found.get((role, person))
            if owed is None:
                tab = self.tab_of(role, person)
                before = 0 if tab is None else tab.due_minor
                owed = Owed("" if tab is None else tab.obligation_id, role, person, [], [], before)
                found[role, person] = owed
            known = self.tabs.get(owed.obligation_id)
            if bill.amount_minor > 0:
                number = (0 if known is None else known.last_number) + len(owed.lines) + 1
                kind = COST if is_cost else ADJUSTMENT
                owed.lines.append(Charge(number, kind, bill.code, month, bill.of_month, due_on, bill.amount_minor))
            elif bill.amount_minor < 0:
                assert known is not None, "what is taken off was charged"
                owed.reduced.extend(
                    take_off(known.charges, code=bill.code, of_month=bill.of_month, amount_minor=-bill.amount_minor)
                )
        return [each for each in found.values() if each.lines or each.reduced]

    def charge(
        self,
        stamp: Stamp,
        owed: Owed,
        *,
        unit_id: str,
        building_id: str,
        month: str,
        due_on: date,
        obligation: Obligation,
    ) -> None:
        """Record what a run charges one tab with, after its obligation was opened or changed. Source: SPEC R-141."""
        due, reduced = owed.before_minor, owed.reduced
        for places in chunks(len(owed.lines), LINES_MAX) or [range(0)]:
            lines = [owed.lines[place] for place in places]
            amount = sum(line.amount_minor for line in lines) - sum(each.amount_minor for each in reduced)
            due += amount
            self.record(
                unit_facts.UnitCharged,
                stamp,
                unit_id=unit_id,
                building_id=building_id,
                account_id=obligation.account_id,
                month=month,
                obligation_id=obligation.obligation_id,
                role=owed.role,
                person=owed.person,
                due_on=due_on,
                lines=tuple(lines),
                reduced=tuple(reduced),
                amount_minor=amount,
                due_minor=due,
                paid_minor=obligation.paid_minor,
                credit_minor=obligation.credit_minor,
                currency=obligation.currency,
            )
            reduced = []

    def fee(self, *, obligation_id: str, month: str, policy: Policy, today: date) -> tuple[int, Charge]:
        """Return what of a month is unpaid after its days of grace, and the line of the fee.

        Raises:
            NotLate: nothing is, or the fee was charged, or there is none.
        """
        tab = self.tabs.get(obligation_id)
        if tab is None or month in tab.fees:
            raise NotLate("the unit owes nothing here, or the fee of the month was charged", month=month)
        grace = timedelta(days=policy.grace_days)
        late = [each for each in tab.covered() if each.charge.due_on + grace < today]
        unpaid = unpaid_of(late, month)
        amount = late_fee(policy, unpaid)
        if not unpaid or not amount:
            raise NotLate("nothing of the month is unpaid after its days of grace that costs a fee", month=month)
        return unpaid, Charge(tab.last_number + 1, LATE_FEE, "", month, month, today, amount)

    def charge_fee(self, stamp: Stamp, *, month: str, unpaid_minor: int, line: Charge, obligation: Obligation) -> None:
        """Record a late fee, after its obligation was changed."""
        assert obligation.due_minor is not None, "the due amount of a unit is known"
        self.record(
            unit_facts.UnitLateFeeCharged,
            stamp,
            unit_id=self.unit_id,
            building_id=self.building_id,
            account_id=self.account_id,
            obligation_id=obligation.obligation_id,
            month=month,
            unpaid_minor=unpaid_minor,
            line=line,
            due_minor=obligation.due_minor,
            paid_minor=obligation.paid_minor,
            credit_minor=obligation.credit_minor,
            currency=obligation.currency,
        )

    # -- payments ----------------------------------------------------------------------------------------------

    def note_paid(self, stamp: Stamp, obligation: Obligation, fact: ObligationSettled | ObligationConfirmed) -> None:
        """Record money that has settled, or was confirmed, beside the obligation's own fact."""
        tab = self.tabs[obligation.obligation_id]
        self.record(
            unit_facts.UnitPaid,
            stamp,
            unit_id=self.unit_id,
            building_id=self.building_id,
            account_id=self.account_id,
            obligation_id=obligation.obligation_id,
            role=tab.role,
            person=tab.person,
            attempt_id=fact.attempt_id if isinstance(fact, ObligationSettled) else None,
            method=fact.method if isinstance(fact, ObligationSettled) else "outside",
            amount_minor=fact.amount_minor,
            over_minor=fact.over_minor if isinstance(fact, ObligationSettled) else 0,
            paid_minor=obligation.paid_minor,
            credit_minor=obligation.credit_minor,
            outstanding_minor=obligation.outstanding_minor or 0,
            currency=obligation.currency,
            paid_on=fact.paid_on,
        )

    def note_undone(self, stamp: Stamp, obligation: Obligation, fact: ObligationReversed | ObligationRefunded) -> None:
        """Record money that was taken back, or has gone back, beside the obligation's own fact."""
        self.record(
            unit_facts.UnitPaymentUndone,
            stamp,
            unit_id=self.unit_id,
            building_id=self.building_id,
            account_id=self.account_id,
            obligation_id=obligation.obligation_id,
            attempt_id=fact.attempt_id,
            how="reversed" if isinstance(fact, ObligationReversed) else "refunded",
            amount_minor=fact.amount_minor,
            applied_minor=fact.applied_minor,
            paid_minor=obligation.paid_minor,
            credit_minor=obligation.credit_minor,
            outstanding_minor=obligation.outstanding_minor or 0,
            currency=obligation.currency,
        )

    # -- reminders ---------------------------------------------------------------------------------------------

    def remind(self, stamp: Stamp, *, obligation_id: str, policy: Policy) -> unit_facts.UnitReminded:
        """Record that the payment link is sent again.

        Raises:
            ReminderNotDue: nothing is overdue, nobody is known, or the last one is too recent, or the month is full.

        Source: SPEC H4, R-142.
        """
        today = business_date(stamp.recorded_at)
        tab = self.tabs.get(obligation_id)
        late = 0 if tab is None else overdue(tab.covered(), today)
        if tab is None or tab.person is None or not late:
            raise ReminderNotDue("nothing is overdue of anybody who is known", overdue=late)
        if tab.reminded_on is not None:
            earliest = tab.reminded_on + timedelta(days=policy.remind_every_days)
            if today < earliest:
                raise ReminderNotDue("the last reminder is too recent", earliest=earliest.isoformat())
        same = tab.reminded_on is not None and billing_month(tab.reminded_on) == billing_month(today)
        sent = tab.reminders if same else 0
        if sent >= policy.reminders_per_month:
            raise ReminderNotDue("no more reminders are sent in this month", maximum=policy.reminders_per_month)
        reminded: unit_facts.UnitReminded = self.record(
            unit_facts.UnitReminded,
            stamp,
            unit_id=self.unit_id,
            building_id=self.building_id,
            obligation_id=obligation_id,
            person=tab.person,
            overdue_minor=late,
            on=today,
            in_month=sent + 1,
        )
        return reminded

    # -- folds -------------------------------------------------------------------------------------------------

    def place(self, unit_id: str, building_id: str, account_id: str) -> None:
        """Keep where it belongs."""
        self.unit_id, self.building_id, self.account_id = unit_id, building_id, account_id

    def begin_period(self, role: str, person: str, since: date) -> None:
        """Begin a period, and end the one before."""
        periods = self.periods.get(role, ())
        if periods and periods[-1].until is None:
            periods = (*periods[:-1], replace(periods[-1], until=since - timedelta(days=1)))
        self.periods = {**self.periods, role: (*periods, Period(person, since, None))}

    def end_period(self, role: str, until: date) -> None:
        """End the last period."""
        periods = self.periods[role]
        self.periods = {**self.periods, role: (*periods[:-1], replace(periods[-1], until=until))}

    def note_month(self, month: str) -> None:
        """Keep that it was charged for a month."""
        if month not in self.months:
            self.months = (*self.months, month)[-MONTHS_KEPT:]

    def charge_tab(
        self,
        obligation_id: str,
        role: str,
        person: str | None,
        lines: Sequence[Charge],
        reduced: Sequence[Reduction],
        paid_minor: int,
    ) -> None:
        """Add lines to a tab, and take off what was too much; lines long covered are only summed up."""
        tab = self.tabs.get(obligation_id) or Tab(obligation_id, role, person)
        off = {each.number: each.amount_minor for each in reduced}
        charges = [
            replace(charge, amount_minor=charge.amount_minor - off[charge.number]) if charge.number in off else charge
            for charge in tab.charges
        ]
        charges.extend(lines)
        last_number = max([tab.last_number, *(line.number for line in lines)])
        tab = replace(tab, charges=tuple(charges), paid_minor=paid_minor, last_number=last_number)
        self.tabs = {**self.tabs, obligation_id: _settled(tab)}

    def pay_tab(self, obligation_id: str, paid_minor: int) -> None:
        """Keep what counts as paid of a tab."""
        self.tabs = {**self.tabs, obligation_id: replace(self.tabs[obligation_id], paid_minor=paid_minor)}

    def note_fee(self, obligation_id: str, month: str) -> None:
        """Keep that the fee of a month was charged."""
        tab = self.tabs[obligation_id]
        self.tabs = {**self.tabs, obligation_id: replace(tab, fees=tab.fees | {month})}

    def note_reminder(self, obligation_id: str, on: date, in_month: int) -> None:
        """Keep when who was reminded."""
        tab = replace(self.tabs[obligation_id], reminded_on=on, reminders=in_month)
        self.tabs = {**self.tabs, obligation_id: tab}

    def tab_of(self, role: str, person: str | None) -> Tab | None:
        """Return the tab of a person in a role."""
        return next((tab for tab in self.tabs.values() if (tab.role, tab.person) == (role, person)), None)

    def size_bytes(self) -> int:
        """Estimate what it takes in memory."""
        return 1_500 + 200 * sum(len(tab.charges) for tab in self.tabs.values())

    def copy(self) -> Self:
        """Return an independent copy; its parts are never changed."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Unit.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin

    def _last(self, role: str) -> Period | None:
        periods = self.periods.get(role, ())
        return periods[-1] if periods else None

    def _charged_with(self, bill: Bill) -> Tab | None:
        """Return the tab that bears what a cost of an earlier month was split into."""
        for tab in self.tabs.values():
            if any(
                (charge.code, charge.of_month) == (bill.code, bill.of_month) and charge.kind != LATE_FEE
                for charge in tab.charges
            ):
                return tab
        return None


def _settled(tab: Tab) -> Tab:
    """Sum up lines that were covered long before the newest one was due."""
    oldest = max(charge.due_on for charge in tab.charges) - _KEPT
    if all(charge.due_on >= oldest for charge in tab.charges):
        return tab
    closed = {
        each.charge.number: each.charge.amount_minor
        for each in tab.covered()
        if each.charge.due_on < oldest and not each.open_minor
    }
    kept = tuple(charge for charge in tab.charges if charge.number not in closed)
    return replace(tab, charges=kept, closed_minor=tab.closed_minor + sum(closed.values()))

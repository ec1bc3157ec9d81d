"""The facts of a unit: who owns it and lives there, what it is charged with, and what was paid of it (SPEC 11.3).

People are vault tokens. What a person owes for the unit in one role is a tab; its obligation holds the money.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.collecting.buildings.parts import Charge, Reduction
from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.collecting.buildings.unit import Unit


@fact("unit.person_entered")
class UnitPersonEntered(Fact):
    """Somebody owns the unit, or lives there, from a day on; whoever did before does so until the day before.

    Attributes:
        unit_id, building_id: public ids.
        account_id: of the manager.
        role: owner or resident.
        person: vault token.
        since: first KST day.
    """

    unit_id: str
    building_id: str
    account_id: str
    role: str
    person: str
    since: date

    def apply(self, unit: Unit) -> None:
        unit.place(self.unit_id, self.building_id, self.account_id)
        unit.begin_period(self.role, self.person, self.since)


@fact("unit.person_left")
class UnitPersonLeft(Fact):
    """Somebody does not own the unit, or live there, any more; what is owed until then stays theirs.

    Attributes:
        unit_id, building_id: public ids.
        role: owner or resident.
        person: vault token.
        until: last KST day.
    """

    unit_id: str
    building_id: str
    role: str
    person: str
    until: date

    def apply(self, unit: Unit) -> None:
        unit.end_period(self.role, self.until)


@fact("unit.charged")
class UnitCharged(Fact):
    """The unit is charged with its part of a month; who was liable on the month's last day owes it.

    Attributes:
        unit_id, building_id: public ids.
        account_id: of the manager.
        month: "YYYY-MM", of the run.
        obligation_id: of the tab.
        role: owner or resident: who is liable for it.
        person: vault token of who owes it; null = nobody was known.
        due_on: KST date.
        lines: what is owed now.
        reduced: what adjustments take off earlier lines of the tab.
        amount_minor: of all lines, less what is taken off; below zero where more is taken off.
        due_minor: of the whole tab, ever.
        paid_minor: what counts as paid of it, credit that counts now included.
        credit_minor: what is left of the credit.
        currency: ISO 4217.
    """

    unit_id: str
    building_id: str
    account_id: str
    month: str
    obligation_id: str
    role: str
    person: str | None
    due_on: date
    lines: tuple[Charge, ...]
    reduced: tuple[Reduction, ...]
    amount_minor: int
    due_minor: int
    paid_minor: int
    credit_minor: int
    currency: str

    def apply(self, unit: Unit) -> None:
        unit.place(self.unit_id, self.building_id, self.account_id)
        unit.note_month(self.month)
        unit.charge_tab(self.obligation_id, self.role, self.person, self.lines, self.reduced, self.paid_minor)


@fact("unit.paid")
class UnitPaid(Fact):
    """Money has settled for the unit, or the manager has confirmed that it was paid elsewhere.

    Attributes:
        unit_id, building_id: public ids.
        account_id: of the manager.
        obligation_id: of the tab.
        role: of the tab.
        person: of the tab, or null.
        attempt_id: the payment; null = it was confirmed.
        method: as of the payment; outside = it was confirmed.
        amount_minor: what was paid.
        over_minor: what of it is credit.
        paid_minor: what counts as paid of the whole tab now.
        credit_minor: its credit now.
        outstanding_minor: what is left to pay of the tab.
        currency: ISO 4217.
        paid_on: KST date.
    """

    unit_id: str
    building_id: str
    account_id: str
    obligation_id: str
    role: str
    person: str | None
    attempt_id: str | None
    method: str
    amount_minor: int
    over_minor: int
    paid_minor: int
    credit_minor: int
    outstanding_minor: int
    currency: str
    paid_on: date

    def apply(self, unit: Unit) -> None:
        unit.pay_tab(self.obligation_id, self.paid_minor)


@fact("unit.payment_undone")
class UnitPaymentUndone(Fact):
    """Money that had settled was taken back, or has gone back to its payer; what it covered last is open again.

    Attributes:
        unit_id, building_id: public ids.
        account_id: of the manager.
        obligation_id: of the tab.
        attempt_id: the payment.
        how: reversed or refunded.
        amount_minor: what is gone.
        applied_minor: what of it had counted.
        paid_minor: what counts as paid of the whole tab now.
        credit_minor: its credit now.
        outstanding_minor: what is left to pay of the tab.
        currency: ISO 4217.
    """

    unit_id: str
    building_id: str
    account_id: str
    obligation_id: str
    attempt_id: str
    how: str
    amount_minor: int
    applied_minor: int
    paid_minor: int
    credit_minor: int
    outstanding_minor: int
    currency: str

    def apply(self, unit: Unit) -> None:
        unit.pay_tab(self.obligation_id, self.paid_minor)


@fact("unit.late_fee_charged")
class UnitLateFeeCharged(Fact):
    """What of a month was unpaid after the days of grace cost a fee: once for each month.

    Attributes:
        unit_id, building_id: public ids.
        account_id: of the manager.
        obligation_id: of the tab.
        month: whose charges were late.
        unpaid_minor: what the fee was reckoned on.
        line: of the fee.
        due_minor: of the whole tab.
        paid_minor, credit_minor: as of `unit.charged`.
        currency: ISO 4217.
    """

    unit_id: str
    building_id: str
    account_id: str
    obligation_id: str
    month: str
    unpaid_minor: int
    line: Charge
    due_minor: int
    paid_minor: int
    credit_minor: int
    currency: str

    def apply(self, unit: Unit) -> None:
        unit.note_fee(self.obligation_id, self.month)
        tab = unit.tabs[self.obligation_id]
        unit.charge_tab(self.obligation_id, tab.role, tab.person, (self.line,), (), self.paid_minor)


@fact("unit.reminded")
class UnitReminded(Fact):
    """Who owes something of the unit that is overdue was sent the payment link again (SPEC H4, R-142).

    Attributes:
        unit_id, building_id: public ids.
        obligation_id: of the tab.
        person: vault token.
        overdue_minor: what was overdue.
        on: KST date.
        in_month: the how-maniest of its calendar month it is.
    """

    unit_id: str
    building_id: str
    obligation_id: str
    person: str
    overdue_minor: int
    on: date
    in_month: int

    def apply(self, unit: Unit) -> None:
        unit.note_reminder(self.obligation_id, self.on, self.in_month)

"""A plan: the same debit every month, on a day of the month (SPEC N6, N7, R-113)."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import Self
from uuid import UUID

from aggregates.calendar import BusinessCalendar
from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

PREFIX = "dpl"

LEAD_BUSINESS_DAYS = 5
"""How many business days before its day of collection a debit of a plan is made."""

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


class PlanNotFound(NotFound):
    """There is no such plan."""

    code = "debit_plan_not_found"


class PlanEnded(Conflict):
    """The plan has ended, or the month has its debit."""

    code = "debit_plan_ended"


class PlanMonthsInvalid(Rejected):
    """Months are written "2026-03", and the last is not before the first."""

    code = "debit_plan_months_invalid"


def collect_day(month: str, day: int, calendar: BusinessCalendar) -> date:
    """Return on which business day of collection a day of a month falls; 29 to 31 are the last of a shorter month.

    Source: SPEC R-113.
    """
    year, number = int(month[:4]), int(month[5:])
    return calendar.on_or_after(date(year, number, min(day, monthrange(year, number)[1])))


def next_month(month: str) -> str:
    """Return the month after "YYYY-MM"."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


@fact("debit_plan.made")
class PlanMade(Fact):
    """Money shall be collected every month.

    Attributes:
        plan_id, account_id, mandate_id: public ids.
        amount_minor: each time.
        currency: ISO 4217.
        day: of the month, 1 to 31; 29 to 31 = the last of a shorter month.
        first_month, last_month: "YYYY-MM"; null = without an end.
        first_on: KST business day of the first debit.
        retry_days: as of the debits.
    """

    plan_id: str
    account_id: str
    mandate_id: str
    amount_minor: int
    currency: str
    day: int
    first_month: str
    last_month: str | None
    first_on: date
    retry_days: tuple[int, ...]

    def apply(self, plan: DebitPlan) -> None:
        plan.plan_id = self.plan_id
        plan.account_id = self.account_id
        plan.mandate_id = self.mandate_id
        plan.amount_minor = self.amount_minor
        plan.day = self.day
        plan.retry_days = self.retry_days
        plan.last_month = self.last_month
        plan.next_month = self.first_month
        plan.status = "active"


@fact("debit_plan.run")
class PlanRun(Fact):
    """A month has its debit, or goes without.

    Attributes:
        plan_id: public id.
        month: "YYYY-MM".
        debit_id: public id; null = it could not be made.
        code: why not; null when it was.
        next_month: the one that is next; null = that was the last.
        next_on: KST business day of the next one; null = none.
        mandate_id: by which it is collected: the mandate that has taken the first one's place, where one has.
    """

    plan_id: str
    month: str
    debit_id: str | None
    code: str | None
    next_month: str | None
    next_on: date | None
    mandate_id: str

    def apply(self, plan: DebitPlan) -> None:
        plan.next_month = self.next_month
        plan.mandate_id = self.mandate_id
        if self.next_month is None:
            plan.status = "ended"


@fact("debit_plan.ended")
class PlanWasEnded(Fact):
    """Nothing more is collected by it.

    Attributes:
        plan_id: public id.
    """

    plan_id: str

    def apply(self, plan: DebitPlan) -> None:
        plan.status = "ended"
        plan.next_month = None


@stream_class("debit_plan")
class DebitPlan(Stream):
    """One plan.

    Attributes:
        plan_id, account_id, mandate_id, amount_minor, day, last_month, retry_days: as made.
        next_month: which has no debit yet; None = no more. status: active or ended; "" before.
    """

    __slots__ = (
        "account_id", "amount_minor", "day", "last_month", "mandate_id", "next_month", "plan_id", "retry_days",
        "status",
    )  # fmt: skip

    Made = PlanMade
    Run = PlanRun
    Ended = PlanWasEnded

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.plan_id = self.account_id = self.mandate_id = self.status = ""
        self.amount_minor = self.day = 0
        self.last_month: str | None = None
        self.next_month: str | None = None
        self.retry_days: tuple[int, ...] = ()

    def make(
        self,
        stamp: Stamp,
        *,
        plan_id: str,
        account_id: str,
        mandate_id: str,
        amount_minor: int,
        currency: str,
        day: int,
        first_month: str,
        last_month: str | None,
        retry_days: tuple[int, ...],
        calendar: BusinessCalendar,
    ) -> None:
        """Record the plan. Raises: PlanMonthsInvalid."""
        check_months(first_month, last_month)
        self.record(
            PlanMade,
            stamp,
            plan_id=plan_id,
            account_id=account_id,
            mandate_id=mandate_id,
            amount_minor=amount_minor,
            currency=currency,
            day=day,
            first_month=first_month,
            last_month=last_month,
            first_on=collect_day(first_month, day, calendar),
            retry_days=retry_days,
        )

    def require_due(self, month: str) -> None:
        """Refuse a month that has its debit. Raises: PlanEnded."""
        if self.status != "active" or self.next_month != month:
            raise PlanEnded("the plan has ended, or this month has its debit", status=self.status)

    def run(
        self, stamp: Stamp, *, month: str, debit_id: str | None, code: str | None, mandate_id: str,
        calendar: BusinessCalendar,
    ) -> None:  # fmt: skip
        """Record a month's debit. Raises: as `require_due`."""
        self.require_due(month)
        following = next_month(month)
        further = self.last_month is None or following <= self.last_month
        self.record(
            PlanRun,
            stamp,
            plan_id=self.plan_id,
            month=month,
            debit_id=debit_id,
            code=code,
            next_month=following if further else None,
            next_on=collect_day(following, self.day, calendar) if further else None,
            mandate_id=mandate_id,
        )

    def end(self, stamp: Stamp) -> None:
        """End it; debits that it has made stay. Raises: PlanEnded."""
        if self.status != "active":
            raise PlanEnded("the plan has ended", status=self.status)
        self.record(PlanWasEnded, stamp, plan_id=self.plan_id)

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *DebitPlan.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin


def check_months(first_month: str, last_month: str | None) -> None:
    """Refuse what are no months. Raises: PlanMonthsInvalid."""
    fits = _MONTH.fullmatch(first_month) and (last_month is None or _MONTH.fullmatch(last_month))
    if not fits or (last_month is not None and last_month < first_month):
        raise PlanMonthsInvalid("months must be like 2026-03, and the last not before the first")

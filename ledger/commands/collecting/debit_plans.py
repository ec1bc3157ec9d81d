"""Commands on plans of monthly debits (SPEC N6, N7, R-113)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.account import standing
from aggregates.collecting.debit import check_retry_days
from aggregates.collecting.debit_plan import PREFIX, DebitPlan, PlanNotFound, check_months, collect_day
from aggregates.collecting.mandate import MandateNotFound
from aggregates.errors import Conflict, Rejected
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.debits import CALENDAR, Wanted, schedule
from ledger.commands.collecting.mandates import present
from ledger.commands.collecting.onboarding import known_onboarding


@dataclass(frozen=True, slots=True)
class MakePlan:
    """Let the same be collected every month. Attributes as of `DebitPlan.Made`."""

    ANSWER: ClassVar[str] = "debit-plan/1"

    account_id: str
    mandate_id: str
    amount_minor: int
    day: int
    first_month: str
    last_month: str | None
    retry_days: tuple[int, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `DebitPlan.Made`.

        Raises:
            AccountNotFound, AccountIsClosed, OnboardingNotFound, NotApproved, MandateNotFound, MandateNotActive.
            PlanMonthsInvalid, RetryDaysInvalid, MandateLimitExceeded: more than a month may bring.
        """
        account = streams.account(self.account_id)
        onboarding = known_onboarding(streams, self.account_id)
        mandate = present(streams, self.mandate_id)
        if mandate.account_id != self.account_id:
            raise MandateNotFound("there is no such mandate on the account")
        standing.refuse_closed(account)
        onboarding.require_approved()
        mandate.require_active()
        check_months(self.first_month, self.last_month)
        check_retry_days(self.retry_days)
        mandate.require_within(self.amount_minor, self.first_month)
        plan_id, plan = streams.new_child(DebitPlan, PREFIX, self.account_id)
        plan.make(
            stamp,
            plan_id=plan_id,
            account_id=self.account_id,
            mandate_id=mandate.mandate_id,
            amount_minor=self.amount_minor,
            currency=account.currency,
            day=self.day,
            first_month=self.first_month,
            last_month=self.last_month,
            retry_days=self.retry_days,
            calendar=CALENDAR,
        )


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Make a month's debit; where that is not possible the month goes without, and the reason is on record."""

    ANSWER: ClassVar[str] = "debit-plan-run/1"

    plan_id: str
    month: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `DebitPlan.Run` beside the debit. Raises: PlanNotFound, PlanEnded."""
        plan = known_plan(streams, self.plan_id)
        account = streams.account(plan.account_id)
        mandate = present(streams, plan.mandate_id)
        plan.require_due(self.month)
        wanted = Wanted(
            mandate.mandate_id,
            plan.amount_minor,
            collect_day(self.month, plan.day, CALENDAR),
            retry_days=plan.retry_days,
        )
        debit_id, code = None, None
        try:
            standing.refuse_closed(account)
            debit_id = schedule(streams, stamp, account, wanted, mandate, None)
        except (Rejected, Conflict) as refusal:
            code = refusal.code
        plan.run(
            stamp,
            month=self.month,
            debit_id=debit_id,
            code=code,
            mandate_id=mandate.mandate_id,
            calendar=CALENDAR,
        )


@dataclass(frozen=True, slots=True)
class EndPlan:
    """End a plan; debits that it has made stay."""

    ANSWER: ClassVar[str] = "debit-plan-ended/1"

    plan_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `DebitPlan.Ended`. Raises: PlanNotFound, PlanEnded."""
        known_plan(streams, self.plan_id).end(stamp)


def known_plan(streams: Streams, plan_id: str) -> DebitPlan:
    """Return a plan. Raises: PlanNotFound."""
    parse(plan_id, PREFIX)
    return streams.known(DebitPlan, plan_id, PlanNotFound)


def plan_json(fact: Any) -> dict[str, Any]:
    """Return a plan as it was made in the shape of the HTTP face."""
    return {
        "id": fact.plan_id,
        "account_id": fact.account_id,
        "mandate_id": fact.mandate_id,
        "amount": fact.amount_minor,
        "currency": fact.currency,
        "day": fact.day,
        "first_month": fact.first_month,
        "last_month": fact.last_month,
        "retry_days": list(fact.retry_days),
        "status": "active",
        "next_month": fact.first_month,
    }


@answer("debit-plan/1")
def debit_plan(facts: Sequence[Fact]) -> Answer:
    """Answer with the plan."""
    return Answer(201, plan_json(next(fact for fact in facts if isinstance(fact, DebitPlan.Made))))


@answer("debit-plan-run/1")
def debit_plan_run(facts: Sequence[Fact]) -> Answer:
    """Answer with the month's debit."""
    fact = next(fact for fact in facts if isinstance(fact, DebitPlan.Run))
    return Answer(200, {"id": fact.plan_id, "month": fact.month, "debit_id": fact.debit_id, "code": fact.code})


@answer("debit-plan-ended/1")
def debit_plan_ended(facts: Sequence[Fact]) -> Answer:
    """Answer with the plan's end."""
    fact = next(fact for fact in facts if isinstance(fact, DebitPlan.Ended))
    return Answer(200, {"id": fact.plan_id, "status": "ended"})

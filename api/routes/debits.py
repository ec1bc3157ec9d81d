"""Debits: one, many, every month; what has become of them, and the figures of the dashboard (SPEC 10.2, N6)."""

from __future__ import annotations

from aggregates.account import standing
from aggregates.account.transfers import CurrencyMismatch
from aggregates.collecting import debit, debit_plan, mandate, obligation_parts, onboarding
from aggregates.collecting.mandate import Mandate
from aggregates.collecting.obligation import Obligation
from aggregates.errors import Malformed
from api.access import filtered, own_child
from api.ask import Ask, page_reply
from api.debit_bodies import (
    DebitBody,
    DebitCancelBody,
    DebitItem,
    DebitPlanBody,
    DebitsBody,
    DebitsOwnerQuery,
    DebitsQuery,
    SummaryQuery,
)
from api.operation import operation, reads, writes
from api.owners import OwnerQuery, account_of
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from api.shapes import direct_debits as shapes
from api.shapes.base import list_of
from ledger.commands.collecting.debit_plans import EndPlan, MakePlan
from ledger.commands.collecting.debits import CancelDebit, DebitsTooMany, ScheduleDebit, ScheduleDebits, Wanted
from projections import debit_queries

OWN_DEBIT = own_child("debit_id", debit.PREFIX)
OWN_PLAN = own_child("plan_id", debit_plan.PREFIX)
DEBIT_RULES = (
    *rules(debit),
    *rules(mandate),
    *rules(obligation_parts),
    *rules(onboarding),
    *rules(standing),
    CurrencyMismatch,
)
PLAN_RULES = (*rules(debit_plan), *DEBIT_RULES)
BULK_BYTES_MAX = 512 * 1024
MONTHS_MAX = 36


@operation(
    "POST",
    "/v1/debits",
    scope="collections:write",
    rule=filtered,
    body=DebitBody,
    answer=shapes.ScheduledDebit,
    status=201,
    raises=DEBIT_RULES,
)
async def schedule_debit(ask: Ask, body: DebitBody) -> Reply:
    """Schedule a debit. It goes with the file of its business day; on a holiday, with that of the next one.

    With `obligation_id` it collects what is asked for already, such as a bill: at most one payment of it is under way
    at a time, whichever way it is paid.
    """
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    await ask.check_currency({"body": body, "account_id": account_id})
    await ask.house.engine.freshen(body.mandate_id)
    command = ScheduleDebit(account_id, _wanted(body))
    return of_outcome(await ask.house.engine.submit(command, ask.call(body)))


@operation(
    "POST",
    "/v1/debits/bulk",
    scope="collections:write",
    rule=filtered,
    body=DebitsBody,
    answer=shapes.ScheduledDebits,
    status=201,
    body_bytes_max=BULK_BYTES_MAX,
    raises=(*DEBIT_RULES, DebitsTooMany),
)
async def schedule_debits(ask: Ask, body: DebitsBody) -> Reply:
    """Schedule up to 500 debits, all or none; a refusal names the item, from 0."""
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    engine = ask.house.engine
    named = {item.mandate_id for item in body.items}
    await engine.freshen(*named)
    asked = {item.obligation_id for item in body.items if item.obligation_id is not None}
    await engine.warm_up([*((Mandate, one) for one in named), *((Obligation, one) for one in asked)])
    command = ScheduleDebits(account_id, tuple(map(_wanted, body.items)))
    return of_outcome(await engine.submit(command, ask.call(body)))


@reads("/v1/debits", scope="collections:read", rule=filtered, query=DebitsQuery, answer=list_of(shapes.Debit))
async def list_debits(ask: Ask, query: DebitsQuery) -> Reply:
    """List an account's debits, newest first."""
    account_id = await account_of(ask, OwnerQuery(account_id=query.account_id))
    async with ask.see("direct_debits") as (conn, position):
        page = await debit_queries.debits(
            conn,
            account_id,
            status=query.status,
            mandate_id=query.mandate_id,
            month=query.month,
            cursor=query.cursor,
            limit=query.limit,
        )
    return page_reply(page, position)


@reads(
    "/v1/debits/summary",
    scope="collections:read",
    rule=filtered,
    query=SummaryQuery,
    answer=shapes.DebitSummary,
)
async def get_debit_summary(ask: Ask, query: SummaryQuery) -> Reply:
    """Read how many debits of each month of collection stand where, and for how much; months without any are left out.

    Scheduled and submitted are intents, collected is settled money, reversed was taken back: each is counted apart.
    """
    first, last = query.first_month, query.last_month
    if not 0 <= _months(last) - _months(first) < MONTHS_MAX:
        raise Malformed(
            f"last_month must not be before first_month, and within {MONTHS_MAX} months", field="last_month"
        )
    account_id = await account_of(ask, OwnerQuery(account_id=query.account_id))
    async with ask.see("direct_debits") as (conn, position):
        months = await debit_queries.summary(conn, account_id, first, last)
    return of_view({"account_id": account_id, "months": months}, position)


@reads(
    "/v1/debits/{debit_id}",
    scope="collections:read",
    rule=OWN_DEBIT,
    answer=shapes.Debit,
    raises=(debit.DebitNotFound,),
)
async def get_debit(ask: Ask, debit_id: str) -> Reply:
    """Read a debit."""
    async with ask.see("direct_debits") as (conn, position):
        return of_view(debit_queries.debit_body(await debit_queries.debit(conn, debit_id)), position)


@writes(
    "/v1/debits/{debit_id}/cancel",
    scope="collections:write",
    rule=OWN_DEBIT,
    body=DebitCancelBody,
    answer=shapes.DebitStep,
    raises=(debit.DebitNotFound, debit.DebitStep),
)
async def cancel_debit(ask: Ask, debit_id: str, body: DebitCancelBody) -> CancelDebit:
    """Let a debit not be collected, while it is not at the bank. What is due stays due: a bill can ask for it."""
    await ask.house.engine.freshen(debit_id)
    return CancelDebit(debit_id, body.reason)


@operation(
    "POST",
    "/v1/debit-plans",
    scope="collections:write",
    rule=filtered,
    body=DebitPlanBody,
    answer=shapes.MadeDebitPlan,
    status=201,
    raises=PLAN_RULES,
)
async def make_debit_plan(ask: Ask, body: DebitPlanBody) -> Reply:
    """Let the same be collected every month, on a day of the month; each debit is made 5 business days ahead."""
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    await ask.check_currency({"body": body, "account_id": account_id})
    await ask.house.engine.freshen(body.mandate_id)
    command = MakePlan(
        account_id,
        body.mandate_id,
        body.amount,
        body.day,
        body.first_month,
        body.last_month,
        tuple(body.retry_days),
    )
    return of_outcome(await ask.house.engine.submit(command, ask.call(body)))


@reads(
    "/v1/debit-plans", scope="collections:read", rule=filtered, query=DebitsOwnerQuery, answer=list_of(shapes.DebitPlan)
)
async def list_debit_plans(ask: Ask, query: DebitsOwnerQuery) -> Reply:
    """List an account's plans, newest first."""
    account_id = await account_of(ask, OwnerQuery(account_id=query.account_id))
    async with ask.see("direct_debits") as (conn, position):
        page = await debit_queries.plans(conn, account_id, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads(
    "/v1/debit-plans/{plan_id}",
    scope="collections:read",
    rule=OWN_PLAN,
    answer=shapes.DebitPlan,
    raises=(debit_plan.PlanNotFound,),
)
async def get_debit_plan(ask: Ask, plan_id: str) -> Reply:
    """Read a plan."""
    async with ask.see("direct_debits") as (conn, position):
        return of_view(debit_queries.plan_body(await debit_queries.plan(conn, plan_id)), position)


@writes(
    "/v1/debit-plans/{plan_id}/end",
    scope="collections:write",
    rule=OWN_PLAN,
    answer=shapes.DebitPlanEnded,
    raises=(debit_plan.PlanNotFound, debit_plan.PlanEnded),
)
def end_debit_plan(ask: Ask, plan_id: str) -> EndPlan:
    """End a plan; debits that it has made stay."""
    return EndPlan(plan_id)


def _wanted(item: DebitItem) -> Wanted:
    return Wanted(
        item.mandate_id, item.amount, item.collect_on, item.obligation_id, item.same_day, tuple(item.retry_days)
    )


def _months(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:])

"""The jobs: what each asks for, which command follows, and under which key.

A job runs through everything that is due, a page at a time, and ends when a page brings nothing new. What it misses,
the next firing finds.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, time
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import structlog
from psycopg import AsyncConnection, sql

from aggregates.collecting.debit_plan import LEAD_BUSINESS_DAYS
from ledger.clock import Clock, SystemClock
from ledger.command import Call, Command, Outcome
from ledger.commands.anniversaries import EndRule, SuspendRule
from ledger.commands.collecting.auto_pay import AnnounceAutoPay, DropAutoPay, RunAutoPay
from ledger.commands.collecting.bills import RemindOfBill
from ledger.commands.collecting.building_charges import ChargeLateFee, ChargeUnit, RemindUnit
from ledger.commands.collecting.debit_plans import RunPlan
from ledger.commands.collecting.mandates import FailMandate
from ledger.commands.collecting.obligations import ExpireCollection
from ledger.commands.collecting.payment_links import ExpirePaymentLink
from ledger.commands.collecting.payment_requests import ExpirePaymentRequest
from ledger.commands.collecting.payout_links import ExpirePayoutLink
from ledger.commands.collecting.request_money import MarkRequestOverdue
from ledger.commands.deposits import ExpireDeposit
from ledger.commands.invoices import IssueInvoice
from ledger.commands.orders import StartDispatch
from ledger.commands.spends import ExpireHold
from ledger.database import Database, connect_async
from ledger.engine import Engine
from ledger.settings import Settings
from ledger.store import Store
from projections import (
    anniversary_queries,
    bill_queries,
    building_queries,
    charges,
    debit_queries,
    invoice_queries,
    order_open,
    payment_links,
    payment_requests,
    payments,
    payout_links,
    spends,
)
from projections.tracking import wait_for

log = structlog.get_logger("scheduler")

PAGE = 100
"""How many due things are asked for, and issued, at a time."""

AT_ONCE = 16
"""How many of them are decided at a time. Each loads what it needs, and waits for the few connections that read: with
all of them at once, the last would wait so long on a busy machine that the database seems away."""

VIEW_LIMIT_S = 10.0
"""How long a job waits for its view to have seen what it just did."""

Due = Callable[..., Awaitable[list[dict[str, Any]]]]


class Job(NamedTuple):
    """One kind of thing that time causes.

    Attributes:
        name: of the job; "job:" + name is the actor of its facts.
        every_s: pause between two firings.
        view: that knows what is due. due: asks it.
        command: for one due thing. key: of that command, derived from the thing.
    """

    name: str
    every_s: int
    view: str
    due: Due
    command: Callable[[dict[str, Any]], Command]
    key: Callable[[dict[str, Any]], str]


class Fired(NamedTuple):
    """What one firing did. done: new commands. known: done before, by whomever. refused: by a rule."""

    job: str
    done: int
    known: int
    refused: int


EXPIRE_HOLDS = Job(
    name="expire-holds",
    every_s=60,
    view="spends",
    due=spends.due_holds,
    command=lambda due: ExpireHold(account_id=due["account_id"], spend_id=due["spend_id"]),
    key=lambda due: f"expire-hold:{due['spend_id']}",
)
EXPIRE_DEPOSITS = Job(
    name="expire-deposits",
    every_s=60,
    view="charges",
    due=charges.due_deposits,
    command=lambda due: ExpireDeposit(account_id=due["account_id"], charge_id=due["charge_id"]),
    key=lambda due: f"expire-deposit:{due['charge_id']}",
)
EXPIRE_COLLECTIONS = Job(
    name="expire-collections",
    every_s=60,
    view="payments",
    due=payments.due_collections,
    command=lambda due: ExpireCollection(due["payment_id"]),
    key=lambda due: f"expire-collection:{due['payment_id']}",
)
SUSPEND_RULES = Job(
    name="suspend-anniversary-rules",
    every_s=60,
    view="anniversary_rules",
    due=anniversary_queries.changed,
    command=lambda due: SuspendRule(rule_id=due["rule_id"]),
    key=lambda due: f"suspend-rule:{due['rule_id']}:{due['product_id']}:{due['version']}",
)
END_RULES = Job(
    name="end-anniversary-rules",
    every_s=60,
    view="anniversary_rules",
    due=anniversary_queries.over,
    command=lambda due: EndRule(rule_id=due["rule_id"], reason="end_date"),
    key=lambda due: f"end-rule:{due['rule_id']}",
)
START_DISPATCHES = Job(
    name="start-dispatches",
    every_s=2,
    view="orders",
    due=order_open.due_dispatches,
    command=lambda due: StartDispatch(due["order_id"]),
    key=lambda due: f"start-dispatch:{due['order_id']}",
)
EXPIRE_PAYOUT_LINKS = Job(
    name="expire-payout-links",
    every_s=60,
    view="payout_links",
    due=payout_links.due_expiry,
    command=lambda due: ExpirePayoutLink(due["payout_link_id"]),
    # One whose payment was under way is looked at again after it: by its last fact, not for good.
    key=lambda due: f"expire-payout-link:{due['payout_link_id']}:{due['seen']}",
)
ISSUE_INVOICES = Job(
    name="issue-invoices",
    every_s=60,
    view="invoices",
    due=invoice_queries.due_invoices,
    command=lambda due: IssueInvoice(due["account_id"], due["month"], due["due_on"]),
    key=lambda due: f"invoice:{due['account_id']}:{due['month']}",
)
REMIND_OF_BILLS = Job(
    name="bill-reminders",
    every_s=60,
    view="bills",
    due=bill_queries.due_reminders,
    command=lambda due: RemindOfBill(due["bill_id"], due["days_before"]),
    key=lambda due: f"bill-reminder:{due['bill_id']}:{due['due_on']}:{due['days_before']}",
)
ANNOUNCE_AUTO_PAY = Job(
    name="auto-pay-notices",
    every_s=30,
    view="bills",
    due=bill_queries.to_announce,
    command=lambda due: AnnounceAutoPay(due["bill_id"]),
    key=lambda due: f"auto-pay-notice:{due['bill_id']}:{due['changed']}:{due['turn']}",
)
CHARGE_AUTO_PAY = Job(
    name="auto-pay-charges",
    every_s=60,
    view="bills",
    due=bill_queries.to_charge,
    command=lambda due: RunAutoPay(due["bill_id"]),
    key=lambda due: f"auto-pay:{due['bill_id']}:{due['changed']}",
)
MISS_AUTO_PAY = Job(
    name="auto-pay-misses",
    every_s=60,
    view="bills",
    due=bill_queries.to_miss,
    command=lambda due: RunAutoPay(due["bill_id"]),
    key=lambda due: f"auto-pay-miss:{due['bill_id']}:{due['changed']}:{due['today']}",
)
DROP_AUTO_PAY = Job(
    name="auto-pay-cards",
    every_s=60,
    view="bills",
    due=bill_queries.without_card,
    command=lambda due: DropAutoPay(due["customer_id"]),
    key=lambda due: f"auto-pay-card:{due['customer_id']}:{due['turn']}",
)
EXPIRE_PAYMENT_REQUESTS = Job(
    name="expire-payment-requests",
    every_s=60,
    view="payment_requests",
    due=payment_requests.due_expiry,
    command=lambda due: ExpirePaymentRequest(due["request_id"]),
    key=lambda due: f"expire-payment-request:{due['request_id']}:{due['expires_on']}",
)
MARK_REQUESTS_OVERDUE = Job(
    name="mark-payment-requests-overdue",
    every_s=60,
    view="payment_requests",
    due=payment_requests.due_overdue,
    command=lambda due: MarkRequestOverdue(due["request_id"]),
    key=lambda due: f"request-overdue:{due['request_id']}:{due['version']}:{due['reopenings']}",
)
EXPIRE_PAYMENT_LINKS = Job(
    name="expire-payment-links",
    every_s=60,
    view="payment_links",
    due=payment_links.due_links,
    command=lambda due: ExpirePaymentLink(due["link_id"]),
    key=lambda due: f"expire-link:{due['link_id']}:{due['changed']}:{due['turn']}",
)
CHARGE_UNITS = Job(
    name="charge-units",
    every_s=2,
    view="buildings",
    due=building_queries.to_charge,
    command=lambda due: ChargeUnit(due["building_id"], due["unit_id"], due["month"]),
    key=lambda due: f"charge-unit:{due['unit_id']}:{due['month']}",
)
CHARGE_LATE_FEES = Job(
    name="late-fees-of-units",
    every_s=60,
    view="buildings",
    due=building_queries.late,
    command=lambda due: ChargeLateFee(due["unit_id"], due["obligation_id"], due["month"]),
    key=lambda due: f"late-fee:{due['obligation_id']}:{due['month']}:{due['paid_minor']}",
)
REMIND_DEBTORS = Job(
    name="remind-debtors",
    every_s=60,
    view="buildings",
    due=building_queries.to_remind,
    command=lambda due: RemindUnit(due["unit_id"], due["obligation_id"]),
    key=lambda due: f"remind-unit:{due['obligation_id']}:{due['today']}",
)
RUN_DEBIT_PLANS = Job(
    name="run-debit-plans",
    every_s=60,
    view="direct_debits",
    due=partial(debit_queries.due_plans, lead_business_days=LEAD_BUSINESS_DAYS),
    command=lambda due: RunPlan(due["plan_id"], due["next_month"]),
    key=lambda due: f"run-debit-plan:{due['plan_id']}:{due['next_month']}",
)
LAPSE_MANDATES = Job(
    name="lapse-mandates",
    every_s=60,
    view="direct_debits",
    due=debit_queries.lapsed,
    command=lambda due: FailMandate(due["mandate_id"], "consent_timeout"),
    key=lambda due: f"lapse-mandate:{due['mandate_id']}",
)
JOBS = (
    EXPIRE_HOLDS,
    EXPIRE_DEPOSITS,
    EXPIRE_COLLECTIONS,
    SUSPEND_RULES,
    END_RULES,
    START_DISPATCHES,
    ISSUE_INVOICES,
    REMIND_OF_BILLS,
    ANNOUNCE_AUTO_PAY,
    CHARGE_AUTO_PAY,
    MISS_AUTO_PAY,
    DROP_AUTO_PAY,
    EXPIRE_PAYMENT_REQUESTS,
    MARK_REQUESTS_OVERDUE,
    EXPIRE_PAYOUT_LINKS,
    EXPIRE_PAYMENT_LINKS,
    CHARGE_UNITS,
    CHARGE_LATE_FEES,
    REMIND_DEBTORS,
    RUN_DEBIT_PLANS,
    LAPSE_MANDATES,
)


def jobs_of(settings: Settings) -> tuple[Job, ...]:
    """Return the jobs as the settings want them (SPEC R-087, R-122)."""
    days, hour = settings.bill_reminder_days, time(settings.bill_reminder_hour)
    set_up = {
        ISSUE_INVOICES.name: partial(invoice_queries.due_invoices, due_day=settings.invoice_due_day),
        REMIND_OF_BILLS.name: partial(bill_queries.due_reminders, days=days, reminded_from=hour),
    }
    return tuple(job._replace(due=set_up.get(job.name, job.due)) for job in JOBS)


def call_of(job: Job, due: dict[str, Any]) -> Call:
    """Return the call of a job's command: the same key and the same request for the same thing, whenever it fires."""
    key = job.key(due)
    request_hash = sha256(key.encode()).hexdigest()[:32]
    return Call(f"job:{job.name}", "", key, request_hash, f"req_{secrets.token_hex(10)}")


async def fire(job: Job, database: Database, clock: Clock | None = None) -> Fired:
    """Do everything that is due now, each thing once, with an engine of its own.

    Raises:
        Unavailable: the database went away; the next firing goes on.
        psycopg.Error: the same, before anything was done.
    """
    clock = clock or SystemClock()
    async with await connect_async(database.app) as connection:
        await connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(database.schema)))
        due = await job.due(connection, at=clock.now(), limit=PAGE)
        if not due:
            return Fired(job.name, 0, 0, 0)
        engine = Engine(Store(database.app, database.schema), clock)
        await engine.start()
        try:
            return await _work_off(job, due, engine, connection)
        finally:
            await engine.stop()


async def _work_off(job: Job, due: list[dict[str, Any]], engine: Engine, connection: AsyncConnection[Any]) -> Fired:
    done = known = refused = 0
    at: datetime = engine.clock.now()
    turns = asyncio.Semaphore(AT_ONCE)

    async def submitted(one: dict[str, Any]) -> Outcome:
        async with turns:
            return await engine.submit(job.command(one), call_of(job, one))

    while due:
        outcomes = await asyncio.gather(*(submitted(one) for one in due))
        new = [outcome for outcome in outcomes if not outcome.replayed and outcome.status < 400]
        done += len(new)
        known += sum(outcome.replayed for outcome in outcomes)
        refused += sum(_refused(job, outcome) for outcome in outcomes)
        if not new or len(due) < PAGE:
            break
        last = max(outcome.position for outcome in new)
        await wait_for(connection, job.view, at_least=last, timeout_s=VIEW_LIMIT_S)
        due = await job.due(connection, at=at, limit=PAGE)
    fired = Fired(job.name, done, known, refused)
    log.info("job has run", **fired._asdict())
    return fired


def _refused(job: Job, outcome: Outcome) -> bool:
    """Say whether a rule said no, and write it down: somebody else has just settled what was due a moment ago."""
    if outcome.replayed or outcome.status < 400:
        return False
    log.info("due thing was refused", job=job.name, status=outcome.status, position=outcome.position)
    return True

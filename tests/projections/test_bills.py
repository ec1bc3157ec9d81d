"""The view `bills`: what it shows is what the decisions know, and what it says is due, the decisions do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection

from aggregates.collecting.auto_pay import announce_window
from aggregates.collecting.bill import Bill, bill_status
from aggregates.dates import KST, business_date
from ledger.commands.collecting.auto_pay import AnnounceAutoPay, DropAutoPay, RunAutoPay
from ledger.commands.collecting.bills import RemindOfBill
from projections import bill_queries
from projections.bills import Bills
from tests.ledger.biller_days import Days
from tests.projections.conftest import Feed, live_rows, rows_by_batches
from tests.projections.town import store

pytestmark = pytest.mark.anyio

STEPS = 400
MANY = 1_000


@pytest.fixture(params=[1, 5])
def days(request: pytest.FixtureRequest, app: Connection[Any], feed: Feed) -> Days:
    made = Days(request.param, STEPS)
    store(app, made.memory.facts)
    feed()
    return made


async def test_bills_are_shown_as_bill_status_reads_them_and_the_same_however_their_facts_arrive(
    days: Days, conn: AsyncConnection[Any], project: Connection[Any]
) -> None:
    seen: set[str] = set()
    for later in (0, 3, 400):
        today = business_date(days.memory.at) + timedelta(days=later)
        page = await bill_queries.page(conn, days.account_id, bill_queries.BillFilter(), today, limit=200)
        shown = {item["id"]: item["status"] for item in page.items}
        read = {}
        for bill_id in days.bills:
            sheet, money = days.bill(bill_id).sheet, days.obligation(bill_id)
            read[bill_id] = bill_status(
                sheet.status,
                is_paid=money is not None and money.is_paid,
                amount_minor=sheet.amount_minor,
                refunded_minor=0 if money is None else money.refunded_minor,
                due_on=sheet.due_on,
                today=today,
            )
        assert shown == read
        seen |= set(shown.values())
        for status in seen:
            only = bill_queries.BillFilter(status=status)
            listed = await bill_queries.page(conn, days.account_id, only, today, limit=200)
            assert {item["id"] for item in listed.items} == {each for each, found in read.items() if found == status}
    assert seen >= {"sent", "paid", "overdue", "cancelled"}
    live = live_rows(project, [Bills()])
    assert live == rows_by_batches(project, Bills(), 1) == rows_by_batches(project, Bills(), 7)


async def test_what_the_view_says_is_due_is_done_and_nothing_that_is_due_is_overlooked(
    days: Days, conn: AsyncConnection[Any]
) -> None:
    found = 0
    for hours in (0, 7, 20, 31, 50, 80):
        at = days.memory.at + timedelta(hours=hours)
        here, days.memory.at = days.memory.at, at
        runs = {bill_id: days.would(RunAutoPay(bill_id)) for bill_id in days.bills}
        charged = {each for each, facts in runs.items() if facts and any(_is_charge(fact) for fact in facts)}
        missed = {each for each, facts in runs.items() if facts} - charged
        announced = {each for each in days.bills if days.would(AnnounceAutoPay(each)) and _is_soon(days, each)}
        reminded = {each for each in days.bills if _is_reminder_day(days, each) and days.would(_reminder(days, each))}
        days.memory.at = here

        assert await _ids(bill_queries.to_announce(conn, at=at, limit=MANY)) == announced
        assert await _ids(bill_queries.to_charge(conn, at=at, limit=MANY)) | await _ids(
            bill_queries.to_miss(conn, at=at, limit=MANY)
        ) == {each for each in charged | missed if _is_idle(days, each)}
        assert await _ids(bill_queries.due_reminders(conn, at=at, limit=MANY)) == {
            each for each in reminded if _is_idle(days, each)
        }
        found += len(announced | charged | missed | reminded)
    assert found
    without = await bill_queries.without_card(conn, at=days.memory.at, limit=MANY)
    assert bool(without) is (days.would(DropAutoPay(days.customer_id)) is not None)


def _is_charge(fact: Any) -> bool:
    return isinstance(fact, Bill.PaymentStarted)


def _is_idle(days: Days, bill_id: str) -> bool:
    """Say whether nobody is paying the bill: jobs wait for the result."""
    money = days.obligation(bill_id)
    return money is not None and money.attempt is None


def _is_soon(days: Days, bill_id: str) -> bool:
    """Say whether jobs announce the bill now, and not later."""
    first, last = announce_window(days.memory.at)
    return first <= days.bill(bill_id).sheet.due_on <= last and _is_idle(days, bill_id)


def _is_reminder_day(days: Days, bill_id: str) -> bool:
    """Say whether it is a day and an hour for reminders of a bill that was sent before that hour."""
    sheet, at = days.bill(bill_id).sheet, days.memory.at.astimezone(KST)
    hour = at.replace(hour=10, minute=0, second=0, microsecond=0)
    is_day = (sheet.due_on - at.date()).days in bill_queries.REMINDER_DAYS
    return is_day and at >= hour and sheet.sent_at is not None and sheet.sent_at < hour


def _reminder(days: Days, bill_id: str) -> RemindOfBill:
    return RemindOfBill(bill_id, (days.bill(bill_id).sheet.due_on - business_date(days.memory.at)).days)


async def _ids(rows: Any) -> set[str]:
    return {row["bill_id"] for row in await rows}

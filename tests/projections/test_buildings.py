"""Buildings as readers see them: what each unit owes is what the unit itself reckons, however the facts arrive."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection

from aggregates.collecting.buildings.parts import last_day
from aggregates.collecting.buildings.pour import overdue
from projections import building_queries as queries
from projections.buildings import Buildings
from tests.ledger.building_years import POLICY, Years, months
from tests.projections.conftest import Feed, rows_by_batches, rows_of
from tests.projections.test_laws import all_items
from tests.projections.town import store

pytestmark = pytest.mark.anyio

MONTHS = months((2025, 10), 5)


@pytest.fixture(scope="module")
def years() -> Years:
    """Return a building of 15 units after five months."""
    made = Years(15, MONTHS, seed=11)
    made.live()
    return made


@pytest.fixture
def fed(years: Years, app: Connection[Any], feed: Feed) -> Years:
    """Let the views see it."""
    store(app, years.estate.memory.facts)
    feed()
    return years


def day_after() -> date:
    return last_day(MONTHS[-1]) + timedelta(days=40)


async def test_what_each_unit_owes_is_what_it_reckons_itself(fed: Years, conn: AsyncConnection[Any]) -> None:
    estate, today = fed.estate, day_after()

    shown = await all_items(lambda cursor: queries.units(conn, estate.id, cursor=cursor, limit=4))

    assert [each["id"] for each in shown] == [unit.unit_id for unit in estate.building.ordered_units()]
    for each in shown:
        tabs = estate.unit(each["id"]).tabs.values()
        owed = [estate.obligation(tab.obligation_id) for tab in tabs]
        assert each["charged"] == sum(tab.due_minor for tab in tabs)
        assert each["outstanding"] == sum(found.outstanding_minor or 0 for found in owed)
        assert each["credit"] == sum(found.credit_minor for found in owed)
    late = await all_items(lambda cursor: queries.debtors(conn, estate.id, today, cursor=cursor, limit=3))
    expected = {
        tab.obligation_id: amount
        for unit_id in estate.units
        for tab in estate.unit(unit_id).tabs.values()
        if (amount := overdue(tab.covered(), today))
    }
    assert expected
    assert {each["obligation_id"]: each["overdue"] for each in late} == expected


async def test_what_of_each_line_is_paid_is_what_the_unit_reckons(fed: Years, conn: AsyncConnection[Any]) -> None:
    estate = fed.estate
    shown = await all_items(
        lambda cursor: queries.charges(conn, estate.id, unit_id=None, month=None, cursor=cursor, limit=50)
    )

    assert {(each["obligation_id"], each["number"]): (each["amount"], each["paid"]) for each in shown} == {
        (tab.obligation_id, line.charge.number): (line.charge.amount_minor, line.paid_minor)
        for unit_id in estate.units
        for tab in estate.unit(unit_id).tabs.values()
        for line in tab.covered()
    }
    places = [(each["obligation_id"], each["number"]) for each in shown]
    assert len(places) == len(set(places))


async def test_a_report_adds_up_to_the_costs_and_a_unit_s_to_its_tabs(fed: Years, conn: AsyncConnection[Any]) -> None:
    estate, today = fed.estate, day_after()

    reports = [await queries.manager_report(conn, estate.id, month, today) for month in MONTHS]

    # Over all months: what was charged is what was spent, and the late fees.
    assert sum(report["charged"] for report in reports) == fed.costs_minor + fed.fees_minor
    assert sum(report["total"] for report in reports) == fed.costs_minor
    assert all(report["units_charged"] == report["units"] for report in reports)
    for unit_id in estate.units:
        own = await queries.unit_report(conn, unit_id, today)
        assert own["charged"] == sum(line["amount"] for line in own["lines"])
        assert own["paid"] == sum(line["paid"] for line in own["lines"])
    of_one = await queries.unit_report(conn, estate.units[1], today, person="nobody")
    assert (of_one["tabs"], of_one["lines"], of_one["payments"]) == ([], [], [])


async def test_nothing_is_due_for_jobs_but_what_is_late_and_whom_nobody_reminded(
    fed: Years, conn: AsyncConnection[Any]
) -> None:
    estate, today = fed.estate, day_after()
    at = datetime.combine(today, time(2), UTC)  # 11:00 in Seoul

    assert await queries.to_charge(conn, at=at, limit=100) == []
    remind = {row["obligation_id"] for row in await queries.to_remind(conn, at=at, limit=1_000)}
    late = {(row["obligation_id"], row["month"]) for row in await queries.late(conn, at=at, limit=1_000)}

    tabs = [tab for unit_id in estate.units for tab in estate.unit(unit_id).tabs.values()]
    assert remind == {tab.obligation_id for tab in tabs if tab.person and overdue(tab.covered(), today)}
    assert await queries.to_remind(conn, at=at - timedelta(hours=2), limit=10) == []
    grace = today - timedelta(days=POLICY.grace_days)
    assert late == {
        (tab.obligation_id, month)
        for tab in tabs
        for month in MONTHS
        if month not in tab.fees
        and sum(
            line.open_minor
            for line in tab.covered()
            if line.charge.month == month and line.charge.kind != "late_fee" and line.charge.due_on < grace
        )
        * POLICY.late_fee_bps
        >= 10_000
    }
    assert late


def test_the_rows_are_the_same_in_batches_of_any_size(fed: Years, project: Connection[Any]) -> None:
    for size in (7, 100):
        rows = rows_by_batches(project, Buildings(), size)

        assert rows == {table.name: rows_of(project, table) for table in Buildings.TABLES}

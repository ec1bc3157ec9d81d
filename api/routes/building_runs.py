"""A building's months: readings, runs, what units are charged with, who owes what, and reports of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aggregates.account.transfers import CurrencyMismatch
from aggregates.collecting.buildings import refusals
from aggregates.collecting.buildings.parts import Reading
from aggregates.dates import business_date
from aggregates.errors import Malformed
from aggregates.ids import account_of
from api import shapes
from api.ask import Ask, page_reply
from api.building_bodies import (
    ChargesQuery,
    CorrectionBody,
    CostCorrectionBody,
    ManagerReportQuery,
    ReadingsBody,
    ReadingsQuery,
    RunBody,
    UnitReportQuery,
)
from api.fields import PageQuery
from api.operation import reads, writes
from api.reply import Reply, of_view, position_header
from api.routes.buildings import OWN_BUILDING, RULES, UNITS_BYTES_MAX, name_people
from api.routes.order_recipients import XLSX
from ledger.commands.collecting.buildings import CorrectCost, CorrectReading, RunMonth, TakeReadings
from ledger.sheets.writer import to_csv, to_xlsx
from projections import building_queries as buildings_view

REPORT_COLUMNS = ("unit_number", "charged", "paid", "overdue", "outstanding", "credit")
LINE_COLUMNS = (
    "unit_number", "month", "of_month", "liable", "kind", "cost", "name", "basis", "weight", "weights", "cost_total",
    "due_on", "due_on_jalali", "amount", "paid", "outstanding", "currency",
)  # fmt: skip


@writes(
    "/v1/buildings/{building_id}/readings",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=ReadingsBody,
    answer=shapes.TakenReadings,
    status=201,
    raises=RULES,
    body_bytes_max=UNITS_BYTES_MAX,
)
def take_readings(ask: Ask, building_id: str, body: ReadingsBody) -> TakeReadings:
    """Take readings of meters at the end of a month, or shares of a cost that were decided by hand."""
    readings = tuple(Reading(each.unit_id, each.value) for each in body.readings)
    return TakeReadings(building_id, body.month, body.cost, readings)


@reads(
    "/v1/buildings/{building_id}/readings",
    scope="collections:read",
    rule=OWN_BUILDING,
    query=ReadingsQuery,
    answer=shapes.list_of(shapes.ListedReading),
    raises=(refusals.BuildingNotFound,),
)
async def list_readings(ask: Ask, building_id: str, query: ReadingsQuery) -> Reply:
    """List what was read of a cost for a month, in the order of the units."""
    async with ask.see("buildings") as (conn, position):
        await buildings_view.one(conn, building_id)
        page = await buildings_view.readings(
            conn, building_id, query.month, query.cost, cursor=query.cursor, limit=query.limit
        )
    return page_reply(page, position)


@writes(
    "/v1/buildings/{building_id}/readings/corrections",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=CorrectionBody,
    answer=shapes.CorrectedReading,
    status=201,
    raises=RULES,
)
def correct_reading(ask: Ask, building_id: str, body: CorrectionBody) -> CorrectReading:
    """Put a reading right by which units were charged; the next run charges, or takes off, the difference."""
    return CorrectReading(building_id, body.month, body.cost, Reading(body.unit_id, body.value))


@writes(
    "/v1/buildings/{building_id}/runs",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=RunBody,
    answer=shapes.BuildingRun,
    status=201,
    raises=(*RULES, CurrencyMismatch),
)
async def run_month(ask: Ask, building_id: str, body: RunBody) -> RunMonth:
    """Split the costs of a month over the units, exactly; each is charged next, and told. Once for each month."""
    await ask.check_currency({"body": body, "account_id": account_of(building_id)})
    amounts = {each.code: each.amount for each in body.costs}
    if len(amounts) < len(body.costs):
        raise Malformed("costs must name each cost once", field="costs")
    return RunMonth(building_id, body.month, body.due_on, amounts)


@writes(
    "/v1/buildings/{building_id}/runs/corrections",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=CostCorrectionBody,
    answer=shapes.CorrectedCost,
    status=201,
    raises=(*RULES, CurrencyMismatch),
)
async def correct_cost(ask: Ask, building_id: str, body: CostCorrectionBody) -> CorrectCost:
    """Put right what a cost of a month amounted to; the next run charges, or takes off, the difference."""
    await ask.check_currency({"body": body, "account_id": account_of(building_id)})
    return CorrectCost(building_id, body.month, body.cost, body.amount)


@reads(
    "/v1/buildings/{building_id}/runs",
    scope="collections:read",
    rule=OWN_BUILDING,
    query=PageQuery,
    answer=shapes.list_of(shapes.ListedBuildingRun),
    raises=(refusals.BuildingNotFound,),
)
async def list_runs(ask: Ask, building_id: str, query: PageQuery) -> Reply:
    """List the months that were run, newest first."""
    async with ask.see("buildings") as (conn, position):
        await buildings_view.one(conn, building_id)
        page = await buildings_view.runs(conn, building_id, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads(
    "/v1/buildings/{building_id}/charges",
    scope="collections:read",
    rule=OWN_BUILDING,
    query=ChargesQuery,
    answer=shapes.list_of(shapes.ListedUnitCharge),
    raises=(refusals.BuildingNotFound,),
)
async def list_unit_charges(ask: Ask, building_id: str, query: ChargesQuery) -> Reply:
    """List what units were charged with, newest first, with what of each line is paid."""
    async with ask.see("buildings") as (conn, position):
        await buildings_view.one(conn, building_id)
        page = await buildings_view.charges(
            conn, building_id, unit_id=query.unit_id, month=query.month, cursor=query.cursor, limit=query.limit
        )
    return page_reply(page, position)


@reads(
    "/v1/buildings/{building_id}/debtors",
    scope="collections:read",
    rule=OWN_BUILDING,
    query=PageQuery,
    answer=shapes.list_of(shapes.Debtor),
    raises=(refusals.BuildingNotFound,),
)
async def list_debtors(ask: Ask, building_id: str, query: PageQuery) -> Reply:
    """List who owes something after its due date, in the order of the units."""
    async with ask.see("buildings") as (conn, position):
        await buildings_view.one(conn, building_id)
        page = await buildings_view.debtors(
            conn, building_id, business_date(ask.now()), cursor=query.cursor, limit=query.limit
        )
    await name_people(ask, page.items, "list debtors")
    return page_reply(page, position)


@reads(
    "/v1/buildings/{building_id}/report",
    scope="collections:read",
    rule=OWN_BUILDING,
    query=ManagerReportQuery,
    answer=shapes.BuildingReport,
    raises=(refusals.BuildingNotFound, refusals.MonthNotRun),
)
async def get_building_report(ask: Ask, building_id: str, query: ManagerReportQuery) -> Reply:
    """Read what a month cost and what of it is paid, unit by unit; as a file with `form`."""
    async with ask.see("buildings") as (conn, position):
        await buildings_view.one(conn, building_id)
        found = await buildings_view.manager_report(conn, building_id, query.month, business_date(ask.now()))
    if query.form == "json":
        return of_view(found, position)
    name = f"building-{query.month}"
    return await _file(query.form, name, REPORT_COLUMNS, found["items"], position)


@reads(
    "/v1/buildings/{building_id}/units/{unit_id}/report",
    scope="collections:read",
    rule=OWN_BUILDING,
    query=UnitReportQuery,
    answer=shapes.UnitReport,
    raises=(refusals.UnitNotFound,),
)
async def get_unit_report(ask: Ask, building_id: str, unit_id: str, query: UnitReportQuery) -> Reply:
    """Read what a unit was charged with, how its shares came about, and what was paid; as a file with `form`."""
    async with ask.see("buildings") as (conn, position):
        await buildings_view.unit(conn, building_id, unit_id)
        found = await buildings_view.unit_report(
            conn, unit_id, business_date(ask.now()), first=query.from_month, last=query.to_month
        )
    if query.form == "json":
        await name_people(ask, found["tabs"], "read the report of a unit")
        return of_view(found, position)
    return await _file(query.form, f"unit-{unit_id}", LINE_COLUMNS, found["lines"], position)


async def _file(form: str, name: str, columns: Sequence[str], items: Sequence[dict[str, Any]], position: int) -> Reply:
    """Return rows as a file, free of formulas."""
    rows = [tuple("" if item[column] is None else str(item[column]) for column in columns) for item in items]
    make, kind = (to_xlsx, XLSX) if form == "xlsx" else (to_csv, "text/csv; charset=utf-8")
    body = await asyncio.to_thread(make, columns, rows)
    disposition = f'attachment; filename="{name}.{form}"'.encode()
    return Reply(200, body, (position_header(position), (b"content-disposition", disposition)), kind.encode())

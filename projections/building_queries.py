"""What readers ask the view `buildings`: lists, debtors, reports, the page of a unit, and what is due for jobs.

What of a line is paid is reckoned here as the unit reckons it: payments cover the oldest due first, then the order of
charging (SPEC R-143).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, LiteralString

from psycopg import AsyncConnection

from aggregates.collecting.buildings.refusals import BuildingNotFound, MonthNotRun, UnitNotFound
from aggregates.dates import KST, business_date, rfc3339
from ledger.commands.collecting.buildings import jalali_of
from projections.paging import Page, fetch, paged, place

REMIND_HOUR = 10
"""KST hour from which reminders go out."""

AFTER_ALL = "9999-99"
"""A month after all others."""

_POURED: LiteralString = """
    SELECT l.*, t.role, t.person, t.currency,
           greatest(0, least(l.amount_minor, t.paid_minor + l.amount_minor - sum(l.amount_minor) OVER (
               PARTITION BY l.obligation_id ORDER BY l.due_on, l.number))) AS paid_of_line
    FROM view_unit_lines l JOIN view_unit_tabs t USING (obligation_id)
"""
"""Lines of whole tabs, each with what of it is paid; a WHERE on whole tabs follows."""


# -- buildings and what belongs to them --------------------------------------------------------------------------------


async def page(conn: AsyncConnection[Any], account_id: str, *, cursor: str | None, limit: int | None) -> Page:
    """Return an account's buildings, newest first, with the token of each name."""
    asked = {"list": "buildings", "account_id": account_id}
    at = place(asked, cursor, limit)
    query = "SELECT * FROM view_buildings WHERE account_id = %s AND position < %s ORDER BY position DESC LIMIT %s"
    rows = await fetch(conn, query, [account_id, at.after, at.limit + 1])
    return paged(asked, at, [building_body(row) for row in rows], [row["position"] for row in rows])


async def one(conn: AsyncConnection[Any], building_id: str) -> dict[str, Any]:
    """Return a building, with the token of its name. Raises: BuildingNotFound."""
    return building_body(await _building(conn, building_id))


def building_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a building in the shape of the HTTP face; `name` is still a token."""
    return {
        "id": row["building_id"],
        "account_id": row["account_id"],
        "currency": row["currency"],
        "units": row["units"],
        "last_month": row["last_month"],
        "late_fee": row["late_fee"],
        "late_fee_bps": row["late_fee_bps"],
        "late_fee_amount": row["late_fee_minor"],
        "grace_days": row["grace_days"],
        "remind_every_days": row["remind_every_days"],
        "reminders_per_month": row["reminders_per_month"],
        "name": row["name"],
        "opened_at": rfc3339(row["opened_at"]),
    }


async def units(conn: AsyncConnection[Any], building_id: str, *, cursor: str | None, limit: int | None) -> Page:
    """Return a building's units in the order of their numbers, with what all their tabs owe."""
    asked = {"list": "units", "building_id": building_id}
    at = place(asked, cursor, limit, "")
    query = """
        SELECT u.*, coalesce(t.due_minor, 0) AS due_minor, coalesce(t.outstanding_minor, 0) AS outstanding_minor,
               coalesce(t.credit_minor, 0) AS credit_minor
        FROM view_units u LEFT JOIN LATERAL (
            SELECT sum(due_minor) AS due_minor, sum(greatest(0, due_minor - paid_minor)) AS outstanding_minor,
                   sum(credit_minor) AS credit_minor
            FROM view_unit_tabs WHERE unit_id = u.unit_id
        ) t ON true
        WHERE u.building_id = %s AND u.place > %s ORDER BY u.place LIMIT %s
    """
    rows = await fetch(conn, query, [building_id, at.after, at.limit + 1])
    items = [
        {
            **_unit_body(row),
            "charged": int(row["due_minor"]),
            "outstanding": int(row["outstanding_minor"]),
            "credit": int(row["credit_minor"]),
        }
        for row in rows
    ]
    return paged(asked, at, items, [row["place"] for row in rows])


async def unit(conn: AsyncConnection[Any], building_id: str, unit_id: str) -> dict[str, Any]:
    """Return a unit with its people, as tokens, and its tabs. Raises: UnitNotFound."""
    row = await _unit(conn, building_id, unit_id)
    query = "SELECT * FROM view_unit_people WHERE unit_id = %s ORDER BY since DESC, role"
    people = await fetch(conn, query, [unit_id])
    return {
        **_unit_body(row),
        "building_id": building_id,
        "people": [
            {"role": each["role"], "person": each["person"], "since": str(each["since"]), "until": _text(each["until"])}
            for each in people
        ],
        "tabs": [tab_body(tab) for tab in await tabs(conn, unit_id)],
    }


async def people(
    conn: AsyncConnection[Any], building_id: str, on: date | None, *, cursor: str | None, limit: int | None
) -> Page:
    """Return who owns units and lives there, as tokens, in the order of the units.

    Args:
        on: KST day on which they are there; None = whoever ever was.
    """
    asked = {"list": "people", "building_id": building_id, "on": _text(on)}
    at = place(asked, cursor, limit, "")
    query = """
        SELECT * FROM (
            SELECT p.*, u.number, (u.place || '|' || p.role || '|' || p.since) COLLATE "C" AS place
            FROM view_unit_people p JOIN view_units u USING (unit_id) WHERE u.building_id = %(building)s
        ) listed
        WHERE place > %(after)s
          AND (%(on)s::date IS NULL OR (since <= %(on)s AND (until IS NULL OR until >= %(on)s)))
        ORDER BY place LIMIT %(limit)s
    """
    asked_for = {"building": building_id, "after": at.after, "on": on, "limit": at.limit + 1}
    rows = await fetch(conn, query, asked_for)
    items = [
        {
            "unit_id": row["unit_id"],
            "unit_number": row["number"],
            "role": row["role"],
            "person": row["person"],
            "since": str(row["since"]),
            "until": _text(row["until"]),
        }
        for row in rows
    ]
    return paged(asked, at, items, [row["place"] for row in rows])


async def tabs(conn: AsyncConnection[Any], unit_id: str, person: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of a unit's tabs, with what is overdue of each not reckoned yet.

    Args:
        person: vault token: only this person's; None = all.
    """
    query = "SELECT * FROM view_unit_tabs WHERE unit_id = %s AND (%s::text IS NULL OR person = %s) ORDER BY role"
    return await fetch(conn, query, [unit_id, person, person])


def tab_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a tab in the shape of the HTTP face; `person` is a token."""
    return {
        "obligation_id": row["obligation_id"],
        "liable": row["role"],
        "person": row["person"],
        "charged": row["due_minor"],
        "paid": row["paid_minor"],
        "outstanding": max(0, row["due_minor"] - row["paid_minor"]),
        "credit": row["credit_minor"],
        "currency": row["currency"],
    }


async def cost_types(conn: AsyncConnection[Any], building_id: str) -> list[dict[str, Any]]:
    """Return a building's kinds of cost, in the order in which they were added."""
    rows = await fetch(conn, "SELECT * FROM view_cost_types WHERE building_id = %s ORDER BY rank", [building_id])
    return [
        {
            "code": row["code"],
            "name": row["name"],
            "charge": row["charge"],
            "basis": row["basis"],
            "liable": row["liable"],
            "capital": row["capital"],
            "amount": row["amount_minor"],
            "active": row["active"],
        }
        for row in rows
    ]


async def readings(
    conn: AsyncConnection[Any], building_id: str, month: str, code: str, *, cursor: str | None, limit: int | None
) -> Page:
    """Return what was read of a cost for a month, in the order of the units."""
    asked = {"list": "readings", "building_id": building_id, "month": month, "cost": code}
    at = place(asked, cursor, limit, "")
    query = """
        SELECT r.*, u.number, u.place FROM view_readings r JOIN view_units u USING (unit_id)
        WHERE r.building_id = %s AND r.month = %s AND r.code = %s AND u.place > %s ORDER BY u.place LIMIT %s
    """
    rows = await fetch(conn, query, [building_id, month, code, at.after, at.limit + 1])
    items = [
        {"unit_id": row["unit_id"], "number": row["number"], "value": row["value"], "before": row["before"]}
        for row in rows
    ]
    return paged(asked, at, items, [row["place"] for row in rows])


# -- runs and charges --------------------------------------------------------------------------------------------------


async def runs(conn: AsyncConnection[Any], building_id: str, *, cursor: str | None, limit: int | None) -> Page:
    """Return the months that were run, newest first, each with its costs and how many units are charged."""
    asked = {"list": "runs", "building_id": building_id}
    at = place(asked, cursor, limit, AFTER_ALL)
    query = "SELECT * FROM view_building_runs WHERE building_id = %s AND month < %s ORDER BY month DESC LIMIT %s"
    rows = await fetch(conn, query, [building_id, at.after, at.limit + 1])
    items = [await _run_body(conn, row) for row in rows]
    return paged(asked, at, items, [row["month"] for row in rows])


async def run(conn: AsyncConnection[Any], building_id: str, month: str) -> dict[str, Any]:
    """Return a month that was run. Raises: MonthNotRun."""
    rows = await fetch(conn, "SELECT * FROM view_building_runs WHERE building_id = %s AND month = %s",
                       [building_id, month])  # fmt: skip
    if not rows:
        raise MonthNotRun("the month was not run", month=month)
    return await _run_body(conn, rows[0])


async def _run_body(conn: AsyncConnection[Any], row: dict[str, Any]) -> dict[str, Any]:
    place_of = [row["building_id"], row["month"]]
    query = "SELECT * FROM view_building_costs WHERE building_id = %s AND month = %s ORDER BY position"
    costs = await fetch(conn, query, place_of)
    query = """
        SELECT count(*) FILTER (WHERE is_charged) AS charged, count(*) AS units FROM view_unit_months
        WHERE building_id = %s AND month = %s
    """
    [counts] = await fetch(conn, query, place_of)
    return {
        "building_id": row["building_id"],
        "month": row["month"],
        "due_on": str(row["due_on"]),
        "due_on_jalali": jalali_of(row["due_on"], row["currency"]),
        "total": row["total_minor"],
        "currency": row["currency"],
        "units": counts["units"],
        "units_charged": counts["charged"],
        "run_at": rfc3339(row["run_at"]),
        "costs": [
            {
                "code": cost["code"],
                "name": cost["name"],
                "basis": cost["basis"],
                "liable": cost["liable"],
                "amount": cost["total_minor"],
            }
            for cost in costs
        ],
    }


async def charges(
    conn: AsyncConnection[Any],
    building_id: str,
    *,
    unit_id: str | None,
    month: str | None,
    cursor: str | None,
    limit: int | None,
) -> Page:
    """Return what units were charged with, newest first, with what of each line is paid."""
    asked = {"list": "charges", "building_id": building_id, "unit_id": unit_id, "month": month}
    at = place(asked, cursor, limit, "~")
    query = f"""
        WITH listed AS (
            SELECT obligation_id, number FROM view_unit_lines
            WHERE building_id = %(building)s AND place < %(after)s
              AND (%(unit)s::text IS NULL OR unit_id = %(unit)s) AND (%(month)s::text IS NULL OR month = %(month)s)
            ORDER BY place DESC LIMIT %(limit)s
        ), poured AS ({_POURED} WHERE l.obligation_id IN (SELECT obligation_id FROM listed))
        SELECT p.*, u.number AS unit_number, c.name FROM poured p JOIN listed USING (obligation_id, number)
        JOIN view_units u ON u.unit_id = p.unit_id
        LEFT JOIN view_cost_types c ON c.building_id = p.building_id AND c.code = p.code
        ORDER BY p.place DESC
    """
    asked_for = {"building": building_id, "unit": unit_id, "month": month, "after": at.after, "limit": at.limit + 1}
    rows = await fetch(conn, query, asked_for)
    return paged(asked, at, [line_body(row) for row in rows], [row["place"] for row in rows])


def line_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a line in the shape of the HTTP face; "paid" is what has settled or was confirmed for it."""
    return {
        "obligation_id": row["obligation_id"],
        "number": row["number"],
        "unit_id": row["unit_id"],
        "unit_number": row["unit_number"],
        "liable": row["role"],
        "kind": row["kind"],
        "cost": row["code"] or None,
        "name": row["name"],
        "month": row["month"],
        "of_month": row["of_month"],
        "due_on": str(row["due_on"]),
        "due_on_jalali": jalali_of(row["due_on"], row["currency"]),
        "amount": row["amount_minor"],
        "paid": int(row["paid_of_line"]),
        "outstanding": row["amount_minor"] - int(row["paid_of_line"]),
        "currency": row["currency"],
    }


# -- debtors and reports -----------------------------------------------------------------------------------------------


async def debtors(
    conn: AsyncConnection[Any], building_id: str, today: date, *, cursor: str | None, limit: int | None
) -> Page:
    """Return the tabs of which something is unpaid after its due date, in the order of the units (SPEC R-142).

    Args:
        today: KST date.
    """
    asked = {"list": "debtors", "building_id": building_id}
    at = place(asked, cursor, limit, "")
    query = f"""
        WITH poured AS (
            {_POURED} WHERE t.building_id = %(building)s AND t.due_minor > t.paid_minor
        ), late AS (
            SELECT obligation_id, sum(amount_minor - paid_of_line) FILTER (WHERE due_on < %(today)s) AS overdue_minor,
                   min(due_on) FILTER (WHERE due_on < %(today)s AND amount_minor > paid_of_line) AS since
            FROM poured GROUP BY obligation_id
        )
        SELECT t.*, late.overdue_minor, late.since, u.number AS unit_number, u.place || '|' || t.obligation_id AS place
        FROM late JOIN view_unit_tabs t USING (obligation_id) JOIN view_units u ON u.unit_id = t.unit_id
        WHERE late.overdue_minor > 0 AND (u.place || '|' || t.obligation_id) COLLATE "C" > %(after)s
        ORDER BY (u.place || '|' || t.obligation_id) COLLATE "C" LIMIT %(limit)s
    """
    asked_for = {"building": building_id, "today": today, "after": at.after, "limit": at.limit + 1}
    rows = await fetch(conn, query, asked_for)
    items = [
        {
            "unit_id": row["unit_id"],
            "unit_number": row["unit_number"],
            **tab_body(row),
            "overdue": int(row["overdue_minor"]),
            "overdue_since": str(row["since"]),
            "overdue_since_jalali": jalali_of(row["since"], row["currency"]),
            "days_late": (today - row["since"]).days,
            "reminded_on": _text(row["reminded_on"]),
        }
        for row in rows
    ]
    return paged(asked, at, items, [row["place"] for row in rows])


async def manager_report(conn: AsyncConnection[Any], building_id: str, month: str, today: date) -> dict[str, Any]:
    """Return what a month cost, what each unit was charged for it, and what is paid, unpaid and overdue of that.

    Raises:
        MonthNotRun.
    """
    found = await run(conn, building_id, month)
    query = f"""
        WITH poured AS ({_POURED} WHERE t.building_id = %(building)s), of_month AS (
            SELECT unit_id, sum(amount_minor) AS charged, sum(paid_of_line) AS paid,
                   sum(amount_minor - paid_of_line) FILTER (WHERE due_on < %(today)s) AS overdue
            FROM poured WHERE month = %(month)s GROUP BY unit_id
        )
        SELECT u.unit_id, u.number, coalesce(m.charged, 0) AS charged, coalesce(m.paid, 0) AS paid,
               coalesce(m.overdue, 0) AS overdue, coalesce(t.outstanding, 0) AS outstanding,
               coalesce(t.credit, 0) AS credit
        FROM view_units u LEFT JOIN of_month m USING (unit_id) LEFT JOIN (
            SELECT unit_id, sum(greatest(0, due_minor - paid_minor)) AS outstanding,
                   sum(credit_minor) AS credit
            FROM view_unit_tabs WHERE building_id = %(building)s GROUP BY unit_id
        ) t USING (unit_id)
        WHERE u.building_id = %(building)s ORDER BY u.place
    """
    rows = await fetch(conn, query, {"building": building_id, "month": month, "today": today})
    figures = ("charged", "paid", "overdue", "outstanding", "credit")
    items = [
        {"unit_id": row["unit_id"], "unit_number": row["number"], **{name: int(row[name]) for name in figures}}
        for row in rows
    ]
    return {**found, **{name: sum(item[name] for item in items) for name in figures}, "items": items}


async def unit_report(
    conn: AsyncConnection[Any],
    unit_id: str,
    today: date,
    *,
    first: str | None = None,
    last: str | None = None,
    person: str | None = None,
) -> dict[str, Any]:
    """Return what a unit was charged with and what was paid: each line with its share of the cost, oldest due first.

    Args:
        first, last: months of the runs, both included; None = from the beginning, to the end.
        person: vault token: only what this person owes and has paid; None = all.

    Raises:
        UnitNotFound.
    """
    row = await _unit(conn, None, unit_id)
    asked = {"unit": unit_id, "person": person, "first": first or "", "last": last or AFTER_ALL}
    query = f"""
        WITH poured AS (
            {_POURED} WHERE t.unit_id = %(unit)s AND (%(person)s::text IS NULL OR t.person = %(person)s)
        )
        SELECT p.*, u.number AS unit_number, coalesce(c.name, k.name) AS name, c.basis, c.total_minor,
               c.weight AS weights, s.weight
        FROM poured p JOIN view_units u ON u.unit_id = p.unit_id
        LEFT JOIN view_building_costs c ON c.building_id = p.building_id AND c.month = p.of_month AND c.code = p.code
        LEFT JOIN view_cost_types k ON k.building_id = p.building_id AND k.code = p.code
        LEFT JOIN view_unit_shares s ON s.unit_id = p.unit_id AND s.month = p.month AND s.of_month = p.of_month
            AND s.code = p.code
        WHERE p.month BETWEEN %(first)s AND %(last)s ORDER BY p.due_on, p.obligation_id, p.number
    """
    lines = [
        {
            **line_body(line),
            "basis": line["basis"],
            "cost_total": line["total_minor"],
            "weight": line["weight"],
            "weights": line["weights"],
        }
        for line in await fetch(conn, query, asked)
    ]
    found = await tabs(conn, unit_id, person)
    query = "SELECT * FROM view_unit_payments WHERE obligation_id = ANY(%s) ORDER BY position"
    payments = await fetch(conn, query, [[tab["obligation_id"] for tab in found]])
    bodies = [tab_body(tab) for tab in found]
    return {
        "unit_id": unit_id,
        "unit_number": row["number"],
        "building_id": row["building_id"],
        "currency": row["currency"],
        "charged": sum(tab["charged"] for tab in bodies),
        "paid": sum(tab["paid"] for tab in bodies),
        "outstanding": sum(tab["outstanding"] for tab in bodies),
        "overdue": sum(line["outstanding"] for line in lines if date.fromisoformat(line["due_on"]) < today),
        "credit": sum(tab["credit"] for tab in bodies),
        "tabs": bodies,
        "lines": lines,
        "payments": [payment_body(payment) for payment in payments],
    }


def payment_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a payment of a unit, or the end of one, in the shape of the HTTP face."""
    return {
        "obligation_id": row["obligation_id"],
        "kind": row["kind"],
        "payment_id": row["attempt_id"],
        "method": row["method"],
        "amount": row["amount_minor"],
        "credit": row["over_minor"],
        "outstanding": row["outstanding_minor"],
        "at": rfc3339(row["at"]),
    }


# -- what is due -------------------------------------------------------------------------------------------------------


async def to_charge(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return units that have a part of a run and were not charged with it: of each its earliest month."""
    query = """
        SELECT DISTINCT ON (unit_id) unit_id, month, building_id FROM view_unit_months
        WHERE NOT is_charged ORDER BY unit_id, month LIMIT %s
    """
    return await fetch(conn, query, [limit])


async def late(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return months of tabs whose days of grace are over, and of which so much is unpaid that it costs a fee."""
    query = f"""
        WITH candidates AS (
            SELECT d.obligation_id, d.month, t.paid_minor, b.late_fee, b.late_fee_bps, d.unit_id
            FROM view_unit_dues d JOIN view_unit_tabs t USING (obligation_id)
            JOIN view_buildings b ON b.building_id = d.building_id
            WHERE t.due_minor > t.paid_minor AND NOT d.has_fee AND b.late_fee <> 'none'
              AND d.due_on + b.grace_days::integer < %(today)s
        ), poured AS ({_POURED} WHERE l.obligation_id IN (SELECT obligation_id FROM candidates))
        SELECT c.unit_id, c.obligation_id, c.month, c.paid_minor FROM candidates c JOIN poured p
          ON p.obligation_id = c.obligation_id AND p.month = c.month AND p.kind <> 'late_fee'
        GROUP BY c.unit_id, c.obligation_id, c.month, c.paid_minor, c.late_fee, c.late_fee_bps
        HAVING sum(p.amount_minor - p.paid_of_line)
          * CASE c.late_fee WHEN 'percent' THEN c.late_fee_bps ELSE 10000 END >= 10000
        ORDER BY c.month, c.obligation_id LIMIT %(limit)s
    """
    return await fetch(conn, query, {"today": business_date(at), "limit": limit})


async def to_remind(conn: AsyncConnection[Any], *, at: datetime, limit: int) -> list[dict[str, Any]]:
    """Return tabs of which something is overdue and whose next reminder is due, from 10:00 KST on (SPEC R-142)."""
    if at.astimezone(KST).hour < REMIND_HOUR:
        return []
    today = business_date(at)
    query = f"""
        WITH owing AS (
            SELECT t.* FROM view_unit_tabs t JOIN view_buildings b USING (building_id)
            WHERE t.due_minor > t.paid_minor AND t.person IS NOT NULL
              AND (t.reminded_on IS NULL OR t.reminded_on + b.remind_every_days::integer <= %(today)s)
              AND CASE WHEN t.reminded_on >= %(first)s THEN t.reminders ELSE 0 END < b.reminders_per_month
        ), poured AS ({_POURED} WHERE l.obligation_id IN (SELECT obligation_id FROM owing))
        SELECT unit_id, obligation_id, %(today)s::date AS today FROM poured
        WHERE due_on < %(today)s AND amount_minor > paid_of_line
        GROUP BY unit_id, obligation_id ORDER BY obligation_id LIMIT %(limit)s
    """
    return await fetch(conn, query, {"today": today, "first": today.replace(day=1), "limit": limit})


async def gone(conn: AsyncConnection[Any], after: int, limit: int) -> list[dict[str, Any]]:
    """Return {person, until, ended_at} of people whose period was ended after a position, in that order."""
    query = "SELECT person, until, ended_at FROM view_unit_people WHERE ended_at > %s ORDER BY ended_at LIMIT %s"
    return await fetch(conn, query, [after, limit])


# -- parts -------------------------------------------------------------------------------------------------------------


async def _building(conn: AsyncConnection[Any], building_id: str) -> dict[str, Any]:
    rows = await fetch(conn, "SELECT * FROM view_buildings WHERE building_id = %s", [building_id])
    if not rows:
        raise BuildingNotFound("there is no such building")
    return rows[0]


async def _unit(conn: AsyncConnection[Any], building_id: str | None, unit_id: str) -> dict[str, Any]:
    query = """
        SELECT u.*, b.currency FROM view_units u JOIN view_buildings b USING (building_id)
        WHERE u.unit_id = %s AND (%s::text IS NULL OR u.building_id = %s)
    """
    rows = await fetch(conn, query, [unit_id, building_id, building_id])
    if not rows:
        raise UnitNotFound("the building has no such unit")
    return rows[0]


def _unit_body(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["unit_id"],
        "number": row["number"],
        "area": row["area_centi"],
        "occupants": row["occupants"],
        "weight": row["weight"],
    }


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()

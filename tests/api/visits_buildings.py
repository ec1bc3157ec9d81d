"""Calls of the operations on buildings, from the first unit to the last reminder."""

from __future__ import annotations

from datetime import timedelta

from aggregates.dates import business_date
from ledger.commands.collecting.building_charges import ChargeUnit
from tests.api.visits import Visitor


async def buildings(call: Visitor, account_id: str) -> None:
    """Run a building for a month, with one late payer."""
    today = business_date(call.counter.house.engine.clock.now())  # type: ignore[attr-defined]
    own = f"?account_id={account_id}"
    opened = await call("open_building", {"account_id": account_id, "name": "Kite Court", "address": "1 Harbour St"})
    at = {"building_id": opened["id"]}
    late = {"late_fee": "percent", "late_fee_bps": 150, "grace_days": 3}
    assert (await call("change_building_policy", late, **at))["late_fee_bps"] == 150
    areas = {"103": 5_980, "101": 8_490, "102": 5_980}
    added = await call("add_units", {"units": [{"number": each, "area": area} for each, area in areas.items()]}, **at)
    first, second, third = (each["id"] for each in added["items"])
    assert [each["number"] for each in added["items"]] == ["101", "102", "103"]
    await call("change_unit", {"occupants": 2}, unit_id=first, **at)
    since = (today - timedelta(days=400)).isoformat()
    person = {"name": "Haneul", "phone": "010-0000-0007", "email": "haneul@kite.example", "since": since}
    for role in ("owner", "resident"):
        await call("enter_unit", {**person, "role": role}, unit_id=first, **at)
    await call("leave_unit", {"role": "owner", "until": today.isoformat()}, unit_id=first, **at)
    await call("add_cost_type", {"code": "heat", "name": "Heat", "charge": "variable", "basis": "area"}, **at)
    await call("add_cost_type", {"code": "water", "name": "Water", "charge": "variable", "basis": "meter"}, **at)
    changed = {"name": "Heating", "charge": "variable", "basis": "area"}
    assert (await call("change_cost_type", changed, code="heat", **at))["liable"] == "resident"
    assert [each["code"] for each in (await call("list_cost_types", **at))["items"]] == ["heat", "water"]
    read = [{"unit_id": each, "value": 1_000} for each in (first, second, third)]
    await call("take_readings", {"month": "2026-01", "cost": "water", "readings": read}, **at)
    due_on = (today - timedelta(days=1)).isoformat()
    costs = [{"code": "heat", "amount": 1_000_000}, {"code": "water", "amount": 300}]
    run = await call("run_month", {"month": "2026-01", "due_on": due_on, "costs": costs, "currency": "KRW"}, **at)
    assert (run["total"], run["units"]) == (1_000_300, 3)
    await call("correct_reading", {"month": "2026-01", "cost": "water", "unit_id": third, "value": 0}, **at)
    wrong = {"month": "2026-01", "cost": "heat", "amount": 1_000_001, "currency": "KRW"}
    assert (await call("correct_cost", wrong, **at))["before"] == 1_000_000
    for unit_id in (first, second, third):
        await call.do(ChargeUnit(opened["id"], unit_id, "2026-01"))

    assert (await call("list_buildings", query=own))["items"][0]["name"] == "***"
    assert (await call("get_building", **at))["last_month"] == "2026-01"
    units = (await call("list_units", **at))["items"]
    assert [each["charged"] for each in units] == [415_259, 292_521, 292_520]
    unit = await call("get_unit", unit_id=first, **at)
    assert unit["people"][0]["person"] == {"name": "H**", "phone": "***-***-0007", "email": "***"}
    assert unit["people"][0]["link"].startswith("/p/")
    people = (await call("list_unit_people", query=f"?on={today.isoformat()}", **at))["items"]
    assert [(each["unit_number"], each["role"]) for each in people] == [("101", "owner"), ("101", "resident")]
    shown = (await call("list_readings", query="?month=2026-01&cost=water", **at))["items"]
    assert [(each["value"], each["before"]) for each in shown] == [(1_000, None), (1_000, None), (0, 1_000)]
    assert (await call("list_runs", **at))["items"][0]["units_charged"] == 3
    lines = (await call("list_unit_charges", query=f"?unit_id={first}", **at))["items"]
    assert {(each["cost"], each["amount"], each["outstanding"]) for each in lines} == {
        ("heat", 415_159, 415_159), ("water", 100, 100),
    }  # fmt: skip
    debtors = (await call("list_debtors", **at))["items"]
    assert [(each["unit_number"], each["days_late"]) for each in debtors] == [("101", 1), ("102", 1), ("103", 1)]
    tab = unit["tabs"][0]["obligation_id"]
    assert (await call("remind_unit", {"obligation_id": tab}, unit_id=first, **at))["in_month"] == 1
    report = await call("get_building_report", query="?month=2026-01", **at)
    assert (report["charged"], report["paid"], report["overdue"]) == (1_000_300, 0, 1_000_300)
    assert "'" not in await call("get_building_report", query="?month=2026-01&form=csv", **at)
    assert (await call("get_building_report", query="?month=2026-01&form=xlsx", **at)).startswith("PK")
    own_report = await call("get_unit_report", unit_id=first, **at)
    assert [(each["weight"], each["weights"], each["cost_total"]) for each in own_report["lines"]] == [
        (8_490, 20_450, 1_000_001), (1_000, 3_000, 300),
    ]  # fmt: skip
    assert "415159" in await call("get_unit_report", query="?from_month=2026-01&form=csv", unit_id=first, **at)

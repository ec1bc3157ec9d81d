"""Buildings: their units, who owns them and lives there, and what each month costs by kind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from aggregates.account import standing
from aggregates.collecting.buildings import building, refusals
from aggregates.collecting.buildings.parts import OWNER, RESIDENT, CostType, Policy, UnitSheet
from aggregates.errors import LedgerError, Rejected
from api import shapes
from api.access import filtered, hidden, own_child
from api.ask import Ask, page_reply
from api.building_bodies import (
    BuildingBody,
    ChangeUnitBody,
    CostTypeBody,
    CostTypeChangeBody,
    LeaveBody,
    PeopleQuery,
    PolicyBody,
    RemindBody,
    UnitPersonBody,
    UnitsBody,
)
from api.fields import PageQuery
from api.operation import operation, reads, writes
from api.owners import OwnerQuery, account_of, reading_of
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from ledger.commands.collecting.building_charges import RemindUnit
from ledger.commands.collecting.buildings import (
    AddUnits,
    ChangeBuildingPolicy,
    ChangeUnit,
    EnterUnit,
    LeaveUnit,
    OpenBuilding,
    SetCostType,
)
from ledger.recipients import read_phone
from ledger.vault import SubjectNotFound
from ledger.vault.residents import BuildingName, Resident
from projections import building_queries as buildings_view

OWN_BUILDING = own_child("building_id", building.PREFIX)
RULES: tuple[type[LedgerError], ...] = (*rules(refusals, standing), refusals.BuildingNotFound)
SEES_LINKS = ("master", "operator", "service")
"""Roles that may hand the link to a resident's page over; the page asks for the last digits of the number."""

UNITS_BYTES_MAX = 256 * 1024
_IRANIAN_MOBILE = re.compile(r"(?:\+98|0)(9[0-9]{9})", re.ASCII)


class ResidentPhoneInvalid(Rejected):
    """Owners and residents have mobile numbers."""

    code = "resident_phone_invalid"


class BuildingsQuery(OwnerQuery, PageQuery):
    """Whose buildings; a key that is bound to an account need not say."""


@operation(
    "POST",
    "/v1/buildings",
    scope="collections:write",
    rule=filtered,
    body=BuildingBody,
    answer=shapes.Building,
    status=201,
    raises=RULES,
)
async def open_building(ask: Ask, body: BuildingBody) -> Reply:
    """Begin to manage a building; name and address are kept apart from the ledger."""
    if ask.caller.account_id not in (None, body.account_id):
        raise hidden()
    await ask.house.engine.account(body.account_id)
    assert ask.key is not None, "a POST has a key"
    name = BuildingName(body.name.strip(), body.address.strip())
    token, new = await ask.house.vault.residents.put_building(ask.caller.principal, ask.key, name)
    outcome = await ask.house.engine.submit(OpenBuilding(body.account_id, token, _policy(body)), ask.call(body))
    if outcome.status >= 400 and new:
        await ask.house.vault.erase(token)
    return of_outcome(outcome)


@reads(
    "/v1/buildings",
    scope="collections:read",
    rule=filtered,
    query=BuildingsQuery,
    answer=shapes.list_of(shapes.ListedBuilding),
)
async def list_buildings(ask: Ask, query: BuildingsQuery) -> Reply:
    """List an account's buildings, newest first."""
    account_id = await account_of(ask, query)
    async with ask.see("buildings") as (conn, position):
        page = await buildings_view.page(conn, account_id, cursor=query.cursor, limit=query.limit)
    await _name(ask, page.items)
    return page_reply(page, position)


@reads(
    "/v1/buildings/{building_id}",
    scope="collections:read",
    rule=OWN_BUILDING,
    answer=shapes.ListedBuilding,
    raises=(refusals.BuildingNotFound,),
)
async def get_building(ask: Ask, building_id: str) -> Reply:
    """Read one building."""
    async with ask.see("buildings") as (conn, position):
        found = await buildings_view.one(conn, building_id)
    await _name(ask, [found])
    return of_view(found, position)


@writes(
    "/v1/buildings/{building_id}/policy",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=PolicyBody,
    answer=shapes.BuildingPolicy,
    raises=RULES,
)
def change_building_policy(ask: Ask, building_id: str, body: PolicyBody) -> ChangeBuildingPolicy:
    """Change what is done about late payers, from now on: late fee, days of grace, reminders."""
    return ChangeBuildingPolicy(building_id, _policy(body))


@writes(
    "/v1/buildings/{building_id}/units",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=UnitsBody,
    answer=shapes.AddedUnits,
    status=201,
    raises=RULES,
    body_bytes_max=UNITS_BYTES_MAX,
)
def add_units(ask: Ask, building_id: str, body: UnitsBody) -> AddUnits:
    """Add units; a building may have any number of them."""
    return AddUnits(
        building_id,
        tuple(UnitSheet("", each.number, each.area, each.occupants, each.weight) for each in body.units),
    )


@reads(
    "/v1/buildings/{building_id}/units",
    scope="collections:read",
    rule=OWN_BUILDING,
    query=PageQuery,
    answer=shapes.list_of(shapes.ListedUnit),
    raises=(refusals.BuildingNotFound,),
)
async def list_units(ask: Ask, building_id: str, query: PageQuery) -> Reply:
    """List a building's units in the order of their numbers, with what they owe."""
    async with ask.see("buildings") as (conn, position):
        await buildings_view.one(conn, building_id)
        page = await buildings_view.units(conn, building_id, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads(
    "/v1/buildings/{building_id}/units/{unit_id}",
    scope="collections:read",
    rule=OWN_BUILDING,
    answer=shapes.UnitDetail,
    raises=(refusals.UnitNotFound,),
)
async def get_unit(ask: Ask, building_id: str, unit_id: str) -> Reply:
    """Read a unit: its people, with the links to their pages, and what each of them owes."""
    async with ask.see("buildings") as (conn, position):
        found = await buildings_view.unit(conn, building_id, unit_id)
    for each in found["people"]:
        each["link"] = await _link(ask, unit_id, each["person"])
    await name_people(ask, [*found["people"], *found["tabs"]], "read a unit")
    return of_view(found, position)


@writes(
    "/v1/buildings/{building_id}/units/{unit_id}/change",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=ChangeUnitBody,
    answer=shapes.ChangedUnit,
    raises=RULES,
)
def change_unit(ask: Ask, building_id: str, unit_id: str, body: ChangeUnitBody) -> ChangeUnit:
    """Let a unit count for something else from the next run on."""
    return ChangeUnit(building_id, unit_id, body.area, body.occupants, body.weight)


@operation(
    "POST",
    "/v1/buildings/{building_id}/units/{unit_id}/people",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=UnitPersonBody,
    answer=shapes.UnitPerson,
    status=201,
    raises=(*RULES, ResidentPhoneInvalid),
)
async def enter_unit(ask: Ask, building_id: str, unit_id: str, body: UnitPersonBody) -> Reply:
    """Let somebody own a unit, or live there, from a day on; name and number are kept apart from the ledger.

    What is charged is owed by whoever is there on the last day of its month, and stays theirs when they move.
    """
    phone = _phone(body.phone) if body.phone else ""
    assert ask.key is not None, "a POST has a key"
    resident = Resident(body.name.strip(), phone, body.email.strip())
    token, new = await ask.house.vault.residents.put(ask.caller.principal, ask.key, resident)
    command = EnterUnit(building_id, unit_id, body.role, token, body.since)
    try:
        outcome = await ask.house.engine.submit(command, ask.call(body))
    except LedgerError:
        if new:
            await ask.house.vault.erase(token)
        raise
    if outcome.status >= 400 and new:
        await ask.house.vault.erase(token)
    return of_outcome(outcome)


@reads(
    "/v1/buildings/{building_id}/people",
    scope="collections:read",
    rule=OWN_BUILDING,
    query=PeopleQuery,
    answer=shapes.list_of(shapes.ListedPerson),
    raises=(refusals.BuildingNotFound,),
)
async def list_unit_people(ask: Ask, building_id: str, query: PeopleQuery) -> Reply:
    """List who owns a building's units and lives there, in the order of the units."""
    async with ask.see("buildings") as (conn, position):
        await buildings_view.one(conn, building_id)
        page = await buildings_view.people(conn, building_id, query.on, cursor=query.cursor, limit=query.limit)
    await name_people(ask, page.items, "list owners and residents")
    return page_reply(page, position)


@writes(
    "/v1/buildings/{building_id}/units/{unit_id}/people/leave",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=LeaveBody,
    answer=shapes.UnitPersonLeft,
    raises=RULES,
)
def leave_unit(ask: Ask, building_id: str, unit_id: str, body: LeaveBody) -> LeaveUnit:
    """Let who owns a unit, or lives there, do so until a day; nobody follows yet."""
    return LeaveUnit(building_id, unit_id, body.role, body.until)


@writes(
    "/v1/buildings/{building_id}/units/{unit_id}/reminders",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=RemindBody,
    answer=shapes.UnitReminder,
    status=201,
    raises=RULES,
)
def remind_unit(ask: Ask, building_id: str, unit_id: str, body: RemindBody) -> RemindUnit:
    """Send the payment link of what is overdue again, when the building's interval allows it."""
    return RemindUnit(unit_id, body.obligation_id, building_id)


@writes(
    "/v1/buildings/{building_id}/cost-types",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=CostTypeBody,
    answer=shapes.SetCostType,
    raises=RULES,
)
def add_cost_type(ask: Ask, building_id: str, body: CostTypeBody) -> SetCostType:
    """Add a kind of cost: how it is split, and who is liable for it."""
    return SetCostType(building_id, _cost(body.code, body), is_new=True)


@reads(
    "/v1/buildings/{building_id}/cost-types",
    scope="collections:read",
    rule=OWN_BUILDING,
    answer=shapes.list_of(shapes.CostType),
    raises=(refusals.BuildingNotFound,),
)
async def list_cost_types(ask: Ask, building_id: str) -> Reply:
    """List a building's kinds of cost, in the order in which they are charged."""
    async with ask.see("buildings") as (conn, position):
        await buildings_view.one(conn, building_id)
        items = await buildings_view.cost_types(conn, building_id)
    return page_reply((items, None), position)


@writes(
    "/v1/buildings/{building_id}/cost-types/{code}",
    scope="collections:write",
    rule=OWN_BUILDING,
    body=CostTypeChangeBody,
    answer=shapes.SetCostType,
    raises=RULES,
)
def change_cost_type(ask: Ask, building_id: str, code: str, body: CostTypeChangeBody) -> SetCostType:
    """Change a kind of cost from the next run on, or end it."""
    return SetCostType(building_id, _cost(code, body), is_new=False)


async def name_people(ask: Ask, items: Iterable[dict[str, Any]], purpose: str) -> None:
    """Put people into the place of their tokens: in clear for the account's own key, else masked."""
    rows = [item for item in items if item["person"] is not None]
    found = await ask.house.vault.residents.get([item["person"] for item in rows], reading_of(ask, purpose))
    for item in rows:
        item["person"] = found[item["person"]]._asdict()


async def _name(ask: Ask, items: list[dict[str, Any]]) -> None:
    names = await ask.house.vault.residents.names([item["name"] for item in items], reading_of(ask, "list buildings"))
    for item in items:
        item.update(names[item["name"]]._asdict())


async def _link(ask: Ask, unit_id: str, person: str) -> str | None:
    """Return the link to somebody's page of a unit; None for a key that only reads, and for who was erased."""
    if ask.caller.role not in SEES_LINKS:
        return None
    try:
        (link,) = await ask.house.vault.public_links.current([(unit_id, person)])
    except SubjectNotFound:
        return None
    return f"/p/{link}"


def _phone(text: str) -> str:
    """Return a mobile number as digits alone, of Korea or of Iran. Raises: ResidentPhoneInvalid."""
    iranian = _IRANIAN_MOBILE.fullmatch(re.sub(r"[- ]", "", text))
    phone = f"0{iranian[1]}" if iranian else read_phone(text)
    if not phone:
        raise ResidentPhoneInvalid("phone must be a mobile number of Korea or Iran, or left out", field="phone")
    return phone


def _policy(body: PolicyBody) -> Policy:
    return Policy(
        body.late_fee,
        body.late_fee_bps,
        body.late_fee_amount,
        body.grace_days,
        body.remind_every_days,
        body.reminders_per_month,
    )


def _cost(code: str, body: CostTypeChangeBody) -> CostType:
    """Return a kind of cost; without a word of who is liable, owners bear capital items, residents the rest (R-141)."""
    return CostType(
        code=code,
        name=body.name.strip(),
        charge=body.charge,
        basis=body.basis,
        liable=body.liable or (OWNER if body.capital else RESIDENT),
        capital=body.capital,
        amount_minor=body.amount,
        active=body.active,
    )

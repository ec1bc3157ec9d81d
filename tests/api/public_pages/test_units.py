"""The page of a building's unit: each sees their own charges, how they were reckoned, and pays them (SPEC 11.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aggregates.collecting.buildings.parts import DEFAULT_POLICY, CostType, UnitSheet
from ledger.commands.collecting.building_charges import ChargeUnit
from ledger.commands.collecting.buildings import AddUnits, EnterUnit, OpenBuilding, RunMonth, SetCostType
from ledger.vault.residents import BuildingName, Resident
from tests.api.public_pages.street import NAME, PHONE, Street, Visitor

pytestmark = pytest.mark.anyio


class Block:
    """A building of three units in the worked example of SPEC R-140: 84.9, 59.8 and 59.8 square metres."""

    def __init__(self, street: Street, currency: str) -> None:
        self.street, self.currency = street, currency
        self.building_id = ""
        self.units: list[str] = []
        self.people: dict[str, str] = {}

    async def build(self) -> Block:
        """Open it, with a resident and an owner of the first unit."""
        street, residents = self.street, self.street.house.vault.residents
        account_id = await street.payee("한강 관리", self.currency)
        name, _ = await residents.put_building("test", account_id, BuildingName("푸른 아파트", "Example-ro 1"))
        opened = await street.do(OpenBuilding(account_id, name, DEFAULT_POLICY))
        self.building_id = str(opened["id"])
        sheets = tuple(
            UnitSheet("", number, area, 2, 1) for number, area in (("101", 8490), ("102", 5980), ("103", 5980))
        )
        added = await street.do(AddUnits(self.building_id, sheets))
        self.units = [str(unit["id"]) for unit in added["items"]]
        await street.do(
            SetCostType(
                self.building_id, CostType("clean", "청소비", "variable", "area", "resident", False, None, True), True
            )
        )
        await street.do(
            SetCostType(
                self.building_id, CostType("lift", "승강기 교체", "variable", "equal", "owner", True, None, True), True
            )
        )
        since = street.today - timedelta(days=400)
        for role in ("resident", "owner"):
            token, _ = await residents.put("test", f"{account_id}:{role}", Resident(NAME, PHONE, ""))
            self.people[role] = token
            await street.do(EnterUnit(self.building_id, self.units[0], role, token, since))
        return self

    async def charge(self, month: str, **amounts: int) -> None:
        """Run a month and charge the first unit."""
        due_on = self.street.today + timedelta(days=10)
        await self.street.do(RunMonth(self.building_id, month, due_on, amounts))
        await self.street.do(ChargeUnit(self.building_id, self.units[0], month))

    async def visit(self, role: str, language: str = "ko") -> Visitor:
        """Return somebody at the page of the first unit, who is in."""
        person = self.people[role]
        reader = self.street.visit(await self.street.link(self.units[0], person), language)
        await reader.enter()
        return reader


async def test_each_sees_and_pays_their_own_charges_alone_h3_r_141(street: Street) -> None:
    block = await Block(street, "KRW").build()
    await block.charge("2026-03", clean=1_000_000, lift=300_000)
    resident, owner = await block.visit("resident"), await block.visit("owner", "en")

    shown, owned = await resident.open(), await owner.open()
    pending = await resident.send("pay", method="card", amount="415159")
    await street.work()
    paid = await resident.open()

    for said in ("101호 관리비", "푸른 아파트", "415,159원", "청소비", "면적 기준", "8,490/20,450"):
        assert said in shown.text
    assert ("승강기" in shown.text, "100,000" in shown.text) == (False, False)
    assert ("승강기 교체" in owned.text, "₩100,000" in owned.text, "청소비" in owned.text) == (True, True, False)
    assert "내실 금액이 없습니다" not in pending.text
    assert ("내실 금액이 없습니다" in paid.text, "415,159원" in paid.text) == (True, True)


async def test_another_persons_tab_cannot_be_paid_by_ones_link(street: Street) -> None:
    block = await Block(street, "KRW").build()
    await block.charge("2026-03", clean=1_000_000, lift=300_000)
    resident, owner = await block.visit("resident"), await block.visit("owner")
    await owner.open()
    theirs = owner.form("pay")["due"]
    await resident.open()

    tried = await resident.send("pay", method="card", amount="100000", due=theirs)

    assert tried.status == 422


async def test_rials_are_shown_in_toman_with_both_calendars_r_134(street: Street) -> None:
    block = await Block(street, "IRR").build()
    await block.charge("2026-03", clean=10_000_000, lift=0)

    reader = await block.visit("resident", "fa")
    shown = await reader.open()
    await reader.send("pay", method="transfer", amount="۱٬۰۰۰٬۰۰۰")
    await street.work()
    partly = await reader.open()

    assert ('dir="rtl"' in shown.html, "شارژ واحد ۱۰۱" in shown.text) == (True, True)
    assert "۴۱۵٬۱۵۸٫۹ تومان" in shown.text
    assert "۱۴۰۴" in shown.text or "۱۴۰۵" in shown.text
    assert "۲۰۲۶" in shown.text
    assert ("بخشی پرداخت شده است" in partly.text, "۳۱۵٬۱۵۸٫۹ تومان" in partly.text) == (True, True)


async def test_before_the_digits_nothing_is_shown_r_126(street: Street) -> None:
    block = await Block(street, "KRW").build()
    await block.charge("2026-03", clean=1_000_000, lift=300_000)

    page = await street.visit(await street.link(block.units[0], block.people["resident"])).open()

    assert not any(secret in page.text for secret in ("101", "푸른", "415", "청소", NAME))

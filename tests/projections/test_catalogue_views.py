"""Views of catalogue, quotes and anniversary rules: the same rows however the facts arrive, and no person in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from psycopg import Connection

from aggregates.anniversary.parts import RuleForm
from ledger.commands.anniversaries import (
    Celebrated,
    CreateRule,
    EndRule,
    OrderOccurrence,
    PauseRule,
    ReplaceRuleRecipients,
    ResumeRule,
    SkipOccurrence,
    SuspendRule,
)
from ledger.commands.products import (
    ChangeProduct,
    DiscontinueProduct,
    ListProduct,
    RelistProduct,
    TakeCatalogueChange,
    Wish,
)
from ledger.commands.quotes import IssueQuote
from ledger.database import Database
from ledger.engine import Engine
from ledger.store import Store
from projections.anniversary_rules import AnniversaryRules
from projections.products import Products
from projections.quotes import Quotes
from tests.ledger.desk import SetClock, account_with, do
from tests.projections.conftest import Feed, live_rows, rows_by_batches
from tests.projections.town import kst

pytestmark = pytest.mark.anyio

FORM = RuleForm("Birthdays", "general", None, "HappyBirthday", False, None, None, None, None)
VIEWS = (Products(), Quotes(), AnniversaryRules())


@pytest.fixture
async def busy(ledger_database: Database) -> AsyncIterator[Engine]:
    """A ledger on which everything has happened to products, quotes and rules that can happen."""
    clock = SetClock(kst("2024-09-01 10:00"))
    engine = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    await engine.start()
    keys = iter(range(1_000))

    async def does(command: Any) -> dict[str, Any]:
        return await do(engine, command, f"busy-{next(keys)}")

    account_id = await account_with(engine, 100_000)
    latte, tea = [
        (await does(ListProduct(sku, "Harbour Cafe", sku, "cafe", "KRW", 10_000, {30: 990, 60: 995})))["id"]
        for sku in ("LATTE", "TEA")
    ]
    await does(IssueQuote(account_id, "ann", "choice", (Wish(latte, 30), Wish(tea, 60)), 3))
    people = tuple(Celebrated(f"rcp_{n:032d}", "solar", 1990, 9, 17 + n % 2) for n in range(450))
    made = CreateRule(account_id, None, FORM, (Wish(latte, 30),), date(2024, 12, 31), people, False, True)
    rules = [(await does(replace(made, form=replace(FORM, name=f"Rule {n}"))))["id"] for n in range(3)]
    await does(ReplaceRuleRecipients(rules[0], people[:2], False))
    await does(PauseRule(rules[1]))
    await does(ResumeRule(rules[1]))
    clock.at = kst("2024-09-17 02:00")
    tokens = ("rcp_" + "9" * 32,)
    await does(OrderOccurrence(rules[0], date(2024, 9, 17), ("solar:2024:09-17",), 2, tokens, False))
    clock.at = kst("2024-09-17 08:00")
    await does(SkipOccurrence(rules[1], date(2024, 9, 17), ("solar:2024:09-17",), "insufficient_funds"))
    await does(ChangeProduct(latte, sale_minor={30: 1_090}))
    for rule_id in rules[:2]:
        await does(SuspendRule(rule_id))
    await does(ResumeRule(rules[1]))
    await does(EndRule(rules[2]))
    await does(DiscontinueProduct(tea, "Out of stock"))
    await does(RelistProduct(tea, "Back"))
    await does(TakeCatalogueChange(1, "LATTE", "price", sale_minor=980))
    await does(TakeCatalogueChange(2, "NOBODY", "discontinued"))
    yield engine
    await engine.stop()


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("size", [1, 3, 1_000])
async def test_the_rows_are_the_same_however_the_facts_arrive(project: Connection[Any], feed: Feed, size: int) -> None:
    feed()
    live = live_rows(project, VIEWS)

    again: dict[str, list[str]] = {}
    for view in VIEWS:
        again |= rows_by_batches(project, view, size)

    assert again == live
    counted = {name: len(rows) for name, rows in live.items()}
    assert counted == {
        "view_products": 2,
        "view_catalogue_feeds": 1,
        "view_quotes": 1,
        "view_anniversary_rules": 3,
        "view_anniversary_lists": 4,
        "view_anniversary_days": 3 * 450 + 2,
        "view_anniversary_occurrences": 2,
        "view_anniversary_notices": 9,
    }

"""The issuer's feed of prices and stock: each change is taken once, in order, and everybody sees the same (SPEC 13)."""

from __future__ import annotations

from typing import Any

import pytest

from aggregates import ids
from ledger.commands.products import ChangeProduct, ListProduct
from ledger.engine import Engine
from ledger.ports.sandbox.scenarios import change_catalog
from ledger.ports.sandbox.state import SandboxState
from ledger.store import Store
from projections import products
from scheduler.reactions.bench import Bench
from scheduler.reactions.catalogue import take_changes
from tests.ledger.desk import do
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio


class Shop:
    """One product of ours, and what the issuer says of it."""

    def __init__(self, bench: Bench, feed: Feed, state: SandboxState) -> None:
        self.bench, self.feed, self.state = bench, feed, state
        self.product_id = ""

    async def open(self, sku: str = "LATTE") -> str:
        prices = {30: 9_900, 60: 9_950}
        listed = await do(
            self.bench.engine,
            ListProduct(sku, "Harbour Cafe", "Cafe latte", "cafe", "KRW", 10_000, prices),
            f"list {sku}",
        )
        self.product_id = listed["id"]
        return str(listed["id"])

    async def take(self) -> int:
        self.feed()
        taken = await take_changes(self.bench)
        self.feed()
        return taken

    async def shown(self) -> dict[str, Any]:
        async with self.bench.see() as connection:
            return await products.one(connection, self.product_id)

    async def outcomes(self) -> list[tuple[int, str]]:
        query = (
            "SELECT convert_from(state, 'UTF8')::jsonb AS state FROM ledger_events"
            " WHERE topic = 'feed.change_taken' ORDER BY notification_id"
        )
        async with self.bench.see() as connection:
            cursor = await connection.execute(query.encode())
            return [(row[0]["number"], row[0]["outcome"]) for row in await cursor.fetchall()]


@pytest.fixture
async def shop(bench: Bench, feed: Feed, state: SandboxState) -> Shop:
    made = Shop(bench, feed, state)
    await made.open()
    return made


async def test_a_new_price_of_the_issuer_is_taken_once(shop: Shop) -> None:
    await change_catalog(shop.state, sku="LATTE", kind="price", sale_minor=9_500, validity_days=30)

    first, again = await shop.take(), await shop.take()

    assert (first, again) == (1, 0)
    options = {each["validity_days"]: each["sale_price"] for each in (await shop.shown())["options"]}
    assert options == {30: 9_500, 60: 9_950}
    assert await shop.outcomes() == [(1, "applied")]


async def test_a_change_without_a_validity_is_for_all_of_them(shop: Shop) -> None:
    await change_catalog(shop.state, sku="LATTE", kind="price", list_minor=12_000, sale_minor=11_880)

    await shop.take()

    shown = await shop.shown()
    assert shown["list_price"] == 12_000
    assert [each["sale_price"] for each in shown["options"]] == [11_880, 11_880]
    assert [each["discount_percent"] for each in shown["options"]] == [1, 1]


async def test_what_is_not_sold_any_more_can_be_sold_again(shop: Shop) -> None:
    await change_catalog(shop.state, sku="LATTE", kind="discontinued")
    await shop.take()
    ended = (await shop.shown())["on_sale"]
    await change_catalog(shop.state, sku="LATTE", kind="relisted")
    await shop.take()

    assert (ended, (await shop.shown())["on_sale"]) == (False, True)


async def test_what_changes_nothing_here_is_taken_down_and_passed(shop: Shop) -> None:
    await change_catalog(shop.state, sku="LATTE", kind="relisted")
    await change_catalog(shop.state, sku="UNKNOWN-SKU", kind="discontinued")
    await change_catalog(shop.state, sku="LATTE", kind="price", sale_minor=9_000, validity_days=90)
    await change_catalog(shop.state, sku="LATTE", kind="price", sale_minor=10_001, validity_days=30)
    await change_catalog(shop.state, sku="LATTE", kind="price", sale_minor=9_900, validity_days=30)

    shop.feed()
    before = await shop.shown()
    assert await shop.take() == 5

    assert await shop.outcomes() == [
        (1, "nothing_new"),
        (2, "unknown_sku"),
        (3, "not_offered"),
        (4, "impossible"),
        (5, "nothing_new"),
    ]
    assert await shop.shown() == before


async def test_changes_are_taken_on_the_product_as_others_left_it(shop: Shop) -> None:
    await shop.take()
    elsewhere = Engine(Store(shop.bench.database.app, shop.bench.database.schema), shop.bench.clock)
    await elsewhere.start()
    await do(elsewhere, ChangeProduct(shop.product_id, sale_minor={30: 9_700, 60: 9_950}), "change elsewhere")
    await elsewhere.stop()
    await change_catalog(shop.state, sku="LATTE", kind="price", sale_minor=9_700, validity_days=30)

    await shop.take()

    assert await shop.outcomes() == [(1, "nothing_new")]


async def test_a_product_is_named_after_its_sku(shop: Shop) -> None:
    assert shop.product_id == ids.named_id("prd", shop.bench.engine.store.ledger_number, "LATTE")

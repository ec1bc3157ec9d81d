"""Products and quotes over HTTP: an operator keeps the catalogue, customers read it and have their carts priced."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.counter import Counter

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("feeding")]

LATTE: dict[str, Any] = {
    "sku": "HARBOUR-LATTE",
    "brand": "Harbour Cafe",
    "name": "Cafe latte",
    "category": "cafe",
    "list_price": 10_000,
    "options": [{"validity_days": 30, "sale_price": 9_900}, {"validity_days": 60, "sale_price": 9_950}],
}


async def product(counter: Counter, **given: Any) -> dict[str, Any]:
    made = await counter.post("/v1/products", LATTE | given, role="operator")
    assert made.status_code == 201, made.text
    shown: dict[str, Any] = made.json()
    return shown | {"position": made.headers["ledger-position"]}


async def two(counter: Counter) -> list[dict[str, Any]]:
    first = await product(counter)
    second = await product(
        counter,
        sku="HARBOUR-TEA",
        name="Green tea",
        list_price=5_000,
        options=[{"validity_days": 30, "sale_price": 4_950}],
    )
    return [first, second]


def cart(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"product_id": each["id"], "validity_days": 30} for each in products]


async def test_an_operator_keeps_the_catalogue_and_everybody_reads_it(counter: Counter) -> None:
    account_id = await counter.account()
    sub = await counter.key("sub", account_id=account_id, member_id="ann")
    made = await product(counter, cash_convertible=True)
    at = made.pop("position")

    shown = await counter.get(f"/v1/products/{made['id']}", key=sub, min_position=at)

    assert shown.json() == made
    assert (made["duplicate_restricted"], made["night_schedule_blocked"], made["on_sale"]) == (True, True, True)
    assert [each["discount_percent"] for each in made["options"]] == [1, 1]
    changed = await counter.post(
        f"/v1/products/{made['id']}/change",
        {"options": [{"validity_days": 30, "sale_price": 9_800}], "duplicate_restricted": False},
        role="operator",
    )
    assert changed.json()["options"] == [{"validity_days": 30, "sale_price": 9_800, "discount_percent": 2}]
    assert (changed.json()["duplicate_restricted"], changed.json()["night_schedule_blocked"]) == (False, True)


async def test_products_are_found_by_brand_name_category_and_whether_they_are_sold(counter: Counter) -> None:
    first, second = await two(counter)
    ended = await counter.post(f"/v1/products/{second['id']}/discontinue", {"reason": "Out of stock"}, role="operator")
    at = ended.headers["ledger-position"]

    async def found(query: str) -> list[str]:
        response = await counter.get(f"/v1/products{query}", role="master", key=master, min_position=at)
        return [each["name"] for each in response.json()["items"]]

    master = await counter.key("master", account_id=await counter.account())
    assert await found("") == ["Green tea", "Cafe latte"]
    assert await found("?search=harbour") == ["Green tea", "Cafe latte"]
    assert await found("?search=LATTE") == ["Cafe latte"]
    assert await found("?search=100%25") == []
    assert await found("?category=cafe&on_sale=true") == ["Cafe latte"]
    assert await found("?on_sale=false") == ["Green tea"]
    assert await found("?category=gift_certificate") == []
    page = await counter.get("/v1/products?limit=1", min_position=at)
    rest = await counter.get(f"/v1/products?limit=1&cursor={page.json()['next_cursor']}", min_position=at)
    assert [page.json()["items"][0]["id"], rest.json()["items"][0]["id"]] == [second["id"], first["id"]]


async def test_a_sku_is_listed_once_and_what_changes_nothing_is_told_so(counter: Counter) -> None:
    made = await product(counter)

    twice = await counter.post("/v1/products", LATTE, role="operator")
    same = await counter.post(f"/v1/products/{made['id']}/change", {"name": "Cafe latte"}, role="operator")
    missing = await counter.post("/v1/products/prd_01zzzzzzzzzzzzzzzz/relist", {"reason": "r"}, role="operator")
    repeated = await counter.post(
        "/v1/products", LATTE | {"sku": "B", "options": [LATTE["options"][0]] * 2}, role="operator"
    )

    assert (twice.status_code, twice.json()["code"]) == (409, "sku_listed")
    assert (same.status_code, same.json()["code"]) == (409, "product_unchanged")
    assert (missing.status_code, missing.json()["code"]) == (404, "product_not_found")
    assert repeated.status_code == 400


@pytest.mark.parametrize(
    ("kind", "recipients", "listed", "discount", "amount", "coupons"),
    [
        ("general", 1, 15_000, 150, 14_850, 2),
        ("choice", 1, 10_000, 100, 9_900, 1),
        ("general", 3, 45_000, 450, 44_550, 6),
        ("choice", 3, 30_000, 300, 29_700, 3),
    ],
)
async def test_a_quote_of_a_cart_is_numbered_and_kept_p9(
    counter: Counter, kind: str, recipients: int, listed: int, discount: int, amount: int, coupons: int
) -> None:
    account_id = await counter.account()
    body = {"kind": kind, "lines": cart(await two(counter)), "recipients": recipients}
    master = await counter.key("master", account_id=account_id)

    issued = await counter.post("/v1/quotes", body, key=master)
    shown = await counter.get(
        f"/v1/quotes/{issued.json()['id']}", key=master, min_position=issued.headers["ledger-position"]
    )

    assert issued.status_code == 201, issued.text
    quote = issued.json()
    assert (quote["list_amount"], quote["discount"], quote["amount"], quote["coupons"]) == (
        listed,
        discount,
        amount,
        coupons,
    )
    assert quote["number"] == "QT20260302C0001"
    assert shown.json() == quote
    assert (await counter.get(f"/v1/accounts/{account_id}", key=master)).json()["balance"] == 0


async def test_quotes_are_numbered_without_a_gap_under_concurrency(counter: Counter) -> None:
    account_id = await counter.account()
    lines = cart(await two(counter))
    good = {"account_id": account_id, "kind": "general", "lines": lines, "recipients": 1}
    bad = good | {"lines": [lines[0] | {"validity_days": 90}]}

    answers = await asyncio.gather(*(counter.post("/v1/quotes", good if n % 3 else bad) for n in range(30)))

    assert sorted(each.status_code for each in answers) == [201] * 20 + [422] * 10
    numbers = sorted(each.json()["number"] for each in answers if each.status_code == 201)
    assert numbers == [f"QT20260302C{n:04d}" for n in range(1, 21)]


async def test_a_quote_is_seen_by_its_account_alone_and_a_sub_sees_its_own(counter: Counter) -> None:
    account_id, other = await counter.account(), await counter.account()
    lines = cart(await two(counter))
    sub = await counter.key("sub", account_id=account_id, member_id="ann")
    brother = await counter.key("sub", account_id=account_id, member_id="bea")
    master = await counter.key("master", account_id=account_id)
    stranger = await counter.key("master", account_id=other)
    body = {"kind": "general", "lines": lines, "recipients": 1}
    issued = await counter.post("/v1/quotes", body, key=sub)
    at, quote_id = issued.headers["ledger-position"], issued.json()["id"]

    seen = {
        name: (await counter.get(f"/v1/quotes/{quote_id}", key=key, min_position=at)).status_code
        for name, key in {"sub": sub, "brother": brother, "master": master, "stranger": stranger}.items()
    }
    listed = {
        name: len((await counter.get("/v1/quotes", key=key, min_position=at)).json()["items"])
        for name, key in {"sub": sub, "brother": brother, "master": master, "stranger": stranger}.items()
    }
    foreign = await counter.post("/v1/quotes", body | {"account_id": account_id}, key=stranger)

    assert issued.json()["member_id"] == "ann"
    assert seen == {"sub": 200, "brother": 404, "master": 200, "stranger": 404}
    assert listed == {"sub": 1, "brother": 0, "master": 1, "stranger": 0}
    assert foreign.status_code == 404


async def test_what_cannot_be_sold_cannot_be_quoted(counter: Counter) -> None:
    account_id, dollars = await counter.account(), await counter.account(currency="USD")
    products = await two(counter)
    body = {"account_id": account_id, "kind": "general", "lines": cart(products), "recipients": 1}

    foreign = await counter.post("/v1/quotes", body | {"account_id": dollars})
    unknown = await counter.post(
        "/v1/quotes", body | {"lines": [{"product_id": "prd_01zzzzzzzzzzzzzzzz", "validity_days": 30}]}
    )
    alone = await counter.post("/v1/quotes", body | {"kind": "choice", "lines": cart(products[:1])})
    await counter.post(f"/v1/products/{products[0]['id']}/discontinue", {"reason": "r"}, role="operator")
    ended = await counter.post("/v1/quotes", body)
    no_id = await counter.post("/v1/quotes", body | {"lines": [{"product_id": account_id, "validity_days": 30}]})

    assert (foreign.status_code, foreign.json()["code"]) == (422, "quote_currency_mismatch")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "product_not_found")
    assert (alone.status_code, alone.json()["code"]) == (422, "lines_out_of_range")
    assert (ended.status_code, ended.json()["code"]) == (409, "product_discontinued")
    assert no_id.status_code == 400

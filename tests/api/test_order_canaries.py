"""A whole life of orders with seeded people, then a look for them, their coupons and their links where none may be."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
import structlog

from aggregates.dates import KST
from ledger.database import Database
from ledger.vault import Reading
from projections import order_work
from scheduler.reactions.orders.retention import let_years_begin
from tests.api.counter import Counter
from tests.api.shop_front import ShopFront
from tests.api.test_canaries import Canaries, dumped
from tests.ledger.desk import SetClock

pytestmark = pytest.mark.anyio

READING = Reading("test", "find canaries")
ENDINGS = ("", "0001", "0002", "0003", "0004")
"""Last digits of a number: any, and those with which the sandbox's messages fail, come late or twice."""


@pytest.fixture
async def front(counter: Counter, ledger_database: Database, clock: SetClock) -> AsyncIterator[ShopFront]:
    made = await ShopFront(counter, ledger_database, clock).open()
    made.feed()
    yield made
    await made.bench.close()


def people(canaries: Canaries) -> list[dict[str, str]]:
    """Return ten people of whom everything is a canary."""
    rows = []
    endings = ENDINGS * 2
    for ending, middle in zip(endings, secrets.SystemRandom().sample(range(10**4), len(endings)), strict=True):
        row = canaries.person()
        if ending:
            digits = f"010{middle:04d}{ending}"
            row["phone"] = digits
            canaries.all += [digits, f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"]
        rows.append(row)
    return rows


async def live(front: ShopFront, canaries: Canaries) -> list[str]:
    """Bring a general and a choice order from the cart to the end; return the ids."""
    gifts = [await front.product(price) for price in (9_900, 990)]
    failing = await front.product(500, ends="-FAIL")
    order_ids = []
    for kind, products in (("general", [*gifts, failing]), ("choice", gifts)):
        texts = {"message": f"#{{이름}} {canaries.name()}", "page": canaries.name(), "anniversary": canaries.name()}
        body = front.body(products, kind=kind) | {"recipients": {"rows": people(canaries)}, "texts": texts}
        placed = await front.counter.post("/v1/orders", body)
        assert placed.status_code == 201, placed.text
        order_ids.append(placed.json()["id"])
    general, choice = order_ids
    refused = front.body(gifts) | {"recipients": {"rows": people(canaries)}, "consent": False}
    assert (await front.counter.post("/v1/orders", refused)).status_code == 422
    await front.work()
    front.clock.advance(minutes=10)
    await front.work()
    for recipient, line in ((0, 0), (1, 1)):
        await sent(front, f"/v1/orders/{choice}/choices", {"recipient": recipient, "line": line})
    await sent(front, f"/v1/orders/{general}/resend", {"recipients": [0, 2]})
    await sent(front, f"/v1/orders/{general}/voids", {"coupons": [0, 1], "reason": "sent to the wrong team"})
    await sent(front, f"/v1/orders/{general}/voids/1/approve", {}, role="operator")
    await front.work()
    await visit(front, choice, canaries)
    at = front.clock.now().astimezone(KST)
    front.clock.at = at.replace(hour=9, minute=30) + timedelta(days=9)
    await front.work()
    assert await let_years_begin(front.bench) == 2
    return order_ids


async def sent(front: ShopFront, path: str, body: dict[str, Any], role: str = "service") -> None:
    answer = await front.counter.post(path, body, role=role)
    assert answer.status_code in (200, 201), answer.text


async def visit(front: ShopFront, order_id: str, canaries: Canaries) -> None:
    """Let a recipient open the page, with a wrong number first: neither it nor the link may be anywhere later."""
    link = await front.link(order_id, 0)
    canaries.all.append(link.removeprefix("/c/"))
    assert (await front.counter.client.get(link)).status_code == 200
    assert (await front.counter.client.get("/c/" + "0" * 40)).status_code == 404


async def coupon_numbers(front: ShopFront, order_id: str) -> list[str]:
    async with front.bench.see() as connection:
        tokens = await order_work.tokens_of(connection, order_id, range(10))
    found = await front.bench.vault.coupons.get(list(tokens.values()), READING)
    return [number for of_one in found.values() for number in of_one.values()]


async def test_people_and_coupons_of_orders_are_nowhere_but_in_the_vault_and_there_not_in_clear(
    front: ShopFront,
    ledger_database: Database,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    canaries = Canaries()

    with structlog.testing.capture_logs() as lines:
        order_ids = await live(front, canaries)
        for order_id in order_ids:
            canaries.all += await coupon_numbers(front, order_id)
        answers = [
            await front.counter.get(f"/v1/orders?account_id={front.account_id}"),
            *[await front.counter.get(f"/v1/orders/{order_id}") for order_id in order_ids],
            *[await front.counter.get(f"/v1/orders/{order_id}/recipients") for order_id in order_ids],
            *[await front.counter.get(f"/v1/orders/{order_id}/recipients/download") for order_id in order_ids],
        ]
        facts = [await front.counter.get(f"/v1/events?limit=200&after={after}") for after in (0, 200)]
        metrics = await front.counter.get("/metrics")

    printed = capfd.readouterr()
    places = {
        "answers to others": b"\n".join(answer.content + str(answer.headers).encode() for answer in answers),
        "facts": b"\n".join(answer.content for answer in facts),
        "metrics": metrics.content,
        "log": orjson.dumps(lines, default=str) + caplog.text.encode(),
        "output": (printed.out + printed.err).encode(),
        "a dump of the ledger": dumped(ledger_database.migrate),
        "a dump of the vault": dumped(ledger_database.vault_migrate),
    }
    assert [answer.status_code for answer in (*answers, *facts, metrics)] == [200] * 10
    assert len(canaries.all) > 150
    assert {place: canaries.found_in(text) for place, text in places.items()} == {place: [] for place in places}
    assert all(len(text) > 1_000 for place, text in places.items() if place not in ("output", "log"))
    assert "order.void_settled" in places["facts"].decode()
    assert canaries.found_in(places["facts"] + canaries.all[-1].encode()) == [canaries.all[-1]], "the scan finds"

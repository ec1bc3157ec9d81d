"""The sandbox over HTTP: a clock of one direction, scenarios, counts, and callbacks that are hints and no more."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.operation import OPERATIONS
from api.views import Views
from ledger.callbacks import body_of, signed
from ledger.database import Database
from ledger.engine import Engine
from ledger.ports.messages import Message
from ledger.ports.sandbox.state import SandboxState
from ledger.sandbox_clock import SandboxClock
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import Vault, open_vault
from tests.api.counter import Counter
from tests.ledger.desk import SetClock

pytestmark = pytest.mark.anyio
names = itertools.count(1)


@pytest.fixture
def vault(sandbox_database: Database, tmp_path: Path) -> Vault:
    return open_vault(Settings(data_dir=tmp_path), sandbox_database)


@pytest.fixture
async def counter(sandbox_database: Database, vault: Vault) -> AsyncIterator[Counter]:
    assert sandbox_database.sandbox is not None
    schema = sandbox_database.schema
    with SandboxClock(sandbox_database.app, schema) as clock:
        state = SandboxState(sandbox_database.sandbox, schema, clock)
        engine = Engine(Store(sandbox_database.app, schema), clock)
        app = create_app(engine, Views(sandbox_database.app, schema), vault, environment="test", sandbox=state)
        async with app.router.lifespan_context(app):
            made = Counter(app)
            yield made
            await made.close()


async def callback(counter: Counter, headers: dict[str, str], body: bytes, provider: str = "gateway") -> httpx.Response:
    return await counter.client.post(f"/v1/callbacks/{provider}", content=body, headers=headers)


async def taken(counter: Counter) -> int:
    async with counter.house.views.connect() as connection:
        cursor = await connection.execute("SELECT count(*) FROM ledger_callbacks")
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_the_clock_moves_forward_for_facts_as_well(counter: Counter) -> None:
    before = datetime.now(UTC)

    moved = await counter.post("/v1/sandbox/clock", {"advance_seconds": 86_400})
    opened = await counter.post("/v1/accounts", {"name": "Blue Kite", "mode": "prepaid"})

    assert moved.status_code == 200, moved.text
    assert moved.json()["ahead_seconds"] == 86_400
    async with counter.house.views.connect() as connection:
        cursor = await connection.execute(
            "SELECT convert_from(state, 'UTF8') FROM ledger_events ORDER BY 1 DESC LIMIT 1"
        )
        row = await cursor.fetchone()
    assert opened.status_code == 201
    assert row is not None
    assert (before + timedelta(days=1)).date().isoformat() in row[0]


async def test_the_clock_is_set_and_never_back(counter: Counter) -> None:
    to = (datetime.now(UTC) + timedelta(days=30)).isoformat()

    ahead = await counter.post("/v1/sandbox/clock", {"to": to})
    back = await counter.post("/v1/sandbox/clock", {"to": datetime.now(UTC).isoformat()})
    beyond = await counter.post("/v1/sandbox/clock", {"to": "2150-01-01T00:00:00Z"})
    read = await counter.get("/v1/sandbox/clock", role="service")

    assert ahead.json()["now"] >= to[:19]
    assert (back.status_code, back.json()["code"]) == (422, "clock_moves_forward_only")
    assert (beyond.status_code, beyond.json()["code"]) == (422, "clock_too_far_ahead")
    assert read.json()["ahead_seconds"] >= 30 * 86_400 - 2


async def test_the_same_request_again_moves_the_clock_once(counter: Counter) -> None:
    first = await counter.post("/v1/sandbox/clock", {"advance_seconds": 60}, idempotency_key="one-minute")
    again = await counter.post("/v1/sandbox/clock", {"advance_seconds": 60}, idempotency_key="one-minute")

    assert first.content == again.content
    assert (await counter.get("/v1/sandbox/clock", role="service")).json()["ahead_seconds"] == 60


@pytest.mark.parametrize(
    "body", [{}, {"advance_seconds": -1}, {"advance_seconds": 1, "to": "2030-01-01T00:00:00Z"}, {"to": "tomorrow"}]
)
async def test_a_clock_is_moved_in_one_of_two_ways(counter: Counter, body: dict[str, Any]) -> None:
    assert (await counter.post("/v1/sandbox/clock", body)).status_code == 400


async def test_a_scenario_sets_rates_and_the_providers_count_what_they_were_asked(counter: Counter) -> None:
    played = await counter.post("/v1/sandbox/scenarios/rates", {"issue_failure_percent": 100})
    ports = counter.house.ports
    assert ports is not None
    await ports.coupons.issue("TEA-10", 3, "ord_1:issue:1")
    await ports.coupons.issue("TEA-10", 3, "ord_1:issue:1")
    await ports.coupons.issue("TEA-10", 3, "ord_2:issue:1")

    asked = await counter.get("/v1/sandbox/asked?kind=coupons&prefix=ord_1", role="service")

    assert played.json() == {"scenario": "rates"}
    assert asked.json()["items"] == [{"key": "ord_1:issue:1", "asked": 2, "issued": 0, "failed": 3}]
    assert asked.json()["totals"]["coupons_failed"] == 6


async def test_a_message_shows_its_link_and_no_phone(counter: Counter) -> None:
    ports = counter.house.ports
    assert ports is not None
    await ports.messages.send("mms", [Message("01099998888", "coupon", {"link": "https://pay.example/c/x"}, "m:1")])

    asked = await counter.get("/v1/sandbox/asked?kind=messages", role="service")

    assert asked.json()["items"][0]["link"] == "https://pay.example/c/x"
    assert "99998888" not in asked.text


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("no-such", {}, 404),
        ("rates", {"sku": "TEA-10"}, 400),
        ("rates", {"issue_failure_percent": 101}, 400),
        ("catalog", {"sku": "TEA-10"}, 400),
        ("catalog", {"sku": "TEA-10", "kind": "price"}, 400),
        ("catalog", {"sku": "TEA-10", "kind": "price", "list_amount": 10_000, "sale_amount": 9_900}, 200),
        ("catalog", {"sku": "TEA-10", "kind": "discontinued"}, 200),
        ("coupon", {"ref": "ord_1:issue:1/0", "state": "used"}, 422),
        ("deposit", {"payment_id": "pay_1", "amount": 5_000}, 422),
        ("chargeback", {"payment_id": "pay_1", "amount": 5_000}, 422),
        ("gateway-cancel", {"payment_id": "pay_1"}, 400),
    ],
)
async def test_a_scenario_takes_what_it_needs_and_nothing_else(
    counter: Counter, name: str, body: dict[str, Any], status: int
) -> None:
    assert (await counter.post(f"/v1/sandbox/scenarios/{name}", body)).status_code == status


async def test_with_the_sandbox_off_its_routes_are_not_there(
    ledger_database: Database, vault: Vault, clock: SetClock
) -> None:
    engine = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    app = create_app(engine, Views(ledger_database.app, ledger_database.schema), vault, environment="test")
    async with app.router.lifespan_context(app):
        off = Counter(app)
        answers = [
            await off.post("/v1/sandbox/clock", {"advance_seconds": 1}),
            await off.get("/v1/sandbox/clock"),
            await off.post("/v1/sandbox/scenarios/rates", {}),
            await off.get("/v1/sandbox/asked"),
            await off.get("/v1/sandbox/callbacks"),
            await callback(off, {}, b"{}"),
        ]
        document = (await off.client.get("/openapi.json")).json()
        await off.close()

    assert [answer.status_code for answer in answers] == [404] * 6
    assert {answer.json()["code"] for answer in answers} == {"route_not_found"}
    assert not [path for path in document["paths"] if path.startswith("/v1/sandbox")]
    assert [each for each in OPERATIONS if each.sandbox]


# -- callbacks ---------------------------------------------------------------------------------------------------------


async def test_a_signed_callback_is_taken_once_under_its_id(counter: Counter, vault: Vault) -> None:
    body = body_of("gateway", "pay_1")
    headers = signed(vault.callback_secret("gateway"), "cb_1", body)

    answers = await asyncio.gather(*(callback(counter, headers, body) for _ in range(20)))

    assert [answer.status_code for answer in answers] == [200] * 20, answers[0].text
    assert await taken(counter) == 1


async def test_the_first_callback_under_an_id_wakes_the_reactions_and_the_second_does_not(
    counter: Counter, vault: Vault, sandbox_database: Database
) -> None:
    body = body_of("gateway", "pay_1")
    async with counter.house.views.connect() as connection:
        await connection.execute("LISTEN ledger_ledger_callbacks")
        for name in ("cb_1", "cb_1", "cb_2"):
            await callback(counter, signed(vault.callback_secret("gateway"), name, body), body)
        heard = [notice.payload async for notice in connection.notifies(timeout=0.3)]
        await connection.execute("UNLISTEN *")

    assert heard == ["gateway", "gateway"]


@pytest.mark.parametrize("old_s", [301, -310])
async def test_a_callback_that_is_too_old_or_too_new_is_refused(counter: Counter, vault: Vault, old_s: int) -> None:
    body = body_of("gateway", "pay_1")
    headers = signed(vault.callback_secret("gateway"), "cb_1", body, datetime.now(UTC) - timedelta(seconds=old_s))

    answer = await callback(counter, headers, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "callback_refused")
    assert await taken(counter) == 0


async def test_a_forged_callback_is_refused(counter: Counter, vault: Vault) -> None:
    body = body_of("gateway", "pay_1")
    headers = signed(vault.callback_secret("gateway"), "cb_1", body)
    other = signed(vault.callback_secret("messages"), "cb_1", body)

    answers = [
        await callback(counter, headers, body + b" "),
        await callback(counter, {**headers, "webhook-id": "cb_2"}, body),
        await callback(counter, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}, body),
        await callback(counter, {**headers, "webhook-signature": "v1,AAAA"}, body),
        await callback(counter, {**headers, "webhook-signature": "nonsense"}, body),
        await callback(counter, {**headers, "webhook-timestamp": "NaN"}, body),
        await callback(counter, other, body),
        await callback(counter, {}, body),
        await callback(counter, headers, b"\xff\xfe"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 9
    assert await taken(counter) == 0


async def test_a_callback_of_nobody_we_know_is_not_found(counter: Counter, vault: Vault) -> None:
    body = body_of("gateway", "pay_1")

    answer = await callback(counter, signed(vault.callback_secret("x"), "cb_1", body), body, provider="x")

    assert answer.status_code == 404


async def test_what_the_providers_send_can_be_delivered_by_hand_in_any_order(counter: Counter) -> None:
    ports = counter.house.ports
    assert ports is not None
    await ports.messages.send(
        "alimtalk",
        [Message("01000000004", "coupon", {}, f"m:{n}") for n in range(2)],
    )

    items = (await counter.get("/v1/sandbox/callbacks", role="service")).json()["items"]
    answers = [
        await callback(counter, item["headers"], item["body"].encode(), item["provider"]) for item in reversed(items)
    ]

    assert [item["id"] == items[0]["id"] for item in items] == [True, True, False, False]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert await taken(counter) == 2

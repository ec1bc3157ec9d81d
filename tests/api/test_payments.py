"""Payments over HTTP: started by those who may, read by those who may, settled by the reactions, never twice."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from api.app import LedgerApp, create_app
from api.views import Views
from ledger.database import Database, connect
from ledger.engine import Engine
from ledger.ports.sandbox import sandbox_ports
from ledger.ports.sandbox.state import SandboxState
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import Vault, open_vault
from projections.connections import connect_to
from projections.runner import Runner
from scheduler.reactions import payments
from scheduler.reactions.bench import Bench
from tests.api.counter import Counter
from tests.ledger.desk import SetClock

pytestmark = pytest.mark.anyio


class Shop:
    """The application on a sandbox of its own, a counter in front of it, and the reactions beside it."""

    def __init__(self, app: LedgerApp, counter: Counter, bench: Bench) -> None:
        self.app, self.counter, self.bench = app, counter, bench

    async def react(self, position: str, rounds: int = 4) -> None:
        """React until nothing is left to do, once the view has seen a position."""
        async with self.bench.see("payments", at_least=int(position)):
            pass
        for _ in range(rounds):
            await payments.react(self.bench)
            head = (await self.app.state.house.facts.head()).position
            async with self.bench.see("payments", at_least=head):
                pass


@pytest.fixture
def vault(sandbox_database: Database, clock: SetClock, tmp_path: Path) -> Vault:
    return open_vault(Settings(data_dir=tmp_path), sandbox_database, clock)


@pytest.fixture
async def shop(sandbox_database: Database, clock: SetClock, vault: Vault) -> AsyncIterator[Shop]:
    assert sandbox_database.sandbox is not None
    schema = sandbox_database.schema
    state = SandboxState(sandbox_database.sandbox, schema, clock)
    engine = Engine(Store(sandbox_database.app, schema), clock)
    app = create_app(engine, Views(sandbox_database.app, schema), vault, environment="test", sandbox=state)
    other = Engine(Store(sandbox_database.app, schema), clock)
    await other.start()
    async with app.router.lifespan_context(app):
        counter = Counter(app)
        bench = Bench(other, sandbox_ports(state), vault, sandbox_database, clock)
        yield Shop(app, counter, bench)
        await bench.close()
        await counter.close()
    await other.stop()


@pytest.fixture(autouse=True)
def fed(sandbox_database: Database) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=Runner(connect_to(sandbox_database)).run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


async def test_a_payment_is_pending_and_then_a_charge(shop: Shop) -> None:
    account_id = await shop.counter.account()
    body = {"account_id": account_id, "amount": 12_222, "currency": "KRW", "method": "card", "reference": "SHOP-7"}

    started = await shop.counter.post("/v1/payments", body)
    await shop.react(started.headers["ledger-position"])
    read = await shop.counter.get(f"/v1/payments/{started.json()['id']}")
    listed = await shop.counter.get(f"/v1/accounts/{account_id}/payments")

    assert (started.status_code, started.json()["status"]) == (201, "pending")
    assert (read.json()["status"], read.json()["amount"]) == ("paid", 12_222)
    assert [item["id"] for item in listed.json()["items"]] == [started.json()["id"]]
    account = await shop.counter.get(f"/v1/accounts/{account_id}")
    assert account.json()["balance"] == 12_222


async def test_a_virtual_account_is_shown_to_those_who_pay_in_and_masked_for_those_who_read(shop: Shop) -> None:
    account_id = await shop.counter.account()
    body = {"account_id": account_id, "amount": 50_000, "method": "virtual_account"}
    started = await shop.counter.post("/v1/payments", body)
    await shop.react(started.headers["ledger-position"])
    path = f"/v1/payments/{started.json()['id']}"

    by_service = (await shop.counter.get(path, role="service")).json()
    by_auditor = (await shop.counter.get(path, role="auditor")).json()

    assert by_service["status"] == "waiting_for_deposit"
    number = by_service["virtual_account"]["number"]
    assert len(number) == 14
    assert by_auditor["virtual_account"]["number"] == f"***-***-{number[-4:]}"


async def test_a_number_shown_in_full_is_on_record_and_a_masked_one_is_not_k4(
    shop: Shop, sandbox_database: Database
) -> None:
    account_id = await shop.counter.account()
    master = await shop.counter.key("master", account_id=account_id)
    body = {"account_id": account_id, "amount": 50_000, "method": "virtual_account"}
    started = await shop.counter.post("/v1/payments", body)
    await shop.react(started.headers["ledger-position"])
    path = f"/v1/payments/{started.json()['id']}"

    in_full = [await shop.counter.get(path, role="service"), await shop.counter.get(path, key=master)]
    masked = [await shop.counter.get(path, role="auditor")]

    def on_record(answers: list[httpx.Response]) -> list[tuple[str, int]]:
        asked = [answer.headers["x-request-id"] for answer in answers]
        with connect(sandbox_database.vault_migrate) as vault:
            query = "SELECT purpose, subjects FROM ledger.reading WHERE request_id = ANY(%s)"
            return vault.execute(query, (asked,)).fetchall()

    assert on_record(in_full) == [("show where to pay in", 1)] * 2
    assert on_record(masked) == []


async def test_a_charge_of_a_payment_is_cancelled_through_the_gateway(shop: Shop) -> None:
    account_id = await shop.counter.account()
    started = await shop.counter.post("/v1/payments", {"account_id": account_id, "amount": 10_000, "method": "card"})
    await shop.react(started.headers["ledger-position"])
    charge_id = (await shop.counter.get(f"/v1/payments/{started.json()['id']}")).json()["charge_id"]

    cancelled = await shop.counter.post(f"/v1/accounts/{account_id}/charges/{charge_id}/cancel", {})
    assert cancelled.status_code == 200, cancelled.text
    await shop.react(cancelled.headers["ledger-position"])

    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancel_pending")
    account = await shop.counter.get(f"/v1/accounts/{account_id}")
    assert account.json()["balance"] == 0


async def test_a_master_pays_in_to_its_own_account_alone(shop: Shop) -> None:
    own, foreign = await shop.counter.account(), await shop.counter.account()
    key = await shop.counter.key("master", account_id=own)

    to_own = await shop.counter.post("/v1/payments", {"account_id": own, "amount": 1_000, "method": "card"}, key=key)
    to_foreign = await shop.counter.post(
        "/v1/payments", {"account_id": foreign, "amount": 1_000, "method": "card"}, key=key
    )

    assert to_own.status_code == 201
    assert to_foreign.status_code == 404


@pytest.mark.parametrize(
    ("amount", "more", "code"),
    [
        (999, {}, "charge_below_minimum"),
        (1_000, {"currency": "USD"}, "currency_mismatch"),
    ],
)
async def test_a_payment_that_could_not_be_booked_is_not_started(
    shop: Shop, amount: int, more: dict[str, str], code: str
) -> None:
    account_id = await shop.counter.account()

    refused = await shop.counter.post(
        "/v1/payments", {"account_id": account_id, "amount": amount, "method": "card", **more}
    )

    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_the_same_request_again_starts_one_payment(shop: Shop) -> None:
    account_id = await shop.counter.account()
    body = {"account_id": account_id, "amount": 5_000, "method": "card"}

    first = await shop.counter.post("/v1/payments", body, idempotency_key="pay-once-1")
    again = await shop.counter.post("/v1/payments", body, idempotency_key="pay-once-1")

    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"


async def test_without_a_gateway_no_payment_is_started(
    ledger_database: Database, clock: SetClock, vault: Vault
) -> None:
    engine = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    app = create_app(engine, Views(ledger_database.app, ledger_database.schema), vault, environment="test")
    async with app.router.lifespan_context(app):
        counter = Counter(app)
        account_id = await counter.account()

        refused = await counter.post("/v1/payments", {"account_id": account_id, "amount": 5_000, "method": "card"})
        await counter.close()

    assert (refused.status_code, refused.json()["code"]) == (409, "gateway_not_configured")

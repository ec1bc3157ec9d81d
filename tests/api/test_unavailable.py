"""When the database is away, or a mistake is ours: every request ends soon, in one problem that gives nothing away."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from api.app import LedgerApp, create_app
from api.operation import OPERATIONS
from api.views import Views
from ledger.database import Database
from ledger.engine import Engine
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from tests.api.counter import Counter
from tests.ledger.desk import SetClock
from tests.ledger.proxy import Proxy

pytestmark = pytest.mark.anyio


async def test_with_the_database_away_every_request_ends_within_five_seconds_in_503(
    ledger_database: Database, clock: SetClock, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    proxy = Proxy(tmp_path_factory.mktemp("px"), ledger_database.app)
    await proxy.start()
    engine = Engine(Store(proxy.conninfo, ledger_database.schema), clock)
    views = Views(proxy.conninfo, ledger_database.schema)
    vault = open_vault(Settings(data_dir=tmp_path), ledger_database, clock)
    app = create_app(engine, views, vault, environment="test")
    async with app.router.lifespan_context(app):
        counter = Counter(app)
        account_id = await counter.account(5_000)
        for role in ("auditor", "admin"):
            await counter.role_key(role)
        await proxy.stop()

        began = time.monotonic()
        answers = await asyncio.gather(
            counter.post(f"/v1/accounts/{account_id}/charges", {"amount": 1_500, "method": "card"}),
            counter.get(f"/v1/accounts/{account_id}"),
            counter.get(f"/v1/accounts/{account_id}/transactions"),
            counter.get("/v1/seal"),
            counter.post("/v1/keys", {"role": "service"}, role="admin"),
            counter.client.get("/readyz"),
        )
        elapsed_s = time.monotonic() - began
        alive = await counter.client.get("/healthz")
        await counter.close()

    assert [answer.status_code for answer in answers] == [503] * 6
    assert elapsed_s < 5
    assert all("retry-after" in answer.headers for answer in answers[:5])
    assert answers[5].json()["status"] == "not_ready"
    assert alive.status_code == 200


async def test_a_mistake_of_ours_is_a_problem_without_its_stack_and_a_line_in_the_log(
    app: LedgerApp, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_account_id: str) -> Any:
        raise RuntimeError("secret of the machine room")

    account_id = await counter.account()
    monkeypatch.setattr(counter.house.engine, "account", broken)

    with structlog.testing.capture_logs() as lines:
        response = await counter.get(f"/v1/accounts/{account_id}")

    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "secret" not in response.text
    failed = [line for line in lines if line["log_level"] == "error"]
    assert [line["request_id"] for line in failed] == [response.headers["x-request-id"]]


async def test_an_operation_that_takes_too_long_is_answered_all_the_same(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(_account_id: str) -> Any:
        await asyncio.sleep(60)

    account_id = await counter.account()
    monkeypatch.setattr(counter.house.engine, "account", late)
    monkeypatch.setattr("api.dispatch.REQUEST_LIMIT_S", 0.05)

    response = await counter.get(f"/v1/accounts/{account_id}")

    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response.headers["retry-after"] == "1"


async def test_too_many_requests_at_a_time_are_turned_away_at_once(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.dispatch.IN_FLIGHT_MAX", 0)

    response = await counter.get("/healthz")

    assert (response.status_code, response.json()["code"]) == (503, "overloaded")


async def test_the_log_names_operation_and_request_and_nothing_that_was_sent(counter: Counter) -> None:
    account_id = await counter.account(50_000)
    canary = "canary-51d8"
    body = {
        "amount": 2_000,
        "bank": canary,
        "account_number": "987-654-321000",
        "holder": canary,
        "reason": canary,
    }

    with structlog.testing.capture_logs() as lines:
        await counter.post(f"/v1/accounts/{account_id}/refund-requests", body)
        await counter.get(f"/v1/accounts?name={canary}")
        await counter.post(f"/v1/accounts/{account_id}/charges", {"amount": canary})

    text = orjson.dumps(lines, default=str).decode()
    assert [line["operation"] for line in lines] == ["request_refund", "list_accounts", "charge_account"]
    for secret in (canary, "654", "lk_test_"):
        assert secret not in text


def test_every_operation_is_bounded_in_what_it_reads() -> None:
    assert {operation.body_bytes_max for operation in OPERATIONS} <= {
        1024 * size for size in (64, 256, 512, 1024, 4096, 10240)
    }

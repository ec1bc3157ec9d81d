"""Exports over HTTP: asked for, made by the job, downloaded whole; only what the key may read."""

from __future__ import annotations

import csv
import io
from base64 import b64decode
from hashlib import sha256
from typing import Any

import pytest

from ledger.database import Database
from projections.exports import desk
from scheduler.exports import make_exports
from tests.api.counter import Counter

pytestmark = pytest.mark.anyio


@pytest.fixture
async def busy(counter: Counter, feeding: None) -> str:
    """An account with some money moved."""
    account_id = await counter.account(50_000)
    for amount in (700, 900):
        await counter.post(f"/v1/accounts/{account_id}/spends", {"amount": amount, "reference": "=1+1"})
    return account_id


async def made(counter: Counter, database: Database, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Ask for an export and let the job make it; return it as it is then."""
    asked = await counter.post("/v1/exports", body, role="accountant", **more)
    assert asked.status_code == 202, asked.text
    for _ in range(50):
        await make_exports(database, lambda: False)
        found = (await counter.get(f"/v1/exports/{asked.json()['id']}", role="accountant")).json()
        if found["state"] != "queued":
            return dict(found)
    raise AssertionError(f"the views did not reach the position: {found}")


async def test_an_export_is_asked_for_made_and_downloaded(
    counter: Counter, ledger_database: Database, busy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "CHUNK_BYTES", 100)

    found = await made(counter, ledger_database, {"what": "transactions", "format": "csv", "bom": True})
    got = await counter.get(found["file"], role="accountant")

    assert (found["state"], found["progress"], found["failure"]) == ("done", 100, None)
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    assert got.headers["content-disposition"] == f'attachment; filename="transactions-{found["position"]}.csv"'
    assert int(got.headers["content-length"]) == len(got.content) == found["manifest"]["bytes"]
    digest = sha256(got.content)
    assert digest.hexdigest() == found["manifest"]["sha256"]
    assert b64decode(got.headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":")) == digest.digest()
    rows = list(csv.DictReader(io.StringIO(got.content.decode("utf-8-sig"), newline="")))
    assert [(row["type"], row["amount"], row["reference"]) for row in rows][-2:] == [
        ("use", "-700", "'=1+1"),
        ("use", "-900", "'=1+1"),
    ]
    listed = await counter.get("/v1/exports", role="auditor")
    assert [item["id"] for item in listed.json()["items"]] == [found["id"]]


async def test_the_same_key_asks_once_and_another_at_the_same_position_gets_the_same_bytes(
    counter: Counter, ledger_database: Database, busy: str
) -> None:
    body = {"what": "journal", "format": "beancount"}
    first = await counter.post("/v1/exports", body, role="accountant", idempotency_key="close-of-march")
    again = await counter.post("/v1/exports", body, role="accountant", idempotency_key="close-of-march")
    other = await counter.post(
        "/v1/exports", {**body, "format": "csv"}, role="accountant", idempotency_key="close-of-march"
    )

    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    pinned = {**body, "position": first.json()["position"]}
    one = await made(counter, ledger_database, body, idempotency_key="close-of-march")
    await counter.post(f"/v1/accounts/{busy}/spends", {"amount": 100})
    two = await made(counter, ledger_database, pinned)
    assert one["manifest"] == two["manifest"]
    assert one["id"] != two["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"what": "journal", "format": "pdf"}, "format"),
        ({"what": "people", "format": "csv"}, "what"),
        ({"what": "facts", "format": "xlsx"}, "format"),
        ({"what": "journal", "format": "csv", "position": 10**9}, "position"),
        ({"what": "journal", "format": "csv", "from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ({"what": "trial_balance", "format": "csv", "as_of": "2026-03-01T00:00:00Z"}, "as_of"),
    ],
)
async def test_an_export_that_cannot_be_is_refused_at_the_door(
    counter: Counter, body: dict[str, Any], field: str
) -> None:
    answer = await counter.post("/v1/exports", body, role="accountant")

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "malformed", field)


async def test_an_export_shows_no_key_what_it_could_not_read_otherwise(
    counter: Counter, ledger_database: Database, busy: str
) -> None:
    narrow = await counter.key("accountant", scopes=["exports:read", "exports:write", "journal:read"])
    facts = await made(counter, ledger_database, {"what": "facts", "format": "ndjson"})

    asked = await counter.post("/v1/exports", {"what": "facts", "format": "csv"}, key=narrow)
    downloaded = await counter.get(facts["file"], key=narrow)
    allowed = await counter.post("/v1/exports", {"what": "journal", "format": "csv"}, key=narrow)

    for refused in (asked, downloaded):
        assert (refused.status_code, refused.json()["scope"]) == (403, "events:read")
    assert allowed.status_code == 202


async def test_a_file_that_is_not_made_yet_is_a_conflict_and_a_deleted_one_is_gone(counter: Counter, busy: str) -> None:
    asked = await counter.post("/v1/exports", {"what": "journal", "format": "csv"}, role="accountant")
    path = f"/v1/exports/{asked.json()['id']}"

    early = await counter.get(f"{path}/file", role="accountant")
    deleted = await counter.send("DELETE", path, None, role="accountant")
    late = [await counter.get(each, role="accountant") for each in (path, f"{path}/file", "/v1/exports/exp_none")]

    assert (early.status_code, early.json()["code"], early.json()["state"]) == (409, "export_not_ready", "queued")
    assert deleted.status_code == 200
    assert {(each.status_code, each.json()["code"]) for each in late} == {(404, "export_not_found")}


async def test_an_unknown_account_is_not_exported(counter: Counter) -> None:
    body = {"what": "journal", "format": "csv", "account_id": "acc_00000000000000zzzz"}

    answer = await counter.post("/v1/exports", body, role="accountant")

    assert answer.status_code == 404

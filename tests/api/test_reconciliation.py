"""Reconciliation and periods over HTTP: files whole or not at all, notes for whoever decides, closed days refused."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from ledger.reconcile.rows import FILE_BYTES_MAX
from tests.api.counter import Counter
from tests.api.wire import LIMIT_S
from tests.ledger.reconcile.files import BANK_HEADER, bank_file, bank_row, whole

pytestmark = pytest.mark.anyio

FILES = "/v1/reconciliation/sources/example-bank/files"
TODAY = "2026-03-02"
ROWS = bank_file(bank_row(TODAY, "B1", 30_000, "용돈입금", "김한별"))


async def send(counter: Counter, content: bytes, **more: str) -> tuple[int, dict[str, object]]:
    response = await counter.send("POST", FILES, role="accountant", content=content, **more)
    return response.status_code, response.json()


async def seen(counter: Counter, path: str, role: str, position: str) -> httpx.Response:
    """Read something that has seen a position, however long the view takes."""
    async with asyncio.timeout(LIMIT_S):
        while (response := await counter.get(path, role=role, min_position=position)).status_code == 503:
            pass
    return response


async def test_the_same_file_twice_is_nothing_under_the_same_key_and_under_another(
    counter: Counter, feeding: None
) -> None:
    first = await counter.send("POST", FILES, role="accountant", content=ROWS, idempotency_key="file-0001")
    again = await counter.send("POST", FILES, role="accountant", content=ROWS, idempotency_key="file-0001")
    position = first.headers["ledger-position"]
    listed = await seen(counter, "/v1/reconciliation/files", "accountant", position)

    other = await counter.send("POST", FILES, role="accountant", content=ROWS)

    assert (first.status_code, again.content, again.headers["idempotent-replayed"]) == (201, first.content, "true")
    assert (other.status_code, other.json()["id"]) == (200, first.json()["id"])
    assert [file["id"] for file in listed.json()["items"]] == [first.json()["id"]]
    assert (await counter.get("/v1/seal", role="auditor")).json()["position"] == int(position)


async def test_a_file_with_a_bad_row_is_refused_whole_and_remembered_without_a_word_of_it(counter: Counter) -> None:
    bad = whole(BANK_HEADER, [bank_row(TODAY, "B1", 30_000), "2026.03.02,B2,김한별,,,"])

    status, told = await send(counter, bad, idempotency_key="file-0002")
    replayed, same = await send(counter, bad, idempotency_key="file-0002")

    assert (status, told["code"], told["count"]) == (422, "file_refused", 1)
    assert told["rows"] == ["3: column '입금액': amount must be a plain decimal number"]
    assert "김한별" not in str(told)
    assert (replayed, same) == (422, told)


async def test_what_is_no_file_of_the_source_is_refused(counter: Counter) -> None:
    assert (await send(counter, b""))[1]["code"] == "file_refused"
    assert (await send(counter, b"\x00\xff" * 50))[1]["code"] == "file_refused"
    missing = await counter.send("POST", "/v1/reconciliation/sources/..%2Fetc/files", role="accountant", content=ROWS)
    unknown = await counter.send("POST", "/v1/reconciliation/sources/nobody/files", role="accountant", content=ROWS)
    assert missing.status_code == 404
    assert (unknown.status_code, unknown.json()["code"]) == (404, "source_not_found")
    assert FILE_BYTES_MAX == 10 * 1024 * 1024


async def test_who_paid_is_read_in_clear_by_whoever_decides_and_masked_by_others(
    counter: Counter, feeding: None
) -> None:
    sent = await counter.send("POST", FILES, role="accountant", content=ROWS)
    position = sent.headers["ledger-position"]
    lines = await seen(counter, "/v1/reconciliation/lines", "auditor", position)
    (line,) = lines.json()["items"]
    notes = f"/v1/reconciliation/lines/{line['id']}/notes"

    clear = (await counter.get(notes, role="operator")).json()["notes"]
    masked = [(await counter.get(notes, role=role)).json()["notes"] for role in ("accountant", "auditor")]
    facts = await counter.get("/v1/events", role="auditor")

    assert clear == {"적요": "용돈입금", "의뢰인": "김한별"}
    assert masked == [{"적요": "***", "의뢰인": "***"}] * 2
    for answer in (sent, lines, facts):
        assert "김한별" not in answer.text
        assert "용돈입금" not in answer.text


async def test_only_an_operator_decides_and_only_an_accountant_matches(counter: Counter) -> None:
    line = "/v1/reconciliation/lines/lin_01k7q4m2x9w3t8r5z61"
    decided = await counter.send("POST", f"{line}/return", {"reason": "r"}, role="accountant")
    matched = await counter.send("POST", f"{line}/unmatch", {"reason": "r"}, role="operator")
    missing = await counter.send("POST", f"{line}/unmatch", {"reason": "r"}, role="accountant")

    assert (decided.json()["scope"], matched.json()["scope"]) == ("deposits:manage", "reconciliation:write")
    assert (missing.status_code, missing.json()["code"]) == (404, "line_not_found")


async def test_a_request_with_a_business_time_in_a_closed_period_is_refused(counter: Counter) -> None:
    account_id = await counter.account(1_500)
    body = {"through": "2026-02-28", "reason": "February is reconciled"}
    closed = await counter.send("POST", "/v1/periods/close", body, role="accountant")
    again = await counter.send("POST", "/v1/periods/close", body, role="accountant")
    today = await counter.send("POST", "/v1/periods/close", {**body, "through": TODAY}, role="accountant")
    charge = {"amount": 5_000, "method": "card"}

    refused = await counter.post(
        f"/v1/accounts/{account_id}/charges", {**charge, "occurred_at": "2026-02-28T23:59:59+09:00"}
    )
    taken = await counter.post(
        f"/v1/accounts/{account_id}/charges", {**charge, "occurred_at": "2026-03-01T00:00:00+09:00"}
    )

    assert (closed.status_code, closed.json()["first_open_day"]) == (201, "2026-03-01")
    assert (again.status_code, again.json()["code"]) == (409, "period_closed_already")
    assert (today.status_code, today.json()["latest"]) == (422, "2026-03-01")
    assert (refused.status_code, refused.json()["code"], refused.json()["closed_through"]) == (
        422, "period_closed", "2026-02-28",
    )  # fmt: skip
    assert taken.status_code == 201


async def test_nobody_but_an_accountant_closes_a_period(counter: Counter) -> None:
    body = {"through": "2026-02-28", "reason": "February is reconciled"}

    for role in ("service", "operator", "auditor", "admin"):
        refused = await counter.send("POST", "/v1/periods/close", body, role=role)
        assert (refused.status_code, refused.json()["scope"]) == (403, "periods:close")

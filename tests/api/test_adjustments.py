"""The list of corrections over HTTP: where an approver finds what to approve."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.counter import Counter

pytestmark = pytest.mark.anyio


async def propose(counter: Counter, account_id: str, amount: int, key: str) -> dict[str, Any]:
    """Propose a correction. Returns it."""
    body = {"amount": amount, "reason": "Charged twice"}
    made = await counter.post(f"/v1/accounts/{account_id}/adjustments", body, key=key)
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = made.json()
    return answer


async def test_an_approver_finds_what_another_person_proposed_and_approves_it(counter: Counter, feeding: None) -> None:
    account_id, other_account = await counter.account(50_000), await counter.account(50_000)
    ann, ben = await counter.key("operator", owner="ann"), await counter.key("operator", owner="ben")
    first = await propose(counter, account_id, -700, ann)
    second = await propose(counter, account_id, 300, ann)
    elsewhere = await propose(counter, other_account, 100, ann)
    path = f"/v1/accounts/{account_id}/adjustments"

    pending = await counter.get(f"{path}?status=pending", key=ben, min_position="7")
    everywhere = await counter.get("/v1/adjustments?status=pending", key=ben, min_position="7")
    found = pending.json()["items"][1]["id"]
    approved = await counter.post(f"/v1/adjustments/{found}/approve", key=ben)
    at = approved.headers["ledger-position"]
    after = await counter.get(path, key=ben, min_position=at)
    waiting = await counter.get(f"{path}?status=pending", key=ben, min_position=at)

    assert [item["id"] for item in pending.json()["items"]] == [second["id"], first["id"]]
    assert [item["id"] for item in everywhere.json()["items"]] == [elsewhere["id"], second["id"], first["id"]]
    listed = pending.json()["items"][1]
    assert {name: listed[name] for name in first} == first
    assert [(item["id"], item["status"], item["decided_by"]) for item in after.json()["items"]] == [
        (second["id"], "pending", None),
        (first["id"], "approved", "ben"),
    ]
    assert [item["id"] for item in waiting.json()["items"]] == [second["id"]]


async def test_corrections_are_listed_page_by_page(counter: Counter, feeding: None) -> None:
    account_id = await counter.account()
    ann = await counter.key("operator", owner="ann")
    made = [(await propose(counter, account_id, amount, ann))["id"] for amount in (1, 2, 3)]
    path = f"/v1/accounts/{account_id}/adjustments?limit=2"

    first = await counter.get(path, min_position="4")
    rest = await counter.get(f"{path}&cursor={first.json()['next_cursor']}", min_position="4")
    other = await counter.get(f"{path}&status=pending&cursor={first.json()['next_cursor']}", min_position="4")

    assert [item["id"] for item in first.json()["items"] + rest.json()["items"]] == list(reversed(made))
    assert rest.json()["next_cursor"] is None
    assert other.status_code == 400


async def test_a_list_of_corrections_that_cannot_be_is_refused(counter: Counter, feeding: None) -> None:
    account_id = await counter.account()

    missing = await counter.get("/v1/accounts/acc_01zzzzzzzzzzzzzzzz/adjustments")
    unknown = await counter.get(f"/v1/accounts/{account_id}/adjustments?status=requested")

    assert (missing.status_code, missing.json()["code"]) == (404, "account_not_found")
    assert (unknown.status_code, unknown.json()["field"]) == (400, "status")

"""Batches: in order, all or nothing or each for itself, and every item as its own route would have it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.counter import Counter

pytestmark = pytest.mark.anyio


def charge(account_id: str, key: str, amount: int = 1_500) -> dict[str, Any]:
    """Return an item that charges."""
    return {"op": "charge", "key": key, "account_id": account_id, "amount": amount, "method": "card"}


def spend(account_id: str, key: str, amount: int) -> dict[str, Any]:
    """Return an item that spends."""
    return {"op": "spend", "key": key, "account_id": account_id, "amount": amount}


async def balance(counter: Counter, account_id: str) -> int:
    """Return an account's balance."""
    figure: int = (await counter.get(f"/v1/accounts/{account_id}")).json()["balance"]
    return figure


async def test_in_continue_mode_each_item_stands_for_itself_in_the_given_order(counter: Counter) -> None:
    account_id = await counter.account()
    items = [
        spend(account_id, "item-0001", 700),
        charge(account_id, "item-0002"),
        spend(account_id, "item-0003", 700),
        {"op": "no_such", "key": "item-0004"},
        spend("acc_01zzzzzzzzzzzzzzzz", "item-0005", 700),
        {**charge(account_id, "item-0006"), "amount": "1500"},
        {**charge(account_id, "short"), "amount": 1_500},
        {"op": "charge", "key": "item-0008", "amount": 1_500, "method": "card"},
    ]

    response = await counter.post("/v1/batches", {"mode": "continue", "items": items})

    results = response.json()["items"]
    assert [result["status"] for result in results] == [422, 201, 201, 400, 404, 400, 400, 400]
    assert [result["body"].get("code") for result in results[:1]] == ["insufficient_funds"]
    assert await balance(counter, account_id) == 800


async def test_an_atomic_batch_is_all_or_nothing_and_names_the_item_that_was_refused(counter: Counter) -> None:
    account_id = await counter.account()
    refused = [charge(account_id, "item-0001"), spend(account_id, "item-0002", 1_501)]
    accepted = [charge(account_id, "item-0001"), spend(account_id, "item-0002", 1_500)]

    no = await counter.post("/v1/batches", {"mode": "atomic", "items": refused})
    assert (no.status_code, no.json()["code"], no.json()["item"]) == (422, "insufficient_funds", 1)
    assert await balance(counter, account_id) == 0

    yes = await counter.post("/v1/batches", {"mode": "atomic", "items": accepted})
    assert [result["status"] for result in yes.json()["items"]] == [201, 201]
    assert await balance(counter, account_id) == 0
    assert int(yes.headers["ledger-position"]) >= 3


@pytest.mark.parametrize("mode", ["atomic", "continue"])
async def test_a_batch_sent_again_does_nothing_again(counter: Counter, mode: str) -> None:
    account_id = await counter.account()
    body = {"mode": mode, "items": [charge(account_id, f"item-{number:04d}") for number in range(5)]}

    first = await counter.post("/v1/batches", body, idempotency_key="batch-0001")
    again = await counter.post("/v1/batches", body, idempotency_key="batch-0001")
    other = await counter.post("/v1/batches", {**body, "items": body["items"][:1]}, idempotency_key="batch-0001")

    assert [item["body"] for item in again.json()["items"]] == [item["body"] for item in first.json()["items"]]
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["ledger-position"] == first.headers["ledger-position"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await balance(counter, account_id) == 7_500


async def test_an_item_and_its_own_route_share_the_key(counter: Counter) -> None:
    account_id = await counter.account()
    batch = await counter.post("/v1/batches", {"mode": "continue", "items": [charge(account_id, "item-0001")]})

    alone = await counter.post(
        f"/v1/accounts/{account_id}/charges", {"amount": 1_500, "method": "card"}, idempotency_key="item-0001"
    )

    assert alone.json() == batch.json()["items"][0]["body"]
    assert alone.headers["idempotent-replayed"] == "true"
    assert await balance(counter, account_id) == 1_500


async def test_a_batch_opens_accounts_and_moves_money_between_accounts(counter: Counter) -> None:
    first, second = await counter.account(5_000), await counter.account()
    items = [
        {"op": "open_account", "key": "item-0001", "name": "Third", "mode": "prepaid"},
        {"op": "transfer", "key": "item-0002", "from_account_id": first, "to_account_id": second, "amount": 2_000},
        {"op": "spend", "key": "item-0003", "account_id": second, "amount": 2_000},
    ]

    response = await counter.post("/v1/batches", {"mode": "atomic", "items": items})

    assert [result["status"] for result in response.json()["items"]] == [201, 201, 201]
    assert (await balance(counter, first), await balance(counter, second)) == (3_000, 0)


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1_000, 200), (1_001, 400)])
async def test_a_batch_has_1_to_1000_items(counter: Counter, count: int, status: int) -> None:
    account_id = await counter.account()
    items = [charge(account_id, f"item-{number:04d}") for number in range(count)]

    response = await counter.post("/v1/batches", {"mode": "atomic", "items": items})

    assert response.status_code == status
    if status == 200:
        assert await balance(counter, account_id) == 1_500_000

"""Chargebacks over HTTP: what others took back, and the payment of what that left owing (SPEC R-064)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.counter import Counter

pytestmark = pytest.mark.anyio


async def charged(counter: Counter, account_id: str, amount: int = 10_000, method: str = "card") -> str:
    """Charge an account. Returns the charge's id."""
    response = await counter.post(f"/v1/accounts/{account_id}/charges", {"amount": amount, "method": method})
    charge_id: str = response.json()["id"]
    return charge_id


async def take_back(counter: Counter, account_id: str, charge_id: str, amount: int, **more: Any) -> httpx.Response:
    """Record a chargeback, as an operator."""
    path = f"/v1/accounts/{account_id}/charges/{charge_id}/chargeback"
    return await counter.post(path, {"amount": amount}, role="operator", **more)


async def pay(counter: Counter, account_id: str, amount: int, **body: Any) -> httpx.Response:
    """Record a payment of what is owing, as an operator."""
    path = f"/v1/accounts/{account_id}/receivable-payments"
    return await counter.post(path, {"amount": amount, **body}, role="operator")


async def spend(counter: Counter, account_id: str, amount: int) -> httpx.Response:
    """Spend."""
    return await counter.post(f"/v1/accounts/{account_id}/spends", {"amount": amount})


async def test_a_chargeback_of_10000_with_6000_in_the_lot_leaves_4000_owing_and_blocks_until_it_is_paid(
    counter: Counter,
) -> None:
    account_id = await counter.account()
    charge_id = await charged(counter, account_id)
    await spend(counter, account_id, 4_000)

    back = await take_back(counter, account_id, charge_id, 10_000)
    await charged(counter, account_id, 5_000)
    blocked = await spend(counter, account_id, 1_000)
    too_much = await pay(counter, account_id, 4_001)
    part = await pay(counter, account_id, 3_999, currency="KRW", reference="BANK-0001")
    still_blocked = await spend(counter, account_id, 1_000)
    rest = await pay(counter, account_id, 1)
    nothing_owed = await pay(counter, account_id, 1)
    free = await spend(counter, account_id, 1_000)

    assert (back.status_code, back.json()) == (
        200,
        {
            "id": charge_id,
            "account_id": account_id,
            "amount": 10_000,
            "currency": "KRW",
            "from_lot": 6_000,
            "shortfall": 4_000,
            "balance": 0,
            "member_receivable": 4_000,
        },
    )
    assert [blocked.json()["code"], still_blocked.json()["code"]] == ["member_receivable_outstanding"] * 2
    assert (too_much.status_code, too_much.json()["code"], too_much.json()["owing"]) == (
        422,
        "settlement_exceeds_receivable",
        4_000,
    )
    assert part.json() == {"amount": 3_999, "currency": "KRW", "reference": "BANK-0001", "member_receivable": 1}
    assert (rest.status_code, rest.json()["member_receivable"]) == (200, 0)
    assert (nothing_owed.status_code, nothing_owed.json()["owing"]) == (422, 0)
    assert free.status_code == 201


async def test_no_more_is_taken_back_than_was_paid(counter: Counter) -> None:
    account_id = await counter.account()
    charge_id = await charged(counter, account_id)

    beyond = await take_back(counter, account_id, charge_id, 10_001)
    first = await take_back(counter, account_id, charge_id, 9_999)
    again = await take_back(counter, account_id, charge_id, 2)
    last = await take_back(counter, account_id, charge_id, 1)

    assert (beyond.status_code, beyond.json()["code"], beyond.json()["left"]) == (
        422,
        "charge_back_exceeds_charge",
        10_000,
    )
    assert (first.status_code, last.status_code) == (200, 200)
    assert (again.status_code, again.json()["left"]) == (422, 1)


async def test_a_chargeback_that_cannot_be_is_refused(counter: Counter) -> None:
    account_id, other = await counter.account(), await counter.account()
    cancelled = await charged(counter, account_id)
    await counter.post(f"/v1/accounts/{account_id}/charges/{cancelled}/cancel")
    awaited = await charged(counter, account_id, method="virtual_account")
    paid = await charged(counter, account_id)
    attempts = {
        "charge_already_cancelled": (409, await take_back(counter, account_id, cancelled, 1)),
        "charge_not_paid": (409, await take_back(counter, account_id, awaited, 1)),
        "charge_not_found": (404, await take_back(counter, other, paid, 1)),
        "malformed": (400, await take_back(counter, account_id, paid, 0)),
        "account_not_found": (404, await pay(counter, "acc_01zzzzzzzzzzzzzzzz", 1)),
        "currency_mismatch": (422, await pay(counter, account_id, 1, currency="CZK")),
    }

    told = {code: (response.status_code, response.json()["code"]) for code, (_, response) in attempts.items()}

    assert told == {code: (status, code) for code, (status, _) in attempts.items()}


async def test_a_chargeback_is_taken_on_a_frozen_and_on_a_closed_account_too(counter: Counter) -> None:
    frozen, closed = await counter.account(), await counter.account()
    in_frozen, in_closed = await charged(counter, frozen), await charged(counter, closed)
    await spend(counter, closed, 10_000)
    reason = {"reason": "Asked for by the customer"}
    for account_id, verb in ((frozen, "freeze"), (closed, "close")):
        stopped = await counter.post(f"/v1/accounts/{account_id}/{verb}", reason, role="operator")
        assert stopped.status_code == 200, stopped.text

    from_frozen = await take_back(counter, frozen, in_frozen, 10_000)
    from_closed = await take_back(counter, closed, in_closed, 10_000)
    paid = await pay(counter, closed, 10_000)

    assert (from_frozen.json()["from_lot"], from_frozen.json()["shortfall"]) == (10_000, 0)
    assert (from_closed.json()["from_lot"], from_closed.json()["shortfall"]) == (0, 10_000)
    assert paid.json()["member_receivable"] == 0


async def test_a_chargeback_sent_twice_under_one_key_is_taken_once(counter: Counter) -> None:
    account_id = await counter.account()
    charge_id = await charged(counter, account_id)

    first = await take_back(counter, account_id, charge_id, 4_000, idempotency_key="chargeback-0001")
    again = await take_back(counter, account_id, charge_id, 4_000, idempotency_key="chargeback-0001")
    other = await take_back(counter, account_id, charge_id, 4_001, idempotency_key="chargeback-0001")

    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert other.json()["code"] == "idempotency_key_reused"
    assert (await counter.get(f"/v1/accounts/{account_id}")).json()["balance"] == 6_000


async def test_chargebacks_of_a_day_go_in_one_batch(counter: Counter) -> None:
    account_id = await counter.account()
    charge_id = await charged(counter, account_id)
    await spend(counter, account_id, 10_000)
    items = [
        {"op": "charge_back", "key": "item-0001", "account_id": account_id, "charge_id": charge_id, "amount": 10_000},
        {"op": "receivable_payment", "key": "item-0002", "account_id": account_id, "amount": 10_000},
    ]

    done = await counter.post("/v1/batches", {"mode": "atomic", "items": items}, role="operator")

    assert [item["body"]["member_receivable"] for item in done.json()["items"]] == [10_000, 0]

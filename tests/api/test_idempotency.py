"""One key, one effect: what the same request gets again, and what another request under its key gets."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.counter import Counter

pytestmark = pytest.mark.anyio

CHARGE = {"amount": 1_500, "method": "card"}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("seven77", "malformed"),
        ("x" * 256, "malformed"),
        ("with a blank", "malformed"),
        ("non-ascii-é", "malformed"),
    ],
)
async def test_a_post_needs_a_key_of_8_to_255_visible_characters(counter: Counter, key: str | None, code: str) -> None:
    account_id = await counter.account()
    headers = {b"authorization": f"Bearer {await counter.role_key('service')}".encode()}
    if key is not None:
        headers[b"idempotency-key"] = key.encode()

    response = await counter.client.post(f"/v1/accounts/{account_id}/charges", json=CHARGE, headers=headers)

    assert (response.status_code, response.json()["code"]) == (400, code)


@pytest.mark.parametrize("length", [8, 255])
async def test_keys_at_both_bounds_are_taken(counter: Counter, length: int) -> None:
    account_id = await counter.account()

    response = await counter.post(f"/v1/accounts/{account_id}/charges", CHARGE, idempotency_key="k" * length)

    assert response.status_code == 201


async def test_the_same_request_again_has_the_first_answer_byte_for_byte(counter: Counter) -> None:
    account_id = await counter.account()
    path = f"/v1/accounts/{account_id}/charges"

    first = await counter.post(path, CHARGE, idempotency_key="charge-0001")
    again = await counter.send(
        "POST", path, content=b'{ "method":"card",\n "amount" : 1500 }', idempotency_key="charge-0001"
    )

    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.content) == (201, first.content)
    for header in ("x-request-id", "ledger-position", "content-type"):
        assert again.headers[header] == first.headers[header]
    assert (await counter.get(f"/v1/accounts/{account_id}")).json()["balance"] == 1_500


async def test_a_refusal_by_a_rule_is_remembered_even_when_it_would_now_be_possible(counter: Counter) -> None:
    account_id = await counter.account()
    path, body = f"/v1/accounts/{account_id}/spends", {"amount": 700}
    refused = await counter.post(path, body, idempotency_key="spend-0001")
    await counter.post(f"/v1/accounts/{account_id}/charges", CHARGE)

    again = await counter.post(path, body, idempotency_key="spend-0001")

    assert (refused.status_code, refused.json()["code"]) == (422, "insufficient_funds")
    assert (again.status_code, again.content) == (422, refused.content)
    assert again.headers["content-type"] == "application/problem+json"
    assert again.headers["idempotent-replayed"] == "true"


async def test_another_request_under_a_used_key_is_refused_and_does_nothing(counter: Counter) -> None:
    account_id, other_id = await counter.account(), await counter.account()
    path = f"/v1/accounts/{account_id}/charges"
    await counter.post(path, CHARGE, idempotency_key="charge-0001")

    other_body = await counter.post(path, {**CHARGE, "amount": 1_501}, idempotency_key="charge-0001")
    other_path = await counter.post(f"/v1/accounts/{other_id}/charges", CHARGE, idempotency_key="charge-0001")

    for response in (other_body, other_path):
        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert (await counter.get(f"/v1/accounts/{other_id}")).json()["balance"] == 0


async def test_another_principal_has_keys_of_its_own(counter: Counter) -> None:
    account_id = await counter.account()
    path = f"/v1/accounts/{account_id}/charges"

    first = await counter.post(path, CHARGE, idempotency_key="charge-0001")
    other = await counter.post(path, CHARGE, key=await counter.key("service"), idempotency_key="charge-0001")

    assert first.json()["id"] != other.json()["id"]
    assert (await counter.get(f"/v1/accounts/{account_id}")).json()["balance"] == 3_000


async def test_what_could_not_be_read_or_found_is_not_remembered(counter: Counter) -> None:
    path = "/v1/accounts/acc_01zzzzzzzzzzzzzzzz/charges"
    missing = await counter.post(path, CHARGE, idempotency_key="charge-0001")
    account_id = await counter.account()
    malformed = await counter.post(f"/v1/accounts/{account_id}/charges", {"amount": "x"}, idempotency_key="charge-0001")

    at_last = await counter.post(f"/v1/accounts/{account_id}/charges", CHARGE, idempotency_key="charge-0001")

    assert [missing.status_code, malformed.status_code, at_last.status_code] == [404, 400, 201]


async def test_200_concurrent_requests_with_one_key_have_one_effect_and_199_equal_replays(counter: Counter) -> None:
    account_id = await counter.account()
    path = f"/v1/accounts/{account_id}/charges"
    await counter.role_key("service")

    answers = await asyncio.gather(*(counter.post(path, CHARGE, idempotency_key="charge-0001") for _ in range(200)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 199
    assert (await counter.get(f"/v1/accounts/{account_id}")).json()["balance"] == 1_500


async def test_400_concurrent_spends_of_100_on_9790_are_accepted_97_times(counter: Counter) -> None:
    account_id = await counter.account(9_790)
    path = f"/v1/accounts/{account_id}/spends"
    gate = asyncio.Semaphore(16)

    async def spend() -> int:
        async with gate:
            return (await counter.post(path, {"amount": 100})).status_code

    statuses = await asyncio.gather(*(spend() for _ in range(400)))

    assert (statuses.count(201), statuses.count(422)) == (97, 303)
    assert (await counter.get(f"/v1/accounts/{account_id}")).json()["balance"] == 90


async def test_a_put_of_the_same_value_records_nothing_unless_it_has_a_key(counter: Counter) -> None:
    account_id = await counter.account(mode="postpaid", credit_limit=100_000)
    path = f"/v1/accounts/{account_id}/credit-limit"
    body = {"amount": 250_000, "reason": "Yearly review"}

    first = await counter.send("PUT", path, body, role="operator")
    again = await counter.send("PUT", path, body, role="operator")
    under_a_key = await counter.send("PUT", path, body, role="operator", idempotency_key="limit-0001")

    answers = [(each.json()["credit_limit"], each.json()["version"]) for each in (first, again, under_a_key)]
    assert answers == [(250_000, 2), (250_000, 2), (250_000, 3)]


async def test_a_put_with_a_key_is_answered_again_like_a_post(counter: Counter) -> None:
    account_id = await counter.account(mode="postpaid", credit_limit=100_000)
    path = f"/v1/accounts/{account_id}/members/ann/limit"
    headers = {"authorization": f"Bearer {await counter.role_key('operator')}", "idempotency-key": "limit-0001"}

    first = await counter.client.put(path, json={"monthly_limit": 700}, headers=headers)
    changed = await counter.send("PUT", path, {"monthly_limit": None}, role="operator")
    again = await counter.client.put(path, json={"monthly_limit": 700}, headers=headers)

    assert changed.json()["limit"] is None
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")

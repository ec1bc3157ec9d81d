"""Pay-outs over HTTP: the bank's answers, another bank account, and four eyes on both (SPEC R-080, R-081)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.counter import Counter

pytestmark = pytest.mark.anyio

FIRST = {"bank": "Example Bank", "account_number": "110-222-336789", "holder": "Example Holder"}
SECOND = {"bank": "Harbour Bank", "account_number": "990-888-771234", "holder": "Other Holder"}


class Desk:
    """A refund request and the people who work on it.

    Attributes:
        ann, ann_again: two keys of one operator. ben, cho: keys of two others. customer: a master's key.
    """

    def __init__(self, counter: Counter) -> None:
        self.counter = counter

    async def sit(self, *, reviewed: bool = True, holder_is_member: bool = False, method: str = "card") -> Desk:
        """File a request for 20,000 and, unless told otherwise, let Ann review it."""
        self.account_id = await self.counter.account()
        await self.counter.post(f"/v1/accounts/{self.account_id}/charges", {"amount": 50_000, "method": method})
        self.ann, self.ann_again, self.ben, self.cho = [
            await self.counter.key("operator", owner=owner) for owner in ("ann", "ann", "ben", "cho")
        ]
        self.customer = await self.counter.key("master", account_id=self.account_id)
        body = {**FIRST, "amount": 20_000, "reason": "No longer needed", "holder_is_member": holder_is_member}
        filed = await self.counter.post(f"/v1/accounts/{self.account_id}/refund-requests", body, key=self.customer)
        assert filed.status_code == 201, filed.text
        self.refund_id = filed.json()["id"]
        if reviewed:
            assert (await self.step("review", key=self.ann)).status_code == 200
        return self

    async def step(self, verb: str, body: Any = None, *, key: str, **more: Any) -> httpx.Response:
        """Take a step of the request's life."""
        return await self.counter.post(f"/v1/refund-requests/{self.refund_id}/{verb}", body, key=key, **more)

    async def payout(self, result: str, code: str | None = None, *, key: str) -> httpx.Response:
        """Record a step of the pay-out."""
        return await self.step("payout", {"result": result} | ({"code": code} if code else {}), key=key)

    async def figures(self) -> tuple[int, int]:
        """Return balance and pending refunds of the account."""
        account = (await self.counter.get(f"/v1/accounts/{self.account_id}")).json()
        return account["balance"], account["refund_pending"]


def told(response: httpx.Response) -> tuple[int, str]:
    """Return an answer's status and its code, or what the request is after it."""
    body = response.json()
    return response.status_code, body["code"] if response.status_code >= 400 else body["status"]


async def test_a_payout_goes_from_started_over_a_lost_answer_and_a_failure_to_another_account_and_is_paid(
    counter: Counter, feeding: None
) -> None:
    desk = await Desk(counter).sit()

    started = await desk.payout("started", key=desk.ben)
    unknown = await desk.payout("unknown", key=desk.ann)
    failed = await desk.payout("failed", "account_closed", key=desk.ann)
    moved = await desk.step("destination", SECOND, key=desk.customer)
    again = await desk.payout("started", key=desk.ben)
    paid = await desk.step("complete", {}, key=desk.ann)

    assert started.json() == {
        "id": desk.refund_id,
        "account_id": desk.account_id,
        "amount": 20_000,
        "currency": "KRW",
        "fee": 0,
        "payout": 20_000,
        "status": "paying",
    }
    assert [told(each) for each in (unknown, failed, moved, again, paid)] == [
        (200, "payout_unknown"),
        (200, "payout_failed"),
        (200, "reviewing"),
        (200, "paying"),
        (200, "completed"),
    ]
    shown = await counter.get(f"/v1/refund-requests/{desk.refund_id}", min_position=paid.headers["ledger-position"])
    assert (shown.json()["bank"], shown.json()["account_number"]) == ("Harbour Bank", "***-***-1234")
    assert (shown.json()["status"], shown.json()["code"]) == ("completed", "account_closed")
    assert await desk.figures() == (30_000, 0)


async def test_a_payout_that_came_back_is_pending_again_and_comes_back_once(counter: Counter) -> None:
    desk = await Desk(counter).sit()
    too_early = await desk.payout("returned", "no_such_account", key=desk.ann)
    await desk.step("complete", {}, key=desk.ben)
    assert await desk.figures() == (30_000, 0)

    returned = await desk.payout("returned", "no_such_account", key=desk.ann)
    twice = await desk.payout("returned", "no_such_account", key=desk.ann)

    assert told(too_early) == (409, "refund_not_completed")
    assert told(returned) == (200, "payout_returned")
    assert [(part["amount"], part["fee_free"]) for part in returned.json()["lots"]] == [(20_000, True)]
    assert told(twice) == (409, "refund_not_completed")
    assert await desk.figures() == (30_000, 20_000)
    assert told(await desk.step("destination", SECOND, key=desk.customer)) == (200, "reviewing")


async def test_a_payout_of_young_card_money_needs_another_person_than_its_reviewer_also_with_a_second_key(
    counter: Counter,
) -> None:
    desk = await Desk(counter).sit(holder_is_member=True)

    by_reviewer = await desk.payout("started", key=desk.ann)
    by_same_person = await desk.payout("started", key=desk.ann_again)
    by_other = await desk.payout("started", key=desk.ben)
    bank_said_yes = await desk.step("complete", {}, key=desk.ann)

    assert told(by_reviewer) == told(by_same_person) == (422, "second_approver_required")
    assert told(by_other) == (200, "paying")
    assert told(bank_said_yes) == (200, "completed"), "the approval was that of the start"


async def test_the_members_own_account_and_no_card_money_need_no_second_person(counter: Counter) -> None:
    desk = await Desk(counter).sit(holder_is_member=True, method="transfer")

    assert told(await desk.payout("started", key=desk.ann)) == (200, "paying")


async def test_another_account_needs_another_person_than_the_reviewer_and_than_who_entered_it(
    counter: Counter,
) -> None:
    desk = await Desk(counter).sit(holder_is_member=True, method="transfer")
    await desk.payout("started", key=desk.ann)
    await desk.payout("failed", "account_closed", key=desk.ann)
    bens_service = await counter.key("service", owner="ben")

    moved = await desk.step("destination", {**SECOND, "holder_is_member": True}, key=bens_service)
    by_reviewer = await desk.payout("started", key=desk.ann_again)
    paid_by_reviewer = await desk.step("complete", {}, key=desk.ann)
    by_who_entered_it = await desk.payout("started", key=desk.ben)
    by_third = await desk.payout("started", key=desk.cho)

    assert told(moved) == (200, "reviewing")
    for refused in (by_reviewer, paid_by_reviewer, by_who_entered_it):
        assert told(refused) == (422, "second_approver_required")
    assert told(by_third) == (200, "paying")


async def test_nothing_else_happens_between_started_and_the_banks_definite_answer(counter: Counter) -> None:
    desk = await Desk(counter).sit()
    await desk.payout("started", key=desk.ben)

    for lost in (False, True):
        if lost:
            assert told(await desk.payout("unknown", key=desk.ben)) == (200, "payout_unknown")
        refused = [
            await desk.payout("started", key=desk.cho),
            await desk.step("destination", SECOND, key=desk.customer),
            await desk.step("reject", {}, key=desk.ben),
            await desk.step("cancel", {}, key=desk.ben),
            await desk.step("review", {}, key=desk.ben),
        ]
        assert {told(each) for each in refused} == {(409, "payout_in_flight")}

    assert told(await desk.payout("unknown", key=desk.ben)) == (409, "payout_in_flight")
    assert told(await desk.payout("failed", "account_closed", key=desk.ben)) == (200, "payout_failed")


async def test_a_step_that_the_state_does_not_have_is_refused(counter: Counter) -> None:
    filed = await Desk(counter).sit(reviewed=False)
    requested = [
        await filed.payout("started", key=filed.ben),
        await filed.payout("unknown", key=filed.ben),
        await filed.payout("failed", "r-1", key=filed.ben),
        await filed.step("destination", SECOND, key=filed.customer),
    ]
    await filed.step("cancel", {}, key=filed.customer)
    resolved = [
        await filed.payout("started", key=filed.ben),
        await filed.payout("failed", "r-1", key=filed.ben),
        await filed.step("destination", SECOND, key=filed.customer),
    ]

    assert {told(each) for each in requested} == {(409, "wrong_refund_status")}
    assert {told(each) for each in resolved} == {(409, "refund_resolved")}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"result": "failed"}, "code"),
        ({"result": "returned"}, "code"),
        ({"result": "returned", "code": None}, "code"),
        ({"result": "started", "code": "r-1"}, "code"),
        ({"result": "unknown", "code": "r-1"}, "code"),
        ({"result": "failed", "code": ""}, "code"),
        ({"result": "failed", "code": "account closed"}, "code"),
        ({"result": "failed", "code": "c" * 65}, "code"),
        ({"result": "paid"}, "result"),
        ({"code": "r-1"}, "result"),
    ],
)
async def test_a_code_belongs_to_failed_and_returned_and_to_nothing_else(
    counter: Counter, body: dict[str, Any], field: str
) -> None:
    desk = await Desk(counter).sit()

    refused = await desk.step("payout", body, key=desk.ben)

    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (400, "malformed", field)


async def test_the_longest_code_of_a_bank_is_64_characters(counter: Counter) -> None:
    desk = await Desk(counter).sit()
    await desk.payout("started", key=desk.ben)

    assert told(await desk.payout("failed", "c" * 64, key=desk.ben)) == (200, "payout_failed")


async def test_only_the_customer_names_another_account_and_only_for_its_own_request(counter: Counter) -> None:
    desk, stranger = await Desk(counter).sit(), await Desk(counter).sit()
    await desk.payout("started", key=desk.ben)
    await desk.payout("failed", "account_closed", key=desk.ben)

    by_operator = await desk.step("destination", SECOND, key=desk.cho)
    by_stranger = await desk.step("destination", SECOND, key=stranger.customer)
    payout_by_customer = await desk.payout("started", key=desk.customer)
    by_customer = await desk.step("destination", SECOND, key=desk.customer)

    assert (by_operator.status_code, by_operator.json()["scope"]) == (403, "refunds:request")
    assert told(by_stranger) == (404, "not_found")
    assert (payout_by_customer.status_code, payout_by_customer.json()["scope"]) == (403, "refunds:payout")
    assert told(by_customer) == (200, "reviewing")


async def test_another_account_number_goes_to_the_vault_and_nowhere_else(counter: Counter, feeding: None) -> None:
    desk = await Desk(counter).sit()
    await desk.payout("started", key=desk.ben)
    await desk.payout("failed", "account_closed", key=desk.ben)

    moved = await desk.step("destination", SECOND, key=desk.customer, idempotency_key="destination-0001")
    again = await desk.step("destination", SECOND, key=desk.customer, idempotency_key="destination-0001")
    other = await desk.step("destination", FIRST, key=desk.customer, idempotency_key="destination-0001")
    facts = await counter.get("/v1/events")
    at = moved.headers["ledger-position"]
    listed = await counter.get("/v1/refund-requests", min_position=at)

    assert again.content == moved.content
    assert told(other) == (422, "idempotency_key_reused")
    for answer in (moved, other, facts, listed):
        for secret in ("888771234", "888-771234", "Other Holder"):
            assert secret not in answer.text
    assert listed.json()["items"][0]["account_number"] == "***-***-1234"


async def test_another_account_for_a_request_on_no_account_leaves_nothing_in_the_vault(counter: Counter) -> None:
    kept = []

    async def keep(*_: Any, **__: Any) -> str:
        kept.append(1)
        return "dst_x"

    counter.house.vault.put_destination = keep  # type: ignore[method-assign]

    response = await counter.post("/v1/refund-requests/rfd_01zzzzzzzzzzzzzzzz4/destination", SECOND)

    assert response.status_code == 404
    assert kept == []


async def test_a_payout_can_be_recorded_in_a_batch(counter: Counter) -> None:
    desk = await Desk(counter).sit()
    named = {"refund_id": desk.refund_id}
    items = [
        {"op": "payout", "key": "item-0001", **named, "result": "started"},
        {"op": "payout", "key": "item-0002", **named, "result": "failed", "code": "account_closed"},
        {"op": "refund_destination", "key": "item-0003", **named, **SECOND},
    ]

    done = await counter.post("/v1/batches", {"mode": "continue", "items": items}, key=desk.ben)

    statuses = [(item["status"], item["body"].get("status")) for item in done.json()["items"]]
    assert statuses == [(200, "paying"), (200, "payout_failed"), (403, 403)]

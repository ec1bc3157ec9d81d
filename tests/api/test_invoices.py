"""Invoices over HTTP: refusals with their figures, keys bound to one account, replays, and bad months."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ledger.command import Call
from ledger.commands.invoices import IssueInvoice
from tests.aggregates.scenario import kst
from tests.api.counter import Counter
from tests.ledger.desk import SetClock

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a view as long as it takes."""
    monkeypatch.setattr("api.views.MIN_POSITION_LIMIT_S", 30)


async def billed(counter: Counter, clock: SetClock, amount: int = 59_100) -> tuple[str, str, int]:
    """Return a postpaid account, its invoice of 2026-06, and the position up to which all of that is recorded."""
    clock.at = kst("2026-05-10 09:00")
    opening = {"name": "Salt Lane", "mode": "postpaid", "credit_limit": 500_000}
    account = (await counter.post("/v1/accounts", opening)).json()["id"]
    await counter.post(f"/v1/accounts/{account}/spends", {"amount": amount})
    clock.at = kst("2026-06-01 00:10")
    call = Call("job:issue-invoices", "", f"invoice:{account}:2026-06", "x" * 32, "req_1")
    outcome = await counter.house.engine.submit(IssueInvoice(account, "2026-06"), call)
    return account, orjson.loads(outcome.body)["id"], outcome.position


async def test_a_payment_is_refused_as_a_whole_with_the_figures_of_the_part_that_is_wrong(
    counter: Counter, clock: SetClock, feeding: None
) -> None:
    """SPEC R-088."""
    account, invoice, _ = await billed(counter, clock)
    other, foreign, _ = await billed(counter, clock)

    async def pay(body: dict[str, Any], on: str = invoice) -> tuple[int, dict[str, Any]]:
        answer = await counter.post(f"/v1/invoices/{on}/payments", body, role="operator")
        return answer.status_code, answer.json()

    too_much = await pay({"amount": 59_101})
    apart = await pay({"amount": 2, "parts": [{"invoice_id": invoice, "amount": 1}]})
    elsewhere = await pay({"amount": 1, "parts": [{"invoice_id": foreign, "amount": 1}]})
    of_another = await pay(
        {"amount": 2, "parts": [{"invoice_id": invoice, "amount": 1}, {"invoice_id": foreign, "amount": 1}]}
    )
    currency = await pay({"amount": 1, "currency": "USD"})
    missing = await pay({"amount": 1}, invoice[:-1] + "z")

    assert (too_much[0], too_much[1]["code"], too_much[1]["outstanding"]) == (422, "payment_exceeds_invoice", 59_100)
    assert (apart[0], apart[1]["code"]) == (elsewhere[0], elsewhere[1]["code"]) == (422, "payment_parts_differ")
    assert (of_another[0], of_another[1]["code"]) == (404, "invoice_not_found")
    assert (currency[0], currency[1]["code"]) == (422, "currency_mismatch")
    assert (missing[0], missing[1]["code"]) == (404, "invoice_not_found")
    assert (await counter.get(f"/v1/accounts/{account}")).json()["used_this_month"] == 0
    assert other != account


async def test_a_payment_sent_twice_is_booked_once(counter: Counter, clock: SetClock, feeding: None) -> None:
    _, invoice, _ = await billed(counter, clock)

    answers = [
        await counter.post(
            f"/v1/invoices/{invoice}/payments", {"amount": 9_100}, role="operator", idempotency_key="bank-line-1"
        )
        for _ in range(2)
    ]
    shown = await counter.get(f"/v1/invoices/{invoice}", min_position=answers[0].headers["ledger-position"])

    assert answers[0].content == answers[1].content
    assert (shown.json()["paid"], shown.json()["outstanding"]) == (9_100, 50_000)


async def test_an_overdue_invoice_refuses_a_purchase_with_what_is_owed_since_when(
    counter: Counter, clock: SetClock, feeding: None
) -> None:
    """SPEC R-085."""
    account, _, _ = await billed(counter, clock)
    clock.at = kst("2026-07-01 00:00")

    refused = await counter.post(f"/v1/accounts/{account}/spends", {"amount": 1})

    assert (refused.status_code, refused.json()["code"]) == (409, "invoice_overdue")
    assert (refused.json()["outstanding"], refused.json()["due_on"]) == (59_100, "2026-06-30")


async def test_a_master_sees_its_own_invoices_and_a_foreign_one_is_as_a_missing_one(
    counter: Counter, clock: SetClock, feeding: None
) -> None:
    own, invoice, _ = await billed(counter, clock)
    foreign, foreign_invoice, position = await billed(counter, clock)
    key = await counter.key("master", account_id=own)

    listed = await counter.get("/v1/invoices", key=key, min_position=str(position))
    mine = await counter.get(f"/v1/invoices/{invoice}", key=key)
    answers = [
        await counter.get(path, key=key)
        for path in (
            f"/v1/invoices/{foreign_invoice}",
            f"/v1/invoices/{foreign_invoice[:-1]}z",
            f"/v1/accounts/{foreign}/invoices",
        )
    ]

    assert [item["id"] for item in listed.json()["items"]] == [invoice]
    assert mine.status_code == 200
    assert [answer.status_code for answer in answers] == [404, 404, 404]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?from=2026-13", 400, "malformed"),
        ("?from=2026-6", 400, "malformed"),
        ("?from=2026-07&to=2026-06", 400, "malformed"),
        ("?from=2021-05", 400, "malformed"),
        ("?from=2021-06", 200, None),
        ("", 200, None),
    ],
)
async def test_months_of_a_list_lie_within_five_years(
    counter: Counter, clock: SetClock, feeding: None, query: str, status: int, code: str | None
) -> None:
    """SPEC R-099."""
    account, invoice, position = await billed(counter, clock)

    answer = await counter.get(f"/v1/accounts/{account}/invoices{query}", min_position=str(position))

    assert answer.status_code == status
    if code is None:
        assert [item["id"] for item in answer.json()["items"]] == [invoice]
    else:
        assert answer.json()["code"] == code


async def test_the_mode_of_an_account_with_an_order_under_way_cannot_be_switched(
    counter: Counter, clock: SetClock, feeding: None
) -> None:
    """SPEC R-098."""
    account, invoice, position = await billed(counter, clock)
    await counter.get(f"/v1/accounts/{account}/invoices", min_position=str(position))

    blocked = await counter.post(f"/v1/accounts/{account}/mode", {"mode": "prepaid", "reason": "r"}, role="operator")
    await counter.post(f"/v1/invoices/{invoice}/payments", {"amount": 59_100}, role="operator")
    switched = await counter.post(f"/v1/accounts/{account}/mode", {"mode": "prepaid", "reason": "r"}, role="operator")

    assert (blocked.status_code, blocked.json()["code"], blocked.json()["open_invoices"]) == (
        409,
        "mode_switch_blocked",
        1,
    )
    assert (switched.status_code, switched.json()["mode"]) == (200, "prepaid")

"""Every operation answered once for real, and each answer held against the shape that the documentation promises."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest

from api.access import ROLES
from api.operation import OPERATIONS
from ledger.command import Call, Command
from ledger.database import Database
from tests.api import (
    visits,
    visits_bills,
    visits_buildings,
    visits_debits,
    visits_documents,
    visits_due,
    visits_exports,
    visits_invoices,
    visits_orders,
    visits_outside,
    visits_payment_links,
    visits_payment_requests,
    visits_payout_links,
    visits_reconciliation,
)
from tests.api.counter import Counter
from tests.ledger.desk import SetClock

pytestmark = pytest.mark.anyio

BY_NAME = {operation.name: operation for operation in OPERATIONS}
REFUND = {
    "amount": 20_000,
    "bank": "Example Bank",
    "account_number": "110-222-336789",
    "holder": "Example Holder",
    "reason": "No longer needed",
}


class Visitor:
    """Calls operations by name, and holds each answer against its shape."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.seen: set[str] = set()
        self.position = "0"

    async def __call__(
        self,
        name: str,
        body: Any = None,
        *,
        query: str = "",
        key: str | None = None,
        content: bytes | None = None,
        **ids: str,
    ) -> Any:
        """Call one operation; return its answer."""
        operation = BY_NAME[name]
        roles = ("service", "operator", "admin", "auditor", "accountant", "master")
        role = next((role for role in roles if operation.scope in ROLES[role]), "service")
        position = self.position if operation.method == "GET" else None
        response = await self.counter.send(
            operation.method,
            operation.path.format(**ids) + query,
            body,
            role=role,
            key=key,
            content=content,
            min_position=position,
        )
        assert response.status_code == operation.status, (name, response.status_code, response.text)
        self.position = response.headers.get("ledger-position", self.position)
        assert response.headers["x-request-id"].startswith("req_")
        self.seen.add(name)
        if operation.answer is None or response.headers["content-type"] != "application/json":
            return response.text
        operation.answer.model_validate(response.json(), strict=True)
        return response.json()

    async def do(self, command: Command) -> None:
        """Do what a reaction would do."""
        key = f"visit-{secrets.token_hex(8)}"
        outcome = await self.counter.house.engine.submit(command, Call("reaction:visit", "", key, "x" * 32, "req_1"))
        assert outcome.status < 400, outcome.body
        self.position = str(outcome.position)


async def test_every_operation_answers_in_the_shape_that_is_documented(
    counter: Counter, clock: SetClock, feeding: None, ledger_database: Database
) -> None:
    call = Visitor(counter)

    # Standing.
    account = (await call("open_account", {"name": "Blue Kite Trading", "mode": "prepaid"}))["id"]
    other = (await call("open_account", {"name": "Paper Lantern Foods", "mode": "prepaid"}))["id"]
    postpaid = (await call("open_account", {"name": "Stone Bridge", "mode": "postpaid", "credit_limit": 100_000}))["id"]
    await call("freeze_account", {"reason": "r"}, account_id=account)
    await call("unfreeze_account", {"reason": "r"}, account_id=account)

    # Money in.
    charge = await call("charge_account", {"amount": 300_000, "method": "card"}, account_id=account)
    spare = await call("charge_account", {"amount": 12_222, "method": "transfer"}, account_id=account)
    cancelled = await call("cancel_charge", account_id=account, charge_id=spare["id"])
    assert (cancelled["status"], cancelled["fee"], cancelled["payout"]) == ("cancelled", 0, 12_222)
    awaited = await call("charge_account", {"amount": 50_000, "method": "virtual_account"}, account_id=account)
    assert awaited["status"] == "awaiting_deposit"
    await call("deposit_charge", {"amount": 50_000}, account_id=account, charge_id=awaited["id"])
    for decide in ("credit_parked_deposit", "return_parked_deposit"):
        late = await call("charge_account", {"amount": 7_000, "method": "virtual_account"}, account_id=account)
        await call("deposit_charge", {"amount": 7_001}, account_id=account, charge_id=late["id"])
        parked = (await call("list_parked_deposits", account_id=account))["items"][0]
        assert (parked["amount"], parked["charge_id"]) == (7_001, late["id"])
        await call(decide, {"reason": "Payer called"}, account_id=account, deposit_id=parked["id"])

    # Money that others took back.
    back = await call("charge_back", {"amount": 300_000}, account_id=other, charge_id=await _spent(call, other))
    assert (back["from_lot"], back["shortfall"], back["member_receivable"]) == (1_000, 299_000, 299_000)
    paid = await call("settle_receivable", {"amount": 299_000}, account_id=other)
    assert paid["member_receivable"] == 0

    # Money out.
    held = await call("spend", {"amount": 59_400, "capture": False}, account_id=account)
    assert (held["held"], held["status"]) == (59_400, "held")
    ids = {"account_id": account, "spend_id": held["id"]}
    await call("refund_difference", {"amount": 19_800}, **ids)
    await call("capture_spend", {"amount": 9_900}, **ids)
    returned = await call("return_spend", {"amount": 29_700, "reason": "r"}, **ids)
    assert (returned["captured"], returned["returned"]) == (9_900, 49_500)
    await call("transfer", {"from_account_id": account, "to_account_id": other, "amount": 5_000})
    adjustment = await call("request_adjustment", {"amount": -1_500, "reason": "r"}, account_id=account)
    second = await counter.key("operator")
    await call("approve_adjustment", adjustment_id=adjustment["id"], key=second)
    adjustment = await call("request_adjustment", {"amount": 700, "reason": "r"}, account_id=account)
    await call("reject_adjustment", {"reason": "r"}, adjustment_id=adjustment["id"], key=second)
    for name in ("list_adjustments", "list_all_adjustments"):
        listed = (await call(name, **({"account_id": account} if name == "list_adjustments" else {})))["items"]
        assert [each["status"] for each in listed] == ["rejected", "approved"]

    # Limits.
    await call("set_credit_limit", {"amount": 250_000, "reason": "r"}, account_id=postpaid)
    await call("set_member_limit", {"monthly_limit": "unlimited"}, account_id=postpaid, member_id="ann")
    await call("set_cash_limit", {"monthly_limit": 500_000, "reason": "r"}, account_id=postpaid)
    await call("spend", {"amount": 59_100, "member_id": "ann"}, account_id=postpaid)
    await call("pay_settlement", {"amount": 59_100}, account_id=postpaid)
    limits = await call("get_limits", account_id=postpaid)
    assert (limits["used"], limits["remaining"], limits["members"][0]["limit"]) == (59_100, 190_900, "unlimited")

    # Refunds.
    preview = await call("preview_refund", query="?amount=20000", account_id=account)
    asked = await call("request_refund", REFUND, account_id=account)
    assert (preview["fee"], preview["payout"]) == (asked["fee"], asked["payout"])
    await call("review_refund", refund_id=asked["id"])
    await call("complete_refund", refund_id=asked["id"], key=second)
    for end in ("reject_refund", "cancel_refund"):
        asked = await call("request_refund", REFUND, account_id=account)
        if end == "reject_refund":
            await call("review_refund", refund_id=asked["id"])
        await call(end, {"reason": "r"}, refund_id=asked["id"])
    paying = await call("request_refund", REFUND, account_id=account)
    await call("review_refund", refund_id=paying["id"])
    for result in ({"result": "started"}, {"result": "unknown"}, {"result": "failed", "code": "account_closed"}):
        await call("record_payout", result, refund_id=paying["id"], key=second)
    destination = {name: REFUND[name] for name in ("bank", "account_number", "holder")}
    await call("change_refund_destination", destination, refund_id=paying["id"])
    await call("complete_refund", refund_id=paying["id"], key=second)
    returned = await call("record_payout", {"result": "returned", "code": "r-1"}, refund_id=paying["id"])
    assert (returned["status"], returned["lots"]) == ("payout_returned", paying["lots"])
    one = await call("get_refund_request", refund_id=asked["id"])
    assert (one["account_number"], one["status"]) == ("***-***-6789", "cancelled")
    assert "destination" not in one

    # Lists and books.
    for name in ("list_charges", "list_lots", "list_spends", "list_transactions", "list_refund_requests"):
        assert (await call(name, query="?limit=1", account_id=account))["items"], name
    await call("list_all_refund_requests", query="?status=completed")
    await call("get_spend", **ids)
    now = await call("get_account", account_id=account)
    before = await call("get_account", query="?at_version=4", account_id=account)
    assert (before["balance"], before["version"]) == (300_000, 4)
    assert [each["id"] for each in (await call("list_accounts", query="?name=Stone%20Bridge"))["items"]] == [postpaid]
    period = "?from=2026-03-01&to=2026-03-31"
    statement = await call("get_statement", query=period, account_id=account)
    assert statement["closing_balance"] == now["balance"]
    assert (await call("get_statement", query=period + "&format=csv", account_id=account)).startswith('"account_id"')
    await call("list_journal", query="?from=2026-03-01&limit=2")
    trial = await call("get_trial_balance")
    of_months = await call("list_trial_balances", query=period)
    assert [month["totals"][0]["closing"] for month in of_months["periods"]] == [0]
    assert [total["balance"] for total in trial["totals"]] == [0]
    await visits_exports.exports(call, ledger_database)
    facts = await call("list_events", query="?limit=200")
    assert [fact["position"] for fact in facts["items"]] == list(range(1, len(facts["items"]) + 1))
    assert (await call("get_seal"))["position"] == int(call.position)

    await visits.people(call, account)
    await visits.sender_profiles(call, account)
    await visits_orders.orders(call, account, await visits_orders.catalogue(call, account))
    await visits_documents.documents(call, account, charge["id"])
    await visits_outside.payments(call, account)
    await visits_outside.billing_keys(call, account)
    await visits_outside.sandbox(call, ledger_database)
    await visits_bills.bills(call, account)
    await visits_payment_links.payment_links(call, account)
    await visits_payment_requests.payment_requests(call, account, other)
    await visits_buildings.buildings(call, account)
    await visits_payout_links.payout_links(call, account, second)
    await visits_due.dues(call, account, second)
    await visits_invoices.invoices(call, clock)
    await visits_debits.debits(call, clock)

    await visits_reconciliation.reconciliation(call, account, postpaid)

    # The service.
    await call("send_batch", {"mode": "continue", "items": [_item(account)]})
    made = await call("create_key", {"role": "auditor"})
    await call("list_keys")
    await call("revoke_key", key_id=made["id"])
    clock.at += timedelta(seconds=1)
    for name in ("healthz", "readyz", "metrics", "openapi", "documentation"):
        await call(name)
    await call("close_account", {"reason": "r"}, account_id=(await call("open_account", _open()))["id"])

    assert call.seen == set(BY_NAME)
    assert charge["remaining"] == 300_000


async def test_a_read_waits_for_the_position_it_asks_for_and_else_says_that_the_view_is_behind(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.views.MIN_POSITION_LIMIT_S", 0.05)
    account = await counter.account(1_500)

    listed = await counter.get(f"/v1/accounts/{account}/transactions", min_position="2")
    current = await counter.get(f"/v1/accounts/{account}", min_position="2")
    ahead = await counter.get(f"/v1/accounts/{account}", min_position="3")
    nonsense = await counter.get(f"/v1/accounts/{account}", min_position="-1")

    assert (listed.status_code, listed.json()["code"]) == (503, "view_behind")
    assert listed.headers["retry-after"] == "1"
    assert (current.status_code, current.json()["balance"], current.headers["ledger-position"]) == (200, 1_500, "2")
    assert (ahead.status_code, ahead.json()["code"]) == (503, "view_behind")
    assert nonsense.status_code == 400


async def test_readiness_says_which_view_is_behind(counter: Counter, clock: SetClock, feeding: None) -> None:
    account = await counter.account(1_500)
    await counter.get(f"/v1/accounts/{account}/transactions", min_position="2")

    ready = await counter.client.get("/readyz")

    assert ready.status_code in (200, 503)
    assert {view["view"] for view in ready.json()["views"]} >= {"accounts", "transactions", "journal"}


async def test_a_refund_of_an_account_that_is_not_there_leaves_nothing_in_the_vault(counter: Counter) -> None:
    kept = []

    async def keep(*_: Any, **__: Any) -> str:
        kept.append(1)
        return "dst_x"

    counter.house.vault.put_destination = keep  # type: ignore[method-assign]

    response = await counter.post("/v1/accounts/acc_01zzzzzzzzzzzzzzzz/refund-requests", REFUND)

    assert response.status_code == 404
    assert kept == []


async def test_an_account_number_is_in_no_fact_and_no_answer(counter: Counter, feeding: None) -> None:
    account = await counter.account(50_000)

    asked = await counter.post(f"/v1/accounts/{account}/refund-requests", REFUND, idempotency_key="refund-0001")
    again = await counter.post(f"/v1/accounts/{account}/refund-requests", REFUND, idempotency_key="refund-0001")
    facts = await counter.get("/v1/events")
    listed = await counter.get("/v1/refund-requests", min_position=asked.headers["ledger-position"])

    assert again.content == asked.content
    for answer in (asked, facts, listed):
        for secret in ("222336789", "222-336789", "Example Holder"):
            assert secret not in answer.text
    assert listed.json()["items"][0]["account_number"] == "***-***-6789"


def _item(account_id: str) -> dict[str, Any]:
    return {"op": "charge", "key": "item-0001", "account_id": account_id, "amount": 1_000, "method": "card"}


async def _spent(call: Visitor, account_id: str) -> str:
    """Charge an account, spend nearly all of it, and return the charge's id."""
    charged = await call("charge_account", {"amount": 300_000, "method": "card"}, account_id=account_id)
    await call("spend", {"amount": 299_000}, account_id=account_id)
    charge_id: str = charged["id"]
    return charge_id


def _open() -> dict[str, Any]:
    return {"name": "Empty", "mode": "prepaid"}

"""Calls of the operations on pay-out links."""

from __future__ import annotations

from typing import Any

from ledger.commands.collecting.payout_links import RecordHolderCheck
from ledger.commands.collecting.payout_money import FailPayoutAttempt, StartPayout
from ledger.commands.payments import SettlePayment
from ledger.ports.sandbox.otp import CODE
from tests.api.visits import Visitor

PAYEE = {"name": "Haneul", "phone": "010-0000-0007"}
ACCOUNT = {"bank": "Harbour Bank", "account_number": "110-220-330440", "holder": "Haneul"}
CARD = {"card_number": "4242 4242 4242 4242", "holder": "Haneul"}


async def payout_links(call: Visitor, account_id: str, second: str) -> None:
    """Issue links, enter an account and a card, approve, pay, fail, give back, withdraw, reject; read them."""
    wanted = {"account_id": account_id, "amount": 30_000, "payee": PAYEE, "approval_required": True}
    own = {"payout_link_id": (await call("issue_payout_link", wanted))["id"]}
    version = await _enter(call, own, ACCOUNT)
    detail = await call("get_payout_link", **own)
    assert detail["payee"] == {"name": "H**", "phone": "***-***-0007", "email": ""}
    assert detail["details"] == {
        "version": version,
        "kind": "account",
        "bank": "Harbour Bank",
        "account_number": "***-***-0440",
        "holder": "H**",
        "holder_check": "full",
        "approved_by": None,
    }
    assert detail["link"].startswith("/p/")
    assert detail["pay_link"].startswith("/p/")
    approved = await call("approve_payout", {"version": version}, key=second, **own)
    assert approved["version"] == version
    paying = await call("pay_payout_link", {"version": version, "method": "card"}, **own)
    assert paying["status"] == "funding"
    await call.do(SettlePayment(paying["payment_id"]))
    await call.do(StartPayout(own["payout_link_id"]))
    await call.do(FailPayoutAttempt(own["payout_link_id"], 1, "account_closed"))
    failed = await call("get_payout_link", **own)
    assert (failed["status"], failed["held"], failed["code"]) == ("payout_failed", 30_000, "account_closed")
    assert (await call("refund_payout_link", {"reason": "not wanted"}, **own))["amount"] == 30_000

    other = {"payout_link_id": (await call("issue_payout_link", {**wanted, "approval_required": False}))["id"]}
    await _enter(call, other, ACCOUNT)
    await _enter(call, other, CARD)
    detail = await call("get_payout_link", **other)
    assert (detail["details"]["version"], detail["details"]["kind"]) == (2, "card")
    assert detail["details"]["account_number"] == "***-***-4242"
    assert (await call("cancel_payout_link", {"reason": "paid in cash"}, **other))["status"] == "cancelled"
    spare = {"payout_link_id": (await call("issue_payout_link", wanted))["id"]}
    version = await _enter(call, spare, ACCOUNT)
    refusal = {"version": version, "reason": "another holder than on the contract"}
    rejected = await call("reject_payout", refusal, key=second, **spare)
    assert (rejected["status"], rejected["version"]) == ("rejected", version)
    ended = await call("get_payout_link", **spare)
    assert (ended["status"], ended["code"], ended["pay_link"]) == ("rejected", "rejected", None)
    listed = await call("list_payout_links", query=f"?account_id={account_id}&status=cancelled")
    assert [each["id"] for each in listed["items"]] == [other["payout_link_id"]]


async def _enter(call: Any, own: dict[str, str], destination: dict[str, str]) -> int:
    """Enter where the money shall go, as the payee would, and let the bank say whose it is."""
    code = await call("send_payout_code", **own)
    taken = await call("submit_payout_details", {"code_id": code["code_id"], "code": CODE, **destination}, **own)
    version: int = taken["version"]
    await call.do(RecordHolderCheck(own["payout_link_id"], version, "full"))
    return version

"""Calls of the operations around invoices: a postpaid customer from its first purchase to its switch to prepaid."""

from __future__ import annotations

from typing import Any

from ledger.commands.invoices import IssueInvoice
from tests.aggregates.scenario import kst
from tests.ledger.desk import SetClock


async def invoices(call: Any, clock: SetClock) -> None:
    """Buy, be billed, pay in parts, be overdue, be lifted, get credit back, and change the mode."""
    clock.at = kst("2026-05-10 09:00")
    account = (await call("open_account", {"name": "Salt Lane", "mode": "postpaid", "credit_limit": 500_000}))["id"]
    own = {"account_id": account}
    bought = await call("spend", {"amount": 69_000, "reference": "desk-7"}, **own)
    clock.at = kst("2026-06-01 00:10")
    await call.do(IssueInvoice(account, "2026-06"))

    (listed,) = (await call("list_invoices", **own))["items"]
    assert (listed["settlement_amount"], listed["due_on"], listed["status"]) == (69_000, "2026-06-30", "open")
    of_month = await call("get_invoice_of_month", month="2026-06", **own)
    (row,) = of_month["rows"]["items"]
    assert (row["spend_id"], row["number"], row["settlement_amount"]) == (bought["id"], "desk-7", 69_000)
    ids = {"invoice_id": listed["id"]}
    adjusted = await call("adjust_invoice", {"billed_amount": 59_100, "currency": "KRW", "reason": "r"}, **ids)
    assert (adjusted["change"], adjusted["outstanding"]) == (-9_900, 59_100)
    parts = [{"invoice_id": listed["id"], "amount": 9_100}]
    paid = await call("pay_invoice", {"amount": 9_100, "parts": parts, "method": "virtual_account"}, **ids)
    assert paid["invoices"] == [{"invoice_id": listed["id"], "amount": 9_100, "outstanding": 50_000}]

    clock.at = kst("2026-07-01 10:00")
    (overdue,) = (await call("list_all_invoices", query="?status=overdue"))["items"]
    assert (overdue["id"], overdue["outstanding"], overdue["paid"]) == (listed["id"], 50_000, 9_100)
    aged = await call("get_aged_receivables", query="?as_of=2026-07-02")
    assert [(each["account_id"], each["days_31_60"]) for each in aged["accounts"]] == [(account, 50_000)]
    lifted = await call("lift_overdue_block", {"reason": "promised"}, **own)
    assert lifted["invoices"] == [listed["id"]]
    rest = await call("pay_invoice", {"amount": 50_000, "reference": "BANK-1"}, **ids)
    assert (rest["receivable"], rest["advance"]) == (0, 0)
    whole = await call("get_invoice", **ids)
    assert (whole["status"], len(whole["payments"]), len(whole["adjustments"])) == ("paid", 2, 1)

    await call("return_spend", {"amount": 9_900, "reason": "void"}, spend_id=bought["id"], **own)
    credit = await call("pay_out_credit", {"reason": "becomes prepaid"}, **own)
    assert (credit["amount"], credit["carry_over"]) == (9_900, 9_900)
    switched = await call("switch_mode", {"mode": "prepaid", "reason": "asked for"}, **own)
    assert (switched["mode"], switched["credit_limit"], switched["balance"]) == ("prepaid", None, 0)

"""Calls of the operations around reconciliation and periods."""

from __future__ import annotations

from typing import Any

from ledger.commands.matching import ParkLine
from tests.ledger.reconcile.files import bank_file, bank_row, provider_file, provider_row

WHY = "The customer told us on the phone"


async def reconciliation(call: Any, account_id: str, postpaid_id: str) -> None:
    """Take files, match by hand, decide what becomes of parked money, close February."""
    assert (await call("list_sources"))["sources"] == ["example-bank", "example-provider"]
    charge = {"amount": 4_400, "method": "card", "reference": "by-hand"}
    day = (await call("charge_account", charge, account_id=account_id))["charged_on"]
    rows = provider_file(provider_row(day, "T1", 4_400, remittance="RMT20260302"))
    await call("send_source_file", source="example-provider", content=rows)
    (line,) = (await call("list_lines", query="?side=provider&status=open"))["items"]
    found = (await call("list_suggestions", line_id=line["id"]))["items"]
    items = (await call("list_items", query="?side=provider"))["items"]
    assert found[0]["item_id"] in {item["id"] for item in items}
    matched = await call("match_line", {"items": [found[0]["item_id"]], "reason": WHY}, line_id=line["id"])
    assert matched["items"] == [found[0]["item_id"]]
    assert (await call("unmatch_line", {"reason": WHY}, line_id=line["id"]))["status"] == "open"
    assert (await call("list_remittances", query="?status=expected"))["items"][0]["net"] == 4_400

    taken = await call(
        "send_source_file",
        source="example-bank",
        content=bank_file(*(bank_row(day, f"B{number}", 3_000, "입금", "이름 모름") for number in range(3))),
    )
    assert (taken["rows"], taken["new"]) == (3, 3)
    assert (await call("list_source_files", query="?source=example-bank"))["items"][0]["id"] == taken["id"]
    lines = (await call("list_lines", query="?source=example-bank"))["items"]
    assert (await call("get_line_notes", line_id=lines[0]["id"]))["notes"] == {"적요": "입금", "의뢰인": "이름 모름"}
    for each in lines:
        await call.do(ParkLine(each["id"]))
    first, second, third = (each["id"] for each in lines)
    credited = await call("credit_parked_money", {"account_id": account_id, "reason": WHY}, line_id=first)
    assert (credited["status"], credited["amount"]) == ("credited", 3_000)
    assert (await call("return_parked_money", {"reason": WHY}, line_id=second))["status"] == "returned"
    await call("spend", {"amount": 3_000}, account_id=postpaid_id)
    paid = await call("pay_with_parked_money", {"account_id": postpaid_id, "reason": WHY}, line_id=third)
    assert paid["advance"] + sum(part["amount"] for part in paid["invoices"]) == 3_000
    assert (await call("get_line", line_id=third))["status"] == "matched"
    (bank,) = (await call("get_proof", query=f"?day={day}"))["bank"]
    assert (bank["bank"]["amount"], bank["credited"]["amount"]) == (9_000, 3_000)
    assert (await call("get_proof", query=f"?day={day}&format=csv")).startswith("day,kind,side")

    closed = await call("close_period", {"through": "2026-02-28", "reason": "February is reconciled"})
    assert closed["first_open_day"] == "2026-03-01"
    assert (await call("list_periods"))["items"][0]["closed_through"] == "2026-02-28"

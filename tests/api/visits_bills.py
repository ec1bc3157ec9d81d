"""Calls of the operations on bills."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aggregates.dates import business_date
from ledger.commands.payments import SettlePayment
from tests.api.visits import Visitor


async def bills(call: Visitor, account_id: str) -> None:
    """Write, send, change, forward, pay and refund bills; switch auto-pay; read what there is of them."""
    today = business_date(call.counter.house.engine.clock.now())  # type: ignore[attr-defined]
    written = {
        "account_id": account_id,
        "customer": {"name": "Haneul", "phone": "010-0000-0007"},
        "amount": 55_000,
        "due_on": (today + timedelta(days=14)).isoformat(),
        "details": "Piano lessons",
    }
    own = {"bill_id": (await call("create_bill", written))["id"]}
    assert (await call("get_bill", **own))["link"] is None
    sent = await call("send_bill", **own)
    assert sent["status"] == "sent"
    assert (await call("change_bill", {"amount": 60_000}, **own))["amount"] == 60_000
    await call("view_bill", **own)
    assert (await call("switch_auto_pay", {"on": True, "token": "one-time-token"}, **own))["on"]
    assert not (await call("switch_auto_pay", {"on": False}, **own))["on"]
    assert (await call("forward_bill", {"name": "Byeol", "phone": "010-0000-0008"}, **own))["forwarded"]
    detail = await call("get_bill", **own)
    assert (detail["customer"]["phone"], detail["forwarded_to"]["phone"]) == ("***-***-0007", "***-***-0008")
    assert detail["link"].startswith("/p/")
    assert not (await call("revoke_forward", **own))["forwarded"]
    paid = await call("pay_bill", {"method": "debit_card"}, **own)
    await call.do(SettlePayment(paid["id"]))
    going = await call("refund_bill", {"amount": 10_000, "reason": "lesson_cancelled"}, **own)
    assert (going["payment_id"], going["status"]) == (paid["id"], "pending")
    detail = await call("get_bill", **own)
    assert (detail["status"], detail["payments"][0]["by"], detail["payments"][0]["method"]) == (
        "paid", "payer", "debit_card",
    )  # fmt: skip
    other: Any = await call("create_bill", written)
    assert (await call("cancel_bill", bill_id=other["id"]))["status"] == "cancelled"
    query = f"?account_id={account_id}"
    listed = await call("list_bills", query=query)
    assert [each["status"] for each in listed["items"]] == ["cancelled", "paid"]
    (customer,) = (await call("list_bill_customers", query=query))["items"]
    assert customer["on_time"] == {"numerator": 1, "denominator": 1, "percent": 100}
    assert await call("get_bill_customer", customer_id=customer["id"]) == customer

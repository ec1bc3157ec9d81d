"""Calls of the operations on payment links."""

from __future__ import annotations

from datetime import timedelta

from aggregates.dates import business_date
from ledger.commands.payments import SettlePayment
from tests.api.visits import Visitor


async def payment_links(call: Visitor, account_id: str) -> None:
    """Issue, draw, pay, replace and end links; read what there is of them."""
    today = business_date(call.counter.house.engine.clock.now())  # type: ignore[attr-defined]
    last_day = (today + timedelta(days=14)).isoformat()
    payer = {"name": "Haneul", "phone": "010-0000-0007"}
    written = {"account_id": account_id, "amount": 55_000, "expires_on": last_day, "title": "Piano", "payer": payer}
    first = await call("issue_payment_link", {**written, "send": ["sms"]})
    assert first["link"].startswith("/p/")
    assert (await call("get_payment_link_qr", link_id=first["id"])).startswith("<?xml")
    later = (today + timedelta(days=30)).isoformat()
    second = await call("supersede_payment_link", {"expires_on": later}, link_id=first["id"])
    assert (second["replaces"], second["obligation_id"]) == (first["id"], first["obligation_id"])
    paid = await call("pay_by_link", {"method": "card"}, link_id=second["id"])
    await call.do(SettlePayment(paid["id"]))
    detail = await call("get_payment_link", link_id=second["id"])
    assert (detail["status"], detail["paid"], detail["uses"][0]["status"]) == ("paid", 55_000, "paid")
    assert [each["kind"] for each in detail["tellings"]] == ["link.paid", "link.sent"]
    many = await call("issue_payment_link", {**written, "amount": None, "maximum": 90_000, "max_uses": 5})
    assert (await call("deactivate_payment_link", {}, link_id=many["id"]))["status"] == "deactivated"
    listed = await call("list_payment_links", query=f"?account_id={account_id}")
    assert [each["status"] for each in listed["items"]] == ["deactivated", "paid", "expired"]

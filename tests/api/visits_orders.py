"""Calls of the operations about the catalogue, quotes, anniversary rules and orders, each held against its shape."""

from __future__ import annotations

from typing import Any

from ledger.commands.order_work import RecordIssued, RecordMessages, RequestIssue, RequestMessages
from tests.api.visits import Visitor

PRODUCT = {
    "sku": "HARBOUR-VISIT",
    "brand": "Harbour Cafe",
    "name": "Cafe latte",
    "category": "cafe",
    "list_price": 1_000,
    "options": [{"validity_days": 30, "sale_price": 990}],
}


async def catalogue(call: Visitor, account_id: str) -> str:
    """Use the catalogue, quotes and rules; return a product that is on sale."""
    product: str = (await call("add_product", PRODUCT))["id"]
    await call("change_product", {"name": "Cafe latte, large"}, product_id=product)
    await call("discontinue_product", {"reason": "r"}, product_id=product)
    await call("relist_product", {"reason": "r"}, product_id=product)
    assert (await call("get_product", product_id=product))["on_sale"]
    assert len((await call("list_products"))["items"]) == 1
    lines = [{"product_id": product, "validity_days": 30, "quantity": 1}]
    cart = {"account_id": account_id, "kind": "general", "lines": lines, "recipients": 3}
    quote = await call("issue_quote", cart)
    assert (await call("get_quote", quote_id=quote["id"]))["amount"] == 2_970
    assert len((await call("list_quotes", query=f"?account_id={account_id}"))["items"]) == 1
    people = {"rows": [{"phone": "01000001001", "anniversary": "1990/08/15"}]}
    rule = await call(
        "create_anniversary_rule", {**_form(account_id, lines), "recipients": people, "name": "Birthdays"}
    )
    rule_id = rule["id"]
    assert len((await call("list_anniversary_rules", query=f"?account_id={account_id}"))["items"]) == 1
    await call("get_anniversary_rule", rule_id=rule_id)
    assert len((await call("list_anniversary_recipients", rule_id=rule_id))["items"]) == 1
    await call("replace_anniversary_recipients", {"recipients": people}, rule_id=rule_id)
    await call("change_anniversary_rule", {"name": "Birthdays of all", "consent": True}, rule_id=rule_id)
    await call("pause_anniversary_rule", {}, rule_id=rule_id)
    await call("resume_anniversary_rule", {}, rule_id=rule_id)
    await call("end_anniversary_rule", {}, rule_id=rule_id)
    await notices(call, account_id)
    return product


async def notices(call: Visitor, account_id: str) -> None:
    """Say where an account is told, look, and take it back."""
    kept = await call("put_notice_contact", {"email": "gifts@pine-street.example"}, account_id=account_id)
    assert (kept["email"], kept["phone"]) == (True, False)
    assert (await call("get_notice_contact", account_id=account_id))["email"] == "***@pine-street.example"
    await call("delete_notice_contact", account_id=account_id)
    assert (await call("list_notices", account_id=account_id))["items"] == []


async def orders(call: Visitor, account_id: str, product: str) -> None:
    """Use orders."""
    lines = [{"product_id": product, "validity_days": 30, "quantity": 1}]
    form = {**_form(account_id, lines), "recipients": {"rows": [{"phone": "01000001001"}, {"phone": "01000001002"}]}}
    preview = {"account_id": account_id, "kind": "general", "lines": lines, "recipients": 2}
    assert (await call("preview_order", preview))["amount"] == 1_980
    order_id = (await call("place_order", form))["id"]
    await call.do(RequestIssue(order_id, 1, 0, (0, 1)))
    await call.do(RecordIssued(order_id, 1, (0, 1), ()))
    await call.do(RequestMessages(order_id, 1, (0, 1)))
    await call.do(RecordMessages(order_id, 1, (0, 1), (), ()))
    assert (await call("get_order", order_id=order_id))["status"] == "dispatched"
    assert len((await call("list_orders"))["items"]) == 1
    assert len((await call("list_order_recipients", order_id=order_id))["items"]) == 2
    await call("download_order_recipients", order_id=order_id)
    await call("download_orders")
    await call("resend_messages", {"recipients": [0]}, order_id=order_id)
    for coupon, decide in enumerate(("approve_void", "reject_void")):
        asked = await call("request_void", {"coupons": [coupon], "reason": "r"}, order_id=order_id)
        body = {"reason": "r"} if decide == "reject_void" else {}
        await call(decide, body, order_id=order_id, void=str(asked["void"]))
    assert len((await call("list_voids", order_id=order_id))["items"]) == 2
    assert len((await call("list_all_voids"))["items"]) == 2
    other = (await call("add_product", {**PRODUCT, "sku": "HARBOUR-OTHER"}))["id"]
    choice = {**form, "kind": "choice", "lines": [*lines, {**lines[0], "product_id": other}]}
    chosen = (await call("place_order", choice))["id"]
    await call.do(RequestMessages(chosen, 1, (0, 1)))
    await call("choose_item", {"recipient": 0, "line": 1}, order_id=chosen)
    waits = (await call("place_order", {**form, "scheduled_at": "2026-03-03T12:00:00+09:00"}))["id"]
    await call("cancel_order", {}, order_id=waits)
    page = await call("get_main_page", account_id=account_id)
    assert page["orders"] == {"scheduled": 0, "sending": 1, "dispatched": 1, "cancelled": 1}
    checked = await call("check_statement", {"account_id": account_id, "order_ids": [order_id, waits]})
    assert not checked["eligible"]


def _form(account_id: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"account_id": account_id, "kind": "general", "lines": lines, "dispatch_title": "ThankYou", "consent": True}

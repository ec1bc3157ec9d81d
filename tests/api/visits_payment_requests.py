"""Calls of the operations on payment requests, each held against its shape."""

from __future__ import annotations

from datetime import timedelta

from aggregates.dates import business_date
from ledger.commands.payments import SettlePayment
from tests.api.visits import Visitor

PDF = b"%PDF-1.7\n%fictitious contract\n"


async def payment_requests(call: Visitor, account_id: str, payer_id: str) -> None:
    """Ask for money in every way there is, answer, change and pay it, and take the evidence away."""
    today = business_date(call.counter.house.engine.clock.now())  # type: ignore[attr-defined]
    due_on = (today + timedelta(days=30)).isoformat()
    own = f"?account_id={account_id}"
    file = await call("upload_attachment", query=own, content=PDF)
    terms = {"amount": 1_000_000, "due_on": due_on, "details": "Shelves"}
    asked = {"account_id": account_id, "counterparty": {"account_id": payer_id}, **terms}
    named = [{"attachment_id": file["id"], "name": "contract.pdf"}]
    request = {"request_id": (await call("send_payment_request", {**asked, "attachments": named}))["id"]}
    await call("revise_payment_request", {**terms, "amount": 900_000, "attachments": named}, **request)
    accepted = await call("accept_payment_request", {"version": 2}, **request)
    assert accepted["obligation_id"].startswith("obl_")
    for step, number in (("accept_amendment", "1"), ("reject_amendment", "2"), ("withdraw_amendment", "3")):
        proposed = await call("propose_amendment", {**terms, "amount": 800_000, "side": "payee"}, **request)
        assert str(proposed["amendment"]) == number
        said = {"code": "other", "text": "Not now."} if step == "reject_amendment" else {}
        side = "payee" if step == "withdraw_amendment" else "payer"
        await call(step, {"side": side, **said}, number=number, **request)
    paid = await call("pay_payment_request", {"amount": 800_000, "method": "card"}, **request)
    await call.do(SettlePayment(paid["id"]))
    shown = await call("get_payment_request", **request)
    assert (shown["status"], shown["paid"], shown["details"]) == ("paid", 800_000, "***")
    evidence = await call("get_payment_request_evidence", **request)
    assert [each["details"] for each in evidence["request"]["versions"]] == ["Shelves"] * 3
    assert (await call("get_payment_request_evidence", query="?format=zip", **request)).startswith("PK")
    assert (await call("download_attachment", attachment_id=file["id"], **request)).startswith("%PDF")

    person = {"name": "Haneul", "phone": "010-0000-0005"}
    for step, body in (
        ("reject_payment_request", {"version": 1, "code": "not_ordered", "text": "Not mine."}),
        ("withdraw_payment_request", None),
    ):
        sent = await call("send_payment_request", {**asked, "counterparty": person})
        request = {"request_id": sent["id"]}
        if step == "withdraw_payment_request":
            link = (await call("get_payment_request", **request))["link"]
            claim = {"link": link.removeprefix("/p/"), "digits": "0005", "account_id": payer_id}
            assert (await call("claim_payment_request", claim))["payer_account_id"] == payer_id
        await call(step, body, **request)
    listed = await call("list_payment_requests", query=f"{own}&side=payee")
    assert [each["status"] for each in listed["items"]] == ["withdrawn", "rejected", "paid"]

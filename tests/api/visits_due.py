"""Calls of the operations on what is due, whoever asks for it, and on what was collected."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aggregates.dates import business_date
from ledger.commands.collecting.giving_up import CloseCollection
from ledger.commands.collecting.obligations import FinishCollectionRefund
from ledger.commands.collecting.withdrawals import PayWithdrawal
from ledger.commands.payments import IssuePaymentAccount, SettlePayment
from tests.api.visits import Visitor


async def dues(call: Visitor, account_id: str, other_operator: str) -> None:
    """Pay, confirm and refund what is due; withdraw what was collected.

    Args:
        other_operator: key of a second person.
    """
    today = business_date(call.counter.house.engine.clock.now())  # type: ignore[attr-defined]
    ids: list[str] = []
    for number in (1, 2):
        written = {
            "account_id": account_id,
            "customer": {"name": "Haneul", "phone": f"010-0000-001{number}"},
            "amount": 50_000,
            "due_on": (today + timedelta(days=14)).isoformat(),
        }
        bill = await call("create_bill", written)
        await call("send_bill", bill_id=bill["id"])
        ids.append((await call("get_bill", bill_id=bill["id"]))["obligation_id"])
    before = (await call("get_account", account_id=account_id))["collections"]
    own: dict[str, Any] = {"obligation_id": ids[0]}
    paid = await call("pay_obligation", {"amount": 50_000, "method": "card"}, **own)
    pending = await call("get_obligation", **own)
    assert (pending["status"], pending["pending"], pending["paid"]) == ("pending", 50_000, 0)
    await call.do(SettlePayment(paid["id"]))
    asked = {"payment_id": paid["id"], "amount": 20_000, "reason": "discount", "currency": "KRW"}
    refund = await call("refund_obligation", asked, **own)
    await call.do(FinishCollectionRefund(ids[0], paid["id"], refund["id"]))
    shown = await call("get_obligation", **own)
    assert (shown["status"], shown["refunded"], shown["outstanding"]) == ("part_refunded", 20_000, 0)
    waiting = await call("pay_obligation", {"amount": 50_000, "method": "virtual_account"}, obligation_id=ids[1])
    await call.do(IssuePaymentAccount(waiting["id"], "van_0"))
    given_up = await call("give_up_payment", obligation_id=ids[1], payment_id=waiting["id"])
    assert given_up == {"id": waiting["id"], "status": "giving_up"}
    await call.do(CloseCollection(waiting["id"]))
    outside = {"amount": 50_000, "paid_on": today.isoformat()}
    confirmed = await call("confirm_obligation", outside, obligation_id=ids[1])
    assert confirmed["outstanding"] == 0

    to = {"bank": "Example Bank", "account_number": "110-222-336789", "holder": "Example Holder"}
    kept = await call("request_withdrawal", {"amount": 25_000, **to}, account_id=account_id)
    refused = await call("request_withdrawal", {"amount": 5_000, **to}, account_id=account_id)
    assert (await call("approve_withdrawal", withdrawal_id=kept["id"], key=other_operator))["status"] == "paying"
    await call.do(PayWithdrawal(kept["id"], kept["id"]))
    rejected = await call("reject_withdrawal", {"reason": "typed wrong"}, withdrawal_id=refused["id"])
    assert rejected["status"] == "rejected"
    listed = (await call("list_withdrawals"))["items"]
    assert [each["status"] for each in listed] == ["rejected", "paid"]
    assert (await call("get_withdrawal", withdrawal_id=kept["id"]))["account_number"].endswith("6789")
    account = await call("get_account", account_id=account_id)
    assert account["collections"] == before + 30_000 - 25_000

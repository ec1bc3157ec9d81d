"""The page of a bill: paid by its payer or by whom the payer asks, by itself when that is switched on (SPEC 10.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger.commands.collecting.bills import CancelBill, CreateBill, SendBill, SendBillForDebit
from ledger.vault.payers import Payer
from projections import bill_queries
from scheduler.reactions import payments
from tests.api.public_pages.street import NAME, PHONE, Street, Visitor
from tests.ledger.debiting import AskByDebit

pytestmark = pytest.mark.anyio

OTHER = "01000000815"


async def billed(
    street: Street, amount: int = 55_000, language: str = "ko", *, for_debit: bool = False
) -> tuple[str, Visitor]:
    """Send a bill, in the place of a debit perhaps; return its id and its payer at the page."""
    account_id = await street.payee()
    due_on = street.today + timedelta(days=14)
    payers = street.house.vault.payers
    payer = Payer(NAME, PHONE, "피아노 수업 3월")
    person, _ = await payers.put("test", f"{account_id}:{amount}", payer, due_on)
    command = CreateBill(account_id, payers.customer_id(account_id, PHONE), person, amount, due_on)
    bill_id = str((await street.do(command))["id"])
    debit_id = (await street.do(AskByDebit(account_id, amount)))["id"] if for_debit else ""
    await street.do(SendBillForDebit(bill_id, debit_id) if for_debit else SendBill(bill_id))
    reader = street.visit(await street.link(bill_id, person), language)
    await reader.enter()
    return bill_id, reader


async def row_of(street: Street, bill_id: str) -> dict[str, Any]:
    street.feed()
    async with street.bench.see() as connection:
        return await bill_queries.row_of(connection, bill_id, street.today)


async def test_a_bill_is_opened_and_paid_by_the_way_that_is_chosen_k2(street: Street) -> None:
    bill_id, reader = await billed(street)

    shown = await reader.open()
    viewed = await row_of(street, bill_id)
    pending = await reader.send("pay", method="debit_card")
    await street.work()
    paid = await reader.open()

    for said in ("55,000원", "피아노 수업 3월", "푸른연 무역", "체크카드", "계좌이체"):
        assert said in shown.text
    assert viewed["status"] == "viewed"
    assert ("결제를 처리하고 있습니다" in pending.text, "결제가 완료되었습니다" in pending.text) == (True, False)
    assert "결제가 완료되었습니다" in paid.text
    assert (await row_of(street, bill_id))["shown"] == "paid"


async def test_a_bill_in_the_place_of_a_debit_is_opened_and_paid_n7(street: Street) -> None:
    bill_id, reader = await billed(street, for_debit=True)

    shown = await reader.open()
    await reader.send("pay", method="card")
    await street.work()
    paid = await reader.open()

    assert "55,000원" in shown.text
    assert "결제가 완료되었습니다" in paid.text
    assert (await row_of(street, bill_id))["shown"] == "paid"
    assert sorted(each["kind"] for each in await street.told(bill_id)) == ["bill.paid", "bill.paid", "bill.sent"]


async def test_nothing_is_shown_before_the_digits_r_126(street: Street) -> None:
    _, reader = await billed(street)
    stranger = street.visit(reader.link)

    asked = await stranger.open()
    tried = await stranger.take("pay", method="card", nonce="some-form")

    for page in (asked, tried):
        assert "본인 확인" in page.text
        assert not any(secret in page.html for secret in ("55,000", NAME, "피아노", "푸른연", PHONE[-4:]))


async def test_auto_pay_is_switched_on_with_a_registered_card_and_off_again_k3(street: Street) -> None:
    bill_id, reader = await billed(street, language="en")
    await reader.open()

    wrong = await reader.send("auto_on", token="short")
    on = await reader.send("auto_on", token="one-time-token-4711")
    row = await row_of(street, bill_id)
    await payments.react(street.bench)
    street.feed()
    registered = await reader.open()
    off = await reader.send("auto_off")
    again = await reader.send("auto_on")

    assert (wrong.status, "Never enter a card number" in wrong.text) == (422, True)
    assert ("Auto-pay is on" in on.text, "being registered" in on.text, row["auto_on"]) == (True, True, True)
    assert "being registered" not in registered.text
    assert ("Auto-pay is off" in off.text, "Your registered card is used" in off.text) == (True, True)
    assert "Auto-pay is on" in again.text


async def test_somebody_else_is_asked_and_the_asking_is_taken_back_k5_r_123(street: Street) -> None:
    bill_id, reader = await billed(street, language="en")
    await reader.open()

    own = await reader.send("forward", name="Minseo", phone=PHONE)
    wrong = await reader.send("forward", name="Minseo", phone="12")
    asked = await reader.send("forward", name="Minseo", phone="010-0000-0815")
    forward = (await row_of(street, bill_id))["forward"]
    friend = street.visit(await street.link(bill_id, forward), "en")
    blocked = await friend.enter(PHONE[-4:])
    shown = await friend.enter(OTHER[-4:])
    revoked = await reader.send("revoke")
    gone = await friend.open()

    assert (own.status, "another number than your own" in own.text) == (422, True)
    assert (wrong.status, "check the name and the mobile number" in wrong.text) == (422, True)
    assert ("You asked somebody else" in asked.text, "***-***-0815" in asked.text) == (True, True)
    assert blocked.status == 422
    assert ("asked you to pay" in shown.text, "₩55,000" in shown.text) == (True, True)
    assert not any(said in shown.text for said in ("Auto-pay", "Ask somebody else", PHONE[-4:]))
    assert "You asked somebody else" not in revoked.text
    assert ("no longer asked to pay" in gone.text, "<form" in gone.html, "₩55,000" in gone.text) == (True, False, False)


async def test_whom_the_payer_asks_pays_and_both_see_it_r_123(street: Street) -> None:
    bill_id, reader = await billed(street, language="en")
    await reader.open()
    await reader.send("forward", name="Minseo", phone=OTHER)
    forward = (await row_of(street, bill_id))["forward"]
    friend = street.visit(await street.link(bill_id, forward), "fa")
    await friend.enter(OTHER[-4:])

    await friend.send("pay", method="card")
    await street.work()
    theirs, own = await friend.open(), await reader.open()

    assert "پرداخت شد" in theirs.text
    assert "₩55,000 was paid on" in own.text


async def test_a_cancelled_and_an_overdue_bill_say_so(street: Street) -> None:
    gone_id, gone = await billed(street, language="en")
    _, late = await billed(street, language="en")
    await street.do(CancelBill(gone_id))

    cancelled = await gone.open()
    street.clock.advance(days=15)
    await late.enter()
    overdue = await late.open()

    assert ("was cancelled" in cancelled.text, "<form" in cancelled.html) == (True, False)
    assert ("Overdue" in overdue.text, 'name="method"' in overdue.html) == (True, True)


async def test_a_locked_link_sends_a_new_one_to_the_phone_r_126(street: Street) -> None:
    bill_id, reader = await billed(street, language="en")
    person = (await row_of(street, bill_id))["person"]
    stranger = street.visit(reader.link, "en")

    pages = [await stranger.enter("0000") for _ in range(5)]
    sent = await stranger.send("link")
    twice = await stranger.take("link", nonce="another-form")
    await street.work()
    told = await street.told(bill_id)
    new = await street.link_now(bill_id, person)

    assert [page.status for page in pages] == [422, 422, 422, 422, 403]
    assert (sent.status, "new link is on its way" in sent.text) == (200, True)
    assert (twice.status, "in 10 minutes" in twice.text) == (429, True)
    assert [each["kind"] for each in told].count("link.renewed") == 1
    assert told[-1] == {"kind": "link.renewed", "to": person, "status": "told"}
    assert new != reader.link
    assert (await street.visit(reader.link).open()).status == 404
    assert "₩55,000" in (await street.visit(new, "en").enter()).text

"""The page of a payment request: accepted or rejected by the person who was asked, and paid when money has settled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aggregates.collecting.payment_request_parts import Terms
from ledger.commands.collecting.payment_requests import RevisePaymentRequest, SendPaymentRequest, WithdrawPaymentRequest
from ledger.commands.collecting.request_amendments import ProposeAmendment
from projections import payment_requests
from tests.api.public_pages.street import Street, Visitor

pytestmark = pytest.mark.anyio

DETAILS = "11월 디자인 작업비"


async def asked(street: Street, amount: int = 1_000_000, language: str = "ko") -> tuple[str, Visitor]:
    """Ask somebody for money; return the request's id and a reader of its page, who is in."""
    person = await street.person()
    vault, today = street.house.vault.requests, street.today
    details, _ = await vault.put_words("test", person, {"details": DETAILS}, vault.keep_until(today))
    terms = Terms(amount, today + timedelta(days=28), details, ())
    command = SendPaymentRequest(await street.payee(), None, person, terms, "INV-7", 30)
    request_id = str((await street.do(command))["id"])
    reader = street.visit(await street.link(request_id, person), language)
    await reader.enter()
    return request_id, reader


async def row_of(street: Street, request_id: str) -> dict[str, Any]:
    async with street.bench.see() as connection:
        return await payment_requests.find(connection, request_id, street.today)


async def test_a_request_is_accepted_and_paid_in_parts_r_101_r_102(street: Street) -> None:
    request_id, reader = await asked(street)

    shown = await reader.open()
    accepted = await reader.send("accept")
    pending = await reader.send("pay", method="card", amount="400,000")
    await street.work()
    partly = await reader.open()
    await reader.send("pay", method="transfer", amount="600000")
    await street.work()
    paid = await reader.open()

    for said in ("1,000,000원", DETAILS, "INV-7", "푸른연 무역", "수락하기"):
        assert said in shown.text
    assert ('name="method"' in accepted.html, "결제가 완료되었습니다" in accepted.text) == (True, False)
    assert "결제를 처리하고 있습니다" in pending.text
    assert ("일부 결제되었습니다" in partly.text, "600,000원" in partly.text) == (True, True)
    assert "결제가 완료되었습니다" in paid.text
    row = await row_of(street, request_id)
    assert (row["shown"], row["is_bound"]) == ("paid", True)


async def test_a_rejection_needs_a_reason_and_its_words_are_in_the_vault_r_107(street: Street) -> None:
    request_id, reader = await asked(street, language="en")
    await reader.open()

    empty = await reader.send("reject", reason="wrong_amount", text=" ")
    unknown = await reader.send("reject", reason="nonsense", text="No.")
    done = await reader.send("reject", reason="wrong_amount", text="We agreed\non less.")

    assert [page.status for page in (empty, unknown, done)] == [422, 422, 200]
    assert ("You rejected this" in done.text, "<form" in done.html) == (True, False)
    row = await row_of(street, request_id)
    words = await street.house.vault.get(row["text"])
    assert (row["shown"], row["code"], words) == ("rejected", "wrong_amount", {"text": "We agreed\non less."})


async def test_what_was_seen_is_what_is_accepted_r_104(street: Street) -> None:
    request_id, reader = await asked(street)
    await reader.open()
    terms = Terms(900_000, street.today + timedelta(days=28), None, ())
    await street.do(RevisePaymentRequest(request_id, None, terms))

    stale = await reader.send("accept")
    fresh = await reader.send("accept")

    assert (stale.status, "내용이 바뀌었습니다" in stale.text, "900,000원" in stale.text) == (422, True, True)
    assert 'name="method"' in fresh.html


async def test_a_change_is_agreed_to_or_refused_on_the_page_r_104(street: Street) -> None:
    request_id, reader = await asked(street, language="en")
    await reader.open()
    await reader.send("accept")
    terms = Terms(800_000, street.today + timedelta(days=40), None, ())
    await street.do(ProposeAmendment(request_id, None, "payee", terms, "service"))

    shown = await reader.open()
    refused = await reader.send("refuse", reason="other", text="Not now.")
    await street.do(ProposeAmendment(request_id, None, "payee", terms, "service"))
    await reader.open()
    agreed = await reader.send("agree")

    assert ("A change is proposed" in shown.text, "₩800,000" in shown.text) == (True, True)
    assert "₩1,000,000" in refused.text
    assert ("A change is proposed" in refused.text, "A change is proposed" in agreed.text) == (False, False)
    assert (await row_of(street, request_id))["amount_minor"] == 800_000


async def test_attached_files_are_handed_out_to_who_is_asked_alone_r_106(street: Street) -> None:
    person, account_id = await street.person(), await street.payee()
    vault = street.house.vault
    async with vault._door.transaction() as connection:
        attached = await vault.requests.put_attachment(
            connection, f"att_{account_id}", account_id, "pdf", b"%PDF-1.7 x"
        )
    name = {attached.attachment_id: "시안.pdf"}
    details, _ = await vault.requests.put_words("test", account_id, name, vault.requests.keep_until(street.today))
    terms = Terms(10_000, street.today + timedelta(days=5), details, (attached,))
    request_id = str((await street.do(SendPaymentRequest(account_id, None, person, terms, None, 30)))["id"])
    reader = street.visit(await street.link(request_id, person))
    query = f"?file={attached.attachment_id}"

    before = await reader.client.get(reader.link + query)
    shown = await reader.enter()
    file = await reader.client.get(reader.link + query)
    other = await reader.client.get(f"{reader.link}?file=att_nothing")

    assert "%PDF" not in before.text
    assert ("시안.pdf" in shown.text, query in shown.html) == (True, True)
    assert (file.content, file.headers["content-type"]) == (b"%PDF-1.7 x", "application/octet-stream")
    assert file.headers["content-disposition"] == f'attachment; filename="{attached.attachment_id}.pdf"'
    assert other.status_code == 404


async def test_a_withdrawn_or_expired_request_says_so(street: Street) -> None:
    gone_id, gone = await asked(street, language="en")
    _, late = await asked(street, language="en")
    await street.do(WithdrawPaymentRequest(gone_id, None))

    withdrawn = await gone.open()
    street.clock.advance(days=60)
    await late.enter()
    expired = await late.open()
    answered = await late.take("accept", version="1", nonce="some-form")

    assert ("was withdrawn" in withdrawn.text, "<form" in withdrawn.html) == (True, False)
    assert ("time to answer is over" in expired.text, "<form" in expired.html) == (True, False)
    assert answered.status == 422

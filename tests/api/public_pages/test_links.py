"""The page of a payment link: what is shown in each state, and that nothing is called paid before it has settled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from api.pages import words
from api.public_pages.said import day
from ledger.commands.collecting.payment_links import DeactivatePaymentLink, IssuePaymentLink, SupersedePaymentLink
from tests.api.public_pages.street import PHONE, Street, waits

pytestmark = pytest.mark.anyio


async def issued(street: Street, amount: int | None = 55_000, **given: Any) -> str:
    """Issue a link; return its id."""
    account_id = given.pop("account_id", None) or await street.payee()
    until = street.today + timedelta(days=7)
    named = {"expires_on": until, "time_zone": "Asia/Seoul", **given}
    return str((await street.do(IssuePaymentLink(account_id, amount, **named)))["id"])


async def test_a_link_is_paid_only_when_the_money_has_settled_r_130(street: Street) -> None:
    link_id = await issued(street)
    reader = street.visit(await street.link(link_id))

    shown = await reader.open()
    started = await reader.send("pay", method="card")
    still = await reader.open()
    await street.work()
    paid = await reader.open()

    for said in ("55,000원", "푸른연 무역", day(words.KO, street.today + timedelta(days=7))):
        assert said in shown.text
    for page in (started, still):
        assert ("결제를 처리하고 있습니다" in page.text, waits(page)) == (True, True)
        assert "결제가 완료되었습니다" not in page.text
        assert "<form" not in page.html
    assert ("결제가 완료되었습니다" in paid.text, waits(paid), "<form" in paid.html) == (True, False, False)
    assert f"55,000원이 {day(words.KO, street.today)}에 결제되었습니다" in paid.text


async def test_the_same_form_sent_twice_starts_one_payment_r_124(street: Street) -> None:
    link_id = await issued(street)
    reader = street.visit(await street.link(link_id))
    await reader.open()

    first = await reader.send("pay", method="card")
    other = await street.visit(reader.link).take("pay", method="card", nonce="another-form")

    assert "결제를 처리하고 있습니다" in first.text
    assert (other.status, "다른 결제가 이미 진행 중입니다" in other.text) == (422, True)
    await street.work()
    assert "결제가 완료되었습니다" in (await reader.open()).text


async def test_a_declined_payment_can_be_tried_again(street: Street) -> None:
    link_id = await issued(street, 55_001)
    reader = street.visit(await street.link(link_id), "en")
    await reader.open()

    await reader.send("pay", method="card")
    await street.work()
    failed = await reader.open()

    assert "did not go through" in failed.text
    assert 'name="method"' in failed.html
    assert "Paid" not in failed.text.replace("Paid to", "")


async def test_a_virtual_account_shows_where_to_pay_in_and_is_not_paid(street: Street) -> None:
    link_id = await issued(street, 55_004)
    reader = street.visit(await street.link(link_id))
    await reader.open()

    await reader.send("pay", method="virtual_account")
    await street.work(seconds=0)
    page = await reader.open()

    assert "입금을 기다리고 있습니다" in page.text
    assert "790" in page.text
    assert "55,004원" in page.text
    assert "결제가 완료되었습니다" not in page.text


@pytest.mark.parametrize(
    ("language", "button", "closed"),
    [
        ("ko", "다른 방법으로 결제하기", "더 이상 사용할 수 없습니다"),
        ("en", "Pay in another way", "no longer in use"),
        ("fa", "پرداخت به روش دیگر", "دیگر کار نمی‌کند"),
    ],
)
@pytest.mark.parametrize("uses", [1, 3])
async def test_a_virtual_account_is_given_up_and_the_link_paid_by_card_r_116(
    street: Street, language: str, button: str, closed: str, uses: int
) -> None:
    link_id = await issued(street, 55_004, max_uses=uses)
    reader = street.visit(await street.link(link_id), language)
    await reader.open()
    await reader.send("pay", method="virtual_account")
    await street.work(seconds=0)
    waiting = await reader.open()

    stranger = await reader.take("give_up", payment="pay_another", nonce="some-form")
    left = await reader.send("give_up")
    await street.work(seconds=0)
    again = await reader.open()

    assert (button in waiting.text, stranger.status) == (True, 422)
    assert ("790" in left.text, waits(left)) == (False, True)
    assert ("790" in again.text, closed in again.text, 'name="method"' in again.html) == (False, True, True)
    await reader.send("pay", method="card")
    await street.work()
    paid = await reader.open()
    assert [each["kind"] for each in await street.told(link_id)].count("link.paid") == 1
    assert "790" not in paid.text


async def test_an_open_amount_has_bounds_and_any_digits_r_133(street: Street) -> None:
    account_id = await street.payee("Toranj", "IRR")
    link_id = await issued(street, None, account_id=account_id, maximum_minor=5_000_000, time_zone="Asia/Tehran")
    reader = street.visit(await street.link(link_id), "fa")

    shown = await reader.open()
    low = await reader.send("pay", method="card", amount="۹٬۹۹۹")
    high = await reader.send("pay", method="card", amount="5,000,001")
    none = await reader.send("pay", method="card", amount="ده")
    taken = await reader.send("pay", method="card", amount="۱۲۳٬۴۵۰")

    assert ('dir="rtl"' in shown.html, "مبلغ را خودتان تعیین می‌کنید" in shown.text) == (True, True)
    assert "۱٬۰۰۰ تومان (۱۰٬۰۰۰ ریال)" in shown.text
    assert [page.status for page in (low, high, none, taken)] == [422, 422, 422, 200]
    assert "۱۲٬۳۴۵ تومان" in taken.text
    for said in day(words.FA, street.today + timedelta(days=7)).rstrip(")").split(" ("):
        assert said in shown.text


async def test_parts_are_paid_until_nothing_is_left(street: Street) -> None:
    link_id = await issued(street, 50_000, parts=True, minimum_minor=10_000)
    reader = street.visit(await street.link(link_id), "en")
    await reader.open()

    refused = await reader.send("pay", method="transfer", amount="9999")
    await reader.send("pay", method="transfer", amount="20000")
    await street.work()
    partly = await reader.open()
    await reader.send("pay", method="card", amount="30000")
    await street.work()
    paid = await reader.open()

    assert (refused.status, "From ₩10,000 to ₩50,000" in refused.text) == (422, True)
    for said in ("Partly paid", "₩30,000", "Bank transfer"):
        assert said in partly.text
    assert f"₩50,000 was paid on {day(words.EN, street.today)}" in paid.text


async def test_ended_links_say_so_and_cannot_be_paid_r_130(street: Street) -> None:
    gone, new = await issued(street), await issued(street)
    await street.do(DeactivatePaymentLink(gone))
    await street.do(SupersedePaymentLink(new, street.today + timedelta(days=3)))
    readers = {name: street.visit(await street.link(name), "en") for name in (gone, new)}

    pages = {name: await reader.open() for name, reader in readers.items()}
    tried = await readers[gone].take("pay", method="card", nonce="some-form")

    assert "no longer in use" in pages[gone].text
    assert "A new link has replaced this one" in pages[new].text
    assert not any("<form" in page.html for page in pages.values())
    assert (tried.status, "no longer in use" in tried.text) == (422, True)


async def test_a_link_used_by_many_shows_each_only_their_own_payment_r_130(street: Street) -> None:
    link_id = await issued(street, 10_000, max_uses=2)
    path = await street.link(link_id)
    first, second, third = (street.visit(path, "en") for _ in range(3))
    for reader in (first, second):
        await reader.open()

    await first.send("pay", method="card")
    await street.work()
    own, others = await first.open(), await second.open()
    await second.send("pay", method="card")
    await street.work()
    done, late = await second.open(), await third.open()

    assert "₩10,000 was paid on" in own.text
    assert "was paid on" not in others.text
    assert "₩10,000 was paid on" in done.text
    assert ("used up" in late.text, "<form" in late.html) == (True, False)


async def test_a_link_for_somebody_says_nothing_before_the_last_digits_r_126(street: Street) -> None:
    person = await street.person()
    link_id = await issued(street, to=person)
    reader = street.visit(await street.link(link_id, person))

    asked = await reader.open()
    wrong = await reader.take("digits", digits="0000")
    inside = await reader.take("digits", digits=PHONE[-4:])

    for page in (asked, wrong):
        assert "푸른연" not in page.html
        assert "55,000" not in page.html
    assert "남은 횟수: 4회" in wrong.text
    assert "55,000원" in inside.text


async def test_the_link_in_the_message_opens_the_page_y1(street: Street) -> None:
    person = await street.person()
    link_id = await issued(street, to=person, channels=("sms",))
    await street.work()

    (message,) = await street.messages(link_id)
    reader = street.visit(message["link"], "en")
    await reader.enter()

    assert (message["template"], message["link"].startswith("/p/")) == ("link-sent", True)
    assert "₩55,000" in (await reader.open()).text


async def test_a_last_day_that_is_over_is_said(street: Street) -> None:
    link_id = await issued(street)
    reader = street.visit(await street.link(link_id))
    before = await reader.open()
    street.clock.advance(days=8)

    after = await reader.open()
    late = await reader.take("pay", method="card", nonce="some-form")

    assert "<form" in before.html
    assert ("기한이 지난 링크입니다" in after.text, "<form" in after.html) == (True, False)
    assert (late.status, "기한이 지난 링크입니다" in late.text) == (422, True)

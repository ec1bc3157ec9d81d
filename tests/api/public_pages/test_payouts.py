"""The two pages of a pay-out link: a code before details, masked details before paying, one link for each version."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.commands.collecting.payout_links import CancelPayoutLink, IssuePayoutLink, RejectPayout
from projections import payout_links
from scheduler.reactions import payout_links as payouts
from tests.api.public_pages.street import NAME, PHONE, Street, Visitor, waits

pytestmark = pytest.mark.anyio

CODE = "000000"
CARD = "4000001234567899"
GOOD, CLOSED = "110220334711", "110220339999"


async def issued(street: Street, amount: int = 30_000, *, approval: bool = False) -> tuple[str, str]:
    """Issue a pay-out link; return its id and the path of the payee's page."""
    account_id = await street.payee()
    payee = await street.person()
    link_id = str((await street.do(IssuePayoutLink(account_id, amount, payee, approval=approval)))["id"])
    return link_id, await street.link(link_id, payee)


async def entered(street: Street, path: str, language: str = "ko") -> Visitor:
    """Return the payee, past the last digits and the code."""
    reader = street.visit(path, language)
    await reader.enter()
    await reader.take("code", code=CODE)
    return reader


async def work(street: Street) -> None:
    """Let the bank and the gateway do what there is to do."""
    for _ in range(4):
        await street.work()
        await payouts.react(street.bench)
    street.feed()


async def row_of(street: Street, link_id: str) -> dict[str, Any]:
    street.feed()
    async with street.bench.see() as connection:
        return await payout_links.one(connection, link_id)


async def creator(street: Street, link_id: str, language: str = "ko") -> Visitor:
    """Return the creator at the page of the newest details."""
    return street.visit(await street.link_now(link_id), language)


async def register(reader: Visitor, number: str, holder: str = NAME, bank: str = "하나은행") -> Any:
    return await reader.send("register", bank=bank, number=number, holder=holder)


async def test_details_are_taken_after_digits_and_a_code_and_never_shown_whole_r_137(street: Street) -> None:
    link_id, path = await issued(street)
    reader = street.visit(path)

    asked = await reader.open()
    coded = await reader.enter()
    early = await reader.take("register", kind="account", number=GOOD, holder=NAME, bank="하나은행", nonce="some-form")
    inside = await reader.take("code", code=CODE)
    done = await register(reader, "110-220-33-4711")

    for page in (asked, coded, early):
        assert "30,000" not in page.html
    assert "인증번호" in early.text
    assert ("30,000원" in inside.text, "푸른연 무역" in inside.text) == (True, True)
    assert ("등록되었습니다" in done.text, "***-***-4711" in done.text, GOOD in done.html) == (True, True, False)
    assert "아직 송금되지 않았습니다" in done.text
    assert (await row_of(street, link_id))["version"] == 1


async def test_wrong_numbers_are_refused_before_anything_is_kept_r_136(street: Street) -> None:
    _, path = await issued(street)
    reader = await entered(street, path, "en")
    await reader.open()

    short = await register(reader, "12345")
    no_bank = await register(reader, GOOD, bank=" ")
    card = await reader.take("register", kind="card", number=CARD[:-1] + "8", holder=NAME, nonce="some-form")
    good = await reader.take("register", kind="card", number="۴۰۰۰ ۰۰۱۲ ۳۴۵۶ ۷۸۹۹", holder=NAME, nonce="some-form")

    assert [page.status for page in (short, no_bank, card, good)] == [422, 422, 422, 200]
    assert "check the digits of the card" in card.text
    assert "***-***-7899" in good.text


async def test_the_creator_sees_masked_details_and_pays_and_the_money_goes_out_once_z3(street: Street) -> None:
    link_id, path = await issued(street)
    payee = await entered(street, path)
    await register(payee, GOOD)
    before = await (await creator(street, link_id)).open()
    await work(street)
    maker = await creator(street, link_id, "en")

    shown = await maker.open()
    pending = await maker.send("pay", method="card")
    await work(street)
    paid, theirs = await maker.open(), await payee.enter()
    theirs = await payee.take("code", code=CODE)

    assert "30,000" in before.text
    assert ("The name matches" in shown.text, "***-***-4711" in shown.text, GOOD in shown.html) == (True, True, False)
    assert ("being processed" in pending.text, waits(pending), "Paid out" in pending.text) == (True, True, False)
    assert "Paid out" in paid.text
    assert "송금되었습니다" in theirs.text
    assert (await row_of(street, link_id))["status"] == "paid_out"


async def test_other_details_make_the_creators_link_dead_r_137(street: Street) -> None:
    link_id, path = await issued(street)
    payee = await entered(street, path)
    await register(payee, GOOD)
    await work(street)
    old = await creator(street, link_id, "en")
    shown = await old.open()
    await payee.enter()
    await payee.take("code", code=CODE)
    await register(payee, "220110334712")

    replaced = await old.open()
    tried = await old.take("pay", method="card", version="1", nonce="some-form")
    await work(street)
    gone = await old.open()
    new = await (await creator(street, link_id, "en")).open()

    assert "4711" in shown.text
    assert ("has changed the details" in replaced.text, "<form" in replaced.html, "4712" in replaced.text) == (
        True, False, False,
    )  # fmt: skip
    assert tried.status == 422
    assert gone.status == 404
    assert ("4712" in new.text, 'name="method"' in new.html) == (True, True)


async def test_a_failed_pay_out_keeps_the_money_for_other_details_r_135(street: Street) -> None:
    link_id, path = await issued(street)
    payee = await entered(street, path, "en")
    await register(payee, CLOSED)
    await work(street)
    maker = await creator(street, link_id, "en")
    await maker.open()
    await maker.send("pay", method="card")
    await work(street)

    failed, asked = await maker.open(), await (await entered(street, path, "en")).open()
    again = await entered(street, path, "en")
    await register(again, GOOD)
    await work(street)
    maker = await creator(street, link_id, "en")
    await maker.open()
    await maker.send("pay_held")
    await work(street)

    assert ("The bank could not pay" in failed.text, "Have it back" in failed.text) == (True, True)
    assert ("kept safe" in asked.text, 'name="number"' in asked.html) == (True, True)
    assert "Paid out" in (await maker.open()).text
    assert (await row_of(street, link_id))["held_minor"] == 0


async def test_the_creator_has_held_money_back_r_135(street: Street) -> None:
    link_id, path = await issued(street)
    await register(await entered(street, path), CLOSED)
    await work(street)
    maker = await creator(street, link_id, "en")
    await maker.open()
    await maker.send("pay", method="card")
    await work(street)
    await maker.open()

    going = await maker.send("take_back")
    await work(street)
    back = await maker.open()

    assert "going back to you" in going.text
    assert "went back to you" in back.text


async def test_a_cancelled_link_says_so_on_both_sides(street: Street) -> None:
    link_id, path = await issued(street)
    payee = await entered(street, path, "en")
    maker = await creator(street, link_id, "en")
    waiting = await maker.open()
    await street.do(CancelPayoutLink(link_id, "changed our mind"))

    pages = [await payee.open(), await maker.open()]

    assert "Nothing is registered yet" in waiting.text
    for page in pages:
        assert ("This link is over" in page.text, "<form" in page.html) == (True, False)


@pytest.mark.parametrize(
    ("language", "to_payee", "to_creator"),
    [
        ("ko", "승인하지 않아 송금되지 않습니다", "승인되지 않았습니다"),
        ("en", "The sender has not approved it", "This was not approved"),
        ("fa", "فرستنده آن را تأیید نکرد", "این پرداخت تأیید نشد"),
    ],
)
async def test_a_rejected_link_says_so_on_both_sides(
    street: Street, language: str, to_payee: str, to_creator: str
) -> None:
    link_id, path = await issued(street, approval=True)
    payee = await entered(street, path, language)
    await register(payee, GOOD)
    await work(street)
    maker = await creator(street, link_id, language)
    waiting = await maker.open()
    await street.do(RejectPayout(link_id, 1, "unknown holder"), owner="Joon")

    pages = [await payee.open(), await maker.open()]

    assert "4711" in waiting.text
    assert [to_payee in pages[0].text, to_creator in pages[1].text] == [True, True]
    assert not [page for page in pages if "<form" in page.html or "unknown holder" in page.html]


async def test_the_number_of_the_phone_is_in_no_page(street: Street) -> None:
    _, path = await issued(street)
    reader = await entered(street, path)

    assert PHONE not in (await reader.open()).html

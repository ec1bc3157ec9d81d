"""The public pages in a real browser, narrow and wide, in three languages, with scripts switched off."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn

from aggregates.collecting.payment_request_parts import Terms
from api import server
from ledger.commands.collecting.bills import CreateBill, SendBill
from ledger.commands.collecting.payment_links import IssuePaymentLink
from ledger.commands.collecting.payment_requests import SendPaymentRequest
from ledger.commands.collecting.payout_links import IssuePayoutLink
from ledger.vault.payers import Payer
from scheduler.reactions import payout_links
from tests.api.public_pages.street import NAME, PHONE, Street
from tests.api.public_pages.test_mandates import asked as asked_for_mandate
from tests.api.public_pages.test_units import Block
from tests.api.recipient_page.browser import Browser, browsing, is_needed, missing
from tests.api.wire import until

pytestmark = pytest.mark.anyio

NARROW, WIDE = 360, 1280
LANGUAGES = {"ko": "ltr", "en": "ltr", "fa": "rtl"}


@pytest.fixture(scope="module")
async def home(street: Street) -> AsyncIterator[str]:
    """Give the address of the street's application, served as `ledger serve` does."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = server.server_config(street.app, port=0)
    config.lifespan = "off"
    served = uvicorn.Server(config)
    serving = asyncio.create_task(served.serve(sockets=[listening]))
    async with asyncio.timeout(60):
        await until(lambda: served.started)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    served.should_exit = True
    await serving


@pytest.fixture(scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Give a window, if there is a browser."""
    if (reason := missing()) is not None:
        if is_needed():
            pytest.fail(reason)
        pytest.skip(reason)
    async with browsing(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


class Album:
    """Pictures of pages, for people who want to look at them: in the folder PAGE_PICTURES, if it is set."""

    def __init__(self, folder: str | None) -> None:
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)

    def keep(self, name: str, picture: bytes) -> None:
        """Keep a picture under a name."""
        assert self.folder is not None
        (self.folder / f"{name}.png").write_bytes(picture)


ALBUM = Album(os.environ.get("PAGE_PICTURES"))


async def look(browser: Browser, address: str, name: str) -> None:
    """Hold a page, in every language and both widths, against what any page must be; keep pictures where wanted."""
    for language, direction in LANGUAGES.items():
        await browser.open(f"{address}?lang={language}")
        await browser.until(f"html[lang={language}][dir={direction}]")
        for width in (NARROW, WIDE):
            await browser.resize(width=width)
            assert await browser.ask("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
            touched = "document.querySelectorAll('button,.button,.item,.tick,summary,select,input.line,.bar a')"
            small = f"[...{touched}].filter(each => each.offsetParent && each.getBoundingClientRect().height < 40)"
            assert await browser.ask(f"{small}.length") == 0, f"{name}: too small for a thumb"
            wider = "[...document.querySelectorAll('main *')].filter(each => each.scrollWidth > each.clientWidth + 1"
            cut = f"{wider} && getComputedStyle(each).overflowX === 'hidden')"
            assert await browser.ask(f"{cut}.length") == 0, f"{name}: something is cut off"
            if ALBUM.folder is not None:
                ALBUM.keep(f"{name}-{language}-{width}", await browser.picture(width))
        assert await browser.ask("getComputedStyle(document.querySelector('.bar')).display") == "flex"
    assert [told for told in await browser.complaints() if "favicon" not in told and " 40" not in told] == []


async def link_of(street: Street, amount: int | None, currency: str = "KRW", **given: object) -> str:
    """Issue a link; return the path of its page."""
    account_id = await street.payee("Toranj" if currency == "IRR" else "푸른연 무역", currency)
    until_day = street.today + timedelta(days=7)
    issued = await street.do(IssuePaymentLink(account_id, amount, until_day, "Asia/Seoul", **given))  # type: ignore[arg-type]
    return await street.link(str(issued["id"]))


async def test_a_link_is_paid_by_touch_alone(street: Street, home: str, browser: Browser) -> None:
    person = await street.person()
    account_id = await street.payee()
    command = IssuePaymentLink(account_id, 55_000, street.today + timedelta(days=7), "Asia/Seoul", to=person)
    path = await street.link(str((await street.do(command))["id"]), person)
    await look(browser, home + path, "gate")

    await browser.resize()
    await browser.open(f"{home}{path}?lang=ko")
    await browser.type("#digits", PHONE[-4:])
    await browser.click("button")
    await browser.until("input[name=method]")
    await browser.click("input[value=card]")
    await asyncio.gather(browser.click("form button"), _fed_soon(street))
    await browser.until("meta[http-equiv=refresh]")
    assert "결제를 처리하고 있습니다" in await browser.text("main")
    assert "결제가 완료되었습니다" not in await browser.text("main")
    await look(browser, home + path, "pending")
    await street.work()
    await browser.open(home + path)
    await browser.until(".good")

    await look(browser, home + path, "paid")


async def test_links_look_right_in_every_language_and_width(street: Street, home: str, browser: Browser) -> None:
    rials = await link_of(street, None, "IRR", maximum_minor=50_000_000)
    parts = await link_of(street, 1_250_000, parts=True, minimum_minor=10_000)
    reader = street.visit(parts)
    await reader.open()
    await reader.send("pay", method="transfer", amount="250000")
    await street.work()
    waiting = await link_of(street, 55_004)
    other = street.visit(waiting)
    await other.open()
    await other.send("pay", method="virtual_account")
    await street.work(seconds=0)

    await look(browser, home + rials, "open-amount")
    await look(browser, home + parts, "parts")
    await look(browser, home + waiting, "deposit")
    await look(browser, f"{home}/p/{'a' * 32}", "unknown")


async def test_bills_requests_and_mandates_look_right(street: Street, home: str, browser: Browser) -> None:
    account_id, due_on = await street.payee(), street.today + timedelta(days=14)
    payers, papers = street.house.vault.payers, street.house.vault.requests
    person, _ = await payers.put("test", account_id, Payer(NAME, PHONE, "피아노 수업 3월"), due_on)
    bill = await street.do(CreateBill(account_id, payers.customer_id(account_id, PHONE), person, 55_000, due_on))
    await street.do(SendBill(str(bill["id"])))
    details, _ = await papers.put_words("test", account_id, {"details": "11월 디자인 작업비"}, due_on)
    terms = Terms(1_000_000, due_on, details, ())
    request = await street.do(SendPaymentRequest(account_id, None, person, terms, "INV-7", 30))
    mandate_id, _ = await asked_for_mandate(street, max_month_minor=100_000)

    await look(browser, home + await street.link(str(bill["id"])), "bill")
    await browser.click("summary")
    await look(browser, home + await street.link(str(request["id"])), "request")
    await look(browser, home + await street.link(mandate_id), "mandate")


async def test_pay_outs_and_units_look_right(street: Street, home: str, browser: Browser) -> None:
    account_id = await street.payee()
    payee = await street.person()
    issued = await street.do(IssuePayoutLink(account_id, 30_000, payee))
    path = await street.link(str(issued["id"]), payee)
    reader = street.visit(path)
    await reader.enter()
    await reader.take("code", code="000000")
    await reader.send("register", bank="하나은행", number="110220334711", holder=NAME)
    for _ in range(2):
        await payout_links.react(street.bench)
        street.feed()
    block = await Block(street, "IRR").build()
    await block.charge("2026-03", clean=10_000_000, lift=3_000_000)

    await browser.resize()
    await browser.open(f"{home}{path}?lang=ko")
    await browser.type("#digits", PHONE[-4:])
    await browser.click("button")
    await browser.until("#code")
    await look(browser, home + path, "code")
    await browser.type("#code", "000000")
    await browser.click("button")
    await browser.until(".good")
    await look(browser, home + path, "payout-payee")
    await look(browser, home + await street.link_now(str(issued["id"])), "payout-creator")
    await look(browser, home + await street.link(block.units[0]), "unit")


async def _fed_soon(street: Street) -> None:
    """Feed the views while a page waits for them."""
    for _ in range(10):
        await asyncio.sleep(0.1)
        street.feed()

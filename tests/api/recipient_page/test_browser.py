"""The recipient page in a real browser the size of a phone, with scripts switched off."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.recipient_page.browser import WIDTH, Browser, browsing, is_needed, missing
from tests.api.recipient_page.conftest import CODE, PHONE
from tests.api.shop_front import ShopFront

pytestmark = pytest.mark.anyio


class Album:
    """Pictures of pages, for people who want to look at them: in the folder PAGE_PICTURES, if it is set."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def keep(self, browser: Browser, name: str) -> None:
        """Take a picture of the page that is shown; it must not be empty."""
        taken = await browser.picture()
        assert taken.startswith(b"\x89PNG")
        (self._folder / f"{name}.png").write_bytes(taken)


@pytest.fixture
def album(tmp_path: Path) -> Album:
    """Where pictures go."""
    return Album(Path(os.environ.get("PAGE_PICTURES", tmp_path)))


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """A window, if there is a browser."""
    if (reason := missing()) is not None:
        if is_needed():
            pytest.fail(reason)
        pytest.skip(reason)
    async with browsing(tmp_path) as opened:
        yield opened


async def check_looks(browser: Browser) -> None:
    """Hold what is shown against what any page must be on a phone."""
    assert await browser.ask("document.documentElement.scrollWidth") <= WIDTH, "it scrolls sideways"
    assert await browser.ask("getComputedStyle(document.querySelector('.bar')).display") == "flex", "styles are blocked"
    touched = "document.querySelectorAll('button,.button,.item,.bar a')"
    small = await browser.ask(f"[...{touched}].filter(each => each.getBoundingClientRect().height < 40).length")
    assert small == 0, "too small for a thumb"
    assert [told for told in await browser.complaints() if "favicon" not in told and " 422 " not in told] == []


async def let_in(browser: Browser, address: str) -> None:
    """Open a page and take the two steps."""
    await browser.open(address)
    await browser.type("#digits", PHONE[-4:])
    await browser.click("button")
    await browser.until("#code")
    await browser.type("#code", CODE)
    await browser.click("button")
    await browser.until("main > :is(.card, form fieldset, form:has(fieldset))")


async def _fed_soon(front: ShopFront) -> None:
    """Feed the views while a page waits for them."""
    for _ in range(10):
        await asyncio.sleep(0.1)
        front.feed()


def at(address: tuple[str, int], link: str) -> str:
    return f"http://127.0.0.1:{address[1]}{link}"


async def test_coupons_are_read_on_a_phone_after_digits_and_code(
    front: ShopFront, browser: Browser, address: tuple[str, int], album: Album
) -> None:
    coffee, cake = (
        await front.product(9_900, name="아메리카노 두 잔"),
        await front.product(4_950, name="치즈 케이크 한 조각"),
    )
    rows = {"rows": [{"phone": PHONE, "name": "하늘"}]}
    order = await front.order([coffee, cake], recipients=rows)
    await front.work()
    link = at(address, await front.link(order["id"]))

    await browser.open(link)
    await check_looks(browser)
    await album.keep(browser, "check")
    await browser.type("#digits", "9999")
    await browser.click("button")
    await browser.until(".fault")
    assert "남은 횟수: 4회" in await browser.text(".fault")
    await album.keep(browser, "wrong")
    await browser.type("#digits", PHONE[-4:])
    await browser.click("button")
    await browser.until("#code")
    assert "인증번호" in await browser.text("h1")
    await check_looks(browser)
    await album.keep(browser, "code")
    await browser.type("#code", CODE)
    await browser.click("button")
    await browser.until(".card")

    assert await browser.count(".card") == 2
    assert "하늘 님께" in await browser.text("h1")
    await check_looks(browser)
    await album.keep(browser, "coupons")
    await browser.click(".bar a")
    await browser.until("html[lang=en]")
    assert "A gift for 하늘" in await browser.text("h1")
    assert await browser.address() == link
    await album.keep(browser, "english")


async def test_an_item_is_chosen_and_its_coupon_appears_by_itself(
    front: ShopFront, browser: Browser, address: tuple[str, int], album: Album
) -> None:
    names = ("한우 선물 세트", "아메리카노 두 잔", "편의점 상품권")
    products = [await front.product(price, name=name) for price, name in zip((29_700, 9_900, 990), names, strict=True)]
    order = await front.order(products, [PHONE], kind="choice")
    await front.work()
    await front.counter.post(f"/v1/products/{products[2]}/discontinue", {"reason": "season"}, role="operator")
    front.feed()

    await let_in(browser, at(address, await front.link(order["id"])))
    assert await browser.count("input[type=radio]") == 2
    await check_looks(browser)
    await album.keep(browser, "choice")
    await browser.click("input[value='1']")
    await album.keep(browser, "picked")
    await asyncio.gather(browser.click("button"), _fed_soon(front))
    await browser.until("meta[http-equiv=refresh]")
    assert "준비하고 있습니다" in await browser.text()
    await check_looks(browser)
    await album.keep(browser, "preparing")
    await front.work()
    await browser.until(".card")

    assert "아메리카노" in await browser.text(".card")
    assert await browser.count("input") == 0
    await check_looks(browser)
    await album.keep(browser, "chosen")


async def test_a_locked_link_and_an_unknown_one_say_so(
    front: ShopFront, browser: Browser, address: tuple[str, int], album: Album
) -> None:
    order = await front.order([await front.product(9_900)], [PHONE])
    await front.work()
    link = at(address, await front.link(order["id"]))

    await browser.open(link)
    for left in ("4회", "3회", "2회", "1회"):
        await browser.type("#digits", "9999")
        await browser.click("button")
        await browser.until_read(f"남은 횟수: {left}")
    await browser.type("#digits", "9999")
    await browser.click("button")
    await browser.until_read("잠겼습니다")
    assert "잠겼습니다" in await browser.text("h1")
    assert await browser.count("input[type=text]") == 0
    await album.keep(browser, "locked")
    await browser.click("button")
    await browser.until_read("새 링크를 보냈습니다")
    assert await browser.count("button") == 0
    await album.keep(browser, "new link")
    await browser.open(at(address, "/c/" + "a" * 32))
    assert "찾을 수 없습니다" in await browser.text("h1")
    await album.keep(browser, "unknown")


async def test_voided_coupons_are_shown_as_such(
    front: ShopFront, browser: Browser, address: tuple[str, int], album: Album
) -> None:
    order = await front.order([await front.product(9_900), await front.product(4_950)], [PHONE])
    await front.work()
    path = f"/v1/orders/{order['id']}/voids"
    await front.counter.post(path, {"coupons": [0], "reason": "mistake"})
    await front.counter.post(f"{path}/1/approve", role="operator")
    await front.work()

    await let_in(browser, at(address, await front.link(order["id"])))

    assert await browser.count(".card") == 2
    assert await browser.count(".card .digits") == 1
    assert "폐기된 쿠폰" in await browser.text(".off")
    await check_looks(browser)
    await album.keep(browser, "voided")

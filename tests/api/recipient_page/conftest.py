"""A company that orders, and readers who open their links, each with cookies of their own."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import httpx
import pytest

from api.app import LedgerApp
from api.recipient_page import RecipientPage
from ledger.database import Database
from tests.api.counter import Counter
from tests.api.shop_front import ShopFront
from tests.ledger.desk import SetClock

PHONE = "01000001234"
CODE = "000000"


class Page(NamedTuple):
    """One page as a reader has it. text: what is read on it. html: as sent."""

    status: int
    text: str
    html: str
    headers: httpx.Headers


class Reader:
    """Opens one link as a browser would: follows, keeps cookies, sends the form it sees."""

    def __init__(self, app: LedgerApp, link: str, accepts: str = "ko-KR,ko;q=0.9,en;q=0.8") -> None:
        transport = httpx.ASGITransport(app=app, client=("203.0.113.9", 4711))
        self.link = link
        self.client = httpx.AsyncClient(
            transport=transport, base_url="http://ledger.test", headers={"accept-language": accepts}
        )

    async def open(self, query: str = "") -> Page:
        """Open the page."""
        return await self._page(await self.client.get(self.link + query))

    async def take(self, step: str, **fields: str) -> Page:
        """Take a step and go where it leads."""
        return await self._page(await self.client.post(self.link, data={"step": step, **fields}))

    async def enter(self, digits: str = PHONE[-4:], code: str = CODE) -> Page:
        """Go in: digits, then code."""
        await self.take("digits", digits=digits)
        return await self.take("code", code=code)

    async def choose(self, line: int) -> Page:
        """Choose an item on the form that is shown."""
        shown = await self.open()
        found = re.search(r'name="nonce" value="([^"]+)"', shown.html)
        assert found is not None, shown.text
        return await self.take("choose", line=str(line), nonce=found[1])

    async def _page(self, response: httpx.Response) -> Page:
        while response.is_redirect:
            response = await self.client.get(response.headers["location"])
        body = re.sub(r"<style>.*?</style>", "", response.text, flags=re.DOTALL)
        text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
        return Page(response.status_code, text, response.text, response.headers)


@pytest.fixture
async def front(counter: Counter, ledger_database: Database, clock: SetClock) -> AsyncIterator[ShopFront]:
    made = await ShopFront(counter, ledger_database, clock).open()
    made.feed()
    yield made
    await made.bench.close()


@pytest.fixture
async def visit(app: LedgerApp) -> AsyncIterator[Callable[..., Reader]]:
    """Give what makes a new reader of a link."""
    readers: list[Reader] = []

    def visiting(link: str, accepts: str = "ko") -> Reader:
        readers.append(Reader(app, link, accepts))
        return readers[-1]

    yield visiting
    for reader in readers:
        await reader.client.aclose()


@pytest.fixture
def patient(app: LedgerApp) -> None:
    """Let links be opened and codes be sent as often as a test likes."""
    page = app.recipient_page
    page._visits._burst = page._steps._gate._codes._burst = 1e9
    assert isinstance(page, RecipientPage)

"""A street of payees and payers: application, reactions and fed views of a module of tests, and who visits pages."""

from __future__ import annotations

import html
import itertools
import re
from datetime import date
from typing import Any

import httpx
import orjson

from aggregates.dates import business_date
from api.app import LedgerApp
from ledger.command import Call, Command
from ledger.ports.sandbox.scenarios import counted
from ledger.vault import RETAINED_UNTIL_ERASED
from projections.connections import Connect
from projections.runner import Runner
from scheduler.reactions import collections, payments, tellings
from scheduler.reactions.bench import Bench
from tests.api.counter import Counter
from tests.api.recipient_page.conftest import Page
from tests.ledger.desk import SetClock

PHONE = "01000004711"
NAME = "하늘"

_numbers = itertools.count(1)


class Street:
    """What tests of public pages share.

    Attributes:
        app: started. bench: what reactions work with. clock: of all.
    """

    def __init__(self, app: LedgerApp, bench: Bench, clock: SetClock, connecting: Connect) -> None:
        self.app, self.bench, self.clock = app, bench, clock
        self.house = app.state.house
        self.counter = Counter(app)
        self._visitors: list[Visitor] = []
        self._project = connecting()
        self._connection = self._project.__enter__()
        self._runner = Runner(connecting)
        self._runner.prepare(self._connection)

    async def close(self) -> None:
        """Let go of everything."""
        for visitor in self._visitors:
            await visitor.client.aclose()
        self._project.__exit__(None, None, None)
        await self.counter.close()
        await self.bench.close()

    def feed(self) -> None:
        """Bring all views to the head."""
        while self._runner.feed(self._connection, self._connection):
            pass

    async def work(self, *, seconds: int = 31) -> None:
        """Let reactions work until nothing comes of it any more."""
        idle = 0
        while idle < 2:
            self.feed()
            done = await payments.react(self.bench) + await collections.react(self.bench)
            done += await tellings.react(self.bench)
            idle = 0 if done else idle + 1
            self.clock.advance(seconds=seconds)
        self.feed()

    async def do(self, command: Command, owner: str = "") -> dict[str, Any]:
        """Do a command of a person that is accepted, and feed the views; return its answer."""
        name = f"street-{next(_numbers)}"
        outcome = await self.house.engine.submit(command, Call("key_street", owner, name, name, f"req_{name}"))
        assert outcome.status < 400, outcome.body
        self.feed()
        done: dict[str, Any] = orjson.loads(outcome.body)
        return done

    async def payee(self, name: str = "푸른연 무역", currency: str = "KRW") -> str:
        """Open an account that asks for money."""
        return await self.counter.account(name=name, currency=currency)

    async def person(self, **fields: str) -> str:
        """Keep somebody in the vault; return the token."""
        token = f"per_{next(_numbers):08d}"
        kept = {"name": NAME, "phone": PHONE, "email": "", **fields}
        await self.house.vault.put(token, kept, legal_basis="a test", retain_until=RETAINED_UNTIL_ERASED)
        return token

    async def link(self, thing_id: str, subject: str | None = None) -> str:
        """Return the path of a page."""
        return f"/p/{await self.house.vault.public_links.make(thing_id, subject)}"

    async def link_now(self, thing_id: str, subject: str | None = None) -> str:
        """Return the path of a page as it is now."""
        (link,) = await self.house.vault.public_links.current([(thing_id, subject)])
        return f"/p/{link}"

    def visit(self, link: str, language: str = "ko") -> Visitor:
        """Return a new reader of a link."""
        self._visitors.append(Visitor(self, link, language))
        return self._visitors[-1]

    async def told(self, thing_id: str) -> list[dict[str, Any]]:
        """Return what people were told about a thing, as the view has it."""
        self.feed()
        async with self.bench.see() as connection:
            found = await connection.execute(
                "SELECT kind, to_token, status FROM view_tellings WHERE thing_id = %s ORDER BY position", [thing_id]
            )
            return [dict(zip(("kind", "to", "status"), row, strict=True)) for row in await found.fetchall()]

    async def messages(self, thing_id: str) -> list[dict[str, Any]]:
        """Return what the provider was asked to send about a thing, with the links in it."""
        async with self.bench.see() as connection:
            found = await connection.execute(
                "SELECT telling_id FROM view_tellings WHERE thing_id = %s ORDER BY position", [thing_id]
            )
            tellings_of = [row[0] for row in await found.fetchall()]
        sent = [await counted(self.house.sandbox, "messages", each, "", 50) for each in tellings_of]
        return [message for each in sent for message in each]

    @property
    def today(self) -> date:
        """The KST date."""
        return business_date(self.clock.now())


class Visitor:
    """Opens one link as a browser would: follows, keeps cookies, sends the forms it sees."""

    def __init__(self, street: Street, link: str, language: str) -> None:
        self._street = street
        self.link = link
        self.last: Page | None = None
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=street.app, client=("203.0.113.9", 4711)),
            base_url="http://ledger.test",
            headers={"accept-language": language},
        )

    async def open(self, query: str = "") -> Page:
        """Open the page."""
        return await self._page(await self.client.get(self.link + query))

    async def enter(self, digits: str = PHONE[-4:]) -> Page:
        """Open the page behind the last digits of the phone."""
        return await self.take("digits", digits=digits)

    async def take(self, step: str, **fields: str) -> Page:
        """Send fields as a form of a step, whatever is shown."""
        response = await self.client.post(self.link, data={"step": step, **fields})
        self._street.feed()
        return await self._page(response)

    async def send(self, step: str, **fields: str) -> Page:
        """Fill in the form of a step on the page that is shown, with what is hidden in it, and send it."""
        assert self.last is not None, "a page is open"
        return await self.take(step, **{**hidden_of(self.last, step), **fields})

    def form(self, step: str) -> dict[str, str]:
        """Return what is hidden in the form of a step on the page that is shown."""
        assert self.last is not None, "a page is open"
        return hidden_of(self.last, step)

    async def _page(self, response: httpx.Response) -> Page:
        while response.is_redirect:
            response = await self.client.get(response.headers["location"])
        body = re.sub(r"<style>.*?</style>", "", response.text, flags=re.DOTALL)
        text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
        self.last = Page(response.status_code, text, response.text, response.headers)
        return self.last


def hidden_of(page: Page, step: str) -> dict[str, str]:
    """Return what is hidden in the form of a step on a page."""
    for form in re.findall(r"<form.*?</form>", page.html, flags=re.DOTALL):
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
        if fields.get("step") == step:
            return {name: html.unescape(value) for name, value in fields.items() if name != "step"}
    raise AssertionError(f"there is no form of {step} on the page: {page.text}")


def waits(page: Page) -> bool:
    """Say whether a page asks for itself again."""
    return 'http-equiv="refresh"' in page.html

"""A company that orders over HTTP, and the reactions behind it: providers of the sandbox, views that are fed."""

from __future__ import annotations

import itertools
from typing import Any

import httpx

from aggregates import ids
from ledger.database import Database
from ledger.ports.sandbox.scenarios import set_rates
from ledger.sandbox_clock import SandboxClock
from projections import order_work
from projections.connections import connect_to
from projections.runner import Runner
from scheduler.jobs import START_DISPATCHES, fire
from scheduler.reactions.bench import Bench
from scheduler.reactions.orders.endings import ask_issuer
from scheduler.reactions.orders.work import memory_of, react
from tests.api.counter import Counter
from tests.ledger.desk import SetClock

_numbers = itertools.count(1)

Clock = SetClock | SandboxClock


class ShopFront:
    """One account with money, orders of it, and what providers and views make of them.

    Attributes:
        counter: keys and requests. account_id: the account; "" before `open`.
    """

    def __init__(self, counter: Counter, database: Database, clock: SetClock) -> None:
        house = counter.house
        assert house.ports is not None, "the sandbox is on"
        self.counter = counter
        self.clock = clock
        self.account_id = ""
        self._database = database
        self.bench = Bench(house.engine, house.ports, house.vault, database, clock)

    async def open(self, money: int = 1_000_000) -> ShopFront:
        """Open an account with money; providers do as they do by default, whatever was asked of them before."""
        assert self.counter.house.sandbox is not None
        await set_rates(self.counter.house.sandbox, {})
        self.account_id = await self.counter.account(money)
        return self

    async def product(self, sale: int, list_: int | None = None, **given: Any) -> str:
        """List a product at a price; return its id."""
        number = next(_numbers)
        body = {
            "sku": f"HARBOUR-{number:04d}{given.pop('ends', '')}",
            "brand": "Harbour Cafe",
            "name": f"Gift of {sale:,} won",
            "category": "cafe",
            "list_price": list_ or sale,
            "options": [{"validity_days": 30, "sale_price": sale}],
            **given,
        }
        made = await self.counter.post("/v1/products", body, role="operator")
        assert made.status_code == 201, made.text
        product_id: str = made.json()["id"]
        return product_id

    def body(self, products: list[str], to: list[str] | None = None, **given: Any) -> dict[str, Any]:
        """Return the body of an order of these products for these phone numbers."""
        rows = [{"phone": phone, "name": f"Guest {place}"} for place, phone in enumerate(to or ["01000001234"])]
        return {
            "account_id": self.account_id,
            "name": "Autumn gifts",
            "kind": "general",
            "lines": [{"product_id": product, "validity_days": 30, "quantity": 1} for product in products],
            "dispatch_title": "ThankYou",
            "recipients": {"rows": rows},
            "consent": True,
            **given,
        }

    async def ask_order(
        self, products: list[str], to: list[str] | None = None, *, sent: dict[str, Any] | None = None, **given: Any
    ) -> httpx.Response:
        """Place an order; `sent` goes to the counter (role, key, idempotency_key)."""
        return await self.counter.post("/v1/orders", self.body(products, to, **given), **(sent or {}))

    async def order(self, products: list[str], to: list[str] | None = None, **given: Any) -> dict[str, Any]:
        """Place an order that is accepted; return it."""
        placed = await self.ask_order(products, to, **given)
        assert placed.status_code == 201, placed.text
        order: dict[str, Any] = placed.json()
        return order

    def feed(self) -> None:
        """Bring all views to the head."""
        connecting = connect_to(self._database)
        with connecting() as project:
            runner = Runner(connecting)
            runner.prepare(project)
            while runner.feed(project, project):
                pass

    async def work(self) -> None:
        """Let reactions work and messages arrive until nothing comes of it any more."""
        idle = 0
        while idle < 3:
            self.feed()
            memory_of(self.bench).resting.clear()
            idle = 0 if await react(self.bench) else idle + 1
            self.clock.advance(seconds=31)
        self.feed()

    async def ask_issuer(self) -> None:
        """Ask which coupons were used and which have expired."""
        self.feed()
        while await ask_issuer(self.bench):
            pass
        self.feed()

    async def start(self) -> None:
        """Start what is scheduled for now."""
        self.feed()
        await fire(START_DISPATCHES, self._database, self.clock)

    async def see(self, path: str, **more: Any) -> Any:
        """Read something of the account."""
        answer = await self.counter.get(path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def link(self, order_id: str, recipient: int = 0) -> str:
        """Return the path of a recipient's page, as its message had it."""
        async with self.bench.see() as connection:
            tokens = await order_work.tokens_of(connection, order_id, [recipient])
        (link,) = await self.bench.vault.links.make(order_id, [(recipient, tokens[recipient])])
        return f"/c/{link}"

    def available(self) -> int:
        """Return what the account has, as the engine has it in memory."""
        account: Any = self.bench.engine.warm.get(ids.stream_id(self.account_id))
        balance: int = account.balance_minor
        return balance

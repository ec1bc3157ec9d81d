"""A choice order and the crowd that gets it: placed, chosen from, kept silent about, and followed to its last coupon.

The part of the API and of the recipients is played here, on the ledger's sandbox; everything else is done by whoever
works beside (`ledger work`). At every look the amount is issued + returned + still held, and the account agrees.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import orjson
import structlog
from psycopg import sql

from aggregates import ids
from aggregates.account import Account
from aggregates.dates import KST, business_date, start_of_day
from aggregates.fact import Stream
from aggregates.order import Order
from aggregates.order.choices import WINDOW_DAYS
from aggregates.order.parts import LIVE, CouponState, DispatchState, OrderLine
from ledger.command import Call, Command
from ledger.commands.order_work import ChooseItem
from ledger.commands.orders import PlaceOrder
from ledger.commands.standing import OpenAccount
from ledger.commands.transfers import ImportMovement
from ledger.database import Database, connect_async, open_database
from ledger.engine import Engine
from ledger.loading import load_stream
from ledger.ports.sandbox import SandboxState, sandbox_state
from ledger.ports.sandbox.scenarios import set_rates
from ledger.sandbox_clock import SandboxClock
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import Person, Vault, open_vault
from projections.tracking import VIEWS, wait_for

log = structlog.get_logger("crowd")

RATES = {"issue_failure_percent": 3, "undelivered_percent": 5}
PRICES = (29_700, 9_900, 990)
CHOOSE_PERCENT = 60
"""How many of those who are reached choose; the others are silent for 7 days."""

CHOOSERS = 64
"""Recipients who choose at the same moment."""

POLL_S = 0.2
MESSAGES_TAKE = timedelta(seconds=31)
"""After how long the sandbox knows what became of every message."""

LIMIT_S = 600.0
HASH = "0123456789abcdef0123456789abcdef"

_numbers = count(1)


class LawBroken(AssertionError):
    """Money is not where it must be."""


@dataclass(slots=True)
class Crowd:
    """One order, and what is known of it.

    Attributes:
        looks: how often the money was looked at.
        chosen: how many have chosen for themselves.
    """

    engine: Engine
    vault: Vault
    clock: SandboxClock
    state: SandboxState
    database: Database
    account_id: str = ""
    order_id: str = ""
    tokens: tuple[str, ...] = ()
    looks: int = 0
    chosen: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    _order: Order | None = None
    _account: Account | None = None

    async def open_account(self, money_minor: int) -> None:
        """Open a prepaid account with money on it."""
        name = f"Pine Street Bakery {next(_numbers)} {time.time_ns()}"
        opened = await self._do(OpenAccount(name, "prepaid", "KRW", None, 0))
        self.account_id, self._account = opened["id"], None
        day = business_date(self.clock.now()) - timedelta(days=1)
        await self._do(ImportMovement(self.account_id, money_minor, day, f"opening {self.account_id}", None))

    async def place(self, recipients: int) -> None:
        """Put people into the vault and place a choice order for them."""
        key = f"crowd-{next(_numbers)}-{time.time_ns()}"
        people = [Person(phone(number), f"Guest {number % 1_000}") for number in range(recipients)]
        party = await self.vault.people.put("crowd", key, people, mark=key)
        lines = tuple(
            OrderLine(
                product_id=f"prd_00000000000000{price:06d}"[:21],
                sku=f"GIFT-{price}-30",
                name="Drip coffee",
                brand="Cloud Nine",
                list_minor=price,
                sale_minor=price,
                validity_days=30,
                quantity=1,
                cash_convertible=False,
                duplicate_restricted=False,
                night_schedule_blocked=False,
            )
            for price in PRICES
        )
        command = PlaceOrder(
            account_id=self.account_id,
            member_id=None,
            name="autumn gift",
            kind="choice",
            lines=lines,
            dispatch_title="gift",
            recipients=party.tokens,
            consent=True,
            designated=len(PRICES) - 1,
        )
        self.order_id = (await self._do(command))["id"]
        await self.vault.people.settle("crowd", key, placed=True)
        self.tokens, self._order = party.tokens, None

    async def look(self) -> Order:
        """Return the order as committed; its money and its hold on the account agree to the won.

        Raises:
            LawBroken: they do not.
        """
        self._order = await self._loaded(Order, self.order_id, self._order)
        before = self._order.copy()
        # The account is read later and may be ahead: an order that has moved meanwhile is looked at again.
        self._account = await self._loaded(Account, self.account_id, self._account)
        self._order = await self._loaded(Order, self.order_id, self._order)
        order = self._order
        if order.held_minor + order.issued_minor + order.returned_minor != order.amount_minor:
            raise LawBroken("order amount is not issued + returned + held")
        if order.version == before.version:
            self.looks += 1
            hold = self._account.holds.get(order.spend_id)
            if (hold.held_minor if hold else 0) != order.held_minor:
                raise LawBroken("the account holds something else than the order")
        return order

    async def until(self, done: Callable[[Order], bool], what: str, each: timedelta | None = None) -> Order:
        """Look until something is so; let so much time pass after each look.

        Raises:
            TimeoutError: it did not come in 10 minutes.
        """
        deadline = time.monotonic() + LIMIT_S
        while not done(order := await self.look()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {LIMIT_S:.0f} s for {what}: {order.counts}, {order.status}")
            if each is not None:
                await self.clock.advance(each)
            await asyncio.sleep(POLL_S)
        log.info("done", what=what, counts=order.counts, held=order.held_minor, issued=order.issued_minor)
        return order

    async def until_reached(self) -> None:
        """Let everybody be sent the first message, on Alimtalk and then on MMS."""
        await self.until(lambda order: order.message_batches * 500 >= order.recipients, "all messages asked for")
        await self.until(lambda order: order.status == "dispatched", "all messages reported", each=MESSAGES_TAKE)

    async def choose(self, percent: int = CHOOSE_PERCENT, pause_s: float = 0.0) -> None:
        """Let some of those who were reached choose an item that they can have, at random, many at a time."""
        order = await self.look()
        who = [
            recipient
            for recipient in range(order.recipients)
            if order.coupons[recipient] == CouponState.OPEN
            and order.dispatch[recipient] == DispatchState.SUCCESS
            and self.chance.randrange(100) < percent
        ]
        picks = [
            (
                recipient,
                self.chance.choice([line for line in range(len(PRICES)) if not order.is_excluded(recipient, line)]),
            )
            for recipient in who
        ]
        queue = iter(picks)

        async def chooser() -> None:
            for recipient, line in queue:
                await self._do(ChooseItem(self.order_id, recipient, line))
                self.chosen += 1
                if pause_s:
                    await asyncio.sleep(self.chance.uniform(0, 2 * pause_s))

        await asyncio.gather(*(chooser() for _ in range(CHOOSERS)))

    async def until_issued(self) -> None:
        """Let everything that was chosen be issued, or fail."""
        busy = (CouponState.CHOSEN, CouponState.REQUESTED)
        await self.until(lambda order: not any(order.coupons.find(state) >= 0 for state in busy), "choices issued")

    async def be_silent(self) -> None:
        """Let the 7 days pass: items are chosen for the silent, whom nothing reached is given up, no won is left."""
        order = await self.look()
        last = max(filter(None, (order.reached_on(who) for who in range(order.recipients))), default=order.ordered_on)
        await self._set_clock(start_of_day(last + timedelta(days=WINDOW_DAYS + 1)))
        await self.until(lambda order: not order.held_minor, "all coupons issued or given up")

    async def be_told(self) -> None:
        """Let it be 9 o'clock: those for whom an item was chosen are told."""
        now = self.clock.now().astimezone(KST)
        await self._set_clock(now.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=now.hour >= 9))
        await self.until(lambda order: not _untold(order), "all messages about chosen items asked for")
        await self.until(lambda order: not order.open_messages, "all messages reported", each=MESSAGES_TAKE)

    async def run(self, recipients: int, pause_s: float = 0.0) -> Order:
        """Bring one order from its placing to its last message. Returns it, with nothing held and nothing open."""
        await self.place(recipients)
        await self.until_reached()
        await self.choose(pause_s=pause_s)
        await self.until_issued()
        await self.choose(pause_s=pause_s)
        await self.until_issued()
        await self.be_silent()
        await self.be_told()
        return await self.look()

    async def until_seen(self) -> None:
        """Let all views see everything.

        Raises:
            ViewBehind: they did not within a minute.
        """
        head, _ = await self.engine.store.heads(ids.stream_id(self.account_id))
        async with await connect_async(self.database.app) as connection:
            path = sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(self.database.schema))
            await connection.execute(path)
            await wait_for(connection, *VIEWS, at_least=head, timeout_s=60.0)

    async def _set_clock(self, to: datetime) -> None:
        if to > self.clock.now():
            await self.clock.set(to)

    async def _loaded(self, kind: type[Any], public_id: str, kept: Stream | None) -> Any:
        return await load_stream(self.engine.store, kind, ids.stream_id(public_id), kept)

    async def _do(self, command: Command) -> dict[str, Any]:
        number = f"{next(_numbers):012d}"
        call = Call("crowd", "", f"crowd-{time.time_ns()}-{number}", HASH, f"req_{number}")
        outcome = await self.engine.submit(command, call)
        if outcome.status >= 400:
            raise LawBroken(outcome.body.decode())
        body: dict[str, Any] = orjson.loads(outcome.body)
        return body


@asynccontextmanager
async def open_crowd(settings: Settings, database: Database, clock: SandboxClock) -> AsyncIterator[Crowd]:
    """Give a crowd on a ledger whose worker runs beside; its providers fail as `RATES` say."""
    engine = Engine(Store(database.app, database.schema), clock)
    await engine.start()
    try:
        async with sandbox_state(settings, database, clock) as state:
            await set_rates(state, RATES)
            yield Crowd(engine, open_vault(settings, database, clock), clock, state, database)
    finally:
        await engine.stop()


def phone(number: int) -> str:
    """Return the number of a recipient; none is one of the sandbox's magic ones."""
    group, of_group = divmod(number, 5_000)
    return f"0105{group:03d}{5_000 + of_group}"


def _untold(order: Order) -> list[int]:
    return [who for who, auto in enumerate(order.auto) if auto == 1 and order.coupons[who] in LIVE]


@asynccontextmanager
async def at_home(settings: Settings) -> AsyncIterator[Crowd]:
    """Give a crowd on the ledger of a data folder; its server runs already or is started."""
    with open_database(settings) as database, SandboxClock(database.app, database.schema) as clock:
        async with open_crowd(settings, database, clock) as crowd:
            yield crowd

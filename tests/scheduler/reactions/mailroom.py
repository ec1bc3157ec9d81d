"""A company that orders, recipients who choose, and the reactions that issue and send: over the sandbox's providers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any
from uuid import uuid4

from aggregates import ids
from aggregates.order import Order
from aggregates.order.parts import CouponState, DispatchState, OrderLine
from ledger.command import Command
from ledger.commands.order_voids import ApproveVoid, RequestVoid
from ledger.commands.order_work import ChooseItem
from ledger.commands.orders import PlaceOrder
from ledger.loading import load_stream
from ledger.ports.sandbox.scenarios import counted, set_rates
from ledger.ports.sandbox.state import SandboxState
from ledger.vault import Person, Reading
from scheduler.reactions.bench import Bench
from scheduler.reactions.orders.work import memory_of, react
from tests.aggregates.orders import line
from tests.ledger.desk import SetClock, account_with, do

MONEY = 10_000_000
READING = Reading("test", "look")

COFFEE = line(9_900, 10_000)
CAKE = line(990, 1_000)

_keys = count(1)


def phones(many: int, last: str | None = None) -> list[str]:
    """Return phone numbers that nobody has; all end with the same digits where some are given."""
    return [f"01055{number:02d}{last}" if last else f"0105{number:03d}{1000 + number:04d}" for number in range(many)]


class Mailroom:
    """One account, its orders, and what ledger, vault and providers say of them."""

    def __init__(self, bench: Bench, feed: Callable[[], None], state: SandboxState, clock: SetClock) -> None:
        self.bench, self.feed, self.state, self.clock = bench, feed, state, clock
        self.account_id = ""
        self.order_id = ""

    async def rates(self, **rates: Any) -> None:
        """Set how providers fail; messages have their outcome at once unless said."""
        await set_rates(self.state, {"message_delay_s": 0, **rates})

    async def place(self, *lines: OrderLine, to: Sequence[str], **given: Any) -> str:
        """Place an order for these phone numbers; return its id."""
        if not self.account_id:
            self.account_id = await account_with(self.bench.engine, MONEY, f"Pine Street Bakery {uuid4()}")
        key = f"place-{uuid4()}"
        people = [Person(phone, f"Guest {number}") for number, phone in enumerate(to)]
        party = await self.bench.vault.people.put("test", key, people, mark=key)
        plain: dict[str, Any] = {
            "account_id": self.account_id,
            "member_id": None,
            "name": "autumn gift",
            "kind": "general",
            "lines": lines,
            "dispatch_title": "감사합니다",
            "recipients": party.tokens,
            "consent": True,
        }
        placed = await do(self.bench.engine, PlaceOrder(**{**plain, **given}), key)
        await self.bench.vault.people.settle("test", key, placed=True)
        self.order_id = placed["id"]
        return self.order_id

    async def do(self, command: Command) -> dict[str, Any]:
        """Do a command of a person."""
        return await do(self.bench.engine, command, f"person-{next(_keys)}-{uuid4()}")

    async def choose(self, recipient: int, item: int) -> dict[str, Any]:
        """Let a recipient pick an item."""
        return await self.do(ChooseItem(self.order_id, recipient, item))

    async def void(self, *coupons: int) -> dict[str, Any]:
        """Ask for a void and have it approved."""
        asked = await self.do(RequestVoid(self.order_id, coupons, "sent to the wrong team"))
        return await self.do(ApproveVoid(self.order_id, asked["void"]))

    async def work(self, bench: Bench | None = None) -> int:
        """Let the reaction work until nothing comes of it; return how much it did. Checks the money at every step."""
        done, idle = 0, 0
        while idle < 2:
            self.feed()
            memory_of(bench or self.bench).resting.clear()
            new = await react(bench or self.bench)
            await self.check_money()
            done, idle = done + new, 0 if new else idle + 1
        return done

    async def order(self) -> Order:
        """Return the order as committed."""
        order = await load_stream(self.bench.engine.store, Order, ids.stream_id(self.order_id))
        assert isinstance(order, Order)
        return order

    async def check_money(self) -> None:
        """Order amount = issued + returned + still held, and the account holds exactly that."""
        order = await self.order()
        assert order.amount_minor == order.issued_minor + order.returned_minor + order.held_minor
        account = (await self.bench.engine.account(order.account_id)).account
        hold = account.holds.get(order.spend_id)
        assert (hold.held_minor if hold else 0) == order.held_minor

    async def balance(self) -> int:
        """Return what the account has."""
        return (await self.bench.engine.account(self.account_id)).account.balance_minor

    async def coupons(self) -> list[str]:
        """Return the states of all coupons."""
        return [CouponState(state).name for state in (await self.order()).coupons]

    async def dispatch(self) -> list[str]:
        """Return how far the message to each recipient is."""
        return [DispatchState(state).name for state in (await self.order()).dispatch]

    async def messages(self) -> Counter[str]:
        """Return how many messages were sent on each channel; nothing was asked for twice."""
        sent = await counted(self.state, "messages", self.order_id, "", 100_000)
        assert {row["asked"] for row in sent} <= {1}
        return Counter(row["channel"] for row in sent)

    async def numbers(self) -> list[str]:
        """Return all coupon numbers in the vault."""
        tokens = await self.tokens()
        found = await self.bench.vault.coupons.get(tokens, READING)
        return [number for token in tokens for _, number in sorted(found.get(token, {}).items())]

    async def links(self) -> list[str]:
        """Return the link in the last message to each recipient."""
        sent = await counted(self.state, "messages", self.order_id, "", 100_000)
        last = {int(row["key"].split(":")[3]): row["link"] for row in sent}
        return [last[recipient].removeprefix("/c/") for recipient in sorted(last)]

    async def people(self) -> int:
        """Return how many of the order's recipients the vault still knows."""
        return len(await self.bench.vault.people.get(await self.tokens(), READING))

    async def tokens(self) -> list[str]:
        """Return the vault tokens of all recipients."""
        self.feed()
        async with self.bench.see("orders") as connection:
            query = "SELECT token FROM view_order_recipients WHERE order_id = %s ORDER BY recipient"
            rows = await (await connection.execute(query, (self.order_id,))).fetchall()
        return [token for (token,) in rows]

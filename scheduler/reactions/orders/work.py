"""The reaction itself: looks for orders with work, and works on some of them side by side, a bounded piece of each.

One process at a time works on an order (a lock that goes with its connection); should two do it all the same, keys and
the order's own rules let everything happen once. What a look has found nothing in rests, a little longer each time.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg

from aggregates import ids
from aggregates.errors import Unavailable
from aggregates.order import Order
from ledger.engine import Engine
from ledger.loading import load_stream
from ledger.ports.errors import PortUnavailable
from projections import order_open
from projections.order_open import OpenOrder
from scheduler.reactions.bench import Bench, Reaction
from scheduler.reactions.orders import choices, issuance, messages, voids
from scheduler.reactions.orders.case import NAME, Case, log

PAGE = 200
ORDERS_AT_ONCE = 4
BATCHES_AT_ONCE = 6
"""Batches of one order that are on their way to providers side by side."""

ORDERS_KEPT = 64
"""Orders whose state is kept, so that the next look reads only what is new; one of 10,000 recipients is 0.3 MB."""

PAUSES_S = (0.25, 0.5, 1.0, 2.0)
"""How long an order rests after the first, second, ... look in a row that found nothing new."""

FAILED_PAUSES_S = (1.0, 5.0, 30.0)

GONE = f"{NAME}-items-gone"


class Rest(NamedTuple):
    """An order that is left alone for a while, unless something is recorded on it.

    Attributes:
        version: of its stream in the view when it was looked at. looks, failures: in a row, without anything new.
        until: monotonic time.
    """

    version: int
    looks: int
    failures: int
    until: float


@dataclass(slots=True)
class Memory:
    """What a process remembers of its orders: nothing that it could not find out again."""

    orders: OrderedDict[str, Order] = field(default_factory=OrderedDict)
    resting: dict[str, Rest] = field(default_factory=dict)

    def is_resting(self, found: OpenOrder) -> bool:
        """Say whether an order is to be left alone now."""
        rest = self.resting.get(found.order_id)
        return rest is not None and rest.version == found.version and time.monotonic() < rest.until

    def note(self, found: OpenOrder, done: int, *, failed: bool = False) -> None:
        """Remember what a look has brought."""
        if done and not failed:
            self.resting.pop(found.order_id, None)
            return
        before = self.resting.get(found.order_id, Rest(0, 0, 0, 0.0))
        failures = before.failures + 1 if failed else 0
        looks = before.looks + 1 if before.version == found.version else 1
        pauses, count = (FAILED_PAUSES_S, failures) if failed else (PAUSES_S, looks)
        pause_s = pauses[min(count, len(pauses)) - 1]
        self.resting[found.order_id] = Rest(found.version, looks, failures, time.monotonic() + pause_s)

    def forget(self, but: set[str]) -> None:
        """Forget who rests and has no work any more."""
        for order_id in self.resting.keys() - but:
            del self.resting[order_id]

    async def order(self, bench: Bench, order_id: str) -> Order:
        """Return an order as it is committed now.

        Raises:
            Unavailable: the database does not answer.
        """
        kept = self.orders.pop(order_id, None)
        order = await load_stream(bench.engine.store, Order, ids.stream_id(order_id), kept)
        assert isinstance(order, Order)
        # What the engine decides on must not be older: a refusal of what was true once would be remembered.
        await bench.engine.freshen(order_id)
        self.orders[order_id] = order
        if len(self.orders) > ORDERS_KEPT:
            self.orders.popitem(last=False)
        return order


_MEMORIES: WeakKeyDictionary[Engine, dict[str, Memory]] = WeakKeyDictionary()


def memory_of(bench: Bench, reaction: str = NAME) -> Memory:
    """Return what this process remembers; each reaction of an engine has a memory of its own."""
    return _MEMORIES.setdefault(bench.engine, {}).setdefault(reaction, Memory())


async def react(bench: Bench) -> int:
    """Do the next piece of work on some orders; return how many commands have recorded something new.

    Raises:
        Unavailable, psycopg.Error: the database does not answer.
    """
    memory = memory_of(bench)
    async with bench.see() as connection:
        chosen = await _page_through(memory, partial(order_open.open_orders, connection, at=bench.clock.now()))
    looks = await asyncio.gather(*(_look(bench, memory, found, _work) for found in chosen), return_exceptions=True)
    for look in looks:
        if isinstance(look, BaseException):
            raise look
    return sum(look for look in looks if isinstance(look, int))


async def give_up_without_items(bench: Bench) -> int:
    """Give money back where nothing is left to choose from. Returns and raises as `react`."""
    memory = memory_of(bench, GONE)
    async with bench.see() as connection:
        chosen = await _page_through(memory, partial(order_open.without_items, connection))
    return sum([await _look(bench, memory, found, choices.give_up_without_items) for found in chosen])


REACTION = Reaction(NAME, every_s=0.25, step=react)
ITEMS_GONE = Reaction(GONE, every_s=5.0, step=give_up_without_items)


async def _page_through(memory: Memory, pages: Callable[..., Awaitable[list[OpenOrder]]]) -> list[OpenOrder]:
    """Return the first orders that do not rest."""
    chosen: list[OpenOrder] = []
    seen: set[str] = set()
    after = 0
    while True:
        page = await pages(after=after, limit=PAGE)
        seen |= {found.order_id for found in page}
        chosen += [found for found in page if not memory.is_resting(found)]
        if len(chosen) >= ORDERS_AT_ONCE:
            return chosen[:ORDERS_AT_ONCE]
        if len(page) < PAGE:
            memory.forget(but=seen)
            return chosen
        after = page[-1].position


async def _look(bench: Bench, memory: Memory, found: OpenOrder, work: Callable[[Case], Awaitable[None]]) -> int:
    """Work on one order, if nobody else does; whatever is wrong with it keeps no other order waiting."""
    async with bench.see() as connection:
        lock = f"{bench.database.schema}:{NAME}:{found.order_id}"
        held = await connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (lock,))
        row = await held.fetchone()
        if row is None or not row[0]:
            memory.note(found, 0)
            return 0
        case = Case(bench, connection, await memory.order(bench, found.order_id))
        try:
            await work(case)
        except (Unavailable, psycopg.OperationalError, OSError):
            memory.orders.pop(found.order_id, None)
            raise
        except Exception:
            log.exception("an order cannot be worked on; it is tried again", order=found.order_id)
            memory.note(found, case.done, failed=True)
        else:
            memory.note(found, case.done)
        await connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (lock,))
    return case.done


async def _work(case: Case) -> None:
    """Settle what is open, close windows that are over, and ask for what is next; batches go side by side."""
    gate = asyncio.Semaphore(BATCHES_AT_ONCE)
    issues = await issuance.found(case)
    await choices.close_windows(case)
    if choices.has_unsent(case):
        await choices.give_up_without_items(case)
    if case.done:
        # Whose item was chosen just now, or who was given up, is seen by the next look.
        await _all(gate, [issuance.settle(case, each) for each in issues])
        return
    sent = messages.found(case)
    issues += await issuance.request(case)
    sent += await messages.request(case)
    await _all(
        gate,
        [
            *(messages.settle(case, each) for each in sent),
            *(issuance.settle(case, each) for each in issues),
            *(voids.settle(case, void) for void in voids.found(case)),
        ],
    )


async def _all(gate: asyncio.Semaphore, works: list[Coroutine[Any, Any, None]]) -> None:
    """Do pieces of work side by side, all of them; then raise what was wrong with the first that failed."""

    async def one(work: Coroutine[Any, Any, None]) -> None:
        async with gate:
            try:
                await work
            except PortUnavailable:
                log.info("a provider did not answer; it is asked again")

    results = await asyncio.gather(*map(one, works), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result

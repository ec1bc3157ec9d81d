"""Orders played by a crowd, and what is checked of them: money after every command, and what the providers have.

`python -m bench.played FOLDER RECIPIENTS ROUNDS` plays so many orders on the ledger of a data folder and says how long
each took, in seconds, as JSON.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import structlog
import uvloop

from aggregates import ids
from aggregates.account import Account
from aggregates.fact import Fact, Stream
from aggregates.order import Order
from aggregates.order.parts import LIVE
from bench.crowd import Crowd, LawBroken, at_home
from ledger.mapper import to_fact
from ledger.ports.sandbox.scenarios import counted
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import Reading

ROWS_AT_A_TIME = 50

_FACTS = (
    "SELECT command_key, originator_id, originator_version, topic, state, notification_id FROM ledger_events"
    " WHERE originator_id = ANY(%s) AND notification_id > %s ORDER BY notification_id LIMIT %s"
)


async def play(folder: Path, recipients: int, rounds: int) -> list[float]:
    """Play orders, one after the other; return how long each took, in seconds, views included.

    Raises:
        LawBroken: money was not where it must be, at a look or after any command. ViewBehind: the views did not follow.
    """
    took_s = []
    async with at_home(Settings(data_dir=folder)) as crowd:
        for _ in range(rounds):
            await crowd.open_account(1_000_000 * recipients)
            await crowd.until_seen()
            began = time.monotonic()
            order = await crowd.run(recipients)
            await crowd.until_seen()
            took_s.append(time.monotonic() - began)
            await check_every_step(crowd)
            await check_providers(crowd, order)
    return took_s


async def check_every_step(crowd: Crowd) -> int:
    """Fold the order and its account command by command; return after how many money and hold were compared.

    Raises:
        LawBroken: at some command they did not agree.
    """
    steps = Steps(crowd.order_id, crowd.account_id)
    async for key, facts in _commands(crowd.engine.store, list(steps.streams)):
        steps.take(key, facts)
    return steps.compared


class Steps:
    """An order and its account, folded command by command and compared after each.

    Attributes:
        streams: the two, by their ids. compared: after how many commands they were.
    """

    def __init__(self, order_id: str, account_id: str) -> None:
        self._order = Order.blank(ids.stream_id(order_id))
        self._account = Account.blank(ids.stream_id(account_id))
        self.streams: dict[UUID, Stream] = {self._order.id: self._order, self._account.id: self._account}
        self.compared = 0

    def take(self, key: str, facts: Iterable[Fact]) -> None:
        """Fold the facts of one command that are of the two. Raises: LawBroken: afterwards they do not agree."""
        for fact in facts:
            fact.mutate(self.streams[fact.originator_id])
        order, account = self._order, self._account
        if not order.version:
            return
        self.compared += 1
        hold = account.holds.get(order.spend_id)
        held_minor = hold.held_minor if hold else 0
        parts = order.held_minor + order.issued_minor + order.returned_minor
        if parts != order.amount_minor or held_minor != order.held_minor:
            raise LawBroken(f"after the command with key {key} order and account differ")


async def check_providers(crowd: Crowd, order: Order) -> None:
    """Compare the order with what providers and vault have: as many coupons, each with a number of its own.

    Raises:
        LawBroken: they differ.
    """
    issued = sum(order.coupons.count(state) for state in LIVE)
    calls = await counted(crowd.state, "coupons", order.order_id, "", 100_000)
    if sum(call["issued"] for call in calls) != issued:
        raise LawBroken("the issuer has issued another number of coupons than the order says")
    found = await crowd.vault.coupons.get(crowd.tokens, Reading("crowd", "count coupon numbers"))
    numbers = [number for of_one in found.values() for number in of_one.values()]
    if len(numbers) != issued or len(set(numbers)) != issued:
        raise LawBroken("the vault holds another number of coupons than the order says")


async def _commands(store: Store, stream_ids: list[Any]) -> AsyncIterator[tuple[str, list[Any]]]:
    """Yield the facts of some streams, a command's at a time: its first one has its key and is among them."""
    key, last = "", 0
    facts: list[Any] = []
    while rows := await store.read(_FACTS, (stream_ids, last, ROWS_AT_A_TIME)):
        for command_key, originator_id, version, topic, state, position in rows:
            if command_key is not None:
                if facts:
                    yield key, facts
                key, facts = str(command_key), []
            facts.append(to_fact(originator_id, version, topic, state))
            last = position
    if facts:
        yield key, facts


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        seconds = runner.run(play(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.write(orjson.dumps(seconds).decode())

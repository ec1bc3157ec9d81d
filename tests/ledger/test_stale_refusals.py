"""A refusal is read from what is true now, also where another process has written since this one looked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

import pytest

from aggregates.account import Account
from aggregates.fact import Stamp
from ledger.command import Streams
from ledger.commands.charges import CancelCharge, ChargeAccount
from ledger.commands.standing import FreezeAccount, UnfreezeAccount
from ledger.database import Database
from ledger.engine import Engine
from ledger.store import Store
from tests.ledger.desk import SetClock, account_with, call, do, spend

pytestmark = pytest.mark.anyio


@pytest.fixture
async def two(ledger_database: Database) -> AsyncIterator[tuple[Engine, Engine]]:
    """Two processes' engines on one ledger."""
    clock = SetClock()
    engines = tuple(Engine(Store(ledger_database.app, ledger_database.schema), clock) for _ in range(2))
    for engine in engines:
        await engine.start()
    yield engines[0], engines[1]
    for engine in engines:
        await engine.stop()


async def test_money_that_another_process_has_booked_can_be_spent(two: tuple[Engine, Engine]) -> None:
    here, there = two
    account_id = await account_with(here, 1_000)
    await do(there, ChargeAccount(account_id, 5_000, "card"), "charge-1")

    spent = await here.submit(spend(account_id, 4_000), call("spend-1"))

    assert spent.status == 201
    assert (await here.account(account_id)).account.balance_minor == 2_000


async def test_a_charge_that_another_process_has_booked_is_found(two: tuple[Engine, Engine]) -> None:
    here, there = two
    account_id = await account_with(here, 0)
    charged = await do(there, ChargeAccount(account_id, 5_000, "card"), "charge-1")

    cancelled = await here.submit(CancelCharge(account_id, charged["id"]), call("cancel-1"))

    assert cancelled.status == 200


@dataclass(frozen=True, slots=True)
class FreezeInView:
    """Freeze an account, or let it go, as long as another one stands where it was seen."""

    ANSWER: ClassVar[str] = FreezeAccount.ANSWER

    account_id: str
    seen: str
    freeze: bool

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        streams.held(Account, self.seen)
        made = FreezeAccount if self.freeze else UnfreezeAccount
        made(self.account_id, "seen").decide(streams, stamp)


async def test_a_writer_that_has_read_often_and_then_finds_it_moved_writes_on(two: tuple[Engine, Engine]) -> None:
    here, there = two
    account_id, seen = await account_with(here, 0), await account_with(here, 0, "Paper Lantern Foods")
    for turn in range(8):
        await do(here, FreezeInView(account_id, seen, turn % 2 == 0), f"freeze-{turn}")
    await do(there, ChargeAccount(seen, 5_000, "card"), "charge-1")

    moved = await here.submit(FreezeInView(account_id, seen, freeze=True), call("freeze-moved"))
    after = await here.submit(FreezeInView(account_id, seen, freeze=False), call("freeze-after"))

    assert (moved.status, after.status) == (200, 200)


async def test_items_in_order_and_all_or_nothing_are_refused_by_what_is_true_now(two: tuple[Engine, Engine]) -> None:
    here, there = two
    account_id = await account_with(here, 1_000)
    await do(there, ChargeAccount(account_id, 5_000, "card"), "charge-1")

    (in_order,) = await here.submit_in_order([(spend(account_id, 2_000), call("spend-1"))])
    await do(there, ChargeAccount(account_id, 5_000, "card"), "charge-2")
    (atomic,) = await here.submit_atomic([(spend(account_id, 8_000), call("spend-2"))], call("batch-1"))

    assert getattr(in_order, "status", None) == 201
    assert atomic.status == 201


async def test_a_refusal_that_stands_is_remembered(two: tuple[Engine, Engine]) -> None:
    here, there = two
    account_id = await account_with(here, 1_000)

    refused = await here.submit(spend(account_id, 4_000), call("spend-1"))
    await do(there, ChargeAccount(account_id, 5_000, "card"), "charge-1")
    again = await here.submit(spend(account_id, 4_000), call("spend-1"))
    elsewhere = await there.submit(spend(account_id, 4_000), call("spend-1"))

    assert refused.status == 422
    assert (again.body, again.replayed) == (refused.body, True)
    assert (elsewhere.body, elsewhere.replayed) == (refused.body, True)

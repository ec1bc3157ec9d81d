"""Orders through engines on a real PostgreSQL: numbers without a gap, large orders, replays, and writers that race."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from aggregates.errors import LedgerError
from aggregates.ids import stream_id
from aggregates.numbers import Numbers, series_id
from aggregates.order import Order
from aggregates.order.parts import CouponState
from ledger.command import Command, Outcome
from ledger.commands.order_voids import ApproveVoid, RecordVoided, RequestVoid
from ledger.commands.order_work import (
    AutoChoose,
    ChooseItem,
    RecordIssued,
    RecordMessages,
    RequestIssue,
    RequestMessages,
)
from ledger.commands.orders import CancelOrder, PlaceOrder
from ledger.copies import CleanCopies
from ledger.database import Database
from ledger.engine import Engine, Overloaded
from ledger.loading import load_stream
from ledger.store import Store, StoredFact
from tests.aggregates.orders import line, tokens
from tests.ledger.commands.test_order_laws import state_of
from tests.ledger.conftest import StartEngine
from tests.ledger.desk import SetClock, account_with, body, call, do
from tests.ledger.test_replay import replay

pytestmark = pytest.mark.anyio

COFFEE, CAKE = line(9_900, 10_000), line(990, 1_000)


def order(account_id: str, recipients: int = 1, **given: Any) -> PlaceOrder:
    """Return an order of one item each, at 9,900."""
    plain: dict[str, Any] = {
        "account_id": account_id,
        "member_id": None,
        "name": "autumn gift",
        "kind": "general",
        "lines": (COFFEE,),
        "dispatch_title": "감사합니다",
        "recipients": tokens(recipients),
        "consent": True,
    }
    return PlaceOrder(**{**plain, **given})


def numbers_of(outcomes: list[Outcome]) -> list[int]:
    """Return the running numbers of those that were placed, in order."""
    return sorted(int(body(outcome)["number"][11:]) for outcome in outcomes if outcome.status == 201)


async def settled(engine: Engine, command: Command, key: str) -> Outcome:
    """Submit a command until it is committed or refused."""
    while True:
        try:
            return await engine.submit(command, call(key))
        except Overloaded:
            continue


async def test_an_order_of_10_000_recipients_is_one_commit_and_one_answer(start_engine: StartEngine) -> None:
    engine = await start_engine()
    account_id = await account_with(engine, 200_000_000)
    command = order(account_id, 10_000, kind="choice", lines=(COFFEE, CAKE))

    first = await engine.submit(command, call("big"))
    again = await engine.submit(command, call("big"))
    other = await start_engine()
    elsewhere = await other.submit(command, call("big"))

    shape = body(first)
    assert (first.status, shape["amount"], shape["recipients"]) == (201, 99_000_000, 10_000)
    assert (again.body, again.replayed, again.position) == (first.body, True, first.position)
    assert (elsewhere.body, elsewhere.replayed, elsewhere.position) == (first.body, True, first.position)
    rows = await engine.store.facts_between(first.position - 23, first.position)
    assert [row.topic for row in rows] == [
        "account.spent",
        "numbers.drawn",
        "order.placed",
        *["order.recipients_added"] * 20,
        "order.dispatch_started",
    ]
    loaded = await load_stream(other.store, Order, stream_id(shape["id"]))
    warm = engine.warm.get(stream_id(shape["id"]))
    assert isinstance(loaded, Order)
    assert isinstance(warm, Order)
    assert state_of(loaded) == state_of(warm)


async def test_500_selections_are_taken_and_given_back_in_one_commit(start_engine: StartEngine) -> None:
    """SPEC R-042: a difference for each; more facts than a usual command has."""
    engine = await start_engine()
    account_id = await account_with(engine, 20_000_000)
    order_id = (await do(engine, order(account_id, 1_100, kind="choice", lines=(COFFEE, CAKE)), "place"))["id"]
    blocks = [tuple(range(first, min(first + 500, 1_100))) for first in range(0, 1_100, 500)]
    for batch, block in enumerate(blocks, start=1):
        await do(engine, RequestMessages(order_id, batch, block), f"send {batch}")
        await do(engine, RecordMessages(order_id, batch, block, (), ()), f"sent {batch}")
    chosen = [do(engine, ChooseItem(order_id, number, 1), f"choose {number}") for number in range(1_100)]
    await asyncio.gather(*chosen)

    for batch, block in enumerate(blocks, start=1):
        await do(engine, RequestIssue(order_id, batch, 1, block), f"issue {batch}")
        answer = await do(engine, RecordIssued(order_id, batch, block, ()), f"issued {batch}")

    assert (answer["confirmed_amount"], answer["returned"], answer["held"]) == (1_089_000, 9_801_000, 0)
    current = await engine.account(account_id)
    assert current.account.balance_minor == 20_000_000 - 1_089_000


async def test_numbers_have_no_gap_when_many_order_and_many_are_refused(start_engine: StartEngine) -> None:
    engine = await start_engine()
    rich = await account_with(engine, 100_000_000, "Rich")
    poor = await account_with(engine, 5 * 9_900, "Poor")
    wanted = [order(rich if number % 2 else poor) for number in range(120)]
    wanted += [order(rich, name="") for _ in range(20)]

    outcomes = await asyncio.gather(
        *(engine.submit(command, call(f"order {number}")) for number, command in enumerate(wanted))
    )

    assert sum(outcome.status == 201 for outcome in outcomes) == 65
    assert numbers_of(list(outcomes)) == list(range(1, 66))


async def test_numbers_have_no_gap_when_two_engines_race(start_engine: StartEngine) -> None:
    engines = [await start_engine(), await start_engine()]
    accounts = [await account_with(engines[0], 30 * 9_900, name) for name in ("Kite", "Loom")]
    plan = [(engines[number % 2], order(accounts[number // 2 % 2])) for number in range(72)]

    outcomes = await asyncio.gather(
        *(settled(engine, command, f"order {number}") for number, (engine, command) in enumerate(plan))
    )

    assert sorted(outcome.status for outcome in outcomes) == [201] * 60 + [422] * 12
    assert numbers_of(list(outcomes)) == list(range(1, 61))
    ids = [body(outcome)["id"] for outcome in outcomes if outcome.status == 201]
    assert len(set(ids)) == 60


async def test_the_same_key_on_two_engines_at_once_is_one_order(start_engine: StartEngine) -> None:
    engines = [await start_engine(), await start_engine()]
    account_id = await account_with(engines[0], 1_000_000)

    outcomes = await asyncio.gather(*(settled(engine, order(account_id), "same") for engine in engines * 4))

    assert len({outcome.body for outcome in outcomes}) == 1
    assert sum(not outcome.replayed for outcome in outcomes) <= 1 or len({o.position for o in outcomes}) == 1
    assert (await engines[1].account(account_id)).account.balance_minor == 1_000_000 - 9_900


async def test_a_recipient_and_the_job_race_on_two_engines_and_one_selection_is_recorded(
    start_engine: StartEngine, clock: SetClock
) -> None:
    """SPEC R-046: the first recorded wins; the other is refused."""
    here, there = await start_engine(), await start_engine()
    account_id = await account_with(here, 1_000_000)
    order_id = (await do(here, order(account_id, 40, kind="choice", lines=(COFFEE, CAKE)), "place"))["id"]
    everyone = tuple(range(40))
    await do(here, RequestMessages(order_id, 1, everyone), "send")
    await do(here, RecordMessages(order_id, 1, everyone, (), ()), "sent")

    picks = [settled(here, ChooseItem(order_id, who, 1), f"here {who}") for who in everyone]
    others = [settled(there, ChooseItem(order_id, who, 0), f"there {who}") for who in everyone[:20]]
    outcomes = await asyncio.gather(*picks, *others)
    clock.advance(days=9)
    late = await settled(there, AutoChoose(order_id, everyone), "auto")

    assert sum(outcome.status == 200 for outcome in outcomes) == 40
    assert {body(outcome)["code"] for outcome in outcomes if outcome.status != 200} == {"already_chosen"}
    assert (late.status, body(late)["code"]) == (409, "already_chosen")
    loaded = await load_stream(here.store, Order, stream_id(order_id))
    assert isinstance(loaded, Order)
    assert set(loaded.coupons) == {CouponState.CHOSEN}


async def test_orders_can_be_placed_all_or_nothing(start_engine: StartEngine) -> None:
    """An atomic batch decides on copies: a refusal in it draws no number and leaves no order."""
    engine = await start_engine()
    account_id = await account_with(engine, 3 * 9_900)
    items: list[tuple[Command, Any]] = [(order(account_id), call(f"item {number}")) for number in range(2)]
    too_much: list[tuple[Command, Any]] = [(order(account_id), call(f"more {number}")) for number in range(2)]

    placed = await engine.submit_atomic(items, call("batch"))
    refused = await engine.submit_atomic(too_much, call("batch 2"))
    last = await engine.submit(order(account_id), call("last"))

    assert numbers_of(placed) == [1, 2]
    assert [outcome.status for outcome in refused] == [422]
    assert numbers_of([last]) == [3]


async def test_an_order_that_another_process_places_is_found(start_engine: StartEngine) -> None:
    """That an order is not there is never remembered."""
    here, there = await start_engine(), await start_engine()
    account_id = await account_with(here, 1_000_000)
    scheduled = order(account_id, scheduled_at=here.clock.now().replace(second=0, microsecond=0, hour=23))
    expected = f"ord_{account_id[4:]}3"

    with pytest.raises(LedgerError) as missing:
        await there.submit(CancelOrder(expected), call("early"))
    placed = await do(here, scheduled, "place")
    cancelled = await there.submit(CancelOrder(placed["id"]), call("cancel"))

    assert (missing.value.code, placed["id"], cancelled.status) == ("order_not_found", expected, 200)


async def test_a_replay_agrees_with_orders_under_way(engine: Engine, ledger_database: Database) -> None:
    """Folds, postings and the balance that each fact carries, with a void beside coupons that are still held."""
    account_id = await account_with(engine, 100_000)
    order_id = (await do(engine, order(account_id, 3, kind="choice", lines=(COFFEE, CAKE)), "place"))["id"]
    work: list[Command] = [
        RequestMessages(order_id, 1, (0, 1, 2)),
        RecordMessages(order_id, 1, (0,), (1,), (2,)),
        ChooseItem(order_id, 0, 1),
        RequestIssue(order_id, 1, 1, (0,)),
        RecordIssued(order_id, 1, (0,), ()),
        RequestVoid(order_id, (0,), "sent by mistake"),
        ApproveVoid(order_id, 1),
        RecordVoided(order_id, 1, (0,), ()),
    ]
    for number, command in enumerate(work):
        assert (await engine.submit(command, call(f"work {number}"))).status in (200, 201)

    report = await replay(ledger_database)

    assert report.findings == []
    assert report.ok
    assert (report.totals["KRW"]["balance"], report.totals["KRW"]["held"]) == (100_000 - 19_800, 19_800)


class CountingStore(Store):
    """A store that counts the facts of loaded streams."""

    loaded = 0

    async def facts_after(self, stream_id: UUID, version: int, limit: int) -> list[StoredFact]:
        found = await super().facts_after(stream_id, version, limit)
        CountingStore.loaded += len(found)
        return found


async def test_the_next_number_is_told_by_the_last_one(start_engine: StartEngine) -> None:
    engine = await start_engine()
    account_id = await account_with(engine, 1_000_000)
    for number in range(30):
        await do(engine, order(account_id), f"order {number}")
    fresh = await start_engine(kind=CountingStore)
    CountingStore.loaded = 0

    numbers = await load_stream(fresh.store, Numbers, stream_id(series_id("order")))

    assert isinstance(numbers, Numbers)
    assert (numbers.last, numbers.version, CountingStore.loaded) == (30, 30, 1)
    assert numbers_of([await fresh.submit(order(account_id), call("next"))]) == [31]


async def test_an_order_that_two_processes_write_is_loaded_only_as_far_as_it_changed(
    start_engine: StartEngine,
) -> None:
    here = await start_engine()
    there = await start_engine(kind=CountingStore)
    account_id = await account_with(here, 10_000_000)
    order_id = (await do(here, order(account_id, 200, kind="choice", lines=(COFFEE, CAKE)), "place"))["id"]
    everyone = tuple(range(200))
    await do(here, RequestMessages(order_id, 1, everyone), "send")
    await do(here, RecordMessages(order_id, 1, everyone, (), ()), "sent")
    for who in range(150):
        await do(here, ChooseItem(order_id, who, 1), f"choose {who}")
    await do(there, ChooseItem(order_id, 150, 1), "choose 150")
    CountingStore.loaded = 0

    for who in range(151, 161):
        await do(here, ChooseItem(order_id, who, 1), f"choose {who}")
        await do(there, ChooseItem(order_id, who + 10, 1), f"choose {who + 10}")

    assert 10 <= CountingStore.loaded < 150
    loaded = await load_stream(here.store, Order, stream_id(order_id))
    warm = there.warm.get(stream_id(order_id))
    assert isinstance(loaded, Order)
    assert isinstance(warm, Order)
    assert state_of(loaded) == state_of(warm)


def test_clean_copies_are_bounded_and_their_own() -> None:
    order_ = Order.blank(stream_id("ord_1"))
    order_.begin(1_000, 1)
    order_.version = 500
    other = Order.blank(stream_id("ord_2"))
    other.begin(1_000, 1)
    other.version = 500
    short = Order.blank(stream_id("ord_3"))
    copies = CleanCopies(bytes_max=order_.size_bytes() + 10)

    copies.keep(order_)
    order_.dispatch[0] = 2
    kept = copies.take(order_.id)
    copies.keep(short)
    copies.keep(other)

    assert isinstance(kept, Order)
    assert kept.dispatch[0] == 0
    assert (copies.take(order_.id), copies.take(short.id), len(copies)) == (None, None, 1)
    assert copies.take(other.id) is not None

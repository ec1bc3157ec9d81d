"""Closed periods under several writers: no fact of a closed day is ever stored after its close."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from ledger.command import Call, Command, Outcome
from ledger.commands.charges import ChargeAccount
from ledger.commands.periods import ClosePeriod
from ledger.commands.transfers import ImportMovement
from ledger.database import Database, connect
from ledger.engine import Engine
from ledger.pending import PendingBatch
from ledger.store import Store
from ledger.verify import verify
from tests.ledger.desk import SetClock, account_with, append_alone, body, call, do

pytestmark = pytest.mark.anyio

FEBRUARY = datetime(2026, 2, 28, 14, 59, 59, 999999, tzinfo=UTC)
"""The last moment of 28 February in Seoul; the clock of these tests stands on 2 March."""

MARCH = datetime(2026, 2, 28, 15, 0, tzinfo=UTC)
CLOSE = ClosePeriod(date(2026, 2, 28), "February is reconciled")


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


def at(key: str, occurred_at: datetime) -> Call:
    return call(key)._replace(occurred_at=occurred_at)


def gate(engine: Engine) -> tuple[asyncio.Event, asyncio.Event]:
    """Let an engine's commits wait; return what tells that one waits, and what lets it go on."""
    waits, goes = asyncio.Event(), asyncio.Event()
    append = engine.store.appender.append

    async def append_later(batch: PendingBatch) -> int:
        waits.set()
        await goes.wait()
        return await append(batch)

    engine.store.appender.append = append_later  # type: ignore[method-assign]
    append_alone(engine)
    return waits, goes


async def charge(engine: Engine, account_id: str, key: str, occurred_at: datetime) -> Outcome:
    return await engine.submit(ChargeAccount(account_id, 5_000, "card"), at(key, occurred_at))


async def test_a_closed_day_is_refused_with_the_first_open_day_and_an_open_day_is_taken(engine: Engine) -> None:
    account_id = await account_with(engine, 0)
    closed = await engine.submit(CLOSE, call("close-0001"))

    refused = await charge(engine, account_id, "charge-1", FEBRUARY)
    taken = await charge(engine, account_id, "charge-2", MARCH)

    assert (closed.status, refused.status, taken.status) == (201, 422, 201)
    told = body(refused)
    assert (told["code"], told["closed_through"], told["first_open_day"]) == (
        "period_closed", "2026-02-28", "2026-03-01",
    )  # fmt: skip


async def test_a_movement_is_refused_by_its_own_day_too(engine: Engine) -> None:
    account_id = await account_with(engine, 0)
    await engine.submit(CLOSE, call("close-0001"))

    refused = await engine.submit(ImportMovement(account_id, 100, date(2026, 2, 28), "r2", None), call("import-1"))
    taken = await engine.submit(ImportMovement(account_id, 100, date(2026, 3, 1), "r3", None), call("import-2"))

    assert (body(refused)["code"], taken.status) == ("period_closed", 201)


async def test_items_of_a_batch_are_refused_by_their_own_days(engine: Engine) -> None:
    account_id = await account_with(engine, 0)
    await engine.submit(CLOSE, call("close-0001"))
    items: list[tuple[Command, Call]] = [
        (ChargeAccount(account_id, 5_000, "card"), at("charge-1", MARCH)),
        (ChargeAccount(account_id, 6_000, "card"), at("charge-2", FEBRUARY)),
    ]

    (atomic,) = await engine.submit_atomic(items, call("batch-1"))
    one, other = await engine.submit_in_order(items)

    assert (atomic.status, body(atomic)["code"], body(atomic)["item"]) == (422, "period_closed", 1)
    assert isinstance(one, Outcome)
    assert isinstance(other, Outcome)
    assert (one.status, other.status) == (201, 422)


async def test_a_close_by_another_process_is_seen_by_one_that_knows_the_books_as_open(
    two: tuple[Engine, Engine],
) -> None:
    here, there = two
    account_id = await account_with(here, 0)
    assert (await charge(here, account_id, "charge-1", FEBRUARY)).status == 201

    await do(there, CLOSE, "close-0001")
    refused = await charge(here, account_id, "charge-2", FEBRUARY)

    assert (refused.status, body(refused)["code"]) == (422, "period_closed")


async def test_what_was_decided_before_another_process_closed_is_not_stored_after_it(
    two: tuple[Engine, Engine], ledger_database: Database
) -> None:
    here, there = two
    account_id = await account_with(here, 0)
    waits, goes = gate(here)
    late = asyncio.create_task(charge(here, account_id, "charge-1", FEBRUARY))
    await waits.wait()

    await do(there, CLOSE, "close-0001")
    goes.set()
    outcome = await late

    assert (outcome.status, body(outcome)["code"]) == (422, "period_closed")
    assert (await here.account(account_id)).account.balance_minor == 0
    with connect(ledger_database.app) as connection:
        assert verify(connection, ledger_database.schema).findings == []


async def test_a_close_of_the_same_batch_or_the_one_before_holds_at_once(two: tuple[Engine, Engine]) -> None:
    here, _ = two
    account_id = await account_with(here, 0)
    before, closed, after = await asyncio.gather(
        charge(here, account_id, "charge-1", FEBRUARY),
        here.submit(CLOSE, call("close-0001")),
        charge(here, account_id, "charge-2", FEBRUARY),
    )

    assert closed.status == 201
    assert {before.status, after.status} <= {201, 422}
    for each in (before, after):
        assert each.position < closed.position or each.status == 422


async def test_two_processes_that_close_the_same_period_close_it_once(two: tuple[Engine, Engine]) -> None:
    here, there = two
    first, second = await asyncio.gather(
        here.submit(CLOSE, call("close-here")), there.submit(CLOSE, call("close-there"))
    )

    assert sorted([first.status, second.status]) == [201, 409]


async def test_race_of_back_dated_charges_in_two_processes_against_a_close(
    two: tuple[Engine, Engine], ledger_database: Database
) -> None:
    here, there = two
    account_ids = [await account_with(here, 0, f"Race {number}") for number in range(4)]

    async def charges(engine: Engine, name: str) -> list[Outcome]:
        return [
            await charge(engine, account_ids[number % 4], f"{name}-charge-{number}", FEBRUARY) for number in range(20)
        ]

    async def close_soon() -> Outcome:
        await asyncio.sleep(0.01)
        return await there.submit(CLOSE, call("close-0001"))

    ours, theirs, closed = await asyncio.gather(charges(here, "here"), charges(there, "there"), close_soon())

    taken = [outcome for outcome in (*ours, *theirs) if outcome.status == 201]
    assert closed.status == 201
    assert all(outcome.position < closed.position for outcome in taken)
    assert {body(outcome)["code"] for outcome in (*ours, *theirs) if outcome.status != 201} <= {"period_closed"}
    with connect(ledger_database.app) as connection:
        assert verify(connection, ledger_database.schema).findings == []


async def test_what_is_not_back_dated_never_looks_at_the_books(engine: Engine) -> None:
    account_id = await account_with(engine, 0)
    await engine.submit(CLOSE, call("close-0001"))
    seen: list[PendingBatch] = []
    append = engine.store.appender.append

    async def watched(batch: PendingBatch) -> int:
        seen.append(batch)
        assert not batch.unmoved
        return await append(batch)

    engine.store.appender.append = watched  # type: ignore[method-assign]
    append_alone(engine)
    outcome = await engine.submit(ChargeAccount(account_id, 5_000, "card"), call("charge-1"))
    same_day = await charge(engine, account_id, "charge-2", datetime(2026, 3, 1, 15, 0, tzinfo=UTC))

    assert (outcome.status, same_day.status, len(seen)) == (201, 201, 2)

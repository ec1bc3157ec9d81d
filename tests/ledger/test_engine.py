"""The engine on a real PostgreSQL: one effect a key, answers after the commit, groups of any size."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest

from aggregates import ids
from aggregates.errors import NotFound, Unavailable
from ledger import engine as engine_module
from ledger.appender import COPY_FROM_ROWS
from ledger.commands.spends import CaptureSpend, Spend
from ledger.commands.standing import OpenAccount
from ledger.commands.transfers import Transfer
from ledger.database import Database
from ledger.engine import Engine, Overloaded
from ledger.pending import PendingBatch
from ledger.recall import KeyReused
from ledger.verify import verify
from tests.ledger.conftest import StartEngine
from tests.ledger.desk import SetClock, account_with, append_alone, body, call, do, spend

pytestmark = pytest.mark.anyio


async def gated(start_engine: StartEngine) -> tuple[Engine, asyncio.Event]:
    """Return an engine whose commits wait while the gate is closed, and the gate, open."""
    engine, gate = await start_engine(), asyncio.Event()
    gate.set()
    append = engine.store.appender.append

    async def append_when_open(batch: PendingBatch) -> int:
        await gate.wait()
        return await append(batch)

    engine.store.appender.append = append_when_open  # type: ignore[method-assign]
    append_alone(engine)
    return engine, gate


async def test_the_same_key_again_gives_the_first_answer_byte_for_byte(engine: Engine) -> None:
    account_id = await account_with(engine, 1_000)

    first = await engine.submit(spend(account_id, 300), call("spend-0001"))
    again = await engine.submit(spend(account_id, 300), call("spend-0001"))

    assert first.status == 201
    assert (again.status, again.body, again.position, again.request_id) == (*first[:3], first.request_id)
    assert (first.replayed, again.replayed) == (False, True)
    assert (await engine.account(account_id)).account.balance_minor == 700


async def test_a_key_known_only_to_the_database_gives_the_first_answer(start_engine: StartEngine) -> None:
    engine = await start_engine()
    account_id = await account_with(engine, 1_000)
    first = await engine.submit(spend(account_id, 300), call("spend-0001"))
    refused = await engine.submit(spend(account_id, 5_000), call("spend-0002"))

    later = await start_engine()
    again = await later.submit(spend(account_id, 300), call("spend-0001"))
    refused_again = await later.submit(spend(account_id, 5_000), call("spend-0002"))

    assert again == first._replace(replayed=True)
    assert refused_again == refused._replace(replayed=True)
    assert (await later.account(account_id)).account.balance_minor == 700


async def test_a_key_known_only_to_the_database_answers_on_a_warm_account_too(start_engine: StartEngine) -> None:
    engine, other = await start_engine(), await start_engine()
    account_id = await account_with(engine, 1_000)
    await engine.account(account_id)
    first = await other.submit(spend(account_id, 300), call("spend-0001"))
    await engine.account(account_id)

    again = await engine.submit(spend(account_id, 300), call("spend-0001"))

    assert again == first._replace(replayed=True)


async def test_a_key_that_would_be_refused_today_still_gives_its_first_answer(start_engine: StartEngine) -> None:
    engine, other = await start_engine(), await start_engine()
    account_id = await account_with(engine, 1_000)
    first = await other.submit(spend(account_id, 800), call("spend-0001"))
    await engine.account(account_id)

    again = await engine.submit(spend(account_id, 800), call("spend-0001"))

    assert again == first._replace(replayed=True)
    assert (await engine.account(account_id)).account.balance_minor == 200


async def test_the_same_key_with_another_request_is_refused_and_does_nothing(engine: Engine) -> None:
    account_id = await account_with(engine, 1_000)
    await engine.submit(spend(account_id, 300), call("spend-0001", "one"))

    with pytest.raises(KeyReused):
        await engine.submit(spend(account_id, 301), call("spend-0001", "another"))

    assert (await engine.account(account_id)).account.balance_minor == 700


async def test_the_same_key_of_another_principal_is_another_key(engine: Engine) -> None:
    account_id = await account_with(engine, 1_000)
    await engine.submit(spend(account_id, 300), call("spend-0001", principal="key_one"))

    second = await engine.submit(spend(account_id, 300), call("spend-0001", principal="key_two"))

    assert (second.status, second.replayed) == (201, False)
    assert (await engine.account(account_id)).account.balance_minor == 400


async def test_a_refusal_is_remembered_even_when_it_would_be_allowed_later(engine: Engine) -> None:
    account_id = await account_with(engine, 100)
    other_id = await account_with(engine, 1_000, "Grey Heron Cafe")
    refused = await engine.submit(spend(account_id, 500), call("spend-0001"))
    await do(engine, Transfer(other_id, account_id, 900, None), "transfer-1")

    again = await engine.submit(spend(account_id, 500), call("spend-0001"))

    assert (refused.status, body(refused)["code"]) == (422, "insufficient_funds")
    assert again == refused._replace(replayed=True)


async def test_what_is_not_found_is_not_remembered(engine: Engine) -> None:
    missing = "acc_01zzzzzzzzzzzzzzzz"

    with pytest.raises(NotFound):
        await engine.submit(spend(missing, 300), call("spend-0001"))
    account_id = await account_with(engine, 1_000)
    done = await engine.submit(spend(account_id, 300), call("spend-0001"))

    assert done.status == 201


async def test_400_concurrent_spends_of_100_on_9790_leave_90(engine: Engine) -> None:
    account_id = await account_with(engine, 9_790)

    outcomes = await asyncio.gather(*(engine.submit(spend(account_id, 100), call(f"race-{n:04}")) for n in range(400)))

    statuses = [outcome.status for outcome in outcomes]
    assert (statuses.count(201), statuses.count(422)) == (97, 303)
    assert (await engine.account(account_id)).account.balance_minor == 90


async def test_200_concurrent_requests_with_one_key_have_one_effect(engine: Engine) -> None:
    account_id = await account_with(engine, 10_000)

    outcomes = await asyncio.gather(*(engine.submit(spend(account_id, 100), call("one-key-1")) for _ in range(200)))

    assert len({outcome[:3] for outcome in outcomes}) == 1
    assert [outcome.replayed for outcome in outcomes].count(True) == 199
    assert (await engine.account(account_id)).account.balance_minor == 9_900


@pytest.mark.parametrize("commands", [1, COPY_FROM_ROWS - 1, COPY_FROM_ROWS, COPY_FROM_ROWS + 100])
async def test_positions_are_dense_and_sealed_at_any_batch_size(
    engine: Engine, ledger_database: Database, commands: int
) -> None:
    account_id = await account_with(engine, 100_000)
    before = (await engine.account(account_id)).position

    outcomes = await asyncio.gather(
        *(engine.submit(spend(account_id, 10), call(f"dense-{n:04}")) for n in range(commands)),
        engine.submit(spend(account_id, 999_999), call("dense-refused")),
    )

    assert sorted({outcome.position for outcome in outcomes}) == list(range(before + 1, before + 1 + commands))
    with psycopg.connect(ledger_database.app) as connection:
        report = verify(connection, ledger_database.schema)
    assert report.findings == []
    assert (report.position, report.facts, report.refusals) == (before + commands, before + commands, 1)


async def test_nothing_is_answered_before_its_commit_not_even_a_refusal(start_engine: StartEngine) -> None:
    engine, gate = await gated(start_engine)
    account_id = await account_with(engine, 1_000)
    gate.clear()

    accepted = asyncio.ensure_future(engine.submit(spend(account_id, 900), call("spend-0001")))
    refused = asyncio.ensure_future(engine.submit(spend(account_id, 900), call("spend-0002")))
    read = asyncio.ensure_future(engine.account(account_id))
    done_before, _ = await asyncio.wait([accepted, refused, read], timeout=0.2)
    gate.set()

    assert not done_before
    assert ((await accepted).status, (await refused).status) == (201, 422)
    assert (await read).account.balance_minor == 100


async def test_overload_is_answered_at_once(start_engine: StartEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, gate = await gated(start_engine)
    account_id = await account_with(engine, 1_000)
    monkeypatch.setattr(engine_module, "OPEN_COMMANDS_MAX", 5)
    gate.clear()
    open_work = [asyncio.ensure_future(engine.submit(spend(account_id, 1), call(f"open-{n:04}"))) for n in range(5)]
    await asyncio.sleep(0.05)

    with pytest.raises(Overloaded) as overloaded:
        await engine.submit(spend(account_id, 1), call("one-more-1"))
    gate.set()

    assert overloaded.value.retry_after_s == 1
    assert all(outcome.status == 201 for outcome in await asyncio.gather(*open_work))


async def test_an_atomic_batch_does_all_or_nothing(engine: Engine) -> None:
    account_id = await account_with(engine, 1_000)
    good = [(spend(account_id, 400), call("item-0001")), (spend(account_id, 500), call("item-0002"))]
    bad = [(spend(account_id, 50), call("item-0003")), (spend(account_id, 500), call("item-0004"))]

    refused = await engine.submit_atomic([*good, *bad], call("batch-0001"))
    balance_after_refusal = (await engine.account(account_id)).account.balance_minor
    done = await engine.submit_atomic(good, call("batch-0002"))
    again = await engine.submit_atomic(good, call("batch-0002"))

    assert [(outcome.status, body(outcome)["item"]) for outcome in refused] == [(422, 3)]
    assert balance_after_refusal == 1_000
    assert [outcome.status for outcome in done] == [201, 201]
    assert [outcome.body for outcome in again] == [outcome.body for outcome in done]
    assert all(outcome.replayed for outcome in again)
    assert (await engine.account(account_id)).account.balance_minor == 100


async def test_an_atomic_batch_may_use_what_an_earlier_item_made(engine: Engine) -> None:
    account_id = await account_with(engine, 1_000)
    other_id = await account_with(engine, 0, "Grey Heron Cafe")

    done = await engine.submit_atomic(
        [
            (Transfer(account_id, other_id, 700, None), call("item-0001")),
            (Transfer(other_id, account_id, 650, None), call("item-0002")),
        ],
        call("batch-0001"),
    )

    assert [outcome.status for outcome in done] == [201, 201]
    assert (await engine.account(other_id)).account.balance_minor == 50


async def test_commands_in_order_each_stand_for_themselves(engine: Engine) -> None:
    account_id = await account_with(engine, 1_000)
    amounts = [600, 600, 400, 1]

    items = [(spend(account_id, amount), call(f"item-{n:04}")) for n, amount in enumerate(amounts)]
    outcomes = await engine.submit_in_order(items)
    again = await engine.submit_in_order(items)

    assert [getattr(outcome, "status", None) for outcome in outcomes] == [201, 422, 201, 422]
    assert [getattr(outcome, "body", None) for outcome in again] == [getattr(o, "body", None) for o in outcomes]


async def test_two_engines_on_one_account_lose_and_double_nothing(
    start_engine: StartEngine, ledger_database: Database
) -> None:
    engines = [await start_engine(), await start_engine()]
    account_id = await account_with(engines[0], 100_000)

    async def work(number: int, engine: Engine) -> int:
        acknowledged = 0
        for n in range(40):
            try:
                outcome = await engine.submit(spend(account_id, 10), call(f"race-{number}-{n:04}"))
            except Unavailable:
                outcome = await engine.submit(spend(account_id, 10), call(f"race-{number}-{n:04}"))
            acknowledged += outcome.status == 201
        return acknowledged

    acknowledged = await asyncio.gather(*(work(number, engines[number % 2]) for number in range(6)))

    balances = [(await engine.account(account_id)).account.balance_minor for engine in engines]
    assert balances == [100_000 - 10 * sum(acknowledged)] * 2
    assert sum(acknowledged) == 240
    with psycopg.connect(ledger_database.app) as connection:
        assert verify(connection, ledger_database.schema).findings == []


async def test_business_time_may_lie_5_minutes_ahead_and_no_more(engine: Engine, clock: SetClock) -> None:
    account_id = await account_with(engine, 1_000)
    limit = clock.now() + timedelta(minutes=5)

    allowed = await engine.submit(spend(account_id, 1), call("ahead-001")._replace(occurred_at=limit))
    refused = await engine.submit(
        spend(account_id, 1), call("ahead-002")._replace(occurred_at=limit + timedelta(microseconds=1))
    )

    assert (allowed.status, refused.status, body(refused)["code"]) == (201, 422, "occurred_at_ahead")


async def test_a_hold_lives_through_a_restart_and_is_captured(start_engine: StartEngine) -> None:
    engine = await start_engine()
    account_id = await account_with(engine, 1_000)
    held = await do(engine, Spend(account_id, 400, None, None, False, None, 0), "hold-0001")

    later = await start_engine()
    captured = await do(later, CaptureSpend(account_id, held["id"], 150, None), "capture-01")

    assert (captured["held"], captured["captured"]) == (250, 150)
    assert (await later.account(account_id)).account.held_minor == 250


async def test_an_account_loads_from_its_snapshot_and_what_follows(
    start_engine: StartEngine, ledger_database: Database
) -> None:
    engine = await start_engine()
    account_id = await account_with(engine, 100_000)
    for start in range(0, 1_200, 300):
        keys = range(start, start + 300)
        await asyncio.gather(*(engine.submit(spend(account_id, 1), call(f"many-{n:05}")) for n in keys))
    warm = (await engine.account(account_id)).account

    later = await start_engine()
    cold = (await later.account(account_id)).account

    assert cold.dump() == warm.dump()
    assert (cold.version, cold.balance_minor) == (1_202, 98_800)
    with psycopg.connect(ledger_database.app) as connection:
        query = f"SELECT originator_version FROM {ledger_database.schema}.ledger_snapshots"
        assert connection.execute(query.encode()).fetchall() == [(1_000,)]


async def test_an_account_opened_elsewhere_is_found_after_it_was_missing(start_engine: StartEngine) -> None:
    engine, other = await start_engine(), await start_engine()
    account_id = (await do(engine, OpenAccount("Pine Works", "prepaid", "KRW", None, 0), "open-pine"))["id"]

    assert (await other.account(account_id)).account.name == "Pine Works"


async def test_a_lone_writer_beside_a_busy_one_gets_on(start_engine: StartEngine) -> None:
    busy, lone = await start_engine(), await start_engine()
    account_id = await account_with(busy, 1_000_000)
    stop = asyncio.Event()

    async def hammer(number: int) -> int:
        count = 0
        while not stop.is_set():
            outcome = await busy.submit(spend(account_id, 1), call(f"busy-{number}-{count}"))
            assert outcome.status == 201
            count += 1
        return count

    async def knock() -> list[int]:
        try:
            return [(await lone.submit(spend(account_id, 1), call(f"lone-{n:04}"))).status for n in range(20)]
        finally:
            stop.set()

    hammering = [asyncio.ensure_future(hammer(number)) for number in range(4)]
    knocked = await knock()
    hammered = sum(await asyncio.gather(*hammering))

    assert knocked == [201] * 20
    assert (await busy.account(account_id)).account.balance_minor == 1_000_000 - 20 - hammered


async def test_what_another_process_has_written_is_read_anew_when_asked_for(start_engine: StartEngine) -> None:
    here, there = await start_engine(), await start_engine()
    account_id = await account_with(here, 10_000)
    stream_id = ids.stream_id(account_id)
    await do(there, spend(account_id, 100), "spend there")

    await there.freshen(account_id)
    await here.freshen(account_id, "prd_unknown")

    assert here.warm.get(stream_id) is None
    assert there.warm.get(stream_id) is not None

"""Jobs on a real ledger: what is due is done once, however often, late or twice at once a job fires."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial

import psycopg
import pytest

from ledger.commands.charges import ChargeAccount
from ledger.commands.spends import CaptureSpend, Spend
from ledger.database import Database
from ledger.engine import Engine
from ledger.store import Store
from projections.connections import connect_to
from projections.runner import Runner
from scheduler import jobs, runner
from scheduler.jobs import EXPIRE_DEPOSITS, EXPIRE_HOLDS, Fired, fire
from tests.ledger.desk import SetClock, account_with, do

pytestmark = pytest.mark.anyio

Feed = Callable[[], None]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def engine(ledger_database: Database, clock: SetClock) -> AsyncIterator[Engine]:
    made = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def feed(ledger_database: Database) -> Feed:
    """Bring all views to the head."""

    def feed_all() -> None:
        with connect_to(ledger_database)() as project:
            made = Runner(connect_to(ledger_database))
            made.prepare(project)
            while made.feed(project, project):
                pass

    return feed_all


async def held(engine: Engine, account_id: str, amount_minor: int, key: str) -> str:
    spent = await do(engine, Spend(account_id, amount_minor, capture=False), key)
    return str(spent["id"])


async def test_a_hold_is_given_back_once_it_has_expired_and_not_before(
    engine: Engine, clock: SetClock, ledger_database: Database, feed: Feed
) -> None:
    account_id = await account_with(engine, 10_000)
    await held(engine, account_id, 4_000, "hold-1")
    feed()

    clock.advance(days=30, seconds=-1)
    early = await fire(EXPIRE_HOLDS, ledger_database, clock)
    clock.advance(seconds=1)
    late = await fire(EXPIRE_HOLDS, ledger_database, clock)

    assert early == Fired("expire-holds", done=0, known=0, refused=0)
    assert late == Fired("expire-holds", done=1, known=0, refused=0)
    account = (await engine.account(account_id)).account
    assert (account.balance_minor, account.held_minor) == (10_000, 0)


async def test_a_job_that_fires_twice_and_in_two_processes_does_a_thing_once(
    engine: Engine, clock: SetClock, ledger_database: Database, feed: Feed
) -> None:
    account_id = await account_with(engine, 10_000)
    for n in range(20):
        await held(engine, account_id, 100, f"hold-{n}")
    feed()
    clock.advance(days=31)

    twins = await asyncio.gather(*(fire(EXPIRE_HOLDS, ledger_database, clock) for _ in range(2)))
    again = await fire(EXPIRE_HOLDS, ledger_database, clock)

    assert sum(fired.done for fired in twins) == 20
    assert sum(fired.known for fired in twins) == 20
    assert again == Fired("expire-holds", done=0, known=20, refused=0)
    account = (await engine.account(account_id)).account
    assert (account.balance_minor, account.held_minor, account.version) == (10_000, 0, 42)


async def test_a_job_works_off_more_than_one_page(
    engine: Engine, clock: SetClock, ledger_database: Database, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PAGE", 4)
    account_id = await account_with(engine, 10_000)
    for n in range(10):
        await held(engine, account_id, 100, f"hold-{n}")
    clock.advance(days=31)
    stop = threading.Event()
    feeder = threading.Thread(target=Runner(connect_to(ledger_database)).run, args=(stop,))
    feed()
    feeder.start()

    try:
        fired = await fire(EXPIRE_HOLDS, ledger_database, clock)
    finally:
        stop.set()
        feeder.join()

    assert fired == Fired("expire-holds", done=10, known=0, refused=0)


async def test_a_hold_that_was_captured_meanwhile_is_left_alone(
    engine: Engine, clock: SetClock, ledger_database: Database, feed: Feed
) -> None:
    account_id = await account_with(engine, 10_000)
    spend_id = await held(engine, account_id, 4_000, "hold-1")
    feed()
    await do(engine, CaptureSpend(account_id, spend_id, 4_000), "capture-1")
    clock.advance(days=31)

    fired = await fire(EXPIRE_HOLDS, ledger_database, clock)

    assert fired == Fired("expire-holds", done=0, known=0, refused=1)
    assert (await engine.account(account_id)).account.balance_minor == 6_000


async def test_a_virtual_account_expires_after_its_seventh_day(
    engine: Engine, clock: SetClock, ledger_database: Database, feed: Feed
) -> None:
    account_id = await account_with(engine, 0)
    await do(engine, ChargeAccount(account_id, 50_000, "virtual_account", "PAY-1"), "charge-1")
    feed()
    # Issued 2026-03-02 12:00 KST: open until 24:00 KST of 2026-03-09.
    clock.at = clock.at.replace(day=9, hour=14, minute=59, second=59)

    early = await fire(EXPIRE_DEPOSITS, ledger_database, clock)
    clock.advance(seconds=1)
    late = await fire(EXPIRE_DEPOSITS, ledger_database, clock)

    assert (early.done, late.done) == (0, 1)


async def test_facts_of_a_job_name_the_job(
    engine: Engine, clock: SetClock, ledger_database: Database, feed: Feed
) -> None:
    account_id = await account_with(engine, 10_000)
    await held(engine, account_id, 4_000, "hold-1")
    feed()
    clock.advance(days=31)

    await fire(EXPIRE_HOLDS, ledger_database, clock)

    with psycopg.connect(ledger_database.app) as connection:
        query = f"SELECT state FROM {ledger_database.schema}.ledger_events WHERE topic = 'account.hold_expired'"
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    assert b'"actor":"job:expire-holds"' in row[0]


def test_a_database_that_is_away_is_no_end_of_the_scheduler(ledger_database: Database) -> None:
    away = ledger_database.__class__(
        **{name: getattr(ledger_database, name) for name in ("schema", "project", "migrate", "vault", "vault_migrate")},
        app="postgresql://nobody@/none?host=/nowhere",
        passwords={},
    )

    runner.fire_quietly("expire-holds", partial(fire, EXPIRE_HOLDS, away))


def test_every_job_asks_at_least_once_a_minute_under_a_name_of_its_own() -> None:
    assert len({job.name for job in jobs.JOBS}) == len(jobs.JOBS)
    assert all(timedelta(seconds=job.every_s) <= timedelta(minutes=1) for job in jobs.JOBS)

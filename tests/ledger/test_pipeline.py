"""Batches sent behind each other: stored in order or not at all, counted after the commit, never waited for in vain."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest

from ledger.append_errors import Clash, Lost, StoreRefused
from ledger.appender import Appender
from ledger.command import Outcome
from ledger.database import Database
from ledger.engine import Engine
from ledger.pending import WAKE_TOGETHER_MAX, PendingBatch
from ledger.pipeline import Pipeline, Sent
from ledger.seal import Row
from ledger.store import Store
from ledger.verify import verify
from tests.ledger.conftest import StartEngine
from tests.ledger.desk import account_with, call, spend
from tests.ledger.proxy import Proxy

pytestmark = pytest.mark.anyio

CALLERS = 4 * WAKE_TOGETHER_MAX
"""Enough that one half of them is sent behind the other."""


@contextmanager
def table_held(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """Hold the table lock on another connection: what is sent meanwhile waits. Its end lets go of it."""
    with psycopg.connect(database.app) as other:
        other.execute(f"LOCK TABLE {database.schema}.ledger_events IN EXCLUSIVE MODE".encode())
        yield other


def findings(database: Database) -> list[Any]:
    with psycopg.connect(database.app) as connection:
        return list(verify(connection, database.schema).findings)


def append_elsewhere(connection: psycopg.Connection[Any], database: Database, rows: list[Row]) -> None:
    """Append rows as another writer would, in the transaction that holds the lock."""
    call = f"SELECT {database.schema}.ledger_append(%s, %s::bigint[], %s::text[], %s, %s::uuid[], '{{}}', '{{}}', %s)"
    ids, versions = [UUID(bytes=row.originator_id) for row in rows], [row.version for row in rows]
    keys = [UUID(bytes=row.key) for row in rows if row.key]
    topics, states = [row.topic.decode() for row in rows], [row.state for row in rows]
    connection.execute(call.encode(), (ids, versions, topics, states, keys, os.urandom(32)))


async def in_two_halves(engine: Engine, account_id: str, name: str) -> tuple[list[asyncio.Task[Outcome]], list[Sent]]:
    """Have callers spend so that, the table being held, two batches are under way; return their work and these."""
    send, under_way = engine.store.appender.send, []

    def watched(batch: PendingBatch) -> Sent | None:
        sent = send(batch)
        if sent is not None:
            under_way.append(sent)
        return sent

    engine.store.appender.send = watched  # type: ignore[method-assign]
    work = []
    for half in range(2):
        for number in range(CALLERS // 2):
            task = asyncio.ensure_future(engine.submit(spend(account_id, 10), call(f"{name}-{half}-{number:02}")))
            work.append(task)
        await asyncio.sleep(0.05)
    return work, under_way


async def busy_engine(start_engine: StartEngine, conninfo: str | None = None) -> tuple[Engine, str]:
    """Return an engine that has seen so many callers at once, and an account with 10,000."""
    engine = await start_engine(conninfo)
    account_id = await account_with(engine, 10_000)
    await asyncio.gather(*(engine.submit(spend(account_id, 1), call(f"crowd-{n:04}")) for n in range(CALLERS)))
    return engine, account_id


async def test_half_of_the_callers_are_sent_behind_the_other_half(
    start_engine: StartEngine, ledger_database: Database
) -> None:
    engine, account_id = await busy_engine(start_engine)

    with table_held(ledger_database):
        work, under_way = await in_two_halves(engine, account_id, "half")
        sent_by_then = [sent.batch.commands for sent in under_way]
        answered_by_then = [task for task in work if task.done()]
    outcomes = await asyncio.gather(*work)

    assert sent_by_then == [CALLERS // 2, CALLERS // 2]
    assert answered_by_then == []
    assert [outcome.status for outcome in outcomes] == [201] * CALLERS
    assert (await engine.account(account_id)).account.balance_minor == 10_000 - CALLERS - 10 * CALLERS
    assert findings(ledger_database) == []


async def test_few_callers_are_not_sent_behind_each_other(start_engine: StartEngine, ledger_database: Database) -> None:
    engine = await start_engine()
    account_id = await account_with(engine, 1_000)
    with table_held(ledger_database):
        first = asyncio.ensure_future(engine.submit(spend(account_id, 10), call("few-0001")))
        await asyncio.sleep(0.02)
        second = [asyncio.ensure_future(engine.submit(spend(account_id, 10), call(f"few-{n:04}"))) for n in (2, 3)]
        await asyncio.sleep(0.02)
        open_by_then = engine.committer.open.commands
    await asyncio.gather(first, *second)

    assert open_by_then == 2


async def test_a_batch_behind_one_that_clashes_is_not_stored_and_both_are_decided_again(
    start_engine: StartEngine, ledger_database: Database
) -> None:
    engine, account_id = await busy_engine(start_engine)
    before = (await engine.account(account_id)).account
    stored = await engine.store.facts_after(before.id, 0, 10_000)
    copied = stored[-1]

    with table_held(ledger_database) as other:
        work, under_way = await in_two_halves(engine, account_id, "clash")
        append_elsewhere(
            other,
            ledger_database,
            [Row(copied.originator_id.bytes, before.version + 1, copied.topic.encode(), copied.state, os.urandom(16))],
        )
    outcomes = await asyncio.gather(*work)

    assert [type(sent.error) for sent in under_way[:2]] == [Clash, Clash]
    assert "the batch before this one is not stored" in str(under_way[1].error)
    assert [outcome.status for outcome in outcomes] == [201] * CALLERS
    versions = [fact.version for fact in await engine.store.facts_after(before.id, 0, 10_000)]
    assert versions == list(range(1, before.version + 1 + CALLERS + 1))


async def test_what_is_behind_a_cancelled_batch_is_not_stored_either(
    start_engine: StartEngine, ledger_database: Database
) -> None:
    engine, account_id = await busy_engine(start_engine)

    with table_held(ledger_database):
        work, under_way = await in_two_halves(engine, account_id, "cancel")
        with psycopg.connect(ledger_database.app) as other:
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            cancelled = other.execute(f"SELECT pg_cancel_backend(pid) FROM ({waiting}) AS w".encode()).fetchall()
        await asyncio.sleep(0.05)
    answers = await asyncio.gather(*work, return_exceptions=True)

    assert cancelled == [(True,)]
    assert isinstance(under_way[0].error, StoreRefused)
    assert isinstance(under_way[1].error, Clash | StoreRefused)
    assert {type(answer).__name__ for answer in answers} == {"WritesRefused"}
    assert (await engine.account(account_id)).account.balance_minor == 10_000 - CALLERS


@pytest.mark.parametrize("lost", ["both before they are done", "the reply to the first"])
async def test_a_connection_lost_with_two_batches_under_way_is_one_effect_a_key(
    start_engine: StartEngine, ledger_database: Database, proxy: Proxy, lost: str
) -> None:
    engine, account_id = await busy_engine(start_engine, proxy.conninfo)
    if lost == "the reply to the first":
        proxy.cut_reply_to = b"ledger_append"

    with table_held(ledger_database):
        work, under_way = await in_two_halves(engine, account_id, "lost")
        two = len(under_way)
        if lost == "both before they are done":
            proxy.away(away=True)
            await asyncio.sleep(0.01)
            proxy.away(away=False)
    outcomes = await asyncio.gather(*work)

    assert two == 2
    assert [type(sent.error) for sent in under_way[:2]] == [Lost, Lost]
    assert [outcome.status for outcome in outcomes] == [201] * CALLERS
    assert (await engine.account(account_id)).account.balance_minor == 10_000 - CALLERS - 10 * CALLERS
    assert findings(ledger_database) == []


async def test_two_batches_without_an_answer_are_given_up_in_time(
    start_engine: StartEngine, ledger_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.appender.APPEND_LIMIT_S", 0.3)
    engine, account_id = await busy_engine(start_engine)

    with table_held(ledger_database):
        work, under_way = await in_two_halves(engine, account_id, "late")
        began = time.monotonic()
        while not all(sent.answered for sent in under_way):
            await asyncio.sleep(0.01)
            assert time.monotonic() - began < 5, "batches were not given up"
    outcomes = await asyncio.gather(*work)

    assert [str(sent.error) for sent in under_way[:2]] == ["no answer in time"] * 2
    assert [outcome.status for outcome in outcomes] == [201] * CALLERS
    assert findings(ledger_database) == []


async def test_a_larger_batch_than_the_socket_takes_at_once_is_sent_whole(
    start_engine: StartEngine, ledger_database: Database
) -> None:
    engine, account_id = await busy_engine(start_engine)
    with table_held(ledger_database):
        first = asyncio.ensure_future(engine.submit(spend(account_id, 1), call("large-first")))
        await asyncio.sleep(0.02)
        many = [asyncio.ensure_future(engine.submit(spend(account_id, 1), call(f"large-{n:04}"))) for n in range(1_000)]
        await asyncio.sleep(0.3)
        sent = engine.committer.open_commands - engine.committer.open.commands
    outcomes = await asyncio.gather(first, *many)

    assert sent == 1_001
    assert {outcome.status for outcome in outcomes} == {201}
    assert findings(ledger_database) == []


async def test_an_error_of_the_commit_itself_is_no_success(ledger_database: Database) -> None:
    told, broken = asyncio.Event(), asyncio.Event()
    async with await psycopg.AsyncConnection.connect(ledger_database.app, autocommit=True) as connection:
        await connection.execute("CREATE TEMPORARY TABLE late (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        await connection.execute("PREPARE put (bigint) AS INSERT INTO late VALUES ($1) RETURNING n")
        pipeline = Pipeline(connection, told.set, lambda _: broken.set(), 5.0)
        sent = [Sent(PendingBatch(asyncio.get_running_loop())) for _ in range(4)]
        for each, number in zip(sent, (1, 1, 2, 2), strict=True):
            pipeline.send(each, b"put", [number.to_bytes(8)])
        while pipeline.under_way:
            await asyncio.wait_for(told.wait(), 5)
            told.clear()
        pipeline.leave()
        rows = await (await connection.execute("SELECT n FROM late ORDER BY n")).fetchall()

    assert [each.first for each in sent] == [1, None, 2, None]
    assert [type(each.error) for each in sent] == [type(None), Clash, type(None), Clash]
    assert rows == [(1,), (2,)]
    assert not broken.is_set()


async def test_an_append_behind_a_batch_that_is_not_there_is_refused(ledger_database: Database) -> None:
    store = Store(ledger_database.app, ledger_database.schema)
    await store.open()
    appender: Appender = store.appender
    call = f"SELECT first_position FROM {ledger_database.schema}.ledger_append"
    one = (
        "(ARRAY[gen_random_uuid()], '{1}', '{topic}', ARRAY['{}'::bytea], ARRAY[gen_random_uuid()], '{}', '{}', %s, %s)"
    )
    first, second, nobodys = os.urandom(32), os.urandom(32), os.urandom(32)

    with psycopg.connect(ledger_database.app, autocommit=True) as connection:
        for digest, behind in ((first, None), (second, first), (os.urandom(32), first)):
            connection.execute(f"{call}{one}".encode(), (digest, behind))
        with pytest.raises(psycopg.errors.SerializationFailure, match="the batch before this one is not stored"):
            connection.execute(f"{call}{one}".encode(), (os.urandom(32), nobodys))
        head = connection.execute(f"SELECT * FROM {ledger_database.schema}.ledger_head()".encode()).fetchone()
    await appender.close()
    await store.close()

    assert head is not None
    assert head[:2] == (3, 3)

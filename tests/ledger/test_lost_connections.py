"""Connections cut at exact moments: the keys tell what was stored, and nobody pays twice."""

from __future__ import annotations

import asyncio
import socket
import time

import psycopg
import pytest

from aggregates.errors import Unavailable
from ledger.clock import SystemClock
from ledger.database import Database
from ledger.engine import Engine
from ledger.store import Store
from ledger.verify import verify
from tests.ledger.conftest import StartEngine
from tests.ledger.desk import account_with, call, spend
from tests.ledger.proxy import Proxy

pytestmark = pytest.mark.anyio

CUTS = 20


async def keep_trying(engine: Engine, account_id: str, key: str) -> bool:
    """Spend 10 as a caller would that retries blindly; say whether the answer was a replay."""
    for _ in range(50):
        try:
            return (await engine.submit(spend(account_id, 10), call(key))).replayed
        except Unavailable:
            await asyncio.sleep(0.05)
    raise AssertionError(f"{key} was never answered")


def spends_and_keys(database: Database) -> tuple[int, int]:
    with psycopg.connect(database.app) as connection:
        query = f"""SELECT count(*), count(DISTINCT command_key) FROM {database.schema}.ledger_events
            WHERE topic = 'account.spent'"""
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
    with psycopg.connect(database.app) as connection:
        assert verify(connection, database.schema).findings == []
    return row[0], row[1]


@pytest.mark.parametrize("concurrent", [3, 100])
async def test_a_reply_lost_after_the_commit_is_one_effect_a_key(
    start_engine: StartEngine, proxy: Proxy, ledger_database: Database, concurrent: int
) -> None:
    engine = await start_engine(proxy.conninfo)
    account_id = await account_with(engine, 1_000_000)

    for cut in range(CUTS):
        proxy.cut_reply_to = b"COMMIT" if concurrent > 64 and cut % 2 else b"ledger_append"
        await asyncio.gather(*(keep_trying(engine, account_id, f"cut-{cut}-{n:04}") for n in range(concurrent)))
        proxy.cut_reply_to = None

    assert proxy.cuts >= CUTS // 2
    assert spends_and_keys(ledger_database) == (CUTS * concurrent, CUTS * concurrent)
    assert (await engine.account(account_id)).account.balance_minor == 1_000_000 - 10 * CUTS * concurrent


async def test_a_request_lost_before_the_commit_is_done_once(
    start_engine: StartEngine, proxy: Proxy, ledger_database: Database
) -> None:
    engine = await start_engine(proxy.conninfo)
    account_id = await account_with(engine, 1_000_000)

    for cut in range(CUTS):
        proxy.cut_request = b"ledger_append"
        await asyncio.gather(*(keep_trying(engine, account_id, f"cut-{cut}-{n}") for n in range(3)))

    assert proxy.cuts == CUTS
    assert spends_and_keys(ledger_database) == (CUTS * 3, CUTS * 3)


async def test_with_the_database_away_every_request_ends_within_5_seconds_and_the_engine_heals(
    start_engine: StartEngine, proxy: Proxy, ledger_database: Database
) -> None:
    engine = await start_engine(proxy.conninfo)
    account_id = await account_with(engine, 1_000)
    proxy.away(away=True)

    began = time.monotonic()
    write = engine.submit(spend(account_id, 10), call("away-0001"))
    read = engine.account(account_id)
    answers = await asyncio.gather(write, read, return_exceptions=True)
    lasted_s = time.monotonic() - began
    proxy.away(away=False)
    replayed = await keep_trying(engine, account_id, "away-0001")

    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert lasted_s < 5
    assert replayed is False
    assert spends_and_keys(ledger_database) == (1, 1)


@pytest.mark.timeout(60)
def test_a_process_that_cannot_reach_the_database_at_its_start_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that is left open swallows that its loop ends while it connects: the process would stay for ever."""
    monkeypatch.setattr("ledger.store.START_LIMIT_S", 0.5)

    async def start(conninfo: str) -> None:
        await Engine(Store(conninfo, "ledger"), SystemClock()).start()

    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable):
        asyncio.run(start(f"host=127.0.0.1 port={silent.getsockname()[1]} user=ledger dbname=ledger"))

"""A replay in several processes finds what one alone finds, to the last byte of the digest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ledger import crew, decider
from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from ledger.commands.transfers import Transfer
from ledger.database import Database, connect_async
from ledger.engine import Engine
from ledger.replay import Replay, Report, frozen
from tests.ledger.desk import account_with, call, do, spend
from tests.ledger.test_verify import Superuser

pytestmark = pytest.mark.anyio

ACCOUNTS = 8


@pytest.fixture
async def accounts(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Prepaid accounts with snapshots and money on the way between them, and a postpaid one with a hold."""
    monkeypatch.setattr(decider, "SNAPSHOT_EVERY", 4)
    made = [await account_with(engine, 10_000, f"Company {n}") for n in range(ACCOUNTS)]
    for n, account_id in enumerate(made):
        for m in range(3):
            await engine.submit(spend(account_id, 10), call(f"{n}-{m:04}"))
        await do(engine, Transfer(account_id, made[n - 1], 100 + n), f"transfer-{n}")
    opened = await do(engine, OpenAccount("Lantern Film Club", "postpaid", "KRW", 500_000, 0), "open-film")
    await do(engine, Spend(opened["id"], 40_000, capture=False), "hold-1")
    await engine.stop()
    return made


async def replay(
    database: Database, monkeypatch: pytest.MonkeyPatch, parts: int, stops: tuple[int | None, ...] = (None,)
) -> Report:
    monkeypatch.setattr(crew, "size", lambda facts: parts)
    async with await connect_async(database.app) as connection, frozen(connection, database.schema):
        folding = Replay(connection)
        for stop in stops:
            await folding.fold(stop)
        return folding.report()


def without_time(report: Report) -> Report:
    return report._replace(seconds=0, findings=sorted(report.findings))


@pytest.mark.parametrize("parts", [2, 3, 4])
async def test_parts_together_are_the_whole(
    accounts: list[str], ledger_database: Database, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    alone = await replay(ledger_database, monkeypatch, 1)

    together = await replay(ledger_database, monkeypatch, parts)
    in_steps = await replay(ledger_database, monkeypatch, parts, (7, 30, None))

    assert alone.ok
    assert alone.snapshots
    assert without_time(together) == without_time(alone)
    assert without_time(in_steps) == without_time(alone)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM ledger_events WHERE notification_id = 20",
        "DELETE FROM ledger_events WHERE notification_id > 40",
        "UPDATE ledger_events SET state = '{}' WHERE notification_id = 20",
        "UPDATE ledger_events SET state = convert_to(replace(convert_from(state, 'UTF8'),"
        " '\"balance_minor\":99', '\"balance_minor\":98'), 'UTF8') WHERE topic = 'account.spent'",
        "UPDATE ledger_snapshots SET state = replace(convert_from(state, 'UTF8'), 'Company', 'Campany')::bytea",
    ],
)
async def test_parts_find_what_one_process_finds(
    accounts: list[str], ledger_database: Database, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    Superuser(ledger_database).run(change)

    alone = await replay(ledger_database, monkeypatch, 1)
    together = await replay(ledger_database, monkeypatch, 3)

    assert alone.findings
    assert without_time(together) == without_time(alone)


async def test_what_another_process_broke_off_with_is_raised(
    accounts: list[str], ledger_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: Any) -> Iterator[list[bytes]]:
        raise psycopg.OperationalError("the server went away")

    monkeypatch.setattr(crew, "row_blocks_here", break_off)

    with pytest.raises(psycopg.OperationalError, match="the server went away"):
        await replay(ledger_database, monkeypatch, 2)


async def test_a_process_that_ended_without_a_word_is_missed(
    accounts: list[str], ledger_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "row_blocks_here", lambda *_: os._exit(1))

    with pytest.raises(ChildProcessError):
        await replay(ledger_database, monkeypatch, 2)


def test_few_facts_are_folded_in_one_process() -> None:
    assert crew.size(crew.FACTS_MIN - 1) == crew.size(0) == 1

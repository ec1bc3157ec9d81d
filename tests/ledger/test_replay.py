"""Replay: the same facts give the same digest, and whatever does not agree is found."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from aggregates.ids import stream_id
from ledger import decider
from ledger.commands.charges import ChargeAccount
from ledger.commands.refunds import RequestRefund
from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from ledger.commands.transfers import Transfer
from ledger.database import Database, connect_async
from ledger.engine import Engine
from ledger.replay import Replay, Report, frozen
from tests.ledger.desk import account_with, call, do, spend
from tests.ledger.test_verify import Superuser

pytestmark = pytest.mark.anyio


async def replay(database: Database, progress: Callable[[int, int], None] = lambda done, total: None) -> Report:
    async with await connect_async(database.app) as connection, frozen(connection, database.schema):
        folding = Replay(connection, progress)
        await folding.fold()
        return folding.report()


@pytest.fixture
async def busy(engine: Engine) -> list[str]:
    """Two prepaid accounts and a postpaid one with a bit of everything on them."""
    one, two = [await account_with(engine, 100_000, name) for name in ("Blue Kite Trading", "Grey Heron Cafe")]
    opened = await do(engine, OpenAccount("Lantern Film Club", "postpaid", "KRW", 500_000, 0), "open-film")
    await do(engine, ChargeAccount(one, 50_000, "card", "PAY-1"), "charge-1")
    await do(engine, Spend(one, 30_000, capture=False), "hold-1")
    await do(engine, RequestRefund(one, 20_000, "Example Bank", "dst_1", True, "unused"), "refund-1")
    await do(engine, Transfer(one, two, 5_000), "transfer-1")
    await do(engine, Spend(opened["id"], 40_000, capture=False), "hold-2")
    await do(engine, Spend(opened["id"], 10_000), "spend-2")
    await engine.submit(spend(two, 999_999), call("refused-1"))
    return [one, two, opened["id"]]


async def test_folds_and_postings_agree_and_totals_are_those_of_the_accounts(
    busy: list[str], engine: Engine, ledger_database: Database
) -> None:
    accounts = [(await engine.account(account_id)).account for account_id in busy]

    report = await replay(ledger_database)

    assert report.ok
    assert (report.accounts, report.facts, report.position) == (3, 12, 12)
    assert report.totals["KRW"]["balance"] == sum(account.balance_minor for account in accounts) == 200_000
    assert (report.totals["KRW"]["held"], report.totals["KRW"]["refund_pending"]) == (70_000, 20_000)
    assert sum(line.debit_minor - line.credit_minor for line in report.sums) == 0


async def test_the_digest_is_the_same_on_every_run_and_changes_with_every_fact(
    busy: list[str], engine: Engine, ledger_database: Database
) -> None:
    first, second = await replay(ledger_database), await replay(ledger_database)
    await engine.submit(spend(busy[1], 1), call("spend-more"))
    third = await replay(ledger_database)

    assert first.digest == second.digest
    assert third.digest != first.digest


async def test_folding_in_two_steps_is_folding_at_once(busy: list[str], ledger_database: Database) -> None:
    at_once = await replay(ledger_database)

    async with await connect_async(ledger_database.app) as connection, frozen(connection, ledger_database.schema):
        folding = Replay(connection)
        for stop in (0, 5, 5, None):
            await folding.fold(stop)

        assert folding.report()._replace(seconds=at_once.seconds) == at_once


async def test_what_is_written_meanwhile_is_not_seen(
    busy: list[str], engine: Engine, ledger_database: Database
) -> None:
    async with await connect_async(ledger_database.app) as connection, frozen(connection, ledger_database.schema):
        folding = Replay(connection)
        await folding.fold(3)
        await engine.submit(spend(busy[0], 1), call("meanwhile"))
        await folding.fold()

    assert folding.position == 12


async def test_progress_ends_at_the_last_position(busy: list[str], ledger_database: Database) -> None:
    told: list[tuple[int, int]] = []

    await replay(ledger_database, lambda done, total: told.append((done, total)))

    assert told[-1] == (12, 12)


async def test_an_empty_ledger_replays_to_nothing(ledger_database: Database) -> None:
    report = await replay(ledger_database)

    assert (report.ok, report.position, report.facts, report.totals, report.sums) == (True, 0, 0, {}, [])


async def test_a_balance_that_was_altered_in_a_fact_is_found(busy: list[str], ledger_database: Database) -> None:
    Superuser(ledger_database).run(
        "UPDATE ledger_events SET state = convert_to(replace(convert_from(state, 'UTF8'),"
        " '\"balance_minor\":150000', '\"balance_minor\":150001'), 'UTF8') WHERE topic = 'account.charged'"
    )

    report = await replay(ledger_database)

    assert {finding.code for finding in report.findings} == {"balance_differs"}
    assert report.findings[0].position == 6


async def test_a_fact_that_was_deleted_is_found(busy: list[str], ledger_database: Database) -> None:
    Superuser(ledger_database).run("DELETE FROM ledger_events WHERE topic = 'account.charged'")

    report = await replay(ledger_database)

    assert {"missing_fact", "version_gap"} <= {finding.code for finding in report.findings}


async def test_a_tail_that_was_cut_off_is_found(busy: list[str], ledger_database: Database) -> None:
    Superuser(ledger_database).run("DELETE FROM ledger_events WHERE notification_id > 10")

    report = await replay(ledger_database)

    assert [finding.code for finding in report.findings] == ["missing_fact"]
    assert report.position == 12


async def test_a_fact_that_cannot_be_read_is_found(busy: list[str], ledger_database: Database) -> None:
    Superuser(ledger_database).run("UPDATE ledger_events SET state = '{}' WHERE topic = 'account.charged'")

    report = await replay(ledger_database)

    assert "unreadable_fact" in {finding.code for finding in report.findings}


async def test_every_snapshot_is_compared_with_the_fold_at_its_version(
    busy: list[str], engine: Engine, ledger_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decider, "SNAPSHOT_EVERY", 4)
    for n in range(9):
        await engine.submit(spend(busy[1], 1), call(f"more-{n}"))
    await engine.stop()
    compared = await replay(ledger_database)
    stream = stream_id(busy[1])
    with psycopg.connect(ledger_database.migrate, autocommit=True) as connection:
        table = f"{ledger_database.schema}.ledger_snapshots"
        connection.execute(f"UPDATE {table} SET state = replace(convert_from(state, 'UTF8'), 'Grey', 'Gray')::bytea"
                           " WHERE originator_id = %s AND originator_version = 8".encode(), (stream,))  # fmt: skip

    altered = await replay(ledger_database)

    assert compared.ok
    assert compared.snapshots == 3
    assert [finding.code for finding in altered.findings] == ["snapshot_differs"]

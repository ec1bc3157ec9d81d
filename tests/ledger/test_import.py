"""The importer on a real ledger: every row once, in the file's order, whatever happens on the way."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from ledger.database import Database
from ledger.engine import Engine
from ledger.imports import importer as importer_module
from ledger.imports.importer import Importer, Progress, Rejection
from ledger.imports.profile import Profile, load_profile
from tests.ledger.bank_file import PROFILE, bank_file
from tests.ledger.conftest import StartEngine

pytestmark = pytest.mark.anyio

STRICT = """
name = "strict"
currency = "KRW"
[columns]
account = "account"
reference = "no"
date = "on"
amount = "won"
"""


def importer(engine: Engine, profile: Profile, rejected: list[Rejection] | None = None) -> Importer:
    return Importer(
        engine,
        profile,
        request_hash=lambda method, path, body: sha256(f"{method} {path} ".encode() + body).hexdigest()[:32],
        request_id="req_import",
        on_reject=(rejected if rejected is not None else []).append,
    )


def balances(database: Database) -> dict[str, Decimal]:
    """Return what the facts of each account add up to, by the name in the file."""
    query = f"""
        SELECT (convert_from(o.state, 'UTF8')::json ->> 'name'),
               sum((convert_from(i.state, 'UTF8')::json ->> 'amount_minor')::numeric) / 100
          FROM {database.schema}.ledger_events o JOIN {database.schema}.ledger_events i USING (originator_id)
         WHERE o.topic = 'account.opened' AND i.topic = 'account.imported' GROUP BY 1
    """
    with psycopg.connect(database.app) as connection:
        return dict(connection.execute(query.encode()).fetchall())


def facts(database: Database) -> int:
    with psycopg.connect(database.app) as connection:
        row = connection.execute(f"SELECT count(*) FROM {database.schema}.ledger_events".encode()).fetchone()
    assert row is not None
    return int(row[0])


def strict(tmp_path: Path, *rows: str) -> tuple[Profile, Path]:
    profile, file = tmp_path / "strict.toml", tmp_path / "strict.csv"
    profile.write_text(STRICT)
    file.write_text("account,no,on,won\n" + "\n".join(rows) + "\n")
    return load_profile(profile), file


async def test_every_balance_is_the_decimal_sum_of_the_file(
    engine: Engine, ledger_database: Database, tmp_path: Path
) -> None:
    made = bank_file(rows=2_500, accounts=60)
    rejected: list[Rejection] = []

    done = await importer(engine, load_profile(PROFILE), rejected).run(made.write(tmp_path / "bank.asc"))

    assert (done.rows, done.imported, done.known, done.accounts_opened, rejected) == (2_500, 2_500, 0, 60, [])
    assert balances(ledger_database) == made.balances
    assert facts(ledger_database) == done.facts_added == done.position == 2_560


async def test_the_same_file_again_adds_nothing(
    engine: Engine, start_engine: StartEngine, ledger_database: Database, tmp_path: Path
) -> None:
    file = bank_file(rows=1_200, accounts=30).write(tmp_path / "bank.asc")
    first = await importer(engine, load_profile(PROFILE)).run(file)

    again = await importer(await start_engine(), load_profile(PROFILE)).run(file)

    assert (again.known, again.imported, again.accounts_opened, again.facts_added) == (1_200, 0, 0, 0)
    assert again.position == first.position
    assert facts(ledger_database) == first.position


async def test_an_import_that_was_killed_goes_on_where_it_stopped(
    start_engine: StartEngine, ledger_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer_module, "SLICE_ROWS", 100)
    made = bank_file(rows=1_000, accounts=30)
    file = made.write(tmp_path / "bank.asc")
    killed = importer(await start_engine(), load_profile(PROFILE))

    def kill(so_far: Progress) -> None:
        if so_far.rows >= 400:
            raise KeyboardInterrupt

    killed.on_progress = kill
    with pytest.raises(KeyboardInterrupt):
        await killed.run(file)

    done = await importer(await start_engine(), load_profile(PROFILE)).run(file)

    assert (done.known, done.imported) == (400, 600)
    assert balances(ledger_database) == made.balances


async def test_two_imports_of_one_file_at_once_take_each_row_once(
    start_engine: StartEngine, ledger_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer_module, "SLICE_ROWS", 150)
    made = bank_file(rows=900, accounts=20)
    file = made.write(tmp_path / "bank.asc")
    twins = [importer(await start_engine(), load_profile(PROFILE)) for _ in range(2)]

    one, two = await asyncio.gather(*(twin.run(file) for twin in twins))

    assert one.imported + two.imported == 900
    assert one.known + two.known == 900
    assert one.accounts_opened + two.accounts_opened == 20
    assert balances(ledger_database) == made.balances


async def test_rows_of_an_account_are_taken_in_the_order_of_the_file(engine: Engine, tmp_path: Path) -> None:
    rows = [f"a,{n},2026-01-05,{1000 if n % 2 else -1000}" for n in range(1, 601)]
    profile, file = strict(tmp_path, *rows)
    rejected: list[Rejection] = []

    done = await importer(engine, profile, rejected).run(file)

    assert (done.imported, rejected) == (600, [])


async def test_a_row_that_cannot_be_taken_is_told_with_line_reason_and_text(
    engine: Engine, ledger_database: Database, tmp_path: Path
) -> None:
    profile, file = strict(
        tmp_path,
        "a,1,2026-01-05,1000",
        "a,2,2026-01-05,-1001",
        "a,3,2026-01-05,ten",
        "a,4,2026-13-05,10",
        "a,5,2026-01-05",
        "a,6,2026-01-05,0",
        "a,1,2026-01-05,999",
        "a,1,2026-01-05,1000",
        "a,7,2199-01-05,5",
    )
    rejected: list[Rejection] = []

    done = await importer(engine, profile, rejected).run(file)

    assert [(one.line, one.code) for one in rejected] == [
        (3, "insufficient_funds"),
        (4, "malformed"),
        (5, "bad_row"),
        (6, "bad_row"),
        (7, "invalid_amount"),
        (8, "idempotency_key_reused"),
        (10, "occurred_at_ahead"),
    ]
    assert rejected[0].text == "a,2,2026-01-05,-1001"
    assert (done.rows, done.imported, done.known, done.rejected) == (9, 1, 1, 7)
    assert balances(ledger_database) == {"a": Decimal(10)}


async def test_rows_of_several_currencies_go_to_an_account_for_each(engine: Engine, tmp_path: Path) -> None:
    profile, file = tmp_path / "many.toml", tmp_path / "many.csv"
    profile.write_text(STRICT + 'currency = "cur"\n')
    file.write_text("account,no,on,won,cur\na,1,2026-01-05,5,KRW\na,2,2026-01-05,5.25,USD\na,3,2026-01-05,5.25,KRW\n")
    rejected: list[Rejection] = []

    done = await importer(engine, load_profile(profile), rejected).run(file)

    assert (done.imported, done.accounts_opened) == (2, 2)
    assert [one.line for one in rejected] == [4]


async def test_two_imports_at_once_keep_the_order_of_the_file(
    start_engine: StartEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer_module, "SLICE_ROWS", 40)
    rows = [f"{n % 6 // 2},{n},2026-01-05,{-1000 if n % 2 else 1000}" for n in range(600)]
    profile, file = strict(tmp_path, *rows)
    rejected: list[Rejection] = []
    twins = [importer(await start_engine(), profile, rejected) for _ in range(2)]

    one, two = await asyncio.gather(*(twin.run(file) for twin in twins))

    assert rejected == []
    assert (one.imported + two.imported, one.known + two.known) == (600, 600)

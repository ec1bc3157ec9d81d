"""The job that matches lines: it does each thing once, and nothing when there is nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.commands.charges import ChargeAccount
from ledger.database import Database
from ledger.engine import Engine
from ledger.reconcile.taking import take_file
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from projections.connections import connect_to
from projections.runner import Runner
from scheduler.reconciliation import NAME, match_lines
from tests.ledger.desk import SetClock, account_with, call, do
from tests.ledger.reconcile.files import BANK, PROVIDER, bank_file, bank_row, provider_file, provider_row

pytestmark = pytest.mark.anyio

DAY = "2026-03-02"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_job_matches_and_parks_once_and_then_has_nothing_to_do(
    ledger_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock()
    runner = Runner(connect_to(ledger_database))

    def feed() -> None:
        with connect_to(ledger_database)() as project:
            runner.prepare(project)
            while runner.feed(project, project):
                pass

    async def fed(*_: object, **__: object) -> None:
        feed()

    monkeypatch.setattr("projections.matching.wait_for", fed)
    feed()
    assert await match_lines(ledger_database, clock) == (NAME, 0, 0, 0)
    engine = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    await engine.start()
    vault = open_vault(Settings(data_dir=tmp_path), ledger_database, clock)
    account_id = await account_with(engine, 0)
    await do(engine, ChargeAccount(account_id, 5_000, "card", "order-1"), "charge-1")
    rows = provider_file(provider_row(DAY, "T1", 5_000, "order-1"))
    await take_file(engine, vault, PROVIDER, rows, call("provider-file"))
    await take_file(engine, vault, BANK, bank_file(bank_row(DAY, "B1", 700)), call("bank-file"))
    await engine.stop()
    feed()

    first, again = await match_lines(ledger_database, clock), await match_lines(ledger_database, clock)

    assert (first, again) == ((NAME, 2, 0, 0), (NAME, 0, 0, 0))

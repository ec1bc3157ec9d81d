"""Reconciliation by two processes at once: each line is taken once, each thing is matched once, whoever is first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregates import ids
from aggregates.reconciliation import Tally
from ledger.commands.charges import ChargeAccount
from ledger.commands.matching import MatchLine, ParkLine
from ledger.commands.parked_money import CreditParkedMoney, ReturnParkedMoney
from ledger.commands.source_files import tally_name
from ledger.database import Database, connect
from ledger.engine import COLD_LOADS_MAX, Engine
from ledger.reconcile.profile import Source
from ledger.reconcile.taking import take_file
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import Vault, open_vault
from ledger.verify import verify
from tests.ledger.desk import SetClock, account_with, body, call, do
from tests.ledger.reconcile.files import BANK, PROVIDER, bank_file, bank_row, provider_file, provider_row
from tests.ledger.test_replay import replay

pytestmark = pytest.mark.anyio

DAY = "2026-03-02"


class Process:
    """One process: its engine, and the vault."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self.engine, self.vault = engine, vault
        self.keys = 0

    async def take(self, content: bytes, source: Source) -> dict[str, Any]:
        """Take a file under a key of its own."""
        self.keys += 1
        key = call(f"take-{id(self)}-{self.keys}")
        return body(await take_file(self.engine, self.vault, source, content, key))


@pytest.fixture
async def two(ledger_database: Database, tmp_path: Path) -> AsyncIterator[tuple[Process, Process]]:
    clock = SetClock()
    vault = open_vault(Settings(data_dir=tmp_path), ledger_database, clock)
    engines = [Engine(Store(ledger_database.app, ledger_database.schema), clock) for _ in range(2)]
    for engine in engines:
        await engine.start()
    yield Process(engines[0], vault), Process(engines[1], vault)
    for engine in engines:
        await engine.stop()
    with connect(ledger_database.app) as connection:
        assert verify(connection, ledger_database.schema).findings == []


def line_of(process: Process, source: Source, number: int = 1) -> str:
    name = tally_name(source.name, date.fromisoformat(DAY))
    return ids.child_id("lin", ids.named_id("tly", process.engine.store.ledger_number, name), number)


async def tally_of(process: Process, source: Source) -> Tally:
    """Return the tally of the day as the database has it."""
    name = tally_name(source.name, date.fromisoformat(DAY))
    public_id = ids.named_id("tly", process.engine.store.ledger_number, name)
    await process.engine.freshen(public_id)
    await process.engine.warm_up([(Tally, public_id)])
    found = process.engine.warm.get(ids.stream_id(public_id))
    assert isinstance(found, Tally)
    return found


async def test_one_file_sent_to_two_processes_at_once_is_taken_once(two: tuple[Process, Process]) -> None:
    here, there = two
    content = bank_file(*(bank_row(DAY, f"B{number}", number, "입금", "이름 모름") for number in range(1, 151)))

    one, other = await asyncio.gather(here.take(content, BANK), there.take(content, BANK))

    assert sorted([one.get("new", 0), other.get("new", 0)]) == [0, 150]
    assert {one.get("code"), other.get("code")} == {None, "file_known"}
    assert len((await tally_of(here, BANK)).lines) == 150


async def test_files_that_overlap_bring_each_line_once_whoever_is_first(two: tuple[Process, Process]) -> None:
    here, there = two
    rows = [bank_row(DAY, f"B{number}", number) for number in range(1, 61)]
    parts = [(here, rows[:40]), (there, rows[20:]), (here, rows[::2]), (there, rows[::-1])]

    taken = await asyncio.gather(*(process.take(bank_file(*part), BANK) for process, part in parts))

    assert sum(told["new"] for told in taken) == 60
    assert sorted(line.amount_minor for line in (await tally_of(there, BANK)).lines.values()) == list(range(1, 61))


async def test_a_file_of_more_days_than_one_decision_may_wait_for_is_taken_in_one_commit(
    two: tuple[Process, Process],
) -> None:
    here, there = two
    days = [(date(2025, 10, 1) + timedelta(days=number)).isoformat() for number in range(COLD_LOADS_MAX + 6)]
    content = bank_file(*(bank_row(day, "B1", 1_000) for day in days))

    taken = await here.take(content, BANK)
    again = await there.take(bank_file(bank_row(days[0], "B2", 5), bank_row(days[0], "B1", 1_000)), BANK)

    assert (taken["new"], taken["first_day"], taken["last_day"]) == (len(days), days[0], days[-1])
    assert (again["new"], again["known"]) == (1, 1)
    assert here.engine.committer.committed_batches == 1


async def test_two_processes_match_one_thing_once(two: tuple[Process, Process]) -> None:
    here, _ = two
    account_id = await account_with(here.engine, 0)
    charged = await do(here.engine, ChargeAccount(account_id, 5_000, "card", "order-1"), "charge-1")
    item = f"itm_{charged['id'][4:]}"
    await here.take(provider_file(provider_row(DAY, "T1", 5_000), provider_row(DAY, "T2", 5_000)), PROVIDER)
    commands = [
        (process, MatchLine(line_of(here, PROVIDER, number), (item,), None, "reference"))
        for process in two
        for number in (1, 2)
    ]

    outcomes = await asyncio.gather(
        *(process.engine.submit(command, call(f"match-{at}")) for at, (process, command) in enumerate(commands))
    )

    assert sorted(outcome.status for outcome in outcomes) == [200, 409, 409, 409]
    matched = [line for line in (await tally_of(here, PROVIDER)).lines.values() if line.status == "matched"]
    assert [line.items for line in matched] == [(item,)]


async def test_two_processes_decide_on_parked_money_once(two: tuple[Process, Process]) -> None:
    here, there = two
    account_id = await account_with(here.engine, 0)
    await here.take(bank_file(bank_row(DAY, "B1", 30_000)), BANK)
    line_id = line_of(here, BANK)
    await do(here.engine, ParkLine(line_id), "park-0001")

    outcomes = await asyncio.gather(
        here.engine.submit(CreditParkedMoney(line_id, account_id, "theirs"), call("credit-1")),
        there.engine.submit(CreditParkedMoney(line_id, account_id, "theirs"), call("credit-2")),
        there.engine.submit(ReturnParkedMoney(line_id, "nobody's"), call("return-1")),
    )

    assert sorted(outcome.status for outcome in outcomes) == [200, 409, 409]
    balance = (await here.engine.account(account_id)).account.balance_minor
    assert balance == (0 if outcomes[2].status == 200 else 30_000)


async def test_a_replay_adds_up_what_the_lines_of_a_bank_have_moved(
    two: tuple[Process, Process], ledger_database: Database
) -> None:
    here, _ = two
    account_id = await account_with(here.engine, 0)
    await here.take(bank_file(bank_row(DAY, "B1", 30_000), bank_row(DAY, "B2", 4_000), bank_row(DAY, "B3", 500)), BANK)
    credited, returned, parked = (line_of(here, BANK, number) for number in (1, 2, 3))
    for number, line_id in enumerate((credited, returned, parked)):
        await do(here.engine, ParkLine(line_id), f"park-{number:04}")
    await do(here.engine, CreditParkedMoney(credited, account_id, "theirs"), "credit-1")
    await do(here.engine, ReturnParkedMoney(returned, "nobody's"), "return-1")

    report = await replay(ledger_database)

    assert report.findings == []
    assert {line.account: line.debit_minor - line.credit_minor for line in report.sums} == {
        "asset.bank": 30_500,
        "clearing.unmatched_deposit": -500,
        "liability.prepaid": -30_000,
    }

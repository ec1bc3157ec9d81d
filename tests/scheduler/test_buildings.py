"""A building on a real ledger: charged by jobs that fire twice at once, paid, corrected; every won adds up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import psycopg
import pytest
from psycopg import sql

from aggregates.collecting.buildings.parts import DEFAULT_POLICY, Reading
from aggregates.dates import business_date
from aggregates.errors import LedgerError
from aggregates.fact import Fact, Stamp
from ledger.command import ANSWERS, Answer, Streams, answer
from ledger.commands.collecting.buildings import (
    AddUnits,
    CorrectReading,
    EnterUnit,
    OpenBuilding,
    RunMonth,
    SetCostType,
    TakeReadings,
)
from ledger.commands.collecting.obligations import StartCollection, known_obligation, settle_attempt
from ledger.database import Database, connect, connect_async
from ledger.engine import Engine
from ledger.store import Store
from projections.connections import connect_to
from projections.paging import fetch
from projections.runner import Runner
from scheduler.jobs import CHARGE_UNITS, fire
from tests.ledger.building_years import months
from tests.ledger.desk import SetClock, account_with, call, do
from tests.ledger.estate import cost, sheet

pytestmark = pytest.mark.anyio

UNITS, MONTHS = 40, months((2026, 1), 3)

Feed = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Arrive:
    """Money settled for an obligation, without a gateway."""

    ANSWER: ClassVar[str] = "test-arrived/1"

    obligation_id: str
    amount_minor: int
    attempt_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record what settled."""
        settle_attempt(
            streams, stamp, known_obligation(streams, self.obligation_id), attempt_id=self.attempt_id, via="link",
            method="card", amount_minor=self.amount_minor, paid_on=business_date(stamp.occurred_at),
        )  # fmt: skip


if "test-arrived/1" not in ANSWERS:

    @answer("test-arrived/1")
    def arrived(facts: Sequence[Fact]) -> Answer:
        """Answer with nothing."""
        return Answer(200, {})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 4, 1, 3, tzinfo=UTC))


@pytest.fixture
async def engine(ledger_database: Database, clock: SetClock) -> AsyncIterator[Engine]:
    made = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def feed(ledger_database: Database) -> Feed:
    def feed_all() -> None:
        with connect_to(ledger_database)() as project:
            made = Runner(connect_to(ledger_database))
            made.prepare(project)
            while made.feed(project, project):
                pass

    return feed_all


async def rows(database: Database, query: str) -> list[dict[str, Any]]:
    async with await connect_async(database.app) as conn:
        await conn.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(database.schema)))
        return await fetch(conn, query, [])


async def opened(engine: Engine, units: int) -> tuple[str, str, list[str]]:
    """Return account, building and its units, each with a resident."""
    account_id = await account_with(engine, 0)
    building_id = (await do(engine, OpenBuilding(account_id, "tok_name", DEFAULT_POLICY), "open building"))["id"]
    sheets = tuple(sheet(f"{place}", 3_000 + 97 * place, 1 + place % 4) for place in range(1, units + 1))
    ids = [each["id"] for each in (await do(engine, AddUnits(building_id, sheets), "add units"))["items"]]
    for each in (cost("clean", "equal", 1_000_001), cost("heat", "area"), cost("water", "meter")):
        await do(engine, SetCostType(building_id, each, is_new=True), f"cost {each.code}")
    people = [EnterUnit(building_id, each, "resident", f"tok_{each}", date(2025, 1, 1)) for each in ids]
    await asyncio.gather(*(engine.submit(each, call(f"enter {each.unit_id}")) for each in people))
    return account_id, building_id, ids


async def test_months_of_a_building_add_up_in_the_store_the_views_and_the_journal(
    engine: Engine, ledger_database: Database, feed: Feed, clock: SetClock
) -> None:
    dice, costs, paid = random.Random(5), 0, 0
    account_id, building_id, ids = await opened(engine, UNITS)
    meters = dict.fromkeys(ids, 0)
    for number, month in enumerate(MONTHS):
        for unit_id in ids:
            meters[unit_id] += dice.randrange(1_000, 9_000)
        readings = tuple(Reading(unit_id, value) for unit_id, value in meters.items())
        await do(engine, TakeReadings(building_id, month, "water", readings), f"read {month}")
        amounts = {"heat": 7_654_321 + number, "water": 1_234_567}
        await do(engine, RunMonth(building_id, month, date(2026, 4, 10), amounts), f"run {month}")
        costs += 1_000_001 + sum(amounts.values())
        feed()
        # Two schedulers at once, and once more: each unit is charged once.
        fired = await asyncio.gather(*(fire(CHARGE_UNITS, ledger_database, clock) for _ in range(2)))
        feed()
        assert sum(each.done for each in fired) == UNITS
        assert (await fire(CHARGE_UNITS, ledger_database, clock)).done == 0
        clock.advance(days=1)
        tabs = await rows(ledger_database, "SELECT * FROM view_unit_tabs ORDER BY obligation_id")
        for place, tab in enumerate(tabs):
            left = tab["due_minor"] - tab["paid_minor"]
            amount = (0, left, left // 2, left + 777)[place % 4]
            if amount > 0:
                arrive = Arrive(tab["obligation_id"], amount, f"pay_{month}_{place}")
                await engine.freshen(tab["obligation_id"], tab["unit_id"], account_id)
                await do(engine, arrive, f"pay {month} {place}")
                paid += amount
        if month != MONTHS[-1]:
            corrected = Reading(ids[7], meters[ids[7]] - 500)
            meters[ids[7]] -= 500
            await do(engine, CorrectReading(building_id, month, "water", corrected), f"correct {month}")
    feed()

    [sums] = await rows(
        ledger_database,
        "SELECT sum(due_minor) AS charged, sum(paid_minor) AS paid, sum(credit_minor) AS credit,"
        " sum(greatest(0, due_minor - paid_minor)) AS debts FROM view_unit_tabs",
    )
    assert sums["charged"] == costs
    assert paid + sums["debts"] - sums["credit"] == sums["charged"]
    [lines] = await rows(ledger_database, "SELECT sum(amount_minor) AS charged FROM view_unit_lines")
    assert lines["charged"] == costs
    account = (await engine.account(account_id)).account
    assert (account.collections_minor, account.payer_credit_minor) == (sums["paid"], sums["credit"])
    with connect(ledger_database.app) as direct:
        direct.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(ledger_database.schema)))
        assert _largest(direct) <= 65_536


async def test_two_payers_at_once_one_starts_and_the_other_is_refused(
    engine: Engine, ledger_database: Database, feed: Feed, clock: SetClock
) -> None:
    _, building_id, ids = await opened(engine, 2)
    await do(engine, RunMonth(building_id, "2026-03", date(2026, 4, 10), {}), "run")
    feed()
    await fire(CHARGE_UNITS, ledger_database, clock)
    feed()
    [tab, _] = await rows(ledger_database, "SELECT * FROM view_unit_tabs ORDER BY due_minor DESC")
    start = StartCollection(tab["obligation_id"], 500_000, "card", "link")

    first, second = await asyncio.gather(*(engine.submit(start, call(f"payer {each}")) for each in (1, 2)))
    again = await engine.submit(start, call("payer 1"))

    assert sorted((first.status, second.status)) == [201, 409]
    assert (again.replayed, again.body) == (True, first.body)
    assert len(ids) == 2


async def test_a_building_of_another_account_is_not_found(engine: Engine) -> None:
    _, building_id, ids = await opened(engine, 1)

    with pytest.raises(LedgerError) as refused:
        await engine.submit(
            EnterUnit(
                building_id[:-1] + ("0" if building_id[-1] != "0" else "1"), ids[0], "owner", "tok", date(2026, 1, 1)
            ),
            call("enter stranger"),
        )

    assert refused.value.code == "building_not_found"


def _largest(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT max(octet_length(state)) FROM ledger_events").fetchone()
    assert row is not None
    return int(row[0])

"""The invoice job on a real ledger: at 00:10 of the 1st, once, and missed months one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date

import pytest

from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from ledger.database import Database
from ledger.engine import Engine
from ledger.settings import Settings
from ledger.store import Store
from projections.connections import connect_to
from projections.runner import Runner
from scheduler.jobs import ISSUE_INVOICES, Fired, fire, jobs_of
from tests.aggregates.scenario import kst
from tests.ledger.desk import SetClock, do

pytestmark = pytest.mark.anyio

Feed = Callable[[], None]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(kst("2026-03-10 09:00"))


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


async def test_the_job_issues_each_invoice_once_and_catches_up_in_order(
    engine: Engine, clock: SetClock, ledger_database: Database, feed: Feed
) -> None:
    """SPEC 14 (00:10 issue invoices), R-089: late, twice, and in two processes at once."""
    accounts = []
    for number, amount in enumerate((69_000, 4_832)):
        opened = await do(engine, OpenAccount("Quiet Mill", "postpaid", "KRW", 500_000, 0), f"open-{number}")
        accounts.append(str(opened["id"]))
        await do(engine, Spend(accounts[-1], amount), f"march-{number}")
    clock.at = kst("2026-04-05 09:00")
    await do(engine, Spend(accounts[0], 1_000), "april")
    feed()

    async def firing() -> Fired:
        return await fire(ISSUE_INVOICES, ledger_database, clock)

    clock.at = kst("2026-05-03 09:00")
    twins = await asyncio.gather(firing(), firing())
    stale = await firing()
    feed()
    second = await firing()
    feed()
    idle = await firing()

    assert (sum(fired.done for fired in twins), sum(fired.known for fired in twins)) == (2, 2)
    assert (stale.done, stale.known) == (0, 2)
    assert (second.done, idle) == (1, Fired("issue-invoices", done=0, known=0, refused=0))
    billing = [(await engine.account(account_id)).account.billing for account_id in accounts]
    assert [[(open_.month, open_.billed_minor) for open_ in each.invoices.values()] for each in billing] == [
        [("2026-04", 69_000), ("2026-05", 1_000)],
        [("2026-04", 4_832)],
    ]
    assert sorted(open_.number for each in billing for open_ in each.invoices.values()) == [1, 2, 3]


async def test_the_setting_names_the_day_up_to_which_an_invoice_is_to_be_paid(
    engine: Engine, clock: SetClock, ledger_database: Database, feed: Feed
) -> None:
    """SPEC R-087: 25 April 2026 is a Saturday."""
    opened = await do(engine, OpenAccount("Quiet Mill", "postpaid", "KRW", 500_000, 0), "open")
    await do(engine, Spend(str(opened["id"]), 4_832), "march")
    feed()
    clock.at = kst("2026-04-01 00:10")
    (job,) = [job for job in jobs_of(Settings(invoice_due_day=25)) if job.name == ISSUE_INVOICES.name]

    fired = await fire(job, ledger_database, clock)

    (invoice,) = (await engine.account(str(opened["id"]))).account.billing.invoices.values()
    assert (fired.done, invoice.month, invoice.due_on) == (1, "2026-04", date(2026, 4, 24))

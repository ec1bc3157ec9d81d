"""The process of reactions: what fails is tried again, a callback ends a pause, and kill -9 takes nothing twice."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aggregates.errors import Unavailable
from ledger.clock import SystemClock
from ledger.commands.payments import StartPayment
from ledger.database import Database, connect
from ledger.engine import Engine
from ledger.ports.sandbox.scenarios import counted
from ledger.ports.sandbox.state import SandboxState
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from projections.connections import connect_to
from projections.runner import Runner
from scheduler.reactions.bench import Bench, Reaction
from scheduler.reactions.process import react
from scheduler.reactions.registry import REACTIONS
from tests.ledger.desk import account_with, do

pytestmark = pytest.mark.anyio

KILLS = 5
PAYMENTS = 20


@pytest.fixture
async def books(sandbox_database: Database) -> AsyncIterator[Engine]:
    engine = Engine(Store(sandbox_database.app, sandbox_database.schema), SystemClock())
    await engine.start()
    yield engine
    await engine.stop()


async def run_until(bench: Bench, reactions: list[Reaction], done: asyncio.Event) -> None:
    """Run reactions in a process's own way until something has happened."""
    stop = threading.Event()
    running = asyncio.create_task(react(bench.database, bench.clock, bench.ports, bench.vault, stop, reactions))
    async with asyncio.timeout(120):
        await done.wait()
    stop.set()
    await running


async def test_a_reaction_that_fails_is_tried_again_and_stops_no_other(bench: Bench) -> None:
    tries, done = [0], asyncio.Event()

    async def failing(_: Bench) -> int:
        tries[0] += 1
        if tries[0] == 1:
            raise Unavailable("the provider is away", 1)
        if tries[0] == 2:
            raise RuntimeError("a mistake of ours")
        done.set()
        return 0

    async def other(_: Bench) -> int:
        return 0

    await run_until(bench, [Reaction("failing", 60, failing), Reaction("other", 60, other)], done)

    assert tries[0] >= 3


async def test_a_step_that_has_done_something_is_followed_at_once(bench: Bench) -> None:
    left, done = [5], asyncio.Event()

    async def step(_: Bench) -> int:
        left[0] -= 1
        if left[0] == 0:
            done.set()
        return int(left[0] > 0)

    await run_until(bench, [Reaction("busy", 3_600, step)], done)

    assert left[0] <= 0


async def test_a_callback_ends_the_pause_of_those_it_is_for(bench: Bench, sandbox_database: Database) -> None:
    steps, done = {"gateway": 0, "messages": 0}, asyncio.Event()

    def counting(provider: str) -> Reaction:
        async def step(_: Bench) -> int:
            steps[provider] += 1
            if steps["gateway"] >= 2:
                done.set()
            return 0

        return Reaction(provider, 3_600, step, hinted_by=provider)

    async def hint() -> None:
        with connect(sandbox_database.app) as connection:
            while not done.is_set():
                connection.execute("SELECT pg_notify('ledger_ledger_callbacks', 'gateway')")
                await asyncio.sleep(0.05)

    await asyncio.gather(run_until(bench, [counting("gateway"), counting("messages")], done), hint())

    assert steps["gateway"] >= 2
    assert steps["messages"] == 1


def test_every_reaction_has_a_name_of_its_own() -> None:
    assert len({reaction.name for reaction in REACTIONS}) == len(REACTIONS)


async def test_killed_again_and_again_it_takes_each_payment_once(
    books: Engine, state: SandboxState, sandbox_database: Database, tmp_path: Path
) -> None:
    assert sandbox_database.sandbox is not None
    open_vault(Settings(data_dir=tmp_path), sandbox_database)
    account_id = await account_with(books, 0)
    amounts = [10_000 + 1_000 * n + (2 if n % 4 == 0 else 0) for n in range(PAYMENTS)]
    for amount_minor in amounts:
        await do(books, StartPayment(account_id, amount_minor, "card"), f"start {amount_minor}")
    names = ("schema", "app", "project", "migrate", "vault", "vault_migrate", "sandbox")
    given = json.dumps({**{name: getattr(sandbox_database, name) for name in names}, "data_dir": str(tmp_path)})
    stop = threading.Event()
    feeder = threading.Thread(target=Runner(connect_to(sandbox_database)).run, args=(stop,))
    feeder.start()
    moments = random.Random(11)

    def charged() -> int:
        with connect(sandbox_database.app) as connection:
            row = connection.execute(
                "SELECT count(*) FROM ledger.ledger_events WHERE topic = 'account.charged'"
            ).fetchone()
        assert row is not None
        return int(row[0])

    try:
        for turn in range(KILLS + 1):
            worker = await asyncio.to_thread(
                subprocess.Popen,
                [sys.executable, "-m", "tests.scheduler.reactions.worker"],
                stdin=subprocess.PIPE,
                text=True,
            )
            assert worker.stdin is not None
            worker.stdin.write(f"{given}\n")
            worker.stdin.flush()
            before = charged()
            async with asyncio.timeout(240):
                # Killed somewhere after it has begun to book; the last one may finish.
                while charged() < (PAYMENTS if turn == KILLS else min(PAYMENTS, before + 1)):  # noqa: ASYNC110 (another process is waited for)
                    await asyncio.sleep(0.01)
            await asyncio.sleep(moments.uniform(0, 0.05))
            worker.kill()
            await asyncio.to_thread(worker.communicate)
    finally:
        stop.set()
        feeder.join()

    taken = await counted(state, "payments", "", "", 100)
    assert sorted(row["amount"] for row in taken) == sorted(amounts)
    assert {row["status"] for row in taken} == {"done"}
    account = (await books.account(account_id)).account
    assert account.balance_minor == sum(amounts)
    assert charged() == PAYMENTS

"""A bench on a ledger and a sandbox of the test's own, and views that the test feeds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ledger.database import Database
from ledger.engine import Engine
from ledger.ports.sandbox import sandbox_ports
from ledger.ports.sandbox.state import SandboxState
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from projections.connections import connect_to
from projections.runner import Runner
from scheduler.reactions.bench import Bench
from tests.ledger.desk import SetClock

Feed = Callable[[], None]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def state(sandbox_database: Database, clock: SetClock) -> AsyncIterator[SandboxState]:
    assert sandbox_database.sandbox is not None
    async with SandboxState(sandbox_database.sandbox, sandbox_database.schema, clock) as opened:
        yield opened


@pytest.fixture
async def bench(
    sandbox_database: Database, state: SandboxState, clock: SetClock, tmp_path: Path
) -> AsyncIterator[Bench]:
    engine = Engine(Store(sandbox_database.app, sandbox_database.schema), clock)
    await engine.start()
    vault = open_vault(Settings(data_dir=tmp_path), sandbox_database, clock)
    made = Bench(engine, sandbox_ports(state), vault, sandbox_database, clock)
    yield made
    await made.close()
    await engine.stop()


@pytest.fixture
async def other(bench: Bench) -> AsyncIterator[Bench]:
    """Give the bench of a second process: an engine and connections of its own."""
    engine = Engine(Store(bench.database.app, bench.database.schema), bench.clock)
    await engine.start()
    made = Bench(engine, bench.ports, bench.vault, bench.database, bench.clock)
    yield made
    await made.close()
    await engine.stop()


@pytest.fixture
def feed(sandbox_database: Database) -> Feed:
    """Bring all views to the head."""
    connecting = connect_to(sandbox_database)

    def feed_all() -> None:
        with connecting() as project:
            made = Runner(connecting)
            made.prepare(project)
            while made.feed(project, project):
                pass

    return feed_all

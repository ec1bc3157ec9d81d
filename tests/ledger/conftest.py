"""Engines on a real PostgreSQL, each test on a ledger of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ledger.database import Database
from ledger.engine import Engine
from ledger.store import Store
from tests.ledger.desk import SetClock
from tests.ledger.proxy import Proxy

StartEngine = Callable[..., Awaitable[Engine]]


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio alone."""
    return "asyncio"


@pytest.fixture
def clock() -> SetClock:
    """A clock that stands where it is put."""
    return SetClock()


@pytest.fixture
async def start_engine(ledger_database: Database, clock: SetClock) -> AsyncIterator[StartEngine]:
    """Start engines; all are stopped after the test."""
    engines: list[Engine] = []

    async def start(conninfo: str | None = None, kind: type[Store] = Store) -> Engine:
        engine = Engine(kind(conninfo or ledger_database.app, ledger_database.schema), clock)
        await engine.start()
        engines.append(engine)
        return engine

    yield start
    for engine in engines:
        await engine.stop()


@pytest.fixture
async def engine(start_engine: StartEngine) -> Engine:
    """One engine."""
    return await start_engine()


@pytest.fixture
async def proxy(ledger_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxy]:
    """A proxy in front of the app role's database."""
    made = Proxy(Path(tmp_path_factory.mktemp("px")), ledger_database.app)
    await made.start()
    yield made
    await made.stop()

"""The real application on a real PostgreSQL, with its views fed, and a client for each role."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import uvicorn

from api import server
from api.app import LedgerApp, create_app
from api.views import Views
from ledger.database import Database
from ledger.documents.company import EXAMPLE
from ledger.engine import Engine
from ledger.ports.sandbox.state import SandboxState
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from projections.connections import connect_to
from projections.runner import Runner
from tests.api.counter import Counter
from tests.api.wire import until
from tests.ledger.desk import SetClock


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio alone."""
    return "asyncio"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that runs several tests at once may take long to read a key."""
    monkeypatch.setattr("api.auth.READ_LIMIT_S", 30.0)


@pytest.fixture
def clock() -> SetClock:
    """A clock that stands where it is put."""
    return SetClock()


@pytest.fixture
async def app(
    ledger_database: Database, shared_sandbox: str, clock: SetClock, tmp_path: Path
) -> AsyncIterator[LedgerApp]:
    """The application with a sandbox, started; its views are not fed."""
    engine = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    views = Views(ledger_database.app, ledger_database.schema)
    vault = open_vault(Settings(data_dir=tmp_path), ledger_database, clock)
    sandbox = SandboxState(shared_sandbox, ledger_database.schema, clock)
    made = create_app(engine, views, vault, environment="test", sandbox=sandbox, company=EXAMPLE)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
def feeding(ledger_database: Database) -> Iterator[None]:
    """Feed the views for as long as the test lasts."""
    stop = threading.Event()
    runner = Runner(connect_to(ledger_database))
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
async def address(app: LedgerApp) -> AsyncIterator[tuple[str, int]]:
    """The application behind the server that `ledger serve` uses; its life cycle is the fixture's."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = server.server_config(app, port=0)
    config.lifespan = "off"
    served = uvicorn.Server(config)
    serving = asyncio.create_task(served.serve(sockets=[listening]))
    async with asyncio.timeout(60):
        await until(lambda: served.started)
    yield listening.getsockname()
    served.should_exit = True
    await serving


@pytest.fixture
async def counter(app: LedgerApp) -> AsyncIterator[Counter]:
    """What stands in front of the application: clients with keys."""
    made = Counter(app)
    yield made
    await made.close()

"""One street for a module of tests: each test has payees, payers and links of its own on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.app import create_app
from api.views import Views
from ledger.database import Database, embedded_database
from ledger.embedded import EmbeddedServer
from ledger.engine import Engine
from ledger.ports.sandbox.state import SandboxState
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from projections.connections import connect_to
from scheduler.reactions.bench import Bench
from tests.api.public_pages.street import Street
from tests.conftest import SCHEMA, TEMPLATE, copied, numbers
from tests.ledger.desk import SetClock


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio alone, and those of a module on one loop."""
    return "asyncio"


@pytest.fixture(scope="module")
def module_database(postgres: EmbeddedServer, ledger_template: Database, shared_vault: Database) -> Iterator[Database]:
    """Give an empty ledger of the module's own, beside the shared vault."""
    name = f"test_{next(numbers)}"
    with copied(postgres, TEMPLATE, name):
        ledger = embedded_database(postgres, SCHEMA, name=name)
        yield replace(ledger, vault=shared_vault.vault, vault_migrate=shared_vault.vault_migrate)


@pytest.fixture(scope="module")
async def street(
    module_database: Database, shared_sandbox: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Street]:
    """Give the street, with its lights on."""
    folder: Path = tmp_path_factory.mktemp("street")
    clock = SetClock()
    engine = Engine(Store(module_database.app, module_database.schema), clock)
    vault = open_vault(Settings(data_dir=folder), module_database, clock)
    sandbox = SandboxState(shared_sandbox, module_database.schema, clock)
    views = Views(module_database.app, module_database.schema)
    app = create_app(engine, views, vault, environment="test", sandbox=sandbox)
    async with app.router.lifespan_context(app):
        house = app.state.house
        bench = Bench(engine, house.ports, vault, module_database, clock)
        made = Street(app, bench, clock, connect_to(module_database))
        app.public_pages._visits._burst = app.public_pages._gate._codes._burst = 1e9
        yield made
        await made.close()

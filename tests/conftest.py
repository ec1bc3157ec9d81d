"""What every test may ask for: a real PostgreSQL, shared by the whole run, and a ledger of one's own on it.

The server starts once. A migrated database is made once and copied for each test that asks: a copy takes a fraction of
what the migration takes, and no test sees what another has written.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.sql import SQL, Identifier

from ledger.database import Database, connect, embedded_database, migrate
from ledger.embedded import EmbeddedServer

SCHEMA = "ledger"
TEMPLATE = "template"

# A developer's own settings must not reach the tests, nor their database.
for name in [name for name in os.environ if name.startswith(("LEDGER_", "POSTGRES_", "PG"))]:
    del os.environ[name]

IN_MEMORY, ROOM_BYTES = "/dev/shm", 8 * 1024**3
"""A test's ledger is hundreds of files that live for a second. On a disk, making and deleting them was half of
the time; where the machine has the room, they lie in memory."""

if os.access(IN_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(IN_MEMORY).free >= ROOM_BYTES:
    os.environ["TMPDIR"] = tempfile.tempdir = IN_MEMORY

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Give a folder with a short path that the server's user can reach; pytest's own is closed to it under root."""
    path = Path(tempfile.mkdtemp(prefix="payledger-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(folder: Path) -> Iterator[EmbeddedServer]:
    """Run one embedded server for all tests."""
    with EmbeddedServer(folder / "server") as server:
        yield server


@pytest.fixture(scope="session")
def ledger_template(postgres: EmbeddedServer) -> Database:
    """Migrate one ledger and its vault; only copies of it are written to."""
    template = embedded_database(postgres, SCHEMA, name=TEMPLATE)
    migrate(template)
    return template


@pytest.fixture(scope="session")
def shared_vault(postgres: EmbeddedServer, ledger_template: Database) -> Iterator[Database]:
    """Give the vault of tests that are not about the vault; tokens tell their subjects apart."""
    with copied(postgres, f"{TEMPLATE}_vault", "shared_vault"):
        yield embedded_database(postgres, SCHEMA, name="shared")


@pytest.fixture
def ledger_database(postgres: EmbeddedServer, ledger_template: Database, shared_vault: Database) -> Iterator[Database]:
    """Give an empty ledger of one's own, beside the shared vault."""
    name = f"test_{next(numbers)}"
    with copied(postgres, TEMPLATE, name):
        ledger = embedded_database(postgres, SCHEMA, name=name)
        yield replace(ledger, vault=shared_vault.vault, vault_migrate=shared_vault.vault_migrate)


@pytest.fixture
def vault_database(postgres: EmbeddedServer, ledger_template: Database) -> Iterator[Database]:
    """Give an empty vault of one's own; the ledger beside it is the run's template, not to be written to."""
    name = f"test_{next(numbers)}"
    with copied(postgres, f"{TEMPLATE}_vault", f"{name}_vault"):
        own = embedded_database(postgres, SCHEMA, name=name)
        yield replace(ledger_template, vault=own.vault, vault_migrate=own.vault_migrate)


@pytest.fixture(scope="session")
def shared_sandbox(postgres: EmbeddedServer, ledger_template: Database) -> Iterator[str]:
    """Give the address of a sandbox for tests that are not about what its providers do."""
    with copied(postgres, f"{TEMPLATE}_sandbox", "shared_sandbox"):
        address = embedded_database(postgres, SCHEMA, name="shared").sandbox
        assert address is not None
        yield address


@pytest.fixture
def sandbox_database(postgres: EmbeddedServer, ledger_database: Database) -> Iterator[Database]:
    """Give the ledger of the test with a sandbox of its own."""
    name = f"test_{next(numbers)}"
    with copied(postgres, f"{TEMPLATE}_sandbox", f"{name}_sandbox"):
        own = embedded_database(postgres, SCHEMA, name=name)
        yield replace(ledger_database, sandbox=own.sandbox, sandbox_migrate=own.sandbox_migrate)


@contextmanager
def copied(postgres: EmbeddedServer, template: str, name: str) -> Iterator[None]:
    """Copy a database for as long as the `with` lasts, with the rights to connect, which a copy does not inherit."""
    with connect(postgres.url(postgres.superuser, "postgres")) as admin:
        admin.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
        admin.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(name)))
        purpose = name.rpartition("_")[2]
        for role in (purpose,) if purpose in ("vault", "sandbox") else ("app", "project"):
            grant = SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}")
            admin.execute(grant.format(Identifier(name), Identifier(f"{SCHEMA}_{role}")))
        yield
        admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

"""Where measuring happens: an embedded server of its own in a temporary folder, with as many ledgers as asked for.

A ledger is a copy of one migrated database. Nothing of the developer's own data or settings is touched or read.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import uvloop
from psycopg.sql import SQL, Identifier

from ledger.database import Database, connect, embedded_database, migrate
from ledger.embedded import EmbeddedServer

T = TypeVar("T")

SCHEMA = "ledger"
TEMPLATE = "template_ledger"


class Lab:
    """A PostgreSQL server for one run, and the event loop on which engines live.

    Attributes:
        folder: temporary; gone after the run.
        server: running.
        loop_runner: one loop for the whole run; engines stay on it between their turns.
    """

    def __init__(self, folder: Path, server: EmbeddedServer, loop_runner: asyncio.Runner) -> None:
        self.folder = folder
        self.server = server
        self.loop_runner = loop_runner
        migrate(embedded_database(server, SCHEMA, name=TEMPLATE))

    @property
    def data_dir(self) -> Path:
        """The data folder, as `ledger serve` takes it."""
        return self.server.data_dir

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return self.loop_runner.run(work)

    def ledger(self, name: str, template: str = TEMPLATE) -> Database:
        """Make an empty ledger, or a copy of another one that nobody is connected to; replaces one of the same name."""
        with self.admin() as admin:
            admin.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
            copy = SQL("CREATE DATABASE {} TEMPLATE {}")
            admin.execute(copy.format(Identifier(name), Identifier(template)))
            for role in ("app", "project"):
                grant = SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}")
                admin.execute(grant.format(Identifier(name), Identifier(f"{SCHEMA}_{role}")))
        return embedded_database(self.server, SCHEMA, name=name)

    def drop(self, name: str) -> None:
        """Give the disk back."""
        with self.admin() as admin:
            admin.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))

    def owner(self, database: Database) -> psycopg.Connection:
        """Connect as the one who may do everything, with the ledger's schema in front."""
        connection = connect(database.migrate)
        connection.execute(SQL("SET search_path = {}, pg_catalog").format(Identifier(database.schema)))
        return connection

    def admin(self) -> psycopg.Connection:
        """Connect to the server as the one who may do everything."""
        return connect(self.server.url(self.server.superuser, "postgres"))

    def settle(self, database: Database) -> None:
        """Do now what the server would do in the background while something is measured."""
        with self.owner(database) as connection:
            connection.execute("VACUUM (FREEZE, ANALYZE)")
        self.checkpoint()

    def checkpoint(self) -> None:
        """Write out now what a checkpoint would write while something is measured."""
        with self.admin() as connection:
            connection.execute("CHECKPOINT")


@contextmanager
def open_lab() -> Iterator[Lab]:
    """Give a lab for as long as the `with` lasts."""
    for name in [name for name in os.environ if name.startswith(("LEDGER_", "POSTGRES_", "PG"))]:
        del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="payledger-bench-"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer(folder / "server") as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            yield Lab(folder, server, runner)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

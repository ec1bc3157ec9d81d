"""What every command needs before it can begin: settings, and a database that is up to date.

On the embedded server a command starts the server if none runs, and makes the tables if they are missing. With an
address of one's own nothing is changed but by `ledger migrate`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

import ledger
from aggregates.errors import NotFound
from ledger import anchor, erasures
from ledger.clock import SystemClock
from ledger.database import Database, check_safety, connect, migrate, open_database
from ledger.settings import Settings


@dataclass(frozen=True, slots=True)
class Opened:
    """A ledger that is ready to be read."""

    settings: Settings
    database: Database


def read_settings(data_dir: Path | None) -> Settings:
    """Return the settings of the environment, under another data folder when one is given."""
    return Settings() if data_dir is None else Settings(data_dir=data_dir)


@contextmanager
def opened(data_dir: Path | None, *, make: bool = True) -> Iterator[Opened]:
    """Open the ledger for as long as the `with` lasts.

    Args:
        make: whether a data folder without a ledger is given one. Not for commands that read: an empty ledger made in
            the wrong folder would pass every check.

    Raises:
        NotFound: the data folder holds no ledger, and none shall be made.
        EmbeddedServerError: the embedded server cannot be started.
    """
    settings = read_settings(data_dir)
    if not make and settings.embedded and not os.path.lexists(settings.data_folder / "postgres"):
        raise NotFound(f"there is no ledger in {settings.data_folder}; --data-dir or LEDGER_DATA_DIR names its folder")
    with open_database(settings) as database:
        if database.server is not None and not is_current(database):
            migrate(database)
        yield Opened(settings, database)


def newest_versions(database: Database) -> dict[str, str]:
    """Return the newest version of the tables of ledger, vault and, where it is on, sandbox, of this release."""
    scripts = Path(ledger.__file__).parent / "migrations"
    return {line: max(script.name[1:5] for script in (scripts / line).glob("v*.py")) for line in _lines(database)}


def versions(database: Database) -> dict[str, str | None]:
    """Return the versions that the tables have; None = there are none, or they cannot be read."""
    found: dict[str, str | None] = {}
    for line, address in _lines(database).items():
        try:
            with connect(address) as connection:
                query = sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(database.schema, f"{line}_version"))
                row = connection.execute(query).fetchone()
                found[line] = row[0] if row else None
        except psycopg.Error:
            found[line] = None
    return found


def _lines(database: Database) -> dict[str, str]:
    """Return each line of versions and the address that reads it."""
    lines = {"ledger": database.app, "vault": database.vault}
    return lines if database.sandbox is None else {**lines, "sandbox": database.sandbox}


def is_current(database: Database) -> bool:
    """Say whether ledger, vault and sandbox have the tables of this release."""
    return versions(database) == newest_versions(database)


def check_writable(database: Database) -> None:
    """Refuse to write where it would not be safe.

    Raises:
        UnsafeDatabase: with a sentence for each finding.
    """
    with connect(database.app) as connection:
        check_safety(connection, database.schema)


async def use_schema(connection: psycopg.AsyncConnection[Any], database: Database) -> None:
    """Let a connection find the ledger's tables by their bare names."""
    await connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(database.schema)))


def write_anchor(ledger: Opened) -> bool:
    """Append the head of the chain to the file in the data folder. Returns whether there was news."""
    with connect(ledger.database.app) as connection:
        schema = sql.Identifier(ledger.database.schema)
        query = sql.SQL(
            "SELECT i.ledger_id, b.number, b.last_position, b.hash FROM {0}.ledger_identity i, {0}.ledger_blocks b"
            " ORDER BY b.number DESC LIMIT 1"
        )
        row = connection.execute(query.format(schema)).fetchone()
    if row is None:
        return False
    ledger_id, number, position, block_hash = row
    folder = ledger.settings.data_folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return anchor.append(folder, ledger_id, number, position, block_hash, SystemClock().now())


def write_erasures(ledger: Opened) -> int:
    """Append to the file in the data folder who was erased from the vault since. Returns how many."""
    folder = ledger.settings.data_folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with connect(ledger.database.vault) as connection:
        return erasures.carry_out(connection, ledger.database.schema, folder)


def write_secret(file: Path, secret: str) -> None:
    """Write a new file that its owner alone may read."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secret + "\n")

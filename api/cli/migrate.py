"""`ledger migrate`: roles, schema and tables, brought up to date."""

from __future__ import annotations

from api.cli.console import AsJson, DataDir, answer
from api.cli.runtime import read_settings, versions
from ledger.database import migrate as migrate_database
from ledger.database import open_database


def migrate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make or bring up to date the ledger's roles, schema and tables, and the vault's. Twice is as good as once.

    Example: LEDGER_DATABASE_URL=... LEDGER_MIGRATE_URL=... ledger migrate
    """
    settings = read_settings(data_dir)
    with open_database(settings) as database:
        before = versions(database)
        migrate_database(database)
        after = versions(database)
    answer({"schema": database.schema, "changed": before != after, **after}, as_json)

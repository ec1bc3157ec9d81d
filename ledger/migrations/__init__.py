"""How the tables come to be: Alembic scripts in plain SQL, a line of versions each for ledger, vault and sandbox.

Everything is qualified by the ledger's schema, its own table of versions too. A script that has been released is never
edited. Scripts run under the role that owns the schema and may not assume more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

HERE = Path(__file__).parent
Line = Literal["ledger", "vault", "sandbox"]


def upgrade(connection: Connection, line: Line, schema: str) -> None:
    """Bring a schema to the newest version, within the connection's transaction.

    Args:
        connection: under the role that shall own the tables; the schema exists.
        line: which line of versions.
        schema: name of the ledger's schema.
    """
    config = _config(line)
    config.attributes.update(connection=connection, schema=schema, line=line)
    command.upgrade(config, "head")


def newest(line: Line) -> str:
    """Return the name of the newest version."""
    return str(ScriptDirectory.from_config(_config(line)).get_current_head())


def _config(line: Line) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("version_locations", str(HERE / line).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config

"""Connections under the role that builds the views: its name is in the address, its limits are those of long work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, sql

from ledger import database
from ledger.settings import Settings

Connect = Callable[[], Connection[Any]]
"""Opens a connection in autocommit mode whose search_path is the ledger's schema."""


@contextmanager
def connector(settings: Settings) -> Iterator[Connect]:
    """Give what opens connections for feeding and rebuilding views; on the embedded server, run it for as long.

    Raises:
        EmbeddedServerError: the embedded server cannot be started.
    """
    with database.open_database(settings) as opened:
        yield connect_to(opened)


def connect_to(opened: database.Database) -> Connect:
    """Return what opens connections for feeding and rebuilding the views of this ledger."""

    def connect() -> Connection[Any]:
        connection: Connection[Any] = database.connect(opened.project)
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(opened.schema)))
        # A rebuild's own statements may take long; the role's other limits stay, so that nothing waits for ever.
        connection.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '5min'")
        return connection

    return connect

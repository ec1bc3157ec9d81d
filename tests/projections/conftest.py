"""A ledger whose facts a test stores by hand, and views fed from it by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection, sql

from ledger.database import Database, connect, connect_async
from projections import reader, view
from projections.connections import Connect, connect_to
from projections.registry import ALL_VIEWS
from projections.rows import NEW, Table
from projections.runner import Runner
from projections.view import View


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio alone."""
    return "asyncio"


@pytest.fixture
def connect_project(ledger_database: Database) -> Connect:
    """Give what opens connections of the role that owns the views."""
    return connect_to(ledger_database)


@pytest.fixture
def project(connect_project: Connect) -> Iterator[Connection[Any]]:
    """A connection of the role that owns the views."""
    with connect_project() as connection:
        yield connection


@pytest.fixture
def app(ledger_database: Database) -> Iterator[Connection[Any]]:
    """A connection of the role that writes facts."""
    with connect(ledger_database.app) as connection:
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(ledger_database.schema)))
        yield connection


@pytest.fixture
async def conn(ledger_database: Database) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection as the faces above have it: of the app role, for reading."""
    async with await connect_async(ledger_database.app) as connection:
        await connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(ledger_database.schema)))
        yield connection


Feed = Callable[[], None]


@pytest.fixture
def runner(connect_project: Connect, project: Connection[Any]) -> Runner:
    """A runner with all views made, that the test drives step by step."""
    made = Runner(connect_project)
    made.prepare(project)
    return made


@pytest.fixture
def feed(runner: Runner, project: Connection[Any]) -> Feed:
    """Bring all views to the head."""

    def feed_all() -> None:
        while runner.feed(project, project):
            pass

    return feed_all


def rows_of(connection: Connection[Any], table: Table, suffix: str = "") -> list[str]:
    """Return all rows of a view's table as text, sorted."""
    query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table.name + suffix))
    return sorted(row[0] for row in connection.execute(query).fetchall())


def rows_by_batches(connection: Connection[Any], each: View, size: int) -> dict[str, list[str]]:
    """Feed a view from nothing in batches of one size, beside the live one, and return its rows."""
    view.drop(connection, each, NEW)
    view.create(connection, each, NEW)
    view.create_indexes(connection, each, NEW)
    position = 0
    while batch := reader.read(connection, position, size):
        view.apply(connection, [each], batch, NEW)
        position = batch[-1].position
    rows = {table.name: rows_of(connection, table, NEW) for table in each.TABLES}
    view.drop(connection, each, NEW)
    return rows


def live_rows(connection: Connection[Any], views: Sequence[View] = ALL_VIEWS) -> dict[str, list[str]]:
    """Return all rows of all live views."""
    return {table.name: rows_of(connection, table) for each in views for table in each.TABLES}

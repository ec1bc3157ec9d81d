"""A ledger with a busy town in it, its views fed once for all tests of a file, and what exports from it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import Connection, sql

from ledger.database import Database, connect, embedded_database
from ledger.embedded import EmbeddedServer
from projections.connections import connect_to
from projections.exports.asked import Asked
from projections.exports.export import Manifest, run
from projections.runner import Runner
from tests.conftest import SCHEMA, TEMPLATE, copied
from tests.projections.town import Town, busy_town

numbers = itertools.count(1)

HOSTILE = ("=1+1", "+cmd", "-2", "@x", "\ttab", "\rcr", "＝1", "＋1", "－1", "＠x", "  =spaced", "﹦1", "⁺1")
"""References that a spreadsheet could take for something to compute."""

PLAIN = ("봄 선물 세트", "O'Neil & Sons", 'say "when"', "two\nlines", "ends with =", "emoji 🎁", "1,234")


class Collected:
    """Keeps what was written."""

    def __init__(self) -> None:
        self.bytes = b""

    def write(self, part: bytes) -> None:
        self.bytes += part


class Library:
    """A ledger that a test file shares.

    Attributes:
        town: whose facts it holds. database: where.
    """

    def __init__(self, database: Database, town: Town) -> None:
        self.database = database
        self.town = town

    def connect(self) -> Connection[Any]:
        """Connect as the service does."""
        return opened(self.database.app, self.database.schema)

    def store(self, up_to: int | None = None) -> int:
        """Store what has happened, and bring the views to it. Returns the last position."""
        with self.connect() as app:
            last = self.town.store(app, up_to)
        self.feed()
        return last

    def feed(self) -> None:
        """Bring all views to the head."""
        connect_project = connect_to(self.database)
        runner = Runner(connect_project)
        with connect_project() as reading, connect_project() as writing:
            runner.prepare(writing)
            while runner.feed(reading, writing):
                pass

    def export(self, what: str, form: Any, position: int | None = None, **more: Any) -> tuple[bytes, Manifest]:
        """Make an export; at the last position unless another is given."""
        sink = Collected()
        with self.connect() as connection:
            at = len(self.town.facts) if position is None else position
            manifest = run(connection, Asked(what, form, at, **more), sink)
        return sink.bytes, manifest


def opened(address: str, schema: str) -> Connection[Any]:
    """Connect with the ledger's schema in front."""
    connection: Connection[Any] = connect(address)
    connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(schema)))
    return connection


@pytest.fixture(scope="module")
def new_library(postgres: EmbeddedServer, ledger_template: Database) -> Iterator[Callable[[Town], Library]]:
    """Make ledgers that live as long as the file's tests."""
    kept = []

    def make(town: Town) -> Library:
        name = f"exports_{next(numbers)}"
        keeping = copied(postgres, TEMPLATE, name)
        keeping.__enter__()
        kept.append(keeping)
        return Library(embedded_database(postgres, SCHEMA, name=name), town)

    yield make
    for keeping in kept:
        keeping.__exit__(None, None, None)


@pytest.fixture(scope="module")
def library(new_library: Callable[[Town], Library]) -> Library:
    """The busy town, with references of all kinds and a second currency; nothing is added to it."""
    town = busy_town()
    account_id = town.open("가나 상사")
    for reference in (*HOSTILE, *PLAIN):
        town.charge(account_id, 1_234, reference=reference)
    foreign = town.open("Vltava Books", currency="CZK")
    town.charge(foreign, 123_456)
    town.spend(foreign, 7)
    made = new_library(town)
    made.store()
    return made

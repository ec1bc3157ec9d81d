"""The generated year, stored and shown once for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.database import Database, embedded_database
from ledger.embedded import EmbeddedServer
from tests.books.year import Year, whole_year
from tests.conftest import SCHEMA, TEMPLATE, copied
from tests.projections.exports.conftest import Library


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio alone."""
    return "asyncio"


@pytest.fixture(scope="session")
def year() -> Year:
    """The year, lived once; nothing is added to it."""
    return whole_year()


@pytest.fixture(scope="module")
def library(postgres: EmbeddedServer, ledger_template: Database, year: Year) -> Iterator[Library]:
    """A ledger that holds the year; nothing is added to it."""
    year._stored = 0
    with copied(postgres, TEMPLATE, "books_year"):
        made = Library(embedded_database(postgres, SCHEMA, name="books_year"), year)
        made.store()
        yield made

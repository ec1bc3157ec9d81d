"""Books: a statement of 100,000 rows, and the same rows exported in every format, beside a plain COPY of them.

Memory is that of a process of its own, which does one export and nothing else, less what it had before the first row.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from psycopg import AsyncConnection, Connection, sql

from aggregates import document
from bench.fill import Source, fill
from bench.trial import Side, Trial
from ledger.database import Database, connect, connect_async
from ledger.documents.company import EXAMPLE
from ledger.documents.content import content_of
from ledger.documents.render import render
from projections.connections import connect_to
from projections.exports.asked import Asked, Format
from projections.exports.export import run as export
from projections.papers import account_statement
from projections.rebuild import rebuild_views
from projections.registry import chosen
from projections.statement import statement, to_csv

ROWS, ROWS_QUICK = 100_000, 20_000
VIEWS = ("accounts", "transactions", "journal")
XLSX_ROUNDS = 2
"""A workbook takes as long as all the other formats together."""

EVER = (date(1900, 1, 1), date(2199, 12, 31))


class Drain:
    """Takes bytes and keeps none, as a fast disk would."""

    def write(self, part: bytes) -> None:
        """Forget a part."""


class Shelf:
    """A ledger whose one account has so many rows."""

    def __init__(self, trial: Trial, database: Database) -> None:
        self._trial = trial
        self.database = database
        self.rows = trial.count(ROWS, ROWS_QUICK)
        self.account_id = Source(0, overdrawn=False).account(1).account_id
        with trial.lab.owner(database) as connection:
            fill(connection, [self.rows + 1])
        rebuild_views(connect_to(database), chosen(VIEWS))
        trial.lab.settle(database)

    def sides(self) -> list[Side]:
        """Return what is measured in turns."""
        formats: tuple[Format, ...] = ("csv", "ndjson", "parquet")
        return [
            Side("copy_rows_per_s", "rows/s", lambda: self._per_s(self._copy)),
            *(Side(f"export_{form}_rows_per_s", "rows/s", self._exporting("transactions", form)) for form in formats),
            Side("export_beancount_rows_per_s", "rows/s", self._exporting("journal", "beancount")),
            Side("statement_csv_s", "s", self._statement),
        ]

    def workbooks(self) -> list[Side]:
        """Return what is measured fewer times."""
        return [
            Side("export_xlsx_rows_per_s", "rows/s", self._exporting("transactions", "xlsx")),
            Side("statement_xlsx_s", "s", lambda: self._trial.lab.run(self._statement_xlsx_s())),
        ]

    def peak_mb(self, form: Format) -> float:
        """Return by how much one export makes a process larger."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ADDRESS": self.database.app}
        command = [sys.executable, "-m", __name__, self.database.schema, form, str(self.rows + 1)]
        child = subprocess.run(command, env=environment, capture_output=True, check=True)
        grew_mb: float = orjson.loads(child.stdout)
        return grew_mb

    def _exporting(self, what: str, form: Format) -> Callable[[], float]:
        return lambda: self._per_s(
            lambda: export_once(self.database.app, self.database.schema, what, form, self.rows + 1)
        )

    def _per_s(self, work: Callable[[], int]) -> float:
        started = time.perf_counter()
        rows = work()
        taken_s = time.perf_counter() - started
        assert rows >= self.rows, "every row is there"
        return rows / taken_s

    def _copy(self) -> int:
        """Read the rows of the view as PostgreSQL writes them, and nothing more."""
        with opened(self.database.app, self.database.schema) as connection, connection.cursor() as cursor:
            query = "COPY (SELECT * FROM view_transactions ORDER BY position) TO STDOUT (FORMAT csv)"
            with cursor.copy(query) as copy:
                return sum(1 for _ in copy)

    def _statement(self) -> float:
        return self._trial.lab.run(self._statement_s())

    async def _statement_s(self) -> float:
        async with self._reading() as conn:
            started = time.perf_counter()
            made = await statement(conn, self.account_id, from_date=EVER[0], to_date=EVER[1])
            written = to_csv(made)
            taken_s = time.perf_counter() - started
        assert written.count(b"\r\n") > len(made["rows"]) == self.rows, "every row is there"
        return taken_s

    async def _statement_xlsx_s(self) -> float:
        """Make the workbook that a caller gets: figures from facts, rendered in a process of its own."""
        async with self._reading() as conn:
            started = time.perf_counter()
            position = self.rows + 1
            basis = {"account_id": self.account_id, "from": str(EVER[0]), "to": str(EVER[1]), "version": position}
            figures = await account_statement.figures(conn, basis, position)
            content = content_of(
                kind=document.ACCOUNT_STATEMENT,
                language="ko",
                number="",
                issued_at="2026-01-01T00:00:00+09:00",
                position=None,
                account_version=position,
                supplier=EXAMPLE.block("ko"),
                recipient={"account_id": self.account_id, "name": "Bench", "member_id": None, "email": None},
                basis=basis,
                figures=figures,
            )
            made = await render(content, ["xlsx"])
            taken_s = time.perf_counter() - started
        assert len(made["xlsx"]) > self.rows, "every row is there"
        return taken_s

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection[Any]]:
        schema = sql.Identifier(self.database.schema)
        async with await connect_async(self.database.app) as conn:
            await conn.execute(sql.SQL("SET search_path = {}, pg_catalog").format(schema))
            yield conn


def run(trial: Trial) -> None:
    """Measure."""
    database = trial.lab.ledger("bench_books")
    try:
        shelf = Shelf(trial, database)
        trial.take_turns(shelf.sides())
        trial.take_turns(shelf.workbooks(), rounds=XLSX_ROUNDS)
        forms: tuple[Format, ...] = ("csv", "xlsx", "parquet")
        for form in forms:
            trial.note(f"export_{form}_peak_mb", "MB", shelf.peak_mb(form))
        trial.sizes["books"] = f"{shelf.rows:,} transactions of one account"
    finally:
        trial.lab.drop("bench_books")


def opened(address: str, schema: str) -> Connection[Any]:
    """Connect as the service does."""
    connection: Connection[Any] = connect(address)
    connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(schema)))
    return connection


def export_once(address: str, schema: str, what: str, form: Format, position: int) -> int:
    """Make one export; return its rows."""
    with opened(address, schema) as connection:
        return export(connection, Asked(what, form, position), Drain()).rows


def peak_now_mb() -> float:
    """Return the most memory that this process has had, in megabytes (2^20)."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def main() -> None:
    """Be the process whose memory is measured: a first row, then all of them."""
    schema, form, position = sys.argv[1:]
    wanted: Any = form
    export_once(os.environ["ADDRESS"], schema, "transactions", wanted, 2)
    before_mb = peak_now_mb()
    export_once(os.environ["ADDRESS"], schema, "transactions", wanted, int(position))
    print(orjson.dumps(peak_now_mb() - before_mb).decode())


if __name__ == "__main__":
    main()

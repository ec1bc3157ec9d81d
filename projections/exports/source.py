"""Reads the rows of an export out of PostgreSQL, window by window, as the lines that PostgreSQL itself writes.

The server makes CSV or JSON, a row a message, and this process passes it on: no row becomes an object unless its format
needs one. Between two windows nothing is locked, so a rebuild of a view can be swapped in meanwhile; what was recorded
up to a position never changes, so the windows fit together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from psycopg import Connection, sql

from aggregates import ids
from aggregates.errors import Malformed, NotFound, Unavailable
from projections import tracking
from projections.exports.asked import Asked
from projections.exports.datasets import DATASETS, Column

WINDOW_POSITIONS = 20_000
"""So many positions are read in one statement: a fraction of a second."""

FORMULA_MARKS = "=+\\-@\t\r\n＝＋－＠﹢﹣﹦﹫⁺⁼₊₌﬩⩵⩶"
"""What a spreadsheet may take for the start of a formula, and every character that normalizes to one of these."""

BLOCK_ROWS = 1_000
"""So many rows are handed over at a time."""

JSON_AT = 6
"""Where the text begins in a binary row of one column: behind the number of fields and the length of the first."""

_HEADER_BYTES = 19
_END = b"\xff\xff"

Tick = Callable[[int, int], None]
"""Told (done, in all) now and then."""


class Stopped(Exception):
    """The work was told to stop; it is to be done again from the beginning."""


class Source:
    """The rows of one export.

    Args:
        connection: in autocommit mode, with the ledger's schema in front; see `prepare`.
        asked: which rows. tick: told (position, position asked for) after each window; may raise `Stopped`.

    Attributes:
        columns: of the dataset, in order. rows: how many were read so far.
    """

    def __init__(self, connection: Connection[Any], asked: Asked, tick: Tick | None = None) -> None:
        self.connection = connection
        self.asked = asked
        self._tick = tick
        self.dataset = DATASETS[asked.what]
        self.columns: tuple[Column, ...] = self.dataset.columns
        self.rows = 0

    def csv(self, *, guarded: bool) -> Iterator[list[bytes]]:
        """Yield lines of CSV (line feed at the end, every text in quotes), in blocks.

        Args:
            guarded: whether words that a spreadsheet could take for a formula are led by an apostrophe.
        """
        columns = ", ".join(f"{written(column, guarded=guarded)} AS {column.name}" for column in self.columns)
        texts = ", ".join(column.name for column in self.columns if column.kind != "integer")
        return self._read(columns, "({})", f"FORMAT csv, FORCE_QUOTE ({texts})", binary=False)

    def json(self) -> Iterator[list[bytes]]:
        """Yield objects as JSON, in blocks."""
        columns = ", ".join(
            f"{written(column, guarded=False, nested=True)} AS {column.name}" for column in self.columns
        )
        wrapped = "(SELECT convert_to(row_to_json(r)::text, 'UTF8') FROM ({}) AS r)"
        for block in self._read(columns, wrapped, "FORMAT binary", binary=True):
            yield [row[JSON_AT:] for row in block]

    def copy(self, select: str) -> Iterator[list[bytes]]:
        """Yield the rows of a query of the caller's own as CSV, in blocks."""
        for block in _blocks(self.connection, f"COPY ({select}) TO STDOUT (FORMAT csv)".encode(), binary=False):
            self.rows += len(block)
            yield block

    def told(self, done: int, in_all: int) -> None:
        """Tell how far it is. Raises: Stopped."""
        if self._tick is not None:
            self._tick(done, in_all)

    def _read(self, columns: str, wrapped: str, options: str, *, binary: bool) -> Iterator[list[bytes]]:
        last = self.asked.position
        for after, up_to in self._windows():
            query = f"COPY {wrapped.format(self._select(columns, after, up_to))} TO STDOUT ({options})"
            for block in _blocks(self.connection, query.encode(), binary=binary):
                self.rows += len(block)
                yield block
            self.told(up_to, last)

    def _windows(self) -> Iterator[tuple[int, int]]:
        last = self.asked.position
        if self.dataset.whole:
            yield 0, last
            return
        for after in range(0, last, WINDOW_POSITIONS):
            yield after, min(after + WINDOW_POSITIONS, last)

    def _select(self, columns: str, after: int, up_to: int) -> str:
        source, conditions = narrowed(self.connection, self.asked)
        if not self.dataset.whole:
            conditions += [f"{self.dataset.place} > {after:d}", f"{self.dataset.place} <= {up_to:d}"]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {columns} FROM {source}{where} ORDER BY {self.dataset.order}"


def _blocks(connection: Connection[Any], query: bytes, *, binary: bool) -> Iterator[list[bytes]]:
    """Yield the rows of a COPY TO STDOUT, as the server sends them, without header and end of the binary format."""
    skip, block = _HEADER_BYTES if binary else 0, []
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for message in copy:
            row = bytes(message)
            if skip:
                row, skip = row[skip:], 0
            if binary and row == _END:
                continue
            block.append(row)
            if len(block) == BLOCK_ROWS:
                yield block
                block = []
    if block:
        yield block


def narrowed(connection: Connection[Any], asked: Asked) -> tuple[str, list[str]]:
    """Return what stands behind FROM, and the conditions that the filters make. COPY takes no parameters."""
    dataset = DATASETS[asked.what]
    source, conditions = dataset.source, []
    values: dict[str, Any] = {"from": asked.from_date, "to": asked.to_date, "as_of": asked.as_of}
    if asked.account_id is not None:
        values["account_id"] = ids.stream_id(asked.account_id)
        if dataset.source_of_one:
            source = dataset.source_of_one.replace("{stream}", literal(connection, values["account_id"]))
    for name, value in values.items():
        condition = dataset.narrowed.get(name)
        if value is not None and condition:
            conditions.append(
                condition.format(value=literal(connection, value), id=literal(connection, asked.account_id or ""))
            )
    return source.replace("{position}", f"{asked.position:d}"), conditions


def literal(connection: Connection[Any], value: Any) -> str:
    """Return a value as it may stand in a statement."""
    return sql.Literal(value).as_string(connection)


def written(column: Column, *, guarded: bool, nested: bool = False) -> str:
    """Return the expression for a column as it stands in a text file.

    Args:
        guarded: as of `Source.csv`. nested: whether JSON stays an object rather than a text.
    """
    match column.kind:
        case "time":
            return f"""to_char({column.sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
        case "words" if guarded:
            marks = FORMULA_MARKS.replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")
            return f"CASE WHEN {column.sql} ~ '^ *[{marks}]' THEN '''' || {column.sql} ELSE {column.sql} END"
        case "json" if not nested:
            return f"({column.sql})::text"
        case "date":
            return f"({column.sql})::text"
    return column.sql


def prepare(connection: Connection[Any]) -> None:
    """Let a connection read for as long as an export takes, in the order of an index rather than by sorting."""
    connection.execute(
        "SET statement_timeout = 0; SET jit = off; SET TIME ZONE 'UTC'; SET DateStyle = 'ISO';"
        "SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SET default_transaction_read_only = on"
    )


def reached(connection: Connection[Any], what: str) -> int:
    """Return the position up to which a dataset can be read now."""
    views: Sequence[str] = DATASETS[what].views
    if not views:
        row = connection.execute(
            "SELECT coalesce((SELECT last_position FROM ledger_blocks ORDER BY number DESC LIMIT 1), 0)"
        ).fetchone()
        return 0 if row is None else row[0]
    return min(tracking.standing(connection, tracking.tracking_name(view)) or 0 for view in views)


def check_reached(connection: Connection[Any], asked: Asked) -> None:
    """Make sure that there is the account that is asked for, and that the position has been reached.

    Raises:
        NotFound: there is no such account.
        Malformed: the ledger has no such position yet.
        Unavailable: the views have not reached it yet.
    """
    if asked.account_id is not None:
        stream = ids.stream_id(ids.parse(asked.account_id, "acc").account_id)
        query = "SELECT FROM ledger_events WHERE originator_id = %s LIMIT 1"
        if connection.execute(query, [stream]).fetchone() is None:
            raise NotFound("there is no account with this id")
    if asked.position > reached(connection, "facts"):
        raise Malformed("position must be one that the ledger has", field="position")
    at = reached(connection, asked.what)
    if at < asked.position:
        raise Unavailable("the views have not reached the position yet; try again", 1, position=at)

"""Tables of views and the rows of one batch: loaded once, changed in memory, written set-wise.

A batch costs a view three round trips for each table, however many facts it has: load the rows that its facts name,
copy the changed ones into a temporary table, one upsert. What is only ever appended is copied straight in. Statements
are written once, rows are packed by code compiled for their table. Knows no fact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from projections.packing import FILE_END, FILE_HEADER, row_packer

Key = tuple[Any, ...]

COPY_FROM_ROWS = 50
"""From this many rows on, copying into a temporary table is cheaper than one pipelined upsert for each row."""

NEW = "__new"
"""Ends the names of a view that is being built beside the live one."""


@dataclass(frozen=True, eq=False)
class Table:
    """One table of a view.

    Attributes:
        name: of the live table, e.g. "view_spends"; the one being rebuilt has `__new` behind it.
        row: slotted dataclass whose fields are the table's columns, in order.
        key: column -> SQL type of the primary key; empty for a table that is only appended to.
        ddl: CREATE TABLE, with {table} for its name.
        indexes: CREATE INDEX statements, with {table} where a name begins; made after a rebuild has filled the table.
        json: columns that hold JSON.
    """

    name: str
    row: type[Any]
    key: dict[str, str]
    ddl: str
    indexes: tuple[str, ...] = ()
    json: frozenset[str] = frozenset()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(field.name for field in fields(self.row))

    @cached_property
    def pack(self) -> Callable[[Any], bytes]:
        """Return what packs a row for binary COPY; column types are those of the DDL."""
        columns = []
        for name in self.columns:
            found = re.search(rf"^\s*{name} ([a-z]+(?:\[\])?)", self.ddl, re.MULTILINE)
            assert found is not None, f"{self.name} declares no column {name}"
            columns.append((name, found[1]))
        return row_packer(columns)

    @cached_property
    def _fields(self) -> Callable[[Any], tuple[Any, ...]]:
        return attrgetter(*self.columns)

    @cached_property
    def _json_at(self) -> tuple[int, ...]:
        return tuple(index for index, name in enumerate(self.columns) if name in self.json)

    def key_of(self, row: Any) -> Key:
        """Return a row's primary key."""
        return tuple(getattr(row, column) for column in self.key)

    def values(self, row: Any, wrap_json: Callable[[Any], Any]) -> Sequence[Any]:
        """Return a row's values in the order of the columns, those of JSON columns wrapped."""
        if not self._json_at:
            return self._fields(row)
        values = list(self._fields(row))
        for index in self._json_at:
            if values[index] is not None:
                values[index] = wrap_json(values[index])
        return values


class Statements(NamedTuple):
    """What is said to PostgreSQL about one table, under one suffix."""

    load: bytes
    append: bytes
    make_pending: bytes
    copy_pending: bytes
    upsert_pending: bytes
    clear_pending: bytes
    upsert_one: bytes


@lru_cache(256)
def statements(table: Table, suffix: str) -> Statements:
    """Write the statements for a table; those of one that is only appended to use `append` alone."""
    name, pending = sql.Identifier(table.name + suffix), sql.Identifier(f"pending_{table.name}{suffix}")
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    keys = sql.SQL(", ").join(map(sql.Identifier, table.key))
    arrays = sql.SQL(", ").join(sql.SQL("%s::" + kind + "[]") for kind in table.key.values())
    same = sql.SQL(" AND ").join(sql.SQL("t.{0} = k.{0}").format(sql.Identifier(key)) for key in table.key)
    update = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column))
        for column in table.columns
        if column not in table.key
    )
    loaded = sql.SQL(", ").join(sql.SQL("t.") + sql.Identifier(column) for column in table.columns)
    upsert = sql.SQL("INSERT INTO {} ({}) {} ON CONFLICT ({}) DO UPDATE SET {}")
    copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)")
    marks = sql.SQL("VALUES ({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(table.columns)))
    chosen = sql.SQL("SELECT {} FROM {}").format(columns, pending)
    made = sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} (LIKE {}) ON COMMIT DELETE ROWS").format(pending, name)
    load = sql.SQL("SELECT {} FROM unnest({}) AS k({}) JOIN {} t ON {}").format(loaded, arrays, keys, name, same)
    return Statements(
        load=load.as_bytes(),
        append=copy.format(name, columns).as_bytes(),
        make_pending=made.as_bytes(),
        copy_pending=copy.format(pending, columns).as_bytes(),
        upsert_pending=upsert.format(name, columns, chosen, keys, update).as_bytes(),
        clear_pending=sql.SQL("TRUNCATE {}").format(pending).as_bytes(),
        upsert_one=upsert.format(name, columns, marks, keys, update).as_bytes(),
    )


class Rows:
    """The rows that one batch of one view reads and writes.

    Args:
        suffix: "" for the live tables, `NEW` for those being rebuilt.
    """

    def __init__(self, connection: Connection[Any], suffix: str = "") -> None:
        self._connection = connection
        self._suffix = suffix
        self._known: dict[Table, dict[Key, Any]] = {}
        self._changed: dict[Table, dict[Key, Any]] = {}
        self._added: dict[Table, list[Any]] = {}

    def load(self, table: Table, keys: Iterable[Key]) -> None:
        """Load the rows of these keys, as far as they exist."""
        wanted = list(dict.fromkeys(keys))
        known = self._known.setdefault(table, {})
        if not wanted:
            return
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(
                statements(table, self._suffix).load,
                [list(column) for column in zip(*wanted, strict=True)],
                prepare=True,
            )
            for values in cursor:
                row = table.row(*values)
                known[table.key_of(row)] = row

    def load_missing(self, table: Table, keys: Iterable[Key]) -> None:
        """Load the rows of these keys that are not known yet: for what only other rows tell."""
        known = self._known.setdefault(table, {})
        self.load(table, [key for key in keys if key not in known])

    def find(self, table: Table, key: Key) -> Any:
        """Return the row of a key, to be changed in place; None when there is none."""
        row = self._known[table].get(key)
        if row is not None:
            self._changed.setdefault(table, {})[key] = row
        return row

    def get(self, table: Table, key: Key) -> Any:
        """Return the row of a key, to be changed in place.

        Raises:
            LookupError: there is no such row, although an earlier fact must have made it.
        """
        row = self.find(table, key)
        if row is None:
            raise LookupError(f"{table.name} has no row for {key}")
        return row

    def put(self, table: Table, row: Any) -> None:
        """Add a row that may be changed by later facts."""
        key = table.key_of(row)
        self._known.setdefault(table, {})[key] = row
        self._changed.setdefault(table, {})[key] = row

    def add(self, table: Table, row: Any) -> None:
        """Append a row to a table that is only appended to."""
        self._added.setdefault(table, []).append(row)

    def write(self, *, more: bool = False) -> None:
        """Write all that was added and changed; with `more`, other rows are to be written in this transaction, too."""
        for table, rows in self._added.items():
            self._copy(statements(table, self._suffix).append, table, rows)
        for table, changed in self._changed.items():
            self._upsert(table, list(changed.values()), more=more)

    def _upsert(self, table: Table, rows: Sequence[Any], *, more: bool) -> None:
        said = statements(table, self._suffix)
        if len(rows) < COPY_FROM_ROWS:
            with self._connection.cursor() as cursor:
                cursor.executemany(said.upsert_one, [table.values(row, _json_parameter) for row in rows])
            return
        self._connection.execute(said.make_pending)
        self._copy(said.copy_pending, table, rows)
        self._connection.execute(said.upsert_pending)
        if more:
            self._connection.execute(said.clear_pending)

    def _copy(self, statement: bytes, table: Table, rows: Sequence[Any]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(b"".join([FILE_HEADER, *map(table.pack, rows), FILE_END]))


def _json_parameter(value: Any) -> Jsonb:
    return Jsonb(value, dumps=orjson.dumps)

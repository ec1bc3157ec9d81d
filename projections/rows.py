"""Tables of views and the rows of one batch: loaded once, changed in memory, written set-wise.

A batch costs a view three round trips for each table, however many facts it has: load the rows that its facts name,
copy the changed ones into a temporary table, one upsert. What is only ever appended is copied straight in. May import
nothing of the house; knows no fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter
from typing import Any

import orjson
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

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
        columns = sql.SQL(", ").join(sql.SQL("t.") + sql.Identifier(name) for name in table.columns)
        arrays = sql.SQL(", ").join(sql.SQL("%s::" + kind + "[]") for kind in table.key.values())
        names = sql.SQL(", ").join(map(sql.Identifier, table.key))
        same = sql.SQL(" AND ").join(
            sql.SQL("t.{0} = k.{0}").format(sql.Identifier(name)) for name in table.key
        )  # fmt: skip
        query = sql.SQL("SELECT {} FROM unnest({}) AS k({}) JOIN {} t ON {}").format(
            columns, arrays, names, self._name(table), same
        )
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(query, [list(column) for column in zip(*wanted, strict=True)], prepare=True)
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
            self._copy(self._name(table), table, rows)
        for table, changed in self._changed.items():
            self._upsert(table, list(changed.values()), more=more)

    def _name(self, table: Table) -> sql.Identifier:
        return sql.Identifier(table.name + self._suffix)

    def _upsert(self, table: Table, rows: Sequence[Any], *, more: bool) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        rest = [name for name in table.columns if name not in table.key]
        update = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in rest)
        keys = sql.SQL(", ").join(map(sql.Identifier, table.key))
        upsert = sql.SQL("INSERT INTO {} ({}) {} ON CONFLICT ({}) DO UPDATE SET {}")
        if len(rows) < COPY_FROM_ROWS:
            marks = sql.SQL("VALUES ({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(table.columns)))
            with self._connection.cursor() as cursor:
                cursor.executemany(
                    upsert.format(self._name(table), columns, marks, keys, update),
                    [table.values(row, _json_parameter) for row in rows],
                )
            return
        pending = sql.Identifier(f"pending_{table.name}{self._suffix}")
        self._connection.execute(
            sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} (LIKE {}) ON COMMIT DELETE ROWS").format(
                pending, self._name(table)
            )
        )
        self._copy(pending, table, rows)
        chosen = sql.SQL("SELECT {} FROM {}").format(columns, pending)
        self._connection.execute(upsert.format(self._name(table), columns, chosen, keys, update))
        if more:
            self._connection.execute(sql.SQL("TRUNCATE {}").format(pending))

    def _copy(self, name: sql.Identifier, table: Table, rows: Sequence[Any]) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        with (
            self._connection.cursor() as cursor,
            cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(name, columns)) as copy,
        ):
            for row in rows:
                copy.write_row(table.values(row, _json_text))


def _json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _json_parameter(value: Any) -> Jsonb:
    return Jsonb(value, dumps=orjson.dumps)

"""What a view is, and the one way in which facts reach it: rows and position in one transaction, a batch at a time.

A view says which facts it takes, which rows a fact touches, and what becomes of them. It never looks at the clock, the
batch it came in, or another view, so the same facts give the same rows however they arrive.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, ClassVar, NamedTuple

from psycopg import Connection, sql

from aggregates.account import Account
from aggregates.dates import business_date
from aggregates.fact import FACTS, Fact
from projections import tracking
from projections.rows import NEW, Key, Rows, Table

ROWS_MAX = 50_000
"""So many rows of a batch are in memory at a time: a fact about an order may touch 500."""


class Positioned(NamedTuple):
    """A stored fact and where it stands.

    Attributes:
        position: place among all facts of the ledger, from 1, without gaps.
        topic: as stored.
        fact: the fact; the error, where the stored row cannot be read as one.
    """

    position: int
    topic: str
    fact: Fact | Exception


class ViewRefusedError(Exception):
    """A view cannot take a fact: it stops there until somebody has looked.

    Attributes:
        position: of the fact.
    """

    def __init__(self, view: str, topic: str, position: int, reason: str) -> None:
        super().__init__(view, topic, position, reason)
        self.position = position

    def __str__(self) -> str:
        view, topic, position, reason = self.args
        return f"view {view} cannot take {topic} at position {position}: {reason}"


class View(ABC):
    """Base of every view: name, tables, and its projection.

    Attributes:
        NAME: e.g. "spends".
        VERSION: raised whenever tables or projection change; a live view of another version is rebuilt at next start.
        TABLES: its tables.
        TAKES: fact classes it projects; all others it has no use for.
    """

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1
    TABLES: ClassVar[tuple[Table, ...]]
    TAKES: ClassVar[frozenset[type[Fact]]]

    @abstractmethod
    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""

    @abstractmethod
    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""

    def adds(self, fact: Any) -> int:
        """Return about how many rows a fact adds."""
        return 1

    def wants(self, at: Positioned) -> bool:
        """Say whether the view projects this fact.

        Raises:
            ViewRefusedError: it cannot be read, and might be one of those the view takes.
        """
        if isinstance(at.fact, Exception):
            known = FACTS.get(at.topic)
            if known is None or known in self.TAKES:
                raise ViewRefusedError(self.NAME, at.topic, at.position, str(at.fact))
            return False
        return type(at.fact) in self.TAKES


def business_date_of(fact: Fact) -> date:
    """Return the KST date a fact belongs to: its own for an imported movement, else that of its business time."""
    return fact.booked_on if isinstance(fact, Account.Imported) else business_date(fact.occurred_at)


def apply(connection: Connection[Any], views: Sequence[View], batch: Sequence[Positioned], suffix: str = "") -> None:
    """Write what a batch of consecutive facts means to views, and their new position, in one transaction.

    Raises:
        OutOfOrderError: a view does not stand right before the batch; nothing was applied.
        ViewRefusedError: a view cannot take one of the facts; nothing was applied.
    """
    with connection.transaction():
        names = [tracking.tracking_name(view.NAME, suffix) for view in views]
        tracking.advance(connection, names, batch[0].position, batch[-1].position)
        kinds = {type(at.fact) for at in batch}
        for view in views:
            wanted = _wanted(view, batch, kinds)
            if wanted:
                _write(connection, view, wanted, suffix)


def _wanted(view: View, batch: Sequence[Positioned], kinds: set[type[Any]]) -> Sequence[Positioned]:
    """Return those of a batch's facts, which are of these kinds, that a view projects. Raises: as `View.wants`."""
    if kinds <= view.TAKES:
        return batch
    if kinds.isdisjoint(view.TAKES) and not any(issubclass(kind, Exception) for kind in kinds):
        return ()
    return [at for at in batch if view.wants(at)]


def _write(connection: Connection[Any], view: View, wanted: Sequence[Positioned], suffix: str) -> None:
    """Write the rows that these facts make of a view's. Raises: ViewRefusedError."""
    for part, keys, more in _parts(view, wanted):
        rows = Rows(connection, suffix)
        for table, wanted_keys in keys.items():
            rows.load(table, wanted_keys)
        for at in part:
            try:
                view.project(at.fact, at.position, rows)
            except Exception as error:
                raise ViewRefusedError(view.NAME, at.topic, at.position, repr(error)) from error
        rows.write(more=more)


def _parts(view: View, wanted: Sequence[Positioned]) -> Iterator[tuple[list[Positioned], dict[Table, list[Key]], bool]]:
    """Cut a batch into parts of about `ROWS_MAX` rows. Yields facts, keys of their rows, whether more follows."""
    part: list[Positioned] = []
    keys: dict[Table, list[Key]] = {table: [] for table in view.TABLES if table.key}
    rows = 0
    for at in wanted:
        if rows >= ROWS_MAX:
            yield part, keys, True
            part, keys, rows = [], {table: [] for table in keys}, 0
        part.append(at)
        rows += view.adds(at.fact)
        for table, key in view.keys(at.fact, at.position):
            keys[table].append(key)
            rows += 1
    yield part, keys, False


def create(connection: Connection[Any], view: View, suffix: str = "") -> None:
    """Make a view's tables where they are missing, without secondary indexes, at position 0.

    Who may read them follows from the default privileges of the role that makes them.
    """
    for table in view.TABLES:
        name = table.name + suffix
        exists = connection.execute("SELECT to_regclass(%s)", [f'"{name}"']).fetchone()
        if exists is not None and exists[0] is not None:
            continue
        connection.execute(table.ddl.format(table=name).encode())
    tracking.begin(connection, tracking.tracking_name(view.NAME, suffix))


def create_indexes(connection: Connection[Any], view: View, suffix: str = "") -> None:
    """Make a view's secondary indexes where they are missing."""
    for statement in index_statements(view, suffix):
        connection.execute(statement)


def index_statements(view: View, suffix: str = "") -> list[bytes]:
    """Return what makes a view's secondary indexes where they are missing."""
    return [
        statement.format(table=table.name + suffix).encode() for table in view.TABLES for statement in table.indexes
    ]


def drop(connection: Connection[Any], view: View, suffix: str = NEW) -> None:
    """Remove a view's tables and its position."""
    for table in view.TABLES:
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table.name + suffix)))
    name = tracking.tracking_name(view.NAME, suffix)
    connection.execute("DELETE FROM ledger_tracking WHERE application_name = %s", [name])

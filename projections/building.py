"""Builds the new tables of views from the first fact, as fast as the machine allows; whatever is live stays untouched.

Views that are only appended to are copied in slices, by every process that is free; the others are fed in batches from
one read, parted among processes. Indexes come last. Nothing here waits for the disk: the swap that follows does, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, sql

from ledger import forks
from projections import bulk, processes, reader, tracking, view
from projections.bulk import Appended
from projections.connections import Connect
from projections.rows import NEW
from projections.view import View

BATCH_FACTS = 10_000
"""So many facts are read and fed at a time."""

SLICE_FACTS_MIN, SLICE_FACTS_MAX = 2_500, 500_000
"""So many facts are copied in one transaction."""

SLICES_EACH = 4
"""So many slices for each process, so that none waits long for the last."""

PARTED_FROM_FACTS = 5_000
"""From so many facts on, views that are fed in batches are parted among processes."""

Progress = Callable[[int, int], None]

Goal = Callable[[Connection[Any]], int]
"""Asks, on a connection, up to which position to build."""


@contextmanager
def two(connect: Connect) -> Iterator[tuple[Connection[Any], Connection[Any]]]:
    """Give two connections, opened at the same time, whose commits do not wait for the disk: a swap's does, for all."""
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(connect)
        one = connect()
    with one, other.result() as another:
        for connection in (one, another):
            connection.execute("SET synchronous_commit = off")
        yield one, another


def build(
    connect: Connect,
    reading: Connection[Any],
    writing: Connection[Any],
    views: Sequence[View],
    progress: Progress | None,
    goal: Goal,
) -> None:
    """Make the new tables and bring all of them up to the goal; their indexes come last.

    `progress` is told (position, head) now and then.

    Raises:
        ViewRefusedError: a view cannot take a fact.
        PositionMissingError: the store has lost a position.
    """
    with writing.transaction():
        for each in views:
            view.drop(writing, each)
            view.create(writing, each, NEW)
    folded = [each for each in views if not isinstance(each, Appended)]
    for each in views:
        if isinstance(each, Appended):
            position = 0
            while (head := goal(reading)) - position > (BATCH_FACTS if position else 0):
                _load(connect, reading, writing, each, (position, head), None if folded else progress)
                position = head
    if folded:
        _fold(connect, reading, writing, folded, goal, progress)
    _make_ready(reading, writing, views)


def _make_ready(reading: Connection[Any], writing: Connection[Any], views: Sequence[View]) -> None:
    """Make the indexes of the new tables, two at a time, and tell the planner what is in the indexed columns."""
    statements = [statement for each in views for statement in view.index_statements(each, NEW)]
    with ThreadPoolExecutor(1) as beside:
        others = beside.submit(_execute_all, reading, statements[1::2])
        _execute_all(writing, statements[::2])
        others.result()
    for each in views:
        for table in each.TABLES:
            _analyze(writing, table.name + NEW)


def _execute_all(connection: Connection[Any], statements: Sequence[bytes]) -> None:
    for statement in statements:
        connection.execute(statement)


def _analyze(connection: Connection[Any], table: str) -> None:
    """Take a first look at the indexed columns of a table; the server itself takes a thorough one when it has time."""
    indexed = connection.execute(
        "SELECT DISTINCT a.attname FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
        " WHERE i.indrelid = to_regclass(%s)",
        [f'"{table}"'],
    ).fetchall()
    columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in indexed)
    with connection.transaction():
        connection.execute("SET LOCAL default_statistics_target = 20")
        connection.execute(sql.SQL("ANALYZE {} ({})").format(sql.Identifier(table), columns))


def _load(
    connect: Connect,
    reading: Connection[Any],
    writing: Connection[Any],
    each: Appended,
    stretch: tuple[int, int],
    progress: Progress | None,
) -> None:
    """Copy the rows of a stretch of facts (after, up to) into a new table, slice by slice; then note the position."""
    begin, goal = stretch
    crew = forks.processes()
    facts = goal - begin
    size = max(SLICE_FACTS_MIN, min(SLICE_FACTS_MAX, facts // (SLICES_EACH * crew)), facts // processes.TASKS_MAX + 1)
    slices = [(after, min(after + size, goal)) for after in range(begin, goal, size)]

    def load_here(taken: Iterator[int]) -> None:
        for number in taken:
            bulk.load(reading, writing, each, *slices[number])
            if progress is not None and number + 1 < len(slices):
                progress(slices[number][1], goal)

    def load_beside(taken: Iterator[int]) -> None:
        with two(connect) as (from_store, to_view):
            for number in taken:
                bulk.load(from_store, to_view, each, *slices[number])

    processes.share(len(slices), load_here, load_beside, min(crew, len(slices)))
    tracking.advance(writing, [tracking.tracking_name(each.NAME, NEW)], begin + 1, goal)
    if progress is not None:
        progress(goal, goal)


def _fold(
    connect: Connect,
    reading: Connection[Any],
    writing: Connection[Any],
    views: Sequence[View],
    goal: Goal,
    progress: Progress | None,
) -> None:
    """Feed new tables up to the goal, the views parted among processes where that pays."""
    crew = min(forks.processes(), len(views)) if goal(reading) >= PARTED_FROM_FACTS else 1
    parts = [views[len(views) * n // crew : len(views) * (n + 1) // crew] for n in range(crew)]

    def feed_here(taken: Iterator[int]) -> None:
        for number in taken:
            _feed(reading, writing, parts[number], goal, progress)

    def feed_beside(taken: Iterator[int]) -> None:
        with two(connect) as (from_store, to_views):
            for number in taken:
                _feed(from_store, to_views, parts[number], goal, None)

    processes.share(crew, feed_here, feed_beside, crew)


def _feed(
    reading: Connection[Any], writing: Connection[Any], views: Sequence[View], goal: Goal, progress: Progress | None
) -> None:
    """Feed the new tables of some views from one read, batch by batch."""
    position, head = 0, goal(reading)
    while position < head:
        batch = reader.read(reading, position, BATCH_FACTS, up_to=head)
        if not batch:
            break
        for each in views:
            view.apply(writing, [each], batch, NEW)
        position = batch[-1].position
        if progress is not None:
            progress(position, head)
        if position >= head:
            head = goal(reading)

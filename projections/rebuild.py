"""Builds views anew from the first fact, beside the live ones and while writes go on; then swaps them in, or compares.

The swap is one short transaction: it holds the live view's position, applies what came since, and renames. Readers wait
for it and see either all of the old view or all of the new one. A check changes nothing that is live: in one
snapshot it brings the new rows to the live view's position and compares whole rows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
import structlog
from psycopg import Connection, IsolationLevel, sql

from ledger.settings import Settings
from projections import reader, status, tracking, view
from projections.building import BATCH_FACTS, Progress, build, two
from projections.connections import Connect, connector
from projections.registry import chosen
from projections.rows import NEW, Table
from projections.view import View

log = structlog.get_logger("projections.rebuild")

SWAP_TRIES = 10
EXAMPLES_MAX = 5


class Rebuilt(NamedTuple):
    """A view that was built anew. `position`: how far it had come when it was swapped in."""

    view: str
    position: int


class Checked(NamedTuple):
    """A view that was compared with one built anew.

    Attributes:
        position: at which both were compared.
        rows: how many rows the live view has.
        differences: rows that only one of the two has; a row that differs counts twice.
        examples: up to `EXAMPLES_MAX` of them: {table, side: live | rebuilt, row}.
    """

    view: str
    position: int
    rows: int
    differences: int
    examples: list[dict[str, Any]]


def rebuild(settings: Settings, names: tuple[str, ...] = (), progress: Progress | None = None) -> list[Rebuilt]:
    """Build the views of these names (all without any) anew and swap them in; writes and reads go on meanwhile.

    Raises:
        LookupError: there is no such view.
        ViewRefusedError, PositionMissingError: as of `rebuild_views`.
    """
    with connector(settings) as connect:
        return rebuild_views(connect, chosen(names), progress)


def check(settings: Settings, names: tuple[str, ...] = (), progress: Progress | None = None) -> list[Checked]:
    """Build the views of these names (all without any) anew and compare them with the live ones; nothing live changes.

    Raises:
        LookupError: there is no such view.
        ViewRefusedError, PositionMissingError: as of `rebuild_views`.
    """
    with connector(settings) as connect:
        return check_views(connect, chosen(names), progress)


def rebuild_views(connect: Connect, views: Sequence[View], progress: Progress | None = None) -> list[Rebuilt]:
    """Build views anew beside the live ones and swap each in.

    `connect` opens a connection of the role that owns the views; `progress` is told (position, head) after each batch.

    Raises:
        ViewRefusedError: a view cannot take a fact; the live views stay as they are.
        PositionMissingError: the store has lost a position.
    """
    with two(connect) as (reading, writing):
        _only_one(writing)
        make_missing(writing, views)
        try:
            build(connect, reading, writing, views, progress, reader.head)
            return [Rebuilt(each.NAME, _swap(writing, each)) for each in views]
        finally:
            _clean_up(writing, views)


def check_views(connect: Connect, views: Sequence[View], progress: Progress | None = None) -> list[Checked]:
    """Build views anew beside the live ones and compare whole rows at the live views' positions; nothing live changes.

    Raises:
        ViewRefusedError, PositionMissingError: as of `rebuild_views`.
    """
    with two(connect) as (reading, writing):
        _only_one(writing)
        make_missing(writing, views)
        try:
            stands = [tracking.standing(writing, tracking.tracking_name(each.NAME)) or 0 for each in views]
            build(connect, reading, writing, views, progress, lambda _: min(stands))
            return [_compare(writing, each) for each in views]
        finally:
            _clean_up(writing, views)


def make_missing(connection: Connection[Any], views: Sequence[View]) -> None:
    """Make the views that have never been built, at position 0, each whole or not at all."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('making of ' || current_schema(), 0))")
        status.create(connection)
        for each in views:
            if status.built_version(connection, each.NAME) is None:
                view.create(connection, each)
                view.create_indexes(connection, each)
                status.note_built(connection, each.NAME, each.VERSION)


def _only_one(connection: Connection[Any]) -> None:
    """Wait until no other rebuild is at work in this ledger; ends with the connection."""
    connection.execute("SELECT pg_advisory_lock(hashtextextended('rebuild of ' || current_schema(), 0))")


def _clean_up(connection: Connection[Any], views: Sequence[View]) -> None:
    """Drop what was not swapped in; a connection that is gone leaves it to the next rebuild."""
    if not connection.closed:
        for each in views:
            view.drop(connection, each)


def _catch_up(connection: Connection[Any], each: View, goal: int) -> int:
    """Apply to a new view what came since it was built, up to a position. Returns where it stands."""
    position = tracking.standing(connection, tracking.tracking_name(each.NAME, NEW)) or 0
    while position < goal:
        batch = reader.read(connection, position, BATCH_FACTS, up_to=goal)
        if not batch:
            break
        view.apply(connection, [each], batch, NEW)
        position = batch[-1].position
    return position


def _swap(connection: Connection[Any], each: View) -> int:
    """Put a new view in the live one's place. Returns its position."""
    for attempt in range(SWAP_TRIES):
        _catch_up(connection, each, reader.head(connection))
        try:
            return _swap_now(connection, each)
        except psycopg.errors.LockNotAvailable:
            log.info("swap waits for readers", view=each.NAME, attempt=attempt)
            time.sleep(0.1 * (attempt + 1))
    raise TimeoutError(f"view {each.NAME} could not be swapped: readers held it all the time")


def _swap_now(connection: Connection[Any], each: View) -> int:
    """Swap in one transaction: hold the live position, catch up with it, rename."""
    live, new = tracking.tracking_name(each.NAME), tracking.tracking_name(each.NAME, NEW)
    with connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '1s'; SET LOCAL synchronous_commit = on")
        stands = tracking.standing(connection, live, lock=True) or 0
        position = _catch_up(connection, each, stands)
        for table in each.TABLES:
            _rename(connection, table)
        connection.execute("DELETE FROM ledger_tracking WHERE application_name = %s", [live])
        connection.execute("UPDATE ledger_tracking SET application_name = %s WHERE application_name = %s", [live, new])
        status.note_built(connection, each.NAME, each.VERSION)
    return position


def _rename(connection: Connection[Any], table: Table) -> None:
    """Drop a live table and give its names, and those of its indexes, to the new one."""
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table.name)))
    connection.execute(
        sql.SQL("ALTER TABLE {} RENAME TO {}").format(sql.Identifier(table.name + NEW), sql.Identifier(table.name))
    )
    indexes = connection.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s", [table.name]
    ).fetchall()
    for (name,) in indexes:
        connection.execute(
            sql.SQL("ALTER INDEX {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(name.replace(NEW, "")))
        )


def _compare(connection: Connection[Any], each: View) -> Checked:
    """Compare a live view with the new one, in one snapshot of both at the live one's position."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            stands = tracking.standing(connection, tracking.tracking_name(each.NAME)) or 0
            _catch_up(connection, each, stands)
            rows, differences, examples = 0, 0, []
            for table in each.TABLES:
                counted, differing, some = _compare_table(connection, table)
                rows, differences = rows + counted, differences + differing
                examples += some
            return Checked(each.NAME, stands, rows, differences, examples[:EXAMPLES_MAX])
    finally:
        connection.isolation_level = None


def _compare_table(connection: Connection[Any], table: Table) -> tuple[int, int, list[dict[str, Any]]]:
    """Return (rows of the live table, differences, some of them)."""
    live, new = sql.Identifier(table.name), sql.Identifier(table.name + NEW)
    examples: list[dict[str, Any]] = []
    differences = 0
    for side, these, those in (("live", live, new), ("rebuilt", new, live)):
        only = sql.SQL("(TABLE {} EXCEPT ALL TABLE {})").format(these, those)
        counted = connection.execute(sql.SQL("SELECT count(*) FROM {} d").format(only)).fetchone()
        if counted is None or not counted[0]:
            continue
        differences += counted[0]
        query = sql.SQL("SELECT to_jsonb(d) FROM {} d LIMIT %s").format(only)
        for (row,) in connection.execute(query, [EXAMPLES_MAX]).fetchall():
            examples.append({"table": table.name, "side": side, "row": row})
    total = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(live)).fetchone()
    return (0 if total is None else total[0]), differences, examples

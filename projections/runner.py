"""Feeds all views from one read of the store, in one process, for as long as it runs; heals by itself.

Each view fails alone: a fact that it cannot take stops that view at the fact before it, loudly (an alarm in the log, a
row in `view_status`), and it is tried again with growing pauses; it is never passed over. A lost connection is made
anew. A second process stands by until the first one is gone. Views are derived, so their commits need not wait for the
disk: rows and position are lost together or not at all.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
import structlog
from psycopg import Connection

from ledger.settings import Settings
from projections import reader, status, tracking, view
from projections.connections import Connect, connector
from projections.rebuild import make_missing, rebuild_views
from projections.registry import ALL_VIEWS
from projections.tracking import OutOfOrderError
from projections.view import Positioned, View, ViewRefusedError

log = structlog.get_logger("projections.runner")

RECONNECT_S = (0.1, 2.0)
"""First and longest pause before a lost connection is made anew."""

RETRY_S = (1.0, 30.0)
"""First and longest pause before a stopped view is tried again."""


class StopEvent(Protocol):
    """Says when to end: an Event of threading or multiprocessing."""

    def is_set(self) -> bool:
        """Say whether to end now."""

    def wait(self, timeout: float | None = None) -> bool:
        """Pause, but no longer than until the end."""


class Fed:
    """Where the runner has brought one view.

    Attributes:
        position: of the last fact it has applied.
        error: why it is stopped; None while it runs.
        retry_at: monotonic time at which a stopped view is tried again.
    """

    __slots__ = ("error", "pause_s", "position", "retry_at", "view")

    def __init__(self, view: View, position: int) -> None:
        self.view = view
        self.position = position
        self.error: str | None = None
        self.pause_s = RETRY_S[0]
        self.retry_at = 0.0


class Runner:
    """Feeds views until it is told to stop.

    Args:
        connect: opens a connection of the role that owns the views.
    """

    def __init__(self, connect: Connect, views: Sequence[View] = ALL_VIEWS) -> None:
        self._connect = connect
        self._views = views
        self.fed: list[Fed] = []

    def run(self, stop: StopEvent) -> None:
        """Feed until `stop` is set, through restarts of the database."""
        pause_s = RECONNECT_S[0]
        while not stop.is_set():
            try:
                with self._connect() as reading, self._connect() as writing:
                    if not self._is_ours(writing):
                        stop.wait(1.0)
                        continue
                    self.prepare(writing)
                    reader.listen(reading)
                    pause_s = RECONNECT_S[0]
                    while not stop.is_set():
                        if not self.feed(reading, writing):
                            reader.wait(reading)
            except (psycopg.Error, OSError) as error:
                log.warning("views cannot work with their database", error=_told(error), again_in_s=pause_s)
                stop.wait(pause_s)
                pause_s = min(2 * pause_s, RECONNECT_S[1])

    def prepare(self, writing: Connection[Any]) -> None:
        """Make missing views, build anew those of another version, and find out where each stands."""
        writing.execute("SET synchronous_commit = off")
        make_missing(writing, self._views)
        self.fed = []
        for each in self._views:
            error = None if status.built_version(writing, each.NAME) == each.VERSION else self._renew(each)
            fed = Fed(each, self._standing(writing, each))
            self.fed.append(fed)
            if error is not None:
                self._stop(writing, fed, error)
                fed.retry_at = math.inf

    def _renew(self, each: View) -> ViewRefusedError | reader.PositionMissingError | None:
        """Build a view of another version anew. Returns why it cannot be: its old rows stay then, and are not fed."""
        log.info("view of another version is built anew", view=each.NAME)
        try:
            rebuild_views(self._connect, [each])
        except (ViewRefusedError, reader.PositionMissingError) as error:
            return error
        return None

    def feed(self, reading: Connection[Any], writing: Connection[Any]) -> int:
        """Give every view that is due the next batch of facts; views at one position share a read.

        Returns:
            How many facts were applied, summed over views; 0 = all are at the head or stopped.
        """
        now = time.monotonic()
        groups: dict[int, list[Fed]] = {}
        for fed in self.fed:
            if fed.retry_at <= now:
                groups.setdefault(fed.position, []).append(fed)
        applied = 0
        for position, group in sorted(groups.items()):
            try:
                batch = reader.read(reading, position)
            except reader.PositionMissingError as gap:
                for fed in group:
                    self._stop(writing, fed, gap)
                continue
            applied += self._apply_together(writing, group, batch)
        return applied

    def _apply_together(self, writing: Connection[Any], group: Sequence[Fed], batch: Sequence[Positioned]) -> int:
        """Apply a batch to views that stand at one place, in one transaction; where it cannot be, to each alone."""
        if not batch:
            return 0
        try:
            view.apply(writing, [fed.view for fed in group], batch)
        except Exception as error:
            if _is_lost(error, writing):
                raise
            return sum(self._apply(writing, fed, batch) for fed in group)
        for fed in group:
            self._reach(writing, fed, batch)
        return len(batch) * len(group)

    def _apply(self, writing: Connection[Any], fed: Fed, batch: Sequence[Positioned]) -> int:
        """Apply a batch to one view; where it cannot be, halve it: the view stops right before the fact at fault."""
        before = fed.position
        try:
            view.apply(writing, [fed.view], batch)
        except OutOfOrderError:
            fed.position = self._standing(writing, fed.view)
            return max(0, fed.position - before)
        except Exception as error:
            if _is_lost(error, writing):
                raise
            if len(batch) == 1:
                self._stop(writing, fed, error)
                return 0
            half = len(batch) // 2
            applied = self._apply(writing, fed, batch[:half])
            return applied + (self._apply(writing, fed, batch[half:]) if applied == half else 0)
        self._reach(writing, fed, batch)
        return len(batch)

    def _reach(self, writing: Connection[Any], fed: Fed, batch: Sequence[Positioned]) -> None:
        """Take note that a view has taken a batch."""
        fed.position = batch[-1].position
        if fed.error is not None:
            self._go_on(writing, fed)

    def _stop(self, writing: Connection[Any], fed: Fed, error: Exception) -> None:
        """Stop one view, loudly, until its next try."""
        reason, position = _told(error), fed.position + 1
        log.critical("view stopped", view=fed.view.NAME, position=position, error=reason, again_in_s=fed.pause_s)
        fed.error = reason
        fed.retry_at = time.monotonic() + fed.pause_s
        fed.pause_s = min(2 * fed.pause_s, RETRY_S[1])
        status.note_state(writing, fed.view.NAME, status.STOPPED, f"position {position}: {reason}")

    def _go_on(self, writing: Connection[Any], fed: Fed) -> None:
        log.warning("view goes on", view=fed.view.NAME, position=fed.position)
        fed.error, fed.pause_s, fed.retry_at = None, RETRY_S[0], 0.0
        status.note_state(writing, fed.view.NAME, status.RUNNING)

    def _standing(self, writing: Connection[Any], each: View) -> int:
        return tracking.standing(writing, tracking.tracking_name(each.NAME)) or 0

    def _is_ours(self, writing: Connection[Any]) -> bool:
        """Say whether no other process feeds the views of this ledger; holds as long as the connection."""
        query = "SELECT pg_try_advisory_lock(hashtextextended('views of ' || current_schema(), 0))"
        row = writing.execute(query).fetchone()
        return row is not None and row[0]


def run(settings: Settings, stop: StopEvent) -> None:
    """Feed all views of the ledger until `stop` is set: the whole of a worker process."""
    with connector(settings) as connect:
        Runner(connect).run(stop)


def _is_lost(error: Exception, connection: Connection[Any]) -> bool:
    """Say whether an error is the connection's, not the view's."""
    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and (
        connection.closed or connection.broken
    )


def _told(error: Exception) -> str:
    """Return an error's text without the row that a database error would quote."""
    if isinstance(error, psycopg.Error):
        return f"{type(error).__name__}: {error.diag.message_primary or 'connection lost'}"
    return str(error) or type(error).__name__

"""How the views are: how far each has come, how far behind it is, and whether one has stopped and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from psycopg import AsyncConnection, Connection

from projections.paging import fetch
from projections.tracking import VIEWS, tracking_name

RUNNING, STOPPED, ABSENT = "running", "stopped", "absent"

DDL = b"""
    CREATE TABLE IF NOT EXISTS view_status (
        view text PRIMARY KEY,
        version integer NOT NULL,
        state text NOT NULL,
        error text,
        since timestamptz NOT NULL DEFAULT now()
    )
"""


def create(connection: Connection[Any]) -> None:
    """Make the table of states where it is missing."""
    connection.execute(DDL)


def built_version(connection: Connection[Any], view: str) -> int | None:
    """Return the version that a live view was built as; None when it has not been built."""
    row = connection.execute("SELECT version FROM view_status WHERE view = %s", [view]).fetchone()
    return None if row is None else row[0]


def note_built(connection: Connection[Any], view: str, version: int) -> None:
    """Write down that a view now stands as a version of it makes it, and runs."""
    connection.execute(
        "INSERT INTO view_status (view, version, state) VALUES (%s, %s, %s)"
        " ON CONFLICT (view) DO UPDATE SET version = excluded.version, state = excluded.state,"
        " error = NULL, since = excluded.since",
        [view, version, RUNNING],
    )


def note_state(connection: Connection[Any], view: str, state: str, error: str | None = None) -> None:
    """Write down that a view runs again, or that it is stopped and why."""
    connection.execute(
        "UPDATE view_status SET state = %s, error = %s, since = now() WHERE view = %s", [state, error, view]
    )


async def status(conn: AsyncConnection[Any], *, now: datetime) -> list[dict[str, Any]]:
    """Return, for each view, {view, position, lag_facts, lag_seconds, state, error, since}.

    `lag_seconds` is the age at `now`, of the ledger's clock, of the oldest fact that the view does not show yet, 0.0
    when it shows all; `state` is running, stopped (error says at which fact and why) or absent (never built).
    """
    built = await fetch(conn, "SELECT to_regclass('view_status') IS NOT NULL AS built", [])
    states = await fetch(conn, "SELECT * FROM view_status", []) if built[0]["built"] else []
    by_view = {row["view"]: row for row in states}
    query = "SELECT application_name, notification_id FROM ledger_tracking WHERE application_name = ANY(%s)"
    tracked = await fetch(conn, query, [[tracking_name(view) for view in VIEWS]])
    positions = {row["application_name"]: row["notification_id"] for row in tracked}
    newest = await fetch(conn, "SELECT coalesce(max(notification_id), 0) AS head FROM ledger_events", [])
    head: int = newest[0]["head"]
    ages: dict[int, float] = {head: 0.0}
    found: list[dict[str, Any]] = []
    for view in VIEWS:
        position = positions.get(tracking_name(view), 0)
        if position not in ages:
            ages[position] = await _age_s(conn, position + 1, now)
        state = by_view.get(view)
        found.append(
            {
                "view": view,
                "position": position,
                "lag_facts": max(0, head - position),
                "lag_seconds": ages[position],
                "state": state["state"] if state else ABSENT,
                "error": state["error"] if state else None,
                "since": state["since"].astimezone(UTC) if state else None,
            }
        )
    return found


async def _age_s(conn: AsyncConnection[Any], position: int, now: datetime) -> float:
    """Return how long ago the fact at a position was recorded, in seconds; 0.0 when it cannot be told."""
    rows = await fetch(conn, "SELECT state FROM ledger_events WHERE notification_id = %s", [position])
    if not rows:
        return 0.0
    try:
        recorded_at = datetime.fromisoformat(orjson.loads(rows[0]["state"])["recorded_at"])
    except (ValueError, KeyError, TypeError):
        return 0.0
    return max(0.0, (now - recorded_at).total_seconds())

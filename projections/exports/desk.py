"""The desk of exports: what was asked for over HTTP, how far it is, and the file in chunks until it expires.

Asked for by the service, made by `make_next` in the process of the jobs: one attempt at a time owns an export, an
attempt that has gone quiet is taken over, and its successor's number keeps its late chunks out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson
import psycopg
import structlog
from psycopg import AsyncConnection, Connection
from psycopg.types.json import Jsonb

from aggregates.dates import rfc3339
from aggregates.errors import Conflict, LedgerError, NotFound, Unavailable
from projections.exports.asked import Asked
from projections.exports.export import run
from projections.exports.sink import ChunkSink
from projections.exports.source import Stopped
from projections.paging import Page, fetch, paged, place

log = structlog.get_logger("exports")

OPEN_MAX = 20
"""So many exports may wait or be made at a time."""

CHUNK_BYTES = 1024 * 1024
BEAT_S = 0.5
QUIET_S = 60
"""An attempt that has not said for so long how far it is has ended."""

ATTEMPTS_MAX = 3


class ExportNotFound(NotFound):
    """There is no such export; it may have expired."""

    code = "export_not_found"


class ExportNotReady(Conflict):
    """The file is not there: it is still being made, could not be made, or was lost with the database's last crash."""

    code = "export_not_ready"


class TooManyExports(Conflict):
    """So many exports wait or are being made that no further one is taken."""

    code = "too_many_exports"


class File(NamedTuple):
    """A finished file: its name, media type, length, and how many chunks of which attempt it is made of."""

    name: str
    media_type: str
    bytes: int
    chunks: int
    attempt: int


async def put(conn: AsyncConnection[Any], export_id: str, asked: Asked, principal: str) -> dict[str, Any]:
    """Take an export in; the same one again changes nothing. Returns it in the shape of the HTTP face.

    Raises:
        TooManyExports: too many are open.
    """
    async with conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger_exports', 0))")
        (known,) = await fetch(conn, "SELECT count(*) AS n FROM ledger_exports WHERE id = %s", [export_id])
        (opened,) = await fetch(
            conn, "SELECT count(*) AS n FROM ledger_exports WHERE state IN ('queued', 'running')", []
        )
        if not known["n"] and opened["n"] >= OPEN_MAX:
            raise TooManyExports(f"{OPEN_MAX} exports are open; wait for one, or delete one", open=opened["n"])
        await conn.execute(
            "INSERT INTO ledger_exports (id, asked, made_by) VALUES (%s, %s, %s) ON CONFLICT (id) DO NOTHING",
            [export_id, Jsonb(to_json(asked)), principal],
        )
    return await one(conn, export_id)


async def one(conn: AsyncConnection[Any], export_id: str) -> dict[str, Any]:
    """Return an export. Raises: ExportNotFound."""
    rows = await fetch(conn, "SELECT * FROM ledger_exports WHERE id = %s AND expires_at > now()", [export_id])
    if not rows:
        raise ExportNotFound("there is no export with this id; exports expire after 7 days")
    return body(rows[0])


async def page(conn: AsyncConnection[Any], *, cursor: str | None = None, limit: int | None = None) -> Page:
    """Return a page of exports, newest first. Raises: Malformed."""
    asked = {"list": "exports"}
    where = place(asked, cursor, limit)
    query = "SELECT * FROM ledger_exports WHERE number < %s AND expires_at > now() ORDER BY number DESC LIMIT %s"
    rows = await fetch(conn, query, [where.after, where.limit + 1])
    return paged(asked, where, [body(row) for row in rows], [row["number"] for row in rows])


async def remove(conn: AsyncConnection[Any], export_id: str) -> dict[str, Any]:
    """Take an export and its file away, also while it is being made. Raises: ExportNotFound."""
    found = await one(conn, export_id)
    await conn.execute("DELETE FROM ledger_exports WHERE id = %s", [export_id])
    return found


async def file(conn: AsyncConnection[Any], export_id: str) -> File:
    """Return what there is to know of an export's file.

    Raises:
        ExportNotFound, ExportNotReady.
    """
    query = """
        SELECT e.*, c.chunks, c.bytes FROM ledger_exports e, LATERAL (
            SELECT count(*) AS chunks, coalesce(sum(length(bytes)), 0) AS bytes
            FROM ledger_export_chunks WHERE export_id = e.id AND attempt = e.attempt
        ) AS c WHERE e.id = %s AND e.expires_at > now()
    """
    rows = await fetch(conn, query, [export_id])
    if not rows:
        raise ExportNotFound("there is no export with this id; exports expire after 7 days")
    row = rows[0]
    if row["state"] != "done":
        raise ExportNotReady("the export has no file; its state says why", state=row["state"])
    if row["bytes"] != row["manifest"]["bytes"]:
        raise ExportNotReady("the file was lost with the database's last crash; ask for the export again", state="lost")
    asked = from_json(row["asked"])
    return File(asked.name, asked.media_type, int(row["bytes"]), row["chunks"], row["attempt"])


async def chunk(conn: AsyncConnection[Any], export_id: str, attempt: int, number: int) -> bytes:
    """Return a chunk of a file. Raises: ExportNotFound: it has just been taken away."""
    query = "SELECT bytes FROM ledger_export_chunks WHERE export_id = %s AND attempt = %s AND number = %s"
    rows = await fetch(conn, query, [export_id, attempt, number])
    if not rows:
        raise ExportNotFound("the export has been taken away")
    return bytes(rows[0]["bytes"])


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return an export in the shape of the HTTP face."""
    asked = from_json(row["asked"])
    is_done = row["state"] == "done"
    return {
        "id": row["id"],
        "what": asked.what,
        "format": asked.format,
        "position": asked.position,
        **asked.filters(),
        "encoding": asked.encoding,
        "bom": asked.bom,
        "state": row["state"],
        "progress": 100 if is_done else _percent(row["done"], row["in_all"]),
        "failure": row["failure"],
        "manifest": row["manifest"],
        "file": f"/v1/exports/{row['id']}/file" if is_done else None,
        "asked_by": row["made_by"],
        "created_at": rfc3339(row["created_at"]),
        "expires_at": rfc3339(row["expires_at"]),
    }


def _percent(done: int, in_all: int) -> int:
    return min(99, 100 * done // in_all) if in_all else 0


def to_json(asked: Asked) -> dict[str, Any]:
    """Return what was asked for, JSON-ready."""
    options = {"position": asked.position, "encoding": asked.encoding, "bom": asked.bom}
    return {"what": asked.what, "format": asked.format, **asked.filters(), **options}


def from_json(stored: dict[str, Any]) -> Asked:
    """Return what `to_json` was made of."""
    fields = {name: value for name, value in stored.items() if name not in ("from", "to", "as_of")}
    return Asked(
        **fields,
        from_date=date.fromisoformat(stored["from"]) if stored["from"] else None,
        to_date=date.fromisoformat(stored["to"]) if stored["to"] else None,
        as_of=datetime.fromisoformat(stored["as_of"]) if stored["as_of"] else None,
    )


Connect = Callable[[], Connection[Any]]
"""Opens a connection of the app role, in autocommit mode, with the ledger's schema in front."""


class _Claimed(NamedTuple):
    """An attempt at an export."""

    export_id: str
    attempt: int
    asked: Asked


def make_next(connect: Connect, is_stopping: Callable[[], bool]) -> bool:
    """Make the oldest export that waits, and forget those that have expired.

    Args:
        connect: opens connections. is_stopping: says when to let go; the export is then made by whoever comes next.

    Returns:
        Whether there was one.

    Raises:
        psycopg.Error: the database went away; the next call goes on.
    """
    with connect() as connection:
        connection.execute("DELETE FROM ledger_exports WHERE expires_at <= now()")
        claimed = _claim(connection)
        if claimed is None:
            return False
        _make(connect, connection, claimed, is_stopping)
        return True


def _claim(connection: Connection[Any]) -> _Claimed | None:
    row = connection.execute(
        """
        UPDATE ledger_exports SET state = 'running', attempt = attempt + 1, done = 0, beat_at = now()
        WHERE id = (
            SELECT id FROM ledger_exports
            WHERE state = 'queued' OR (state = 'running' AND beat_at < now() - make_interval(secs => %s))
            ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        RETURNING id, attempt, asked
        """,
        [QUIET_S],
    ).fetchone()
    if row is None:
        return None
    export_id, attempt, stored = row
    connection.execute("DELETE FROM ledger_export_chunks WHERE export_id = %s", [export_id])
    return _Claimed(export_id, attempt, from_json(stored))


def _make(connect: Connect, desk: Connection[Any], claimed: _Claimed, is_stopping: Callable[[], bool]) -> None:
    """Make one export; what goes wrong is written down on it, or leaves it to another attempt."""
    told_at = 0.0

    progress = (0, 0)

    def tick(done: int, in_all: int) -> None:
        nonlocal told_at, progress
        progress = done, in_all
        if is_stopping():
            raise Stopped
        if time.monotonic() - told_at < BEAT_S:
            return
        told_at = time.monotonic()
        if not _update(desk, claimed, "done = %s, in_all = %s, beat_at = now()", [done, in_all]):
            raise Stopped

    def keep(number: int, part: bytes) -> None:
        # A workbook's rows are read long before its bytes come: it says that it goes on with each chunk, too.
        tick(*progress)
        desk.execute(
            b"INSERT INTO ledger_export_chunks VALUES (%s, %s, %s, %b)",
            [claimed.export_id, claimed.attempt, number, part],
        )

    sink = ChunkSink(keep, CHUNK_BYTES)
    try:
        with connect() as reading:
            manifest = run(reading, claimed.asked, sink, tick)
        sink.end()
    except (Stopped, Unavailable):
        _update(desk, claimed, "state = 'queued', attempt = attempt - 1", [])
    except psycopg.errors.ForeignKeyViolation:
        log.info("export was taken away while it was made", export_id=claimed.export_id)
    except LedgerError as refusal:
        _update(desk, claimed, "state = 'failed', failure = %s", [refusal.detail])
    except Exception as error:
        log.exception("export could not be made", export_id=claimed.export_id, attempt=claimed.attempt)
        is_last = claimed.attempt >= ATTEMPTS_MAX or not isinstance(error, (psycopg.Error, OSError))
        failure = "the export could not be made; the service's log says why" if is_last else None
        _update(desk, claimed, "state = %s, failure = %s", ["failed" if is_last else "queued", failure])
    else:
        changes = "state = 'done', manifest = %s, done = in_all, expires_at = now() + interval '7 days'"
        _update(desk, claimed, changes, [Jsonb(manifest.body(), dumps=orjson.dumps)])


def _update(desk: Connection[Any], claimed: _Claimed, changes: str, values: list[Any]) -> bool:
    """Change an export that this attempt still owns; return whether it does."""
    query = f"UPDATE ledger_exports SET {changes} WHERE id = %s AND attempt = %s AND state = 'running'"
    return desk.execute(query.encode(), [*values, claimed.export_id, claimed.attempt]).rowcount == 1

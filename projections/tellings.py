"""The view `tellings`: who is to be told of what is asked for or paid out, and whether they were (SPEC Y3, K4, Q4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from aggregates.collecting.telling import NOT_TOLD, REQUESTED, TOLD, Telling
from aggregates.dates import rfc3339
from projections.paging import fetch
from projections.rows import Key, Rows, Table
from projections.view import View

SHOWN_MAX = 100
"""So many tellings of one thing are shown, the newest of them."""


@dataclass(slots=True)
class TellingRow:
    """One telling.

    Attributes:
        position: of the fact that asked for it. requested_at: when that was recorded.
        to_token: vault token; None = the account's own people. (`to` is a word of SQL.)
        detail: variable -> text. status: requested, told or not_told.
        settled_at: when it ended; None before. channel, code: as of `Telling.Settled`.
        others as of `Telling.Requested`.
    """

    telling_id: str
    position: int
    requested_at: datetime
    account_id: str
    thing_id: str
    kind: str
    to_token: str | None
    channels: list[str]
    page: str | None
    generation: int
    detail: dict[str, Any]
    status: str = REQUESTED
    settled_at: datetime | None = None
    channel: str | None = None
    code: str | None = None


TELLINGS = Table(
    "view_tellings",
    TellingRow,
    key={"telling_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        telling_id text NOT NULL,
        position bigint NOT NULL,
        requested_at timestamptz NOT NULL,
        account_id text NOT NULL,
        thing_id text NOT NULL,
        kind text NOT NULL,
        to_token text,
        channels jsonb NOT NULL,
        page text,
        generation bigint NOT NULL,
        detail jsonb NOT NULL,
        status text NOT NULL,
        settled_at timestamptz,
        channel text,
        code text,
        CONSTRAINT {table}_pkey PRIMARY KEY (telling_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_of_thing ON {table} (thing_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_open ON {table} (position) WHERE status = 'requested'",
    ),
    json=frozenset({"channels", "detail"}),
)


class Tellings(View):
    """Every telling."""

    NAME = "tellings"
    TABLES = (TELLINGS,)
    TAKES = frozenset({Telling.Requested, Telling.Settled})

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        yield TELLINGS, (fact.telling_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        match fact:
            case Telling.Requested():
                row = TellingRow(
                    telling_id=fact.telling_id,
                    position=position,
                    requested_at=fact.recorded_at,
                    account_id=fact.account_id,
                    thing_id=fact.thing_id,
                    kind=fact.kind,
                    to_token=fact.to,
                    channels=list(fact.channels),
                    page=fact.page,
                    generation=fact.generation,
                    detail={each.name: each.value for each in fact.detail},
                )
                rows.put(TELLINGS, row)
            case Telling.Settled():
                row = rows.get(TELLINGS, (fact.telling_id,))
                row.status = NOT_TOLD if fact.channel is None else TOLD
                row.settled_at, row.channel, row.code = fact.recorded_at, fact.channel, fact.code


async def to_tell(conn: AsyncConnection[Any], *, after: int = 0, limit: int) -> list[dict[str, Any]]:
    """Return tellings that are on their way, oldest first, each with the name of who asks for the money, as `payee`.

    That is the telling's account, unless `payee_id` in its detail names another: who is asked is told, too.

    Args:
        after: position of the fact of the last one of the page before.
    """
    query = """
        SELECT t.*, a.name AS payee FROM view_tellings t
        LEFT JOIN view_accounts a ON a.account_id = coalesce(t.detail ->> 'payee_id', t.account_id)
        WHERE t.status = 'requested' AND t.position > %s ORDER BY t.position LIMIT %s
    """
    return await fetch(conn, query, [after, limit])


async def of_thing(conn: AsyncConnection[Any], thing_id: str) -> list[dict[str, Any]]:
    """Return who was told about a thing, in the shape of the HTTP face, newest first; never where."""
    query = "SELECT * FROM view_tellings WHERE thing_id = %s ORDER BY position DESC, telling_id LIMIT %s"
    return [
        {
            "id": row["telling_id"],
            "kind": row["kind"],
            "recipient": "account" if row["to_token"] is None else "person",
            "requested_at": rfc3339(row["requested_at"]),
            "status": row["status"],
            "channel": row["channel"],
            "code": row["code"],
            "settled_at": None if row["settled_at"] is None else rfc3339(row["settled_at"]),
        }
        for row in await fetch(conn, query, [thing_id, SHOWN_MAX])
    ]

"""The view `sender_profiles`: each account's channels in its own order, and what Kakao has to be asked (SPEC B3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from aggregates.dates import rfc3339
from aggregates.sender_profile import (
    CHANNEL_STATES,
    REFUSED,
    REMOVED,
    REQUESTED,
    VERIFYING,
    SenderFact,
    SenderProfileNotFound,
    SenderProfiles,
    SenderSheet,
)
from projections.paging import fetch
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class SenderProfileRow:
    """One profile, removed ones too: their managers are to be forgotten.

    Attributes:
        manager: vault token of the manager's number. token: vault token of the one-time token handed in last.
        changed_at: position of the last fact about it.
    """

    profile_id: str
    account_id: str
    rank: int
    search_id: str
    category: list[str]
    manager: str
    status: str
    code: str | None
    channel_key: str | None
    attempt: int
    token: str | None
    changed_at: int
    requested_at: datetime
    registered_at: datetime | None


SENDER_PROFILES = Table(
    "view_sender_profiles",
    SenderProfileRow,
    key={"profile_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        profile_id text NOT NULL,
        account_id text NOT NULL,
        rank integer NOT NULL,
        search_id text NOT NULL,
        category jsonb NOT NULL,
        manager text NOT NULL,
        status text NOT NULL,
        code text,
        channel_key text,
        attempt integer NOT NULL,
        token text,
        changed_at bigint NOT NULL,
        requested_at timestamptz NOT NULL,
        registered_at timestamptz,
        CONSTRAINT {table}_pkey PRIMARY KEY (profile_id)
    )
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account_id, rank)",
        "CREATE INDEX IF NOT EXISTS {table}_by_status ON {table} (status, changed_at)",
    ),
    json=frozenset({"category"}),
)


class SenderProfilesView(View):
    """Every sender profile."""

    NAME = "sender_profiles"
    TABLES = (SENDER_PROFILES,)
    TAKES = frozenset(
        {
            SenderProfiles.Requested,
            SenderProfiles.TokenRequested,
            SenderProfiles.TokenSent,
            SenderProfiles.Refused,
            SenderProfiles.TokenGiven,
            SenderProfiles.TokenRefused,
            SenderProfiles.Registered,
            SenderProfiles.StateChanged,
            SenderProfiles.Removed,
            SenderProfiles.Reordered,
        }
    )

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if isinstance(fact, SenderProfiles.Reordered):
            for sheet in fact.sheets:
                yield SENDER_PROFILES, (sheet.profile_id,)
        elif not isinstance(fact, SenderProfiles.Requested):
            yield SENDER_PROFILES, (fact.sheet.profile_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, SenderProfiles.Reordered):
            for sheet in fact.sheets:
                rows.get(SENDER_PROFILES, (sheet.profile_id,)).rank = sheet.rank
            return
        rows.put(SENDER_PROFILES, _row(fact, position))


def _row(fact: SenderFact, position: int) -> SenderProfileRow:
    sheet: SenderSheet = fact.sheet
    return SenderProfileRow(
        profile_id=sheet.profile_id,
        account_id=sheet.account_id,
        rank=sheet.rank,
        search_id=sheet.search_id,
        category=[*sheet.category],
        manager=sheet.manager,
        status=sheet.status,
        code=sheet.code,
        channel_key=sheet.channel_key,
        attempt=sheet.attempt,
        token=fact.token if isinstance(fact, SenderProfiles.TokenGiven) else None,
        changed_at=position,
        requested_at=sheet.requested_at,
        registered_at=sheet.registered_at,
    )


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a profile in the shape of the HTTP face, with the token of its manager in the place of the number."""
    return {
        "id": row["profile_id"],
        "account_id": row["account_id"],
        "search_id": row["search_id"],
        "category": row["category"],
        "status": row["status"],
        "code": row["code"],
        "channel_key": row["channel_key"],
        "rank": row["rank"],
        "requested_at": rfc3339(row["requested_at"]),
        "registered_at": None if row["registered_at"] is None else rfc3339(row["registered_at"]),
        "manager_phone": row["manager"],
    }


async def of_account(conn: AsyncConnection[Any], account_id: str) -> list[dict[str, Any]]:
    """Return an account's profiles in its order, refused ones last and removed ones not at all."""
    query = (
        "SELECT * FROM view_sender_profiles WHERE account_id = %s AND status <> %s"
        " ORDER BY status = %s, rank, profile_id"
    )
    return [body(row) for row in await fetch(conn, query, [account_id, REMOVED, REFUSED])]


async def one(conn: AsyncConnection[Any], profile_id: str) -> dict[str, Any]:
    """Return one profile that is not removed. Raises: SenderProfileNotFound."""
    query = "SELECT * FROM view_sender_profiles WHERE profile_id = %s AND status <> %s"
    rows = await fetch(conn, query, [profile_id, REMOVED])
    if not rows:
        raise SenderProfileNotFound("there is no such sender profile")
    return body(rows[0])


async def to_ask(conn: AsyncConnection[Any], limit: int) -> list[dict[str, Any]]:
    """Return the rows of profiles about which Kakao has to be asked now, oldest first."""
    query = "SELECT * FROM view_sender_profiles WHERE status = ANY(%s) ORDER BY changed_at LIMIT %s"
    return await fetch(conn, query, [[REQUESTED, VERIFYING], limit])


async def registered(conn: AsyncConnection[Any], after: str, limit: int) -> list[dict[str, Any]]:
    """Return the rows of registered profiles by id, those after one."""
    query = "SELECT * FROM view_sender_profiles WHERE status = ANY(%s) AND profile_id > %s ORDER BY profile_id LIMIT %s"
    return await fetch(conn, query, [[*CHANNEL_STATES], after, limit])


async def managers_to_forget(conn: AsyncConnection[Any], after: int, limit: int) -> list[dict[str, Any]]:
    """Return {manager, changed_at} of profiles that were removed or refused after a position, in that order."""
    query = (
        "SELECT manager, changed_at FROM view_sender_profiles WHERE status = ANY(%s) AND changed_at > %s"
        " ORDER BY changed_at LIMIT %s"
    )
    return await fetch(conn, query, [[REMOVED, REFUSED], after, limit])

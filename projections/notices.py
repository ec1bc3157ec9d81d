"""The view `notices`: what owners of anniversary rules have to be told, and whether they were (SPEC V6, R-050)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.anniversary.facts import OccurrenceSkipped, RuleCreated, RuleSuspended
from aggregates.dates import rfc3339
from aggregates.notice import NOT_TOLD, OCCURRENCE_SKIPPED, OPEN, REQUESTED, RULE_SUSPENDED, TOLD, Notice, notice_id
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class NoticeRow:
    """One notice.

    Attributes:
        position: of the fact that it is about. at: when that was recorded.
        kind: rule_suspended or occurrence_skipped. detail: what the fact says: cause and product, or day and code.
        status: open, requested, told or not_told.
        requested_at: when the owner began to be told; None before. settled_at: when that ended; None before.
        channel, code: as of `Notice.Settled`.
    """

    notice_id: str
    position: int
    at: datetime
    account_id: str
    member_id: str | None
    rule_id: str
    kind: str
    detail: dict[str, Any]
    status: str = OPEN
    requested_at: datetime | None = None
    settled_at: datetime | None = None
    channel: str | None = None
    code: str | None = None


@dataclass(slots=True)
class OwnerRow:
    """Whose a rule is."""

    rule_id: str
    member_id: str | None


NOTICES = Table(
    "view_notices",
    NoticeRow,
    key={"notice_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        notice_id text NOT NULL,
        position bigint NOT NULL,
        at timestamptz NOT NULL,
        account_id text NOT NULL,
        member_id text,
        rule_id text NOT NULL,
        kind text NOT NULL,
        detail jsonb NOT NULL,
        status text NOT NULL,
        requested_at timestamptz,
        settled_at timestamptz,
        channel text,
        code text,
        CONSTRAINT {table}_pkey PRIMARY KEY (notice_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_open ON {table} (position) WHERE status IN ('open', 'requested')",
    ),
    json=frozenset({"detail"}),
)
OWNERS = Table(
    "view_notice_owners",
    OwnerRow,
    key={"rule_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        rule_id text NOT NULL,
        member_id text,
        CONSTRAINT {table}_pkey PRIMARY KEY (rule_id)
    )
    """,
)


class Notices(View):
    """Every notice to an owner."""

    NAME = "notices"
    TABLES = (NOTICES, OWNERS)
    TAKES = frozenset({RuleCreated, RuleSuspended, OccurrenceSkipped, Notice.Requested, Notice.Settled})

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if isinstance(fact, Notice.Requested | Notice.Settled):
            yield NOTICES, (fact.notice_id,)
        elif not isinstance(fact, RuleCreated):
            yield OWNERS, (fact.rule_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        match fact:
            case RuleCreated():
                rows.put(OWNERS, OwnerRow(fact.rule_id, fact.member_id))
            case RuleSuspended():
                detail = {"cause": fact.cause, "product_id": fact.product_id}
                rows.put(NOTICES, _found(fact, position, rows, RULE_SUSPENDED, detail))
            case OccurrenceSkipped():
                detail = {"day": fact.day.isoformat(), "code": fact.code}
                rows.put(NOTICES, _found(fact, position, rows, OCCURRENCE_SKIPPED, detail))
            case Notice.Requested():
                row = rows.get(NOTICES, (fact.notice_id,))
                row.status, row.requested_at = REQUESTED, fact.recorded_at
            case Notice.Settled():
                row = rows.get(NOTICES, (fact.notice_id,))
                row.status = NOT_TOLD if fact.channel is None else TOLD
                row.settled_at, row.channel, row.code = fact.recorded_at, fact.channel, fact.code


def _found(fact: Any, position: int, rows: Rows, kind: str, detail: dict[str, Any]) -> NoticeRow:
    return NoticeRow(
        notice_id=notice_id(fact.rule_id, position),
        position=position,
        at=fact.recorded_at,
        account_id=ids.account_of(fact.rule_id),
        member_id=rows.get(OWNERS, (fact.rule_id,)).member_id,
        rule_id=fact.rule_id,
        kind=kind,
        detail=detail,
    )


async def to_tell(conn: AsyncConnection[Any], status: str, *, after: int = 0, limit: int) -> list[dict[str, Any]]:
    """Return notices in a state, oldest first, each with the name that its rule has in the view `anniversary_rules`.

    Args:
        after: position of the last one of the page before.
    """
    query = """
        SELECT n.*, r.name FROM view_notices n LEFT JOIN view_anniversary_rules r USING (rule_id)
        WHERE n.status = %s AND n.position > %s ORDER BY n.position LIMIT %s
    """
    return await fetch(conn, query, [status, after, limit])


async def page(
    conn: AsyncConnection[Any], account_id: str, member_id: str | None, *, cursor: str | None, limit: int | None
) -> Page:
    """Return one owner's notices, newest first; None = the master's own.

    Raises:
        Malformed: not a cursor of this list.

    Source: SPEC V7.
    """
    asked = {"list": "notices", "account_id": account_id, "member_id": member_id}
    where = place(asked, cursor, limit)
    query = """
        SELECT * FROM view_notices WHERE account_id = %s AND member_id IS NOT DISTINCT FROM %s AND position < %s
        ORDER BY position DESC LIMIT %s
    """
    found = await fetch(conn, query, [account_id, member_id, where.after, where.limit + 1])
    return paged(asked, where, [_body(row) for row in found], [row["position"] for row in found])


def _body(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["notice_id"],
        "account_id": row["account_id"],
        "member_id": row["member_id"],
        "kind": row["kind"],
        "rule_id": row["rule_id"],
        "detail": row["detail"],
        "at": rfc3339(row["at"]),
        "status": row["status"],
        "channel": row["channel"],
        "code": row["code"],
        "settled_at": None if row["settled_at"] is None else rfc3339(row["settled_at"]),
    }

"""The view `limits`: what may be used in a month and what was, by account, by sub-member, for cash-convertible goods.

Use is kept by month and never reset (SPEC R-004, R-014); which month is asked for decides what remains.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from aggregates.account.spend_facts import SpendReturned, Spent
from aggregates.dates import billing_month, business_date
from ledger.shapes import member_limit_json
from projections.paging import fetch
from projections.rows import Key, Rows, Table
from projections.view import View

CREDIT, CASH, MEMBER = "credit", "cash", "member"
"""Whose use a row counts: of the postpaid limit, of the limit of cash-convertible goods, of one sub-member."""


@dataclass(slots=True)
class LimitRow:
    """The limits of one account; None = it has none of that kind."""

    stream: UUID
    credit_limit_minor: int | None
    cash_limit_minor: int | None


@dataclass(slots=True)
class MemberRow:
    """A sub-member's monthly limit, as of `MemberLimitSet`.

    Attributes:
        spent_minor: all it ever spent, less what came back.
    """

    stream: UUID
    member_id: str
    limit_minor: int | None
    granted: bool
    unlimited: bool
    cash_convertible: bool
    spent_minor: int = 0


@dataclass(slots=True)
class UseRow:
    """How much one month has used of one limit.

    Attributes:
        kind: credit, cash or member.
        member_id: "" unless kind is member.
    """

    stream: UUID
    kind: str
    member_id: str
    month: str
    used_minor: int


LIMITS = Table(
    "view_limits",
    LimitRow,
    key={"stream": "uuid"},
    ddl="""
    CREATE TABLE {table} (
        stream uuid NOT NULL,
        credit_limit_minor bigint,
        cash_limit_minor bigint,
        CONSTRAINT {table}_pkey PRIMARY KEY (stream)
    ) WITH (fillfactor = 80)
    """,
)

MEMBERS = Table(
    "view_limits_members",
    MemberRow,
    key={"stream": "uuid", "member_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        stream uuid NOT NULL,
        member_id text NOT NULL,
        limit_minor bigint,
        granted boolean NOT NULL,
        unlimited boolean NOT NULL,
        cash_convertible boolean NOT NULL,
        spent_minor bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (stream, member_id)
    ) WITH (fillfactor = 80)
    """,
)

USES = Table(
    "view_limits_used",
    UseRow,
    key={"stream": "uuid", "kind": "text", "member_id": "text", "month": "text"},
    ddl="""
    CREATE TABLE {table} (
        stream uuid NOT NULL,
        kind text NOT NULL,
        member_id text NOT NULL,
        month text NOT NULL,
        used_minor bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (stream, kind, member_id, month)
    ) WITH (fillfactor = 80)
    """,
)


class Limits(View):
    """Limits and their use by month."""

    NAME = "limits"
    TABLES = (LIMITS, MEMBERS, USES)
    TAKES = frozenset(
        {
            Account.Opened,
            Account.CashLimitSet,
            Account.CreditLimitSet,
            Account.DifferenceRefunded,
            Account.HoldExpired,
            Account.MemberLimitSet,
            Account.ModeSwitched,
            Account.SpendReturned,
            Account.Spent,
        }
    )

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        stream = fact.originator_id
        match fact:
            case Account.Spent() | Account.SpendReturned():
                if fact.month_used_minor is not None:
                    yield USES, (stream, CREDIT, "", fact.month)
                if fact.cash_minor:
                    yield USES, (stream, CASH, "", fact.month)
                if fact.member_id is not None:
                    yield USES, (stream, MEMBER, fact.member_id, fact.month)
                    yield MEMBERS, (stream, fact.member_id)
            case Account.MemberLimitSet():
                yield MEMBERS, (stream, fact.member_id)
            case _:
                yield LIMITS, (stream,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        stream = fact.originator_id
        match fact:
            case Account.Spent():
                _use(fact, fact.amount_minor, fact.cash_minor, rows)
            case Account.SpendReturned():
                _use(fact, -fact.amount_minor, -fact.cash_minor, rows)
            case Account.Opened():
                rows.put(LIMITS, LimitRow(stream, fact.credit_limit_minor, None))
            case Account.CreditLimitSet():
                rows.get(LIMITS, (stream,)).credit_limit_minor = fact.amount_minor
            case Account.ModeSwitched():
                rows.get(LIMITS, (stream,)).credit_limit_minor = fact.credit_limit_minor
            case Account.CashLimitSet():
                rows.get(LIMITS, (stream,)).cash_limit_minor = fact.limit_minor
            case Account.MemberLimitSet():
                known = rows.find(MEMBERS, (stream, fact.member_id))
                rows.put(
                    MEMBERS,
                    MemberRow(
                        stream, fact.member_id, fact.limit_minor, fact.granted, fact.unlimited, fact.cash_convertible,
                        known.spent_minor if known else 0,
                    ),
                )  # fmt: skip


def _use(fact: Spent | SpendReturned, amount_minor: int, cash_minor: int, rows: Rows) -> None:
    """Note what a fact used of each limit, or gave back to it; a closed month keeps what it had (SPEC R-019)."""
    stream, month = fact.originator_id, fact.month
    if fact.month_used_minor is not None:
        rows.put(USES, UseRow(stream, CREDIT, "", month, fact.month_used_minor))
    if cash_minor:
        known = rows.find(USES, (stream, CASH, "", month))
        rows.put(USES, UseRow(stream, CASH, "", month, cash_minor + (known.used_minor if known else 0)))
    if fact.member_id is not None:
        rows.get(MEMBERS, (stream, fact.member_id)).spent_minor += amount_minor
        if fact.member_used_minor is not None:
            rows.put(USES, UseRow(stream, MEMBER, fact.member_id, month, fact.member_used_minor))


async def of(conn: AsyncConnection[Any], account_id: str, *, at: datetime) -> dict[str, Any]:
    """Return an account's limits in the KST month of `at`: {month, limit, used, remaining, members, cash}.

    A member has what `ledger.shapes.member_limit_json` says, and `spent`: all it ever spent, less what came back.
    Everything is None or empty for an account that the view does not know.
    """
    stream, month = ids.stream_id(account_id), billing_month(business_date(at))
    account = await fetch(
        conn, "SELECT credit_limit_minor, cash_limit_minor FROM view_limits WHERE stream = %s", [stream]
    )
    used = {
        (row["kind"], row["member_id"]): row["used_minor"]
        for row in await fetch(conn, "SELECT * FROM view_limits_used WHERE stream = %s AND month = %s", [stream, month])
    }
    members = await fetch(
        conn, 'SELECT * FROM view_limits_members WHERE stream = %s ORDER BY member_id COLLATE "C"', [stream]
    )
    credit_minor = account[0]["credit_limit_minor"] if account else None
    cash_minor = account[0]["cash_limit_minor"] if account else None
    return {
        "month": month,
        **_shown(credit_minor, used.get((CREDIT, ""), 0)),
        "members": [
            {
                **member_limit_json(
                    row["member_id"],
                    granted=row["granted"],
                    unlimited=row["unlimited"],
                    limit_minor=row["limit_minor"],
                    used_minor=used.get((MEMBER, row["member_id"]), 0),
                    cash_convertible=row["cash_convertible"],
                    month=month,
                ),
                "spent": row["spent_minor"],
            }
            for row in members
        ],
        "cash": None if cash_minor is None else _shown(cash_minor, used.get((CASH, ""), 0)),
    }


def _shown(limit_minor: int | None, used_minor: int) -> dict[str, Any]:
    if limit_minor is None:
        return {"limit": None, "used": None, "remaining": None}
    return {"limit": limit_minor, "used": used_minor, "remaining": max(0, limit_minor - used_minor)}

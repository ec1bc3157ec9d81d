"""The view `journal`: every fact that moved money as a balanced double entry, and the trial balance at any position.

The postings of a fact are those that were asserted before its commit (`aggregates.postings`); here they are stored, one
row a line. Sums by ledger account are kept for each stretch of `STRETCH` positions, so that a trial balance adds a few
sums and at most one stretch of lines, however long the history; and for each business date, for `trial_balance.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from aggregates.account import Account
from aggregates.dates import rfc3339
from aggregates.fact import FACTS
from aggregates.ids import stream_id
from aggregates.postings import RULES, postings_of
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View, business_date_of

STRETCH = 1024
"""Positions summed in one row for each ledger account."""


@dataclass(slots=True)
class LineRow:
    """One line of an entry.

    Attributes:
        position: of the fact; with `line` (from 1) the line's place.
        stream, version: of the customer's account.
        account: ledger account, e.g. "liability.prepaid".
        amount_minor: signed; > 0 is debit, < 0 is credit.
    """

    position: int
    line: int
    stream: UUID
    version: int
    topic: str
    occurred_at: datetime
    business_date: date
    account: str
    amount_minor: int
    currency: str


@dataclass(slots=True)
class SumRow:
    """Debits and credits of one ledger account over the positions stretch * STRETCH + 1 .. (stretch + 1) * STRETCH."""

    account: str
    currency: str
    stretch: int
    debit_minor: int
    credit_minor: int


@dataclass(slots=True)
class DayRow:
    """Debits and credits of one ledger account on one business date."""

    account: str
    currency: str
    business_date: date
    debit_minor: int
    credit_minor: int


@dataclass(slots=True)
class NameRow:
    """Public id of the account behind a stream."""

    stream: UUID
    account_id: str


LINES = Table(
    "view_journal",
    LineRow,
    key={},
    ddl="""
    CREATE TABLE {table} (
        position bigint NOT NULL,
        line integer NOT NULL,
        stream uuid NOT NULL,
        version bigint NOT NULL,
        topic text NOT NULL,
        occurred_at timestamptz NOT NULL,
        business_date date NOT NULL,
        account text NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (position, line)
    )
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account, position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_date ON {table} (business_date, position)",
    ),
)

SUMS = Table(
    "view_journal_sums",
    SumRow,
    key={"account": "text", "currency": "text", "stretch": "bigint"},
    ddl="""
    CREATE TABLE {table} (
        account text NOT NULL,
        currency text NOT NULL,
        stretch bigint NOT NULL,
        debit_minor bigint NOT NULL,
        credit_minor bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (account, currency, stretch)
    ) WITH (fillfactor = 80)
    """,
)

DAYS = Table(
    "view_journal_days",
    DayRow,
    key={"account": "text", "currency": "text", "business_date": "date"},
    ddl="""
    CREATE TABLE {table} (
        account text NOT NULL,
        currency text NOT NULL,
        business_date date NOT NULL,
        debit_minor bigint NOT NULL,
        credit_minor bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (account, currency, business_date)
    ) WITH (fillfactor = 80)
    """,
)

NAMES = Table(
    "view_journal_names",
    NameRow,
    key={"stream": "uuid"},
    ddl="""
    CREATE TABLE {table} (
        stream uuid NOT NULL,
        account_id text NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (stream)
    )
    """,
)


class Journal(View):
    """Every fact that moved money, as a double entry."""

    NAME = "journal"
    VERSION = 2
    TABLES = (LINES, SUMS, DAYS, NAMES)
    TAKES = frozenset(kind for topic, kind in FACTS.items() if topic.startswith("account.")) | RULES.keys()

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        day = business_date_of(fact)
        for posting in postings_of(fact):
            yield SUMS, (posting.account, posting.currency, stretch_of(position))
            yield DAYS, (posting.account, posting.currency, day)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, Account.Opened):
            rows.put(NAMES, NameRow(fact.originator_id, fact.account_id))
        day = business_date_of(fact)
        for line, posting in enumerate(postings_of(fact), start=1):
            rows.add(
                LINES,
                LineRow(
                    position, line, fact.originator_id, fact.originator_version, fact.TOPIC, fact.occurred_at,
                    day, posting.account, posting.amount_minor, posting.currency,
                ),
            )  # fmt: skip
            _add(rows, SUMS, (posting.account, posting.currency, stretch_of(position)), posting.amount_minor)
            _add(rows, DAYS, (posting.account, posting.currency, day), posting.amount_minor)


def _add(rows: Rows, table: Table, key: Key, amount_minor: int) -> None:
    """Add a signed amount to the sums under a key."""
    sums = rows.find(table, key)
    if sums is None:
        sums = table.row(*key, 0, 0)
        rows.put(table, sums)
    if amount_minor > 0:
        sums.debit_minor += amount_minor
    else:
        sums.credit_minor -= amount_minor


OF_STREAM = """(
    SELECT lines.* FROM ledger_events e JOIN view_journal lines ON lines.position = e.notification_id
    WHERE e.originator_id = %s
) AS lines"""
"""The lines of one stream, found by the store's own key, so that the journal needs no index for them."""


def stretch_of(position: int) -> int:
    """Return the number of the stretch that a position (from 1) lies in."""
    return (position - 1) // STRETCH


async def page(
    conn: AsyncConnection[Any],
    *,
    from_date: date | None = None,
    to_date: date | None = None,
    account: str | None = None,
    account_id: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of entries, newest first, each with all its lines.

    `from_date` and `to_date` are KST business dates, both included; with `account`, only entries with a line on that
    ledger account; with `account_id`, only entries of that customer's account.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {
        "list": "journal",
        "from": from_date.isoformat() if from_date else None,
        "to": to_date.isoformat() if to_date else None,
        "account": account,
        "account_id": account_id,
    }
    where = place(asked, cursor, limit)
    conditions, parameters = ["position < %s"], [where.after]
    for condition, value in (
        ("business_date >= %s", from_date),
        ("business_date <= %s", to_date),
        ("account = %s", account),
    ):
        if value is not None:
            conditions.append(condition)
            parameters.append(value)
    lines = "view_journal"
    if account_id is not None:
        lines = OF_STREAM
        parameters.insert(0, stream_id(account_id))
    query = f"""
        WITH entries AS (
            SELECT DISTINCT position FROM {lines} WHERE {" AND ".join(conditions)} ORDER BY position DESC LIMIT %s
        )
        SELECT j.*, n.account_id
        FROM entries e JOIN view_journal j USING (position) LEFT JOIN view_journal_names n ON n.stream = j.stream
        ORDER BY j.position DESC, j.line
    """
    entries: dict[int, dict[str, Any]] = {}
    for row in await fetch(conn, query, [*parameters, where.limit + 1]):
        entry = entries.get(row["position"])
        if entry is None:
            entry = entries[row["position"]] = {
                "position": row["position"],
                "occurred_at": rfc3339(row["occurred_at"]),
                "business_date": row["business_date"].isoformat(),
                "topic": row["topic"],
                "account_id": row["account_id"],
                "version": row["version"],
                "currency": row["currency"],
                "lines": [],
            }
        amount_minor = row["amount_minor"]
        entry["lines"].append(
            {"account": row["account"], "debit": max(0, amount_minor), "credit": max(0, -amount_minor)}
        )
    return paged(asked, where, list(entries.values()), list(entries))


async def trial_balance(conn: AsyncConnection[Any], *, position: int | None = None) -> dict[str, Any]:
    """Return debits and credits of every ledger account after the fact at `position` (None = all of the view).

    Returns:
        {position, accounts: [{account, currency, debit, credit, balance}],
        totals: [{currency, debit, credit, balance}]}; balance = debit - credit; its total is 0 for each currency.
    """
    reached = await fetch(
        conn, "SELECT notification_id FROM ledger_tracking WHERE application_name = 'view_journal'", []
    )
    newest = reached[0]["notification_id"] if reached else 0
    at = newest if position is None else min(position, newest)
    whole = at // STRETCH
    query = """
        SELECT account, currency, sum(debit) AS debit, sum(credit) AS credit
        FROM (
            SELECT account, currency, debit_minor AS debit, credit_minor AS credit
            FROM view_journal_sums WHERE stretch < %s
            UNION ALL
            SELECT account, currency, greatest(amount_minor, 0), greatest(-amount_minor, 0)
            FROM view_journal WHERE position > %s AND position <= %s
        ) AS parts
        GROUP BY account, currency ORDER BY currency, account COLLATE "C"
    """
    accounts = await fetch(conn, query, [whole, whole * STRETCH, at])
    totals: dict[str, dict[str, Any]] = {}
    for row in accounts:
        row["debit"], row["credit"] = int(row["debit"]), int(row["credit"])
        row["balance"] = row["debit"] - row["credit"]
        total = totals.setdefault(row["currency"], {"currency": row["currency"], "debit": 0, "credit": 0, "balance": 0})
        for figure in ("debit", "credit", "balance"):
            total[figure] += row[figure]
    return {"position": at, "accounts": accounts, "totals": list(totals.values())}

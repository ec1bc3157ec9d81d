"""The view `transactions`: every movement of an account's balances, with that balance after it, in position order.

Rows are only ever appended. An account's version stands in each row, so that a statement can be pinned to a version.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from struct import Struct
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from aggregates.dates import rfc3339
from aggregates.fact import Fact
from projections.bulk import Appended, Packer
from projections.movements import MOVING, READINGS, Book, Reading, movement
from projections.packing import EPOCH, days, jsonb, kst_days, microseconds, text, word
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import business_date_of


@dataclass(slots=True)
class TransactionRow:
    """One movement; fields as of `projections.movements.Movement`.

    Attributes:
        version: of the account, after this fact.
    """

    position: int
    stream: UUID
    version: int
    occurred_at: datetime
    business_date: date
    type: str
    amount_minor: int
    balance_minor: int
    currency: str
    reference: str | None
    detail: dict[str, Any]
    book: str


TRANSACTIONS = Table(
    "view_transactions",
    TransactionRow,
    key={},
    ddl="""
    CREATE TABLE {table} (
        position bigint NOT NULL,
        stream uuid NOT NULL,
        version bigint NOT NULL,
        occurred_at timestamptz NOT NULL,
        business_date date NOT NULL,
        type text NOT NULL,
        amount_minor bigint NOT NULL,
        balance_minor bigint NOT NULL,
        currency text NOT NULL,
        reference text,
        detail jsonb NOT NULL,
        book text NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (position)
    )
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (stream, position)",
        """
        CREATE INDEX IF NOT EXISTS {table}_by_date ON {table} (stream, business_date, position)
        INCLUDE (amount_minor, version, book)
        """,
        """
        CREATE INDEX IF NOT EXISTS {table}_beside ON {table} (stream, book, position) WHERE book <> 'prepaid'
        """,
    ),
    json=frozenset({"detail"}),
)


class Transactions(Appended):
    """Every movement of every account."""

    NAME = "transactions"
    VERSION = 2
    TABLES = (TRANSACTIONS,)
    TAKES = MOVING

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        return ()

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        moved = movement(fact)
        if moved is None:
            raise ValueError("a fact that moves money has no movement")
        rows.add(
            TRANSACTIONS,
            TransactionRow(
                position, fact.originator_id, fact.originator_version, fact.occurred_at, business_date_of(fact), *moved
            ),
        )

    def packers(self) -> dict[str, Packer]:
        """Return a packer for the topic of every fact that the view takes."""
        return {kind.TOPIC: _packer(kind, reading) for kind, reading in READINGS.items()}


def _packer(kind: type[Fact], reading: Reading) -> Packer:
    """Return what packs a fact's row as `Transactions.project` makes it, from the stored object."""
    is_dated = kind is Account.Imported
    values_of = reading.of_stored("occurred_at", *(("booked_on",) if is_dated else ()))
    occurred_at, sign, word_of_type = len(reading.names), reading.sign, reading.type.encode()
    length, book = len(word_of_type), word(reading.book)
    # One call for all values of fixed length: occurred_at, business_date, type, amount_minor, balance_minor.
    fixed = Struct(f"!iqiii{length}siqiq").pack

    def pack(stored: dict[str, Any]) -> bytes:
        values = values_of(stored)
        since = datetime.fromisoformat(values[occurred_at]) - EPOCH
        day = days(date.fromisoformat(values[-1])) if is_dated else kst_days(since)
        return (
            fixed(8, microseconds(since), 4, day, length, word_of_type, 8, sign * values[0], 8, values[1])
            + word(values[2])
            + text(reading.reference(values))
            + jsonb(orjson.dumps(reading.detail(values)))
            + book
        )

    return Packer(len(fields(kind)), pack)


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row in the shape of the HTTP face."""
    return {
        "position": row["position"],
        "occurred_at": rfc3339(row["occurred_at"]),
        "business_date": row["business_date"].isoformat(),
        "book": row["book"],
        "type": row["type"],
        "amount": row["amount_minor"],
        "balance": row["balance_minor"],
        "currency": row["currency"],
        "reference": row["reference"],
        "detail": row["detail"],
    }


async def page(
    conn: AsyncConnection[Any],
    account_id: str,
    *,
    book: Book | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of an account's transactions, newest position first.

    Args:
        book: of this balance alone; None = of all.

    Raises:
        Malformed: cursor or limit.
    """
    asked = {"list": "transactions", "account_id": account_id, **({} if book is None else {"book": book})}
    where = place(asked, cursor, limit)
    only = "" if book is None else "AND book = %s"
    query = (
        f"SELECT * FROM view_transactions WHERE stream = %s AND position < %s {only} ORDER BY position DESC LIMIT %s"
    )
    parameters = [ids.stream_id(account_id), where.after, *([] if book is None else [book]), where.limit + 1]
    found = await fetch(conn, query, parameters)
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])

"""The view `withdrawals`: collected money on its way to the payees' bank accounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from aggregates.collecting.withdrawal import Withdrawal, WithdrawalNotFound
from aggregates.dates import rfc3339
from ledger.commands.collecting.withdrawals import STATUS_AFTER, withdrawal_json
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class WithdrawalRow:
    """One withdrawal.

    Attributes:
        destination: vault token of number and holder.
        status: requested, paying, paid, failed, rejected or returned. code: why it failed, came back or was refused.
    """

    withdrawal_id: str
    position: int
    requested_at: datetime
    account_id: str
    amount_minor: int
    currency: str
    bank: str
    destination: str
    requested_by: str
    status: str
    approved_by: str | None = None
    code: str | None = None


WITHDRAWALS = Table(
    "view_withdrawals",
    WithdrawalRow,
    key={"withdrawal_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        withdrawal_id text NOT NULL,
        position bigint NOT NULL,
        requested_at timestamptz NOT NULL,
        account_id text NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        bank text NOT NULL,
        destination text NOT NULL,
        requested_by text NOT NULL,
        status text NOT NULL,
        approved_by text,
        code text,
        CONSTRAINT {table}_pkey PRIMARY KEY (withdrawal_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_by_account ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE INDEX IF NOT EXISTS {table}_paying ON {table} (position) WHERE status = 'paying'",
    ),
)


class Withdrawals(View):
    """Withdrawals of collected money."""

    NAME = "withdrawals"
    TABLES = (WITHDRAWALS,)
    TAKES = frozenset(STATUS_AFTER)

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if not isinstance(fact, Withdrawal.Requested):
            yield WITHDRAWALS, (fact.withdrawal_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, Withdrawal.Requested):
            row = WithdrawalRow(
                fact.withdrawal_id, position, fact.occurred_at, fact.account_id, fact.amount_minor, fact.currency,
                fact.bank, fact.destination, fact.requested_by, STATUS_AFTER[type(fact)],
            )  # fmt: skip
            rows.put(WITHDRAWALS, row)
            return
        row = rows.get(WITHDRAWALS, (fact.withdrawal_id,))
        row.status = STATUS_AFTER[type(fact)]
        match fact:
            case Withdrawal.Approved():
                row.approved_by = fact.approved_by
            case Withdrawal.Failed() | Withdrawal.Returned():
                row.code = fact.code
            case Withdrawal.Rejected():
                row.code = "rejected"


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a withdrawal in the shape of the HTTP face."""
    shape = withdrawal_json(
        row["withdrawal_id"],
        account_id=row["account_id"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        bank=row["bank"],
        status=row["status"],
        code=row["code"],
    )
    asked = {"requested_by": row["requested_by"], "approved_by": row["approved_by"]}
    return {**shape, **asked, "requested_at": rfc3339(row["requested_at"]), "position": row["position"]}


async def page(
    conn: AsyncConnection[Any],
    *,
    account_id: str | None,
    status: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of withdrawals, newest first; account_id None = of all accounts. Raises: Malformed."""
    asked = {"list": "withdrawals", "account_id": account_id, "status": status}
    where = place(asked, cursor, limit)
    query = """
        SELECT * FROM view_withdrawals
        WHERE (%(account)s::text IS NULL OR account_id = %(account)s)
        AND (%(status)s::text IS NULL OR status = %(status)s) AND position < %(after)s
        ORDER BY position DESC LIMIT %(limit)s
    """
    given = {"account": account_id, "status": status, "after": where.after, "limit": where.limit + 1}
    found = await fetch(conn, query, given)
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])


async def one(conn: AsyncConnection[Any], withdrawal_id: str) -> tuple[dict[str, Any], str]:
    """Return a withdrawal, and the vault token of where it goes. Raises: WithdrawalNotFound."""
    found = await fetch(conn, "SELECT * FROM view_withdrawals WHERE withdrawal_id = %s", [withdrawal_id])
    if not found:
        raise WithdrawalNotFound("there is no withdrawal with this id")
    return body(found[0]), found[0]["destination"]


async def paying(conn: AsyncConnection[Any], *, limit: int) -> list[dict[str, Any]]:
    """Return withdrawals that the bank has to be told or asked about, oldest first."""
    query = "SELECT * FROM view_withdrawals WHERE status = 'paying' ORDER BY position LIMIT %s"
    return await fetch(conn, query, [limit])

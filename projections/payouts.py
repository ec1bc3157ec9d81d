"""The view `payouts`: refund requests that were approved for the bank, and which attempt of each is under way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from aggregates.account import Account
from projections.paging import fetch
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class PayoutRow:
    """The pay-out of one refund request.

    Attributes:
        destination: vault token of bank account and holder. bank: code or name.
        status: idle: the bank has nothing to do; paying or payout_unknown: it has to be asked.
        started_position: of the fact that started the last attempt; None before the first.
    """

    refund_id: str
    destination: str
    bank: str
    payout_minor: int
    currency: str
    status: str = "idle"
    started_position: int | None = None


PAYOUTS = Table(
    "view_payouts",
    PayoutRow,
    key={"refund_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        refund_id text NOT NULL,
        destination text NOT NULL,
        bank text NOT NULL,
        payout_minor bigint NOT NULL,
        currency text NOT NULL,
        status text NOT NULL,
        started_position bigint,
        CONSTRAINT {table}_pkey PRIMARY KEY (refund_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_open ON {table} (started_position) WHERE status <> 'idle'",),
)

_ENDS = (
    Account.RefundCompleted, Account.RefundPayoutFailed, Account.RefundPayoutReturned, Account.RefundRejected,
    Account.RefundCancelled,
)  # fmt: skip


class Payouts(View):
    """Pay-outs of refund requests."""

    NAME = "payouts"
    TABLES = (PAYOUTS,)
    TAKES = frozenset(
        {
            *_ENDS, Account.RefundDestinationChanged, Account.RefundPayoutStarted, Account.RefundPayoutUnknown,
            Account.RefundRequested,
        }
    )  # fmt: skip

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if not isinstance(fact, Account.RefundRequested):
            yield PAYOUTS, (fact.refund_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, Account.RefundRequested):
            row = PayoutRow(fact.refund_id, fact.destination, fact.bank, fact.payout_minor, fact.currency)
            rows.put(PAYOUTS, row)
            return
        row = rows.get(PAYOUTS, (fact.refund_id,))
        match fact:
            case Account.RefundPayoutStarted():
                row.status, row.started_position = "paying", position
            case Account.RefundPayoutUnknown():
                row.status = "payout_unknown"
            case Account.RefundDestinationChanged():
                row.destination, row.bank = fact.destination, fact.bank
            case _:
                row.status = "idle"


async def under_way(conn: AsyncConnection[Any], *, limit: int) -> list[dict[str, Any]]:
    """Return pay-outs that the bank has to be told or asked about, oldest first."""
    query = "SELECT * FROM view_payouts WHERE status <> 'idle' ORDER BY started_position LIMIT %s"
    return await fetch(conn, query, [limit])


async def find(conn: AsyncConnection[Any], refund_id: str) -> dict[str, Any] | None:
    """Return the pay-out of a refund request; None = there is none."""
    found = await fetch(conn, "SELECT * FROM view_payouts WHERE refund_id = %s", [refund_id])
    return found[0] if found else None

"""How far each view is: its row of the library's tracking table, moved in the transaction that writes the view's rows.

The table and its meaning are those of the library's single-row tracking; the step is stricter: a batch may only follow
the position that the view stands at, so a fact fed twice, skipped, or out of order raises instead of being applied.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from psycopg import AsyncConnection, Connection

from aggregates.errors import Unavailable

VIEWS = (
    "accounts",
    "transactions",
    "limits",
    "charges",
    "spends",
    "refund_requests",
    "adjustments",
    "journal",
    "products",
    "quotes",
    "anniversary_rules",
    "notices",
    "payments",
    "payouts",
    "sender_profiles",
    "orders",
    "order_retention",
    "invoices",
    "documents",
    "periods",
    "reconciliation",
    "obligations",
    "withdrawals",
    "tellings",
    "payment_requests",
    "bills",
    "payout_links",
    "direct_debits",
    "payment_links",
    "buildings",
)
"""Names of all views."""

POLL_S = 0.01


class ViewBehind(Unavailable):
    """The view has not reached the position that the caller asked for, and did not in the time it was given."""

    code: ClassVar[str] = "view_behind"


class OutOfOrderError(Exception):
    """A batch does not begin at the position after the view's own: it was applied already, or facts are missing."""


def tracking_name(view: str, suffix: str = "") -> str:
    """Return the name under which a view's position is kept."""
    return f"view_{view}{suffix}"


def begin(connection: Connection[Any], name: str) -> None:
    """Give a view that has none the position 0: before the first fact."""
    connection.execute(
        "INSERT INTO ledger_tracking (application_name, notification_id) VALUES (%s, 0) ON CONFLICT DO NOTHING", [name]
    )


def advance(connection: Connection[Any], names: Sequence[str], first: int, last: int) -> None:
    """Move views' positions over a batch, in the transaction that writes the batch's rows; locked till the commit.

    Raises:
        OutOfOrderError: one of the views does not stand at `first` - 1.
    """
    moved = connection.execute(
        "UPDATE ledger_tracking SET notification_id = %s WHERE application_name = ANY(%s) AND notification_id = %s",
        [last, names, first - 1],
    )
    if moved.rowcount != len(names):
        raise OutOfOrderError(f"not all of {', '.join(names)} stand at position {first - 1}")


def standing(connection: Connection[Any], name: str, *, lock: bool = False) -> int | None:
    """Return a view's position; None for a view that does not exist."""
    query = "SELECT notification_id FROM ledger_tracking WHERE application_name = %s"
    row = connection.execute(query + " FOR UPDATE" if lock else query, [name]).fetchone()
    return None if row is None else row[0]


async def position(conn: AsyncConnection[Any], *views: str) -> int:
    """Return the lowest position that these views have reached; 0 where one does not exist yet."""
    cursor = await conn.execute(
        "SELECT count(*), min(notification_id) FROM ledger_tracking WHERE application_name = ANY(%s)",
        [[tracking_name(view) for view in views]],
    )
    row = await cursor.fetchone()
    return row[1] if row is not None and row[0] == len(set(views)) else 0


async def wait_for(conn: AsyncConnection[Any], *views: str, at_least: int | None = None, timeout_s: float = 2.0) -> int:
    """Return the lowest position that these views have reached, once it is `at_least` (None = whatever it is).

    Raises:
        ViewBehind: it was not reached within `timeout_s` seconds.
    """
    until = time.monotonic() + timeout_s
    reached = await position(conn, *views)
    while at_least is not None and reached < at_least:
        if time.monotonic() >= until:
            raise ViewBehind(
                f"the view has reached position {reached}; Ledger-Min-Position asks for {at_least}", position=reached
            )
        await asyncio.sleep(POLL_S)
        reached = await position(conn, *views)
    return reached

"""The view `order_retention`: from when on the law's years for the people of an order are counted (SPEC R-003).

An order is over when it was cancelled, or is dispatched with nothing held any more. Its last coupon can be used until
its validity ends: that day is known then, and nothing that comes later makes it later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from aggregates.order import Order
from projections.paging import fetch
from projections.rows import Key, Rows, Table
from projections.view import View, business_date_of


@dataclass(slots=True)
class OrderRetentionRow:
    """One order.

    Attributes:
        validity_days: longest of its items.
        dispatched: whether nobody is in progress any more.
        held_minor: for coupons that are neither issued nor given up.
        last_issued_on: KST day of its last coupon; None when it has none.
        finished_position: of the fact with which it was over; None before.
        final_on: KST day on which its last coupon is final at the latest; None before it is over.
    """

    order_id: str
    validity_days: int
    held_minor: int
    dispatched: bool = False
    last_issued_on: date | None = None
    finished_position: int | None = None
    final_on: date | None = None


ORDER_RETENTION = Table(
    "view_order_retention",
    OrderRetentionRow,
    key={"order_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        order_id text NOT NULL,
        validity_days integer NOT NULL,
        held_minor bigint NOT NULL,
        dispatched boolean NOT NULL,
        last_issued_on date,
        finished_position bigint,
        final_on date,
        CONSTRAINT {table}_pkey PRIMARY KEY (order_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=("CREATE UNIQUE INDEX IF NOT EXISTS {table}_finished ON {table} (finished_position)",),
)


class OrderRetention(View):
    """When orders are over."""

    NAME = "order_retention"
    TABLES = (ORDER_RETENTION,)
    TAKES = frozenset({Order.Placed, Order.Cancelled, Order.Dispatched, Order.IssueSettled, Order.RecipientsGivenUp})

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if not isinstance(fact, Order.Placed):
            yield ORDER_RETENTION, (fact.order_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, Order.Placed):
            longest = max(line.validity_days for line in fact.lines)
            rows.put(ORDER_RETENTION, OrderRetentionRow(fact.order_id, longest, fact.amount_minor))
            return
        row = rows.get(ORDER_RETENTION, (fact.order_id,))
        match fact:
            case Order.Cancelled():
                row.dispatched, row.held_minor = True, 0
            case Order.Dispatched():
                row.dispatched = True
            case Order.IssueSettled():
                row.held_minor = fact.money.held_minor
                if fact.issued:
                    row.last_issued_on = business_date_of(fact)
            case Order.RecipientsGivenUp():
                row.held_minor = fact.money.held_minor
        if row.finished_position is None and row.dispatched and not row.held_minor:
            row.finished_position = position
            lasts = timedelta(days=row.validity_days if row.last_issued_on else 0)
            row.final_on = (row.last_issued_on or business_date_of(fact)) + lasts


class FinishedOrder(NamedTuple):
    """An order that is over. `position`: of the fact with which it was. `final_on`: as in the view."""

    order_id: str
    position: int
    final_on: date


async def finished(conn: AsyncConnection[Any], *, after: int, limit: int) -> list[FinishedOrder]:
    """Return orders that are over, in the order in which they came to it.

    Args:
        after: position of the last one of the page before.
    """
    query = """
        SELECT order_id, finished_position AS position, final_on FROM view_order_retention
        WHERE finished_position > %s ORDER BY finished_position LIMIT %s
    """
    return [FinishedOrder(**row) for row in await fetch(conn, query, [after, limit])]

"""The list of orders as a file, with the columns of the list (SPEC 3.6)."""

from __future__ import annotations

import asyncio
from typing import Any

from aggregates.errors import Rejected
from api.access import filtered
from api.ask import Ask
from api.operation import operation
from api.order_bodies import OrdersDownloadQuery
from api.owners import OwnerQuery, account_of
from api.reply import Reply, position_header
from api.routes.order_recipients import XLSX
from api.routes.spends import spending_member
from ledger.sheets.writer import to_csv, to_xlsx
from projections import order_queries

ORDERS_MAX = 10_000
"""Most orders of one file."""

COLUMNS = (
    "ordered_at", "dispatch_at", "ordered_by", "name", "number", "kind", "amount", "confirmed_amount", "recipients",
    "coupons", "success", "progress", "failure", "error", "status",
)  # fmt: skip


class TooManyOrders(Rejected):
    """More orders than one file takes; dates narrow them down."""

    code = "too_many_orders"


@operation(
    "GET",
    "/v1/orders/download",
    scope="orders:read",
    rule=filtered,
    query=OrdersDownloadQuery,
    media_type="text/csv",
    raises=(TooManyOrders,),
)
async def download_orders(ask: Ask, query: OrdersDownloadQuery) -> Reply:
    """Download the list of orders as csv or xlsx, newest first, 10,000 at most, free of formulas."""
    account_id = query.account_id
    if ask.caller.account_id is not None or account_id is not None:
        account_id = await account_of(ask, OwnerQuery(account_id=account_id))
    wanted = order_queries.OrderFilter(
        account_id=account_id,
        member_id=spending_member(ask.caller, query.member_id),
        status=query.status,
        kind=query.kind,
        from_date=query.from_date,
        to_date=query.to_date,
    )
    async with ask.see("orders") as (conn, position):
        orders = await order_queries.first(conn, wanted, ORDERS_MAX + 1)
    if len(orders) > ORDERS_MAX:
        raise TooManyOrders(f"a file has at most {ORDERS_MAX:,} orders; narrow them down by dates", maximum=ORDERS_MAX)
    make, kind = (to_xlsx, XLSX) if query.form == "xlsx" else (to_csv, "text/csv; charset=utf-8")
    body = await asyncio.to_thread(make, COLUMNS, [_row(order) for order in orders])
    name = f"attachment; filename=orders.{query.form}".encode()
    return Reply(200, body, (position_header(position), (b"content-disposition", name)), kind.encode())


def _row(order: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of an order; the dash of the list (SPEC R-033) is an empty cell, which sheets can add up."""
    shown = {**order, **order["counts"]}
    return tuple("" if shown[column] is None else str(shown[column]) for column in COLUMNS)

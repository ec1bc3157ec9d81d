"""What happens to the recipients of an order: who they are, resends, choices, and coupons that are voided."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aggregates.account.standing import AccountIsClosed
from aggregates.order import choices, dispatch, messages, voids
from api import shapes
from api.access import filtered
from api.ask import Ask, page_reply
from api.bodies import EmptyBody, ReasonBody
from api.operation import ORDER_ITEMS_MAX, reads, writes
from api.order_bodies import (
    ChoiceBody,
    DownloadQuery,
    OrderRecipientsQuery,
    ResendBody,
    VoidBody,
    VoidsQuery,
)
from api.owners import reading_of
from api.refusals import rules
from api.reply import Reply, position_header
from api.routes.orders import OWN_ORDER, own_order, refuse_foreign
from ledger.commands.order_voids import ApproveVoid, RejectVoid, RequestVoid
from ledger.commands.order_work import ChooseItem, ResendMessages
from ledger.commands.orders import OrderNotFound
from ledger.sheets.writer import to_csv, to_xlsx
from projections import order_queries, order_work

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOT_STARTED = (OrderNotFound, dispatch.OrderNotStarted)
COLUMNS = (
    "recipient",
    "phone",
    "name",
    "company",
    "title",
    "dispatch",
    "channel",
    "resends",
    "product",
    "coupon",
    "state",
    "valid_until",
)


@reads(
    "/v1/orders/{order_id}/recipients",
    scope="orders:read",
    rule=OWN_ORDER,
    query=OrderRecipientsQuery,
    answer=shapes.list_of(shapes.OrderRecipient),
)
async def list_order_recipients(ask: Ask, order_id: str, query: OrderRecipientsQuery) -> Reply:
    """List an order's recipients in its order, each with its coupons; coupon numbers are masked for everybody here.

    People are in clear for keys of the account that ordered, masked for all others.
    """
    async with ask.see("orders") as (conn, position):
        order = await order_queries.row_of(conn, order_id)
        refuse_foreign(ask, order["member_id"])
        items, next_cursor = await order_queries.recipients_of(
            conn, order, dispatch=query.dispatch, cursor=query.cursor, limit=query.limit
        )
    return page_reply((await _named(ask, order, items, "list the recipients of an order"), next_cursor), position)


@reads(
    "/v1/orders/{order_id}/recipients/download",
    scope="orders:read",
    rule=OWN_ORDER,
    query=DownloadQuery,
    media_type="text/csv",
)
async def download_order_recipients(ask: Ask, order_id: str, query: DownloadQuery) -> Reply:
    """Download an order's recipients as csv or xlsx, one row for each coupon, free of formulas."""
    async with ask.see("orders") as (conn, position):
        order = await order_queries.row_of(conn, order_id)
        refuse_foreign(ask, order["member_id"])
        items = await order_queries.every_recipient(conn, order)
    rows = [_row(item, coupon) for item in await _named(ask, order, items, "download") for coupon in item["coupons"]]
    make, kind = (to_xlsx, XLSX) if query.form == "xlsx" else (to_csv, "text/csv; charset=utf-8")
    body = await asyncio.to_thread(make, COLUMNS, rows)
    name = f"attachment; filename={order['number']}.{query.form}".encode()
    return Reply(200, body, (position_header(position), (b"content-disposition", name)), kind.encode())


@writes(
    "/v1/orders/{order_id}/resend",
    scope="orders:write",
    rule=OWN_ORDER,
    body=ResendBody,
    answer=shapes.MessagesRequested,
    items_max=ORDER_ITEMS_MAX,
    raises=(
        *NOT_STARTED,
        messages.ResendNotPossible,
        messages.ResendLimitReached,
        choices.ChoiceWindowClosed,
    ),
)
async def resend_messages(ask: Ask, order_id: str, body: ResendBody) -> ResendMessages:
    """Send recipients their message again: at most three times each, all of those named or none."""
    await own_order(ask, order_id)
    return ResendMessages(order_id, tuple(body.recipients))


@writes(
    "/v1/orders/{order_id}/choices",
    scope="orders:choose",
    rule=OWN_ORDER,
    body=ChoiceBody,
    answer=shapes.ItemChosen,
    raises=(*NOT_STARTED, *rules(choices)),
)
async def choose_item(ask: Ask, order_id: str, body: ChoiceBody) -> ChooseItem:
    """Record the item that a recipient of a choice order picked on a page of the caller's own; the first one is final.

    The caller has checked who the recipient is, as the recipient's page does.
    """
    async with ask.see("orders") as (conn, _):
        off_sale = await order_work.off_sale_lines(conn, order_id)
    return ChooseItem(order_id, body.recipient, body.line, off_sale)


@writes(
    "/v1/orders/{order_id}/voids",
    scope="orders:write",
    rule=OWN_ORDER,
    body=VoidBody,
    answer=shapes.VoidRequested,
    status=201,
    raises=(*NOT_STARTED, voids.CouponNotVoidable, AccountIsClosed),
)
async def request_void(ask: Ask, order_id: str, body: VoidBody) -> RequestVoid:
    """Ask to take issued coupons out of use. An operator decides; money comes back when the issuer has confirmed."""
    await own_order(ask, order_id)
    return RequestVoid(order_id, tuple(body.coupons), body.reason)


@reads(
    "/v1/orders/{order_id}/voids",
    scope="orders:read",
    rule=OWN_ORDER,
    query=VoidsQuery,
    answer=shapes.list_of(shapes.ListedVoid),
)
async def list_voids(ask: Ask, order_id: str, query: VoidsQuery) -> Reply:
    """List an order's requests to void coupons, newest first."""
    async with ask.see("orders") as (conn, position):
        refuse_foreign(ask, (await order_queries.row_of(conn, order_id))["member_id"])
        page = await order_queries.voids_of(
            conn, order_id=order_id, status=query.status, cursor=query.cursor, limit=query.limit
        )
    return page_reply(page, position)


@reads(
    "/v1/voids",
    scope="orders:read",
    rule=filtered,
    query=VoidsQuery,
    answer=shapes.list_of(shapes.ListedVoid),
)
async def list_all_voids(ask: Ask, query: VoidsQuery) -> Reply:
    """List requests to void coupons, newest first: of all accounts, an operator's desk; a bound key sees its own."""
    async with ask.see("orders") as (conn, position):
        page = await order_queries.voids_of(
            conn,
            account_id=ask.caller.account_id,
            member_id=ask.caller.member_id,
            status=query.status,
            cursor=query.cursor,
            limit=query.limit,
        )
    return page_reply(page, position)


@writes(
    "/v1/orders/{order_id}/voids/{void}/approve",
    scope="voids:decide",
    rule=OWN_ORDER,
    body=EmptyBody,
    answer=shapes.VoidDecided,
    raises=(OrderNotFound, voids.VoidNotFound, voids.VoidAlreadyDecided, AccountIsClosed),
)
def approve_void(ask: Ask, order_id: str, void: str, body: EmptyBody) -> ApproveVoid:
    """Approve a request to void coupons; the issuer is asked next."""
    return ApproveVoid(order_id, _number(void))


@writes(
    "/v1/orders/{order_id}/voids/{void}/reject",
    scope="voids:decide",
    rule=OWN_ORDER,
    body=ReasonBody,
    answer=shapes.VoidDecided,
    raises=(OrderNotFound, voids.VoidNotFound, voids.VoidAlreadyDecided),
)
def reject_void(ask: Ask, order_id: str, void: str, body: ReasonBody) -> RejectVoid:
    """Turn a request to void coupons down; they stay in use."""
    return RejectVoid(order_id, _number(void), body.reason)


def _number(void: str) -> int:
    """Read the number of a void off the path. Raises: VoidNotFound."""
    if not (void.isascii() and void.isdigit() and len(void) <= 9):
        raise voids.VoidNotFound("the order has no such void")
    return int(void)


async def _named(
    ask: Ask, order: dict[str, Any], items: Sequence[dict[str, Any]], purpose: str
) -> list[dict[str, Any]]:
    """Put people into the place of their tokens, and masked numbers beside their coupons."""
    tokens = [item["token"] for item in items]
    if not tokens:
        return []
    vault = ask.house.vault
    shown = await vault.people.masked(tokens)
    reading = reading_of(ask, purpose)
    if reading is not None:
        shown |= await vault.people.get(tokens, reading)
    numbers = await vault.coupons.masked(tokens)
    each = order["coupons_each"]
    return [
        {
            "recipient": item["recipient"],
            "phone": person.phone,
            "name": person.name,
            "company": person.company,
            "title": person.title,
            **{
                name: item[name]
                for name in (
                    "dispatch",
                    "channel",
                    "resends",
                    "resends_max",
                    "chosen",
                    "chosen_by",
                    "choose_until",
                    "given_up",
                )
            },
            "coupons": [
                {**coupon, "number": numbers.get(item["token"], {}).get(coupon["coupon"] % each)}
                for coupon in item["coupons"]
            ],
        }
        for item in items
        for person in [shown[item["token"]]]
    ]


def _row(item: dict[str, Any], coupon: dict[str, Any]) -> tuple[str, ...]:
    person = [item[name] for name in ("recipient", "phone", "name", "company", "title", "dispatch", "channel")]
    own = [item["resends"], coupon["name"], coupon["number"], coupon["state"], coupon["valid_until"]]
    return tuple("" if value is None else str(value) for value in (*person, *own))

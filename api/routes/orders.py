"""Orders: placed, listed, looked at, cancelled; what one would cost; which may be stated; and the main page."""

from __future__ import annotations

from typing import Any

from aggregates import product as product_rules
from aggregates import sender_profile as sender_rules
from aggregates.account import funds, limits, spends, standing
from aggregates.account.billing import overdue
from aggregates.dates import KST, billing_month, business_date
from aggregates.errors import LedgerError
from aggregates.fact import Stamp
from aggregates.order import dispatch, form
from aggregates.order.form import OrderCurrencyUnsupported, check_lines
from aggregates.order.parts import OrderLine
from aggregates.order.pricing import discount_percent, price_order
from aggregates.product import ProductDiscontinued, ValidityNotOffered
from aggregates.sender_profile import senders_id
from api import recipients as recipient_rules
from api import shapes
from api.access import filtered, own_account, own_child
from api.ask import Ask, page_reply
from api.bodies import OptionalReasonBody
from api.catalogue_bodies import CartLine, wishes
from api.operation import ORDER_BYTES_MAX, ORDER_ITEMS_MAX, operation, reads, writes
from api.order_bodies import OrderBody, OrderPreviewBody, OrdersQuery, StatementCheckBody
from api.owners import OwnerQuery, account_of
from api.recipients import settle_recipients, take_recipients
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from api.routes.spends import spending_member
from ledger.commands.order_forms import OrderFromCatalogue
from ledger.commands.orders import CancelOrder, OrderNotFound, PlaceOrder
from projections import limits as limits_view
from projections import order_queries, products

OWN_ORDER = own_child("order_id", "ord")
TRY = ("preview", "")
"""Actor and request of a decision that is thrown away."""

ITEMS = (product_rules.ProductNotFound, ProductDiscontinued, ValidityNotOffered)


@operation(
    "POST",
    "/v1/orders",
    scope="orders:write",
    rule=filtered,
    body=OrderBody,
    answer=shapes.Order,
    status=201,
    raises=(
        *rules(form, funds, limits, overdue, standing, spends),
        *ITEMS,
        sender_rules.SenderProfileNotFound,
        sender_rules.SenderProfileNotUsable,
        *recipient_rules.RULES,
    ),
    body_bytes_max=ORDER_BYTES_MAX,
    items_max=ORDER_ITEMS_MAX,
)
async def place_order(ask: Ask, body: OrderBody) -> Reply:
    """Order coupons: price, money, limits, number and recipients in one decision; at once or at a set time.

    Prices are those of the moment of the decision. People may be typed, contacts, groups and an upload, in any mix.
    """
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    member_id = spending_member(ask.caller, body.member_id)
    await ask.house.engine.freshen(senders_id(account_id), *(line.product_id for line in body.lines))
    party = await take_recipients(ask, account_id, member_id, body.recipients, body.texts)
    order = PlaceOrder(
        account_id=account_id,
        member_id=member_id,
        name=body.name if body.name is not None else f"{ask.now().astimezone(KST):%Y%m%d%H%M} 주문건",
        kind=body.kind,
        lines=(),
        dispatch_title=body.dispatch_title,
        recipients=party.tokens,
        consent=body.consent,
        designated=body.designated,
        scheduled_at=body.scheduled_at,
        duplicates=party.duplicates,
        allow_duplicates=body.allow_duplicates,
        sender_profile_id=body.sender_profile_id,
        template_id=body.template_id,
        theme_id=body.theme_id,
        texts_token=party.texts,
    )
    outcome = await ask.house.engine.submit(OrderFromCatalogue(order, wishes(body.lines)), ask.call())
    await settle_recipients(ask, outcome)
    return of_outcome(outcome)


@operation(
    "POST",
    "/v1/orders/preview",
    scope="orders:write",
    rule=filtered,
    body=OrderPreviewBody,
    answer=shapes.OrderPreview,
    raises=(*ITEMS, form.LinesOutOfRange, form.QuantityOutOfRange, OrderCurrencyUnsupported),
    keyed=None,
)
async def preview_order(ask: Ask, body: OrderPreviewBody) -> Reply:
    """Say what an order would cost now, and whether money and limits allow it; nothing is recorded."""
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    member_id = spending_member(ask.caller, body.member_id)
    account, position = await ask.account(account_id)
    if account.currency != "KRW":
        raise OrderCurrencyUnsupported("orders are in KRW; the account is in another currency")
    async with ask.see("products") as (conn, _):
        lines = tuple([_line(line, await products.one(conn, line.product_id)) for line in body.lines])
    check_lines(body.kind, lines)
    price = price_order(body.kind, lines, body.recipients)
    refused: LedgerError | None = None
    try:
        # The account is a copy, so this is the order's own decision about its money, and nothing stays of it.
        account.spend(
            Stamp(ask.now(), ask.now(), *TRY),
            amount_minor=price.amount_minor,
            reference=None,
            member_id=member_id,
            capture=False,
            expires_at=spends.NEVER,
            cash_minor=price.cash_minor,
        )
    except LedgerError as error:
        refused = error
    preview = {
        "account_id": account_id,
        "member_id": member_id,
        "kind": body.kind,
        "lines": [_priced(line) for line in lines],
        "recipients": body.recipients,
        "coupons": price.coupons,
        "currency": account.currency,
        "list_amount": price.list_minor,
        "discount": price.discount_minor,
        "amount": price.amount_minor,
        "unit_amount": price.unit_minor,
        "cash_amount": price.cash_minor,
        "orderable": refused is None,
        "code": None if refused is None else refused.code,
        "detail": None if refused is None else str(refused),
    }
    return of_view(preview, position)


@reads(
    "/v1/orders",
    scope="orders:read",
    rule=filtered,
    query=OrdersQuery,
    answer=shapes.list_of(shapes.ListedOrder),
)
async def list_orders(ask: Ask, query: OrdersQuery) -> Reply:
    """List orders, newest first: an account's own and its sub-members', a sub's key its own, others those of all.

    The confirmed amount of general orders is null here (shown as a dash); the order itself has it.
    """
    account_id = query.account_id
    if ask.caller.account_id is not None or account_id is not None:
        account_id = await account_of(ask, OwnerQuery(account_id=account_id))
    wanted = order_queries.OrderFilter(
        account_id=account_id,
        member_id=spending_member(ask.caller, query.member_id),
        status=query.status,
        kind=query.kind,
        number=query.number,
        from_date=query.from_date,
        to_date=query.to_date,
    )
    async with ask.see("orders") as (conn, position):
        page = await order_queries.page(conn, wanted, cursor=query.cursor, limit=query.limit)
    return page_reply(page, position)


@reads("/v1/orders/{order_id}", scope="orders:read", rule=OWN_ORDER, answer=shapes.OrderDetail)
async def get_order(ask: Ask, order_id: str) -> Reply:
    """Read one order: its steps, its money, its items, its counters. A sub's key sees its own."""
    async with ask.see("orders") as (conn, position):
        found = await order_queries.one(conn, order_id)
    refuse_foreign(ask, found["member_id"])
    return of_view(found, position)


@writes(
    "/v1/orders/{order_id}/cancel",
    scope="orders:write",
    rule=OWN_ORDER,
    body=OptionalReasonBody,
    answer=shapes.OrderCancelled,
    raises=(OrderNotFound, dispatch.OrderNotScheduled, standing.AccountIsClosed),
)
async def cancel_order(ask: Ask, order_id: str, body: OptionalReasonBody) -> CancelOrder:
    """Cancel a scheduled order: all of its money goes back at once, without a fee."""
    await own_order(ask, order_id)
    return CancelOrder(order_id, body.reason)


@operation(
    "POST",
    "/v1/orders/statement-check",
    scope="orders:read",
    rule=filtered,
    body=StatementCheckBody,
    answer=shapes.StatementCheck,
    raises=(OrderNotFound,),
    keyed=None,
)
async def check_statement(ask: Ask, body: StatementCheckBody) -> Reply:
    """Say whether orders can be stated together: only those in sending and dispatched can; the others are named."""
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    async with ask.see("orders") as (conn, position):
        found = await order_queries.standing_of(conn, account_id, body.order_ids, ask.caller.member_id)
    if body.order_ids is not None and len(found) < len(set(body.order_ids)):
        raise OrderNotFound("one of these orders is not there")
    eligible = [order for order in found if order["status"] in ("sending", "dispatched")]
    refused = [
        {"id": order["id"], "number": order["number"], "status": order["status"]}
        for order in found
        if order["status"] in ("scheduled", "cancelled")
    ]
    check = {
        "eligible": bool(eligible) and not refused,
        "orders": len(found),
        "amount": sum(order["amount"] for order in eligible),
        "refused": refused,
    }
    return of_view(check, position)


@reads("/v1/accounts/{account_id}/main-page", scope="orders:read", rule=own_account, answer=shapes.MainPage)
async def get_main_page(ask: Ask, account_id: str) -> Reply:
    """Read what the first page shows: available money, limit, orders by state, the latest orders.

    A sub-member sees its own orders and its own limit, and not what its master has.
    """
    account, position = await ask.account(account_id)
    member_id = ask.caller.member_id
    now = ask.now()
    figures = account.figures(now)
    async with ask.see("orders", "limits", "anniversary_rules") as (conn, seen):
        limit = await limits_view.of(conn, account_id, at=now)
        wanted = order_queries.OrderFilter(account_id=account_id, member_id=member_id)
        recent = await order_queries.page(conn, wanted, limit=order_queries.RECENT)
        counted = await order_queries.tallies(conn, account_id, member_id)
        running = await order_queries.rules_running(conn, account_id, member_id)
    if member_id is not None:
        none_granted = {"limit": None, "used": 0, "remaining": 0}
        limit = next((each for each in limit["members"] if each["member_id"] == member_id), none_granted)
    shown: dict[str, Any] = {
        "account_id": account_id,
        "member_id": member_id,
        "mode": figures.mode,
        "currency": figures.currency,
        "month": billing_month(business_date(now)),
        "available": figures.available_minor,
        "limit": {name: limit[name] for name in ("limit", "used", "remaining")},
        "orders": counted,
        "anniversary_rules": running,
        "recent_orders": recent.items,
    }
    return of_view(shown, min(position, seen))


def refuse_foreign(ask: Ask, member_id: str | None) -> None:
    """Refuse a sub's key what is not its own. Raises: OrderNotFound."""
    if ask.caller.member_id not in (None, member_id):
        raise OrderNotFound("there is no order with this id")


async def own_order(ask: Ask, order_id: str) -> None:
    """Refuse a sub's key an order that is not its own: its master and services may act on all of the account.

    Raises:
        OrderNotFound. Unavailable.
    """
    if ask.caller.member_id is None:
        return
    async with ask.see("orders") as (conn, _):
        found = await order_queries.row_of(conn, order_id)
    refuse_foreign(ask, found["member_id"])


def _line(wished: CartLine, product: dict[str, Any]) -> OrderLine:
    """Return an item as it is sold now. Raises: ProductDiscontinued, ValidityNotOffered."""
    if not product["on_sale"]:
        raise ProductDiscontinued("the product is not sold any more; choose another one")
    offered = {option["validity_days"]: option["sale_price"] for option in product["options"]}
    if wished.validity_days not in offered:
        raise ValidityNotOffered("the product is not offered with this validity")
    return OrderLine(
        product_id=product["id"],
        sku=product["sku"],
        name=product["name"],
        brand=product["brand"],
        list_minor=product["list_price"],
        sale_minor=offered[wished.validity_days],
        validity_days=wished.validity_days,
        quantity=wished.quantity,
        cash_convertible=product["cash_convertible"],
        duplicate_restricted=product["duplicate_restricted"],
        night_schedule_blocked=product["night_schedule_blocked"],
    )


def _priced(line: OrderLine) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "brand": line.brand,
        "name": line.name,
        "validity_days": line.validity_days,
        "quantity": line.quantity,
        "list_price": line.list_minor,
        "sale_price": line.sale_minor,
        "discount_percent": discount_percent(line.list_minor, line.sale_minor),
    }

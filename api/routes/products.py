"""The catalogue: an operator keeps it, everybody with a key may read it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aggregates import product as product_rules
from api import shapes
from api.access import shared
from api.ask import Ask, page_reply
from api.bodies import ReasonBody
from api.catalogue_bodies import ProductBody, ProductChangeBody, prices
from api.fields import PageQuery
from api.operation import reads, writes
from api.refusals import rules
from api.reply import Reply, of_view
from ledger.commands.products import ChangeProduct, DiscontinueProduct, ListProduct, RelistProduct
from projections import products as products_view

ONE = shared("product_id", "prd")
RULES = rules(product_rules)


class ProductsQuery(PageQuery):
    """Which products."""

    search: Annotated[str | None, Field(min_length=1, max_length=100, description="Part of brand or name.")] = None
    category: Annotated[str | None, Field(pattern=r"^[a-z0-9_]{1,32}$")] = None
    on_sale: Literal["true", "false"] | None = None


@writes("/v1/products", scope="products:write", rule=shared(), body=ProductBody, answer=shapes.Product, status=201,
        raises=RULES)  # fmt: skip
def add_product(ask: Ask, body: ProductBody) -> ListProduct:
    """Take a product into the catalogue."""
    return ListProduct(
        sku=body.sku,
        brand=body.brand,
        name=body.name,
        category=body.category,
        currency=body.currency,
        list_minor=body.list_price,
        sale_minor=prices(body.options) or {},
        cash_convertible=body.cash_convertible,
        duplicate_restricted=body.duplicate_restricted,
        night_schedule_blocked=body.night_schedule_blocked,
    )


@reads(
    "/v1/products",
    scope="products:read",
    rule=shared(),
    query=ProductsQuery,
    answer=shapes.list_of(shapes.Product),
)
async def list_products(ask: Ask, query: ProductsQuery) -> Reply:
    """List the catalogue, newest first."""
    async with ask.see("products") as (conn, position):
        page = await products_view.page(
            conn,
            search=query.search,
            category=query.category,
            on_sale=None if query.on_sale is None else query.on_sale == "true",
            cursor=query.cursor,
            limit=query.limit,
        )
    return page_reply(page, position)


@reads("/v1/products/{product_id}", scope="products:read", rule=ONE, answer=shapes.Product)
async def get_product(ask: Ask, product_id: str) -> Reply:
    """Read one product."""
    async with ask.see("products") as (conn, position):
        found = await products_view.one(conn, product_id)
    return of_view(found, position)


@writes(
    "/v1/products/{product_id}/change",
    scope="products:write",
    rule=ONE,
    body=ProductChangeBody,
    answer=shapes.Product,
    raises=RULES,
)
async def change_product(ask: Ask, product_id: str, body: ProductChangeBody) -> ChangeProduct:
    """Change names, prices or flags of a product; anniversary rules with a changed price are suspended."""
    await ask.house.engine.freshen(product_id)
    return ChangeProduct(
        product_id,
        brand=body.brand,
        name=body.name,
        category=body.category,
        list_minor=body.list_price,
        sale_minor=prices(body.options),
        cash_convertible=body.cash_convertible,
        duplicate_restricted=body.duplicate_restricted,
        night_schedule_blocked=body.night_schedule_blocked,
    )


@writes(
    "/v1/products/{product_id}/discontinue",
    scope="products:write",
    rule=ONE,
    body=ReasonBody,
    answer=shapes.Product,
    raises=RULES,
)
async def discontinue_product(ask: Ask, product_id: str, body: ReasonBody) -> DiscontinueProduct:
    """End the sale of a product."""
    await ask.house.engine.freshen(product_id)
    return DiscontinueProduct(product_id, body.reason)


@writes(
    "/v1/products/{product_id}/relist",
    scope="products:write",
    rule=ONE,
    body=ReasonBody,
    answer=shapes.Product,
    raises=RULES,
)
async def relist_product(ask: Ask, product_id: str, body: ReasonBody) -> RelistProduct:
    """Sell a product again."""
    await ask.house.engine.freshen(product_id)
    return RelistProduct(product_id, body.reason)

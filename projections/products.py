"""The view `products`: the catalogue as it is, and how far the issuer's feed was taken (SPEC 2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from aggregates.catalogue_feed import CatalogueFeed, FeedChangeTaken
from aggregates.errors import Malformed
from aggregates.order.pricing import discount_percent
from aggregates.product import Product, ProductNotFound
from ledger.commands.products import SHEET_FACTS
from projections.paging import Page, fetch, paged, place
from projections.rows import Key, Rows, Table
from projections.view import View

FEED = "issuer"
SEARCH_MAX = 100


@dataclass(slots=True)
class ProductRow:
    """One product.

    Attributes:
        position: of its listing. version: of its stream.
        search: brand and name, folded, for finding.
        prices: [{validity_days, sale_minor, terms_version}], shortest validity first.
    """

    product_id: str
    position: int
    version: int
    search: str
    sku: str
    brand: str
    name: str
    category: str
    currency: str
    list_minor: int
    prices: list[dict[str, int]]
    cash_convertible: bool
    duplicate_restricted: bool
    night_schedule_blocked: bool
    on_sale: bool


@dataclass(slots=True)
class FeedRow:
    """How far a feed was taken. last: number of the last change."""

    feed: str
    last: int


PRODUCTS = Table(
    "view_products",
    ProductRow,
    key={"product_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        product_id text NOT NULL,
        position bigint NOT NULL,
        version bigint NOT NULL,
        search text NOT NULL,
        sku text NOT NULL,
        brand text NOT NULL,
        name text NOT NULL,
        category text NOT NULL,
        currency text NOT NULL,
        list_minor bigint NOT NULL,
        prices jsonb NOT NULL,
        cash_convertible boolean NOT NULL,
        duplicate_restricted boolean NOT NULL,
        night_schedule_blocked boolean NOT NULL,
        on_sale boolean NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (product_id)
    )
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (position)",
        "CREATE INDEX IF NOT EXISTS {table}_by_category ON {table} (category, position)",
    ),
    json=frozenset({"prices"}),
)
FEEDS = Table(
    "view_catalogue_feeds",
    FeedRow,
    key={"feed": "text"},
    ddl="""
    CREATE TABLE {table} (
        feed text NOT NULL,
        last bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (feed)
    )
    """,
)


class Products(View):
    """Every product, on sale or not."""

    NAME = "products"
    TABLES = (PRODUCTS, FEEDS)
    TAKES = frozenset({*SHEET_FACTS, FeedChangeTaken})

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if isinstance(fact, CatalogueFeed.ChangeTaken):
            yield FEEDS, (FEED,)
        elif not isinstance(fact, Product.Listed):
            yield PRODUCTS, (fact.product_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, CatalogueFeed.ChangeTaken):
            rows.put(FEEDS, FeedRow(FEED, fact.number))
            return
        listed_at = position if isinstance(fact, Product.Listed) else rows.get(PRODUCTS, (fact.product_id,)).position
        rows.put(PRODUCTS, _row(fact, listed_at))


def _row(fact: Any, listed_at: int) -> ProductRow:
    sheet = fact.sheet
    return ProductRow(
        product_id=fact.product_id,
        position=listed_at,
        version=fact.originator_version,
        search=f"{sheet.brand}\n{sheet.name}".casefold(),
        sku=sheet.sku,
        brand=sheet.brand,
        name=sheet.name,
        category=sheet.category,
        currency=sheet.currency,
        list_minor=sheet.list_minor,
        prices=[
            {
                "validity_days": each.validity_days,
                "sale_minor": each.sale_minor,
                "terms_version": each.terms_version,
            }
            for each in sheet.prices
        ],
        cash_convertible=sheet.cash_convertible,
        duplicate_restricted=sheet.duplicate_restricted,
        night_schedule_blocked=sheet.night_schedule_blocked,
        on_sale=sheet.on_sale,
    )


def body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a product in the shape of the HTTP face."""
    return {
        "id": row["product_id"],
        "sku": row["sku"],
        "brand": row["brand"],
        "name": row["name"],
        "category": row["category"],
        "currency": row["currency"],
        "list_price": row["list_minor"],
        "options": [
            {
                "validity_days": each["validity_days"],
                "sale_price": each["sale_minor"],
                "discount_percent": discount_percent(row["list_minor"], each["sale_minor"]),
            }
            for each in row["prices"]
        ],
        "cash_convertible": row["cash_convertible"],
        "duplicate_restricted": row["duplicate_restricted"],
        "night_schedule_blocked": row["night_schedule_blocked"],
        "on_sale": row["on_sale"],
    }


async def page(
    conn: AsyncConnection[Any],
    *,
    search: str | None = None,
    category: str | None = None,
    on_sale: bool | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page:
    """Return a page of the catalogue, newest first.

    Args:
        search: part of brand or name, in any case.

    Raises:
        Malformed: cursor, limit, or a search that is too long.
    """
    if search is not None and len(search) > SEARCH_MAX:
        raise Malformed(f"search may have at most {SEARCH_MAX} characters", field="search")
    asked = {"list": "products", "search": search, "category": category, "on_sale": on_sale}
    where = place(asked, cursor, limit)
    conditions, parameters = ["position < %s"], [where.after]
    for condition, value in (
        ("strpos(search, %s) > 0", search.casefold() if search is not None else None),
        ("category = %s", category),
        ("on_sale = %s", on_sale),
    ):
        if value is not None:
            conditions.append(condition)
            parameters.append(value)
    query = f"SELECT * FROM view_products WHERE {' AND '.join(conditions)} ORDER BY position DESC LIMIT %s"
    found = await fetch(conn, query, [*parameters, where.limit + 1])
    return paged(asked, where, [body(row) for row in found], [row["position"] for row in found])


async def one(conn: AsyncConnection[Any], product_id: str) -> dict[str, Any]:
    """Return one product. Raises: ProductNotFound."""
    found = await fetch(conn, "SELECT * FROM view_products WHERE product_id = %s", [product_id])
    if not found:
        raise ProductNotFound("there is no product with this id")
    return body(found[0])


async def feed_taken(conn: AsyncConnection[Any]) -> int:
    """Return the number of the last change of the issuer's feed that was taken; 0 before the first."""
    found = await fetch(conn, "SELECT last FROM view_catalogue_feeds WHERE feed = %s", [FEED])
    return int(found[0]["last"]) if found else 0

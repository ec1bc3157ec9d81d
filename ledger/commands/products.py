"""Commands about the catalogue: an operator's, and what the issuer's feed says (SPEC 2, 13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from aggregates.catalogue_feed import FEED_ID, CatalogueFeed, FeedChangeTaken
from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from aggregates.order.parts import OrderLine
from aggregates.order.pricing import discount_percent
from aggregates.product import (
    InvalidPrice,
    Product,
    ProductChanged,
    ProductEnded,
    ProductListed,
    ProductNotFound,
    ProductRelisted,
    ProductSheet,
)
from ledger.command import Answer, Streams, answer

SHEET_FACTS = (ProductListed, ProductChanged, ProductEnded, ProductRelisted)
"""Facts that carry the whole product as it is after them."""


class Wish(NamedTuple):
    """An item that somebody wants, before its price is known.

    Attributes:
        product_id: public id of the product.
        validity_days: 30, 60 or 90.
        quantity: of it for each recipient.
    """

    product_id: str
    validity_days: int
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class ListProduct:
    """Take a product into the catalogue.

    Attributes:
        sale_minor: validity in days -> sale price.
        duplicate_restricted, night_schedule_blocked: None = as its kind of goods asks for (SPEC R-026).
    """

    ANSWER: ClassVar[str] = "product/1"

    sku: str
    brand: str
    name: str
    category: str
    currency: str
    list_minor: int
    sale_minor: Mapping[int, int]
    cash_convertible: bool = False
    duplicate_restricted: bool | None = None
    night_schedule_blocked: bool | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Product.Listed`. Raises: as of `Product.list_new`."""
        product_id, product = streams.named(Product, "prd", self.sku)
        product.list_new(
            stamp,
            product_id=product_id,
            sku=self.sku,
            brand=self.brand,
            name=self.name,
            category=self.category,
            currency=self.currency,
            list_minor=self.list_minor,
            sale_minor=self.sale_minor,
            cash_convertible=self.cash_convertible,
            duplicate_restricted=self.duplicate_restricted,
            night_schedule_blocked=self.night_schedule_blocked,
        )


@dataclass(frozen=True, slots=True)
class ChangeProduct:
    """Change what is not None of a product."""

    ANSWER: ClassVar[str] = "product/1"

    product_id: str
    brand: str | None = None
    name: str | None = None
    category: str | None = None
    list_minor: int | None = None
    sale_minor: Mapping[int, int] | None = None
    cash_convertible: bool | None = None
    duplicate_restricted: bool | None = None
    night_schedule_blocked: bool | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Product.Changed`. Raises: as of `Product.change`."""
        known_product(streams, self.product_id).change(
            stamp,
            sale_minor=self.sale_minor,
            brand=self.brand,
            name=self.name,
            category=self.category,
            list_minor=self.list_minor,
            cash_convertible=self.cash_convertible,
            duplicate_restricted=self.duplicate_restricted,
            night_schedule_blocked=self.night_schedule_blocked,
        )


@dataclass(frozen=True, slots=True)
class DiscontinueProduct:
    """End the sale of a product."""

    ANSWER: ClassVar[str] = "product/1"

    product_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Product.Discontinued`. Raises: as of `Product.discontinue`."""
        known_product(streams, self.product_id).discontinue(stamp, reason=self.reason)


@dataclass(frozen=True, slots=True)
class RelistProduct:
    """Sell a product again."""

    ANSWER: ClassVar[str] = "product/1"

    product_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Product.Relisted`. Raises: as of `Product.relist`."""
        known_product(streams, self.product_id).relist(stamp, reason=self.reason)


@dataclass(frozen=True, slots=True)
class TakeCatalogueChange:
    """Take one change of the issuer's catalogue: its product, if it is ours, and the feed's place, in one commit.

    Attributes:
        number: the issuer's number of the change.
        change: price, discontinued or relisted.
        list_minor, sale_minor: of a change of price.
        validity_days: whose price changed; None = all that we sell.
    """

    ANSWER: ClassVar[str] = "catalogue-change/1"

    number: int
    sku: str
    change: str
    list_minor: int | None = None
    sale_minor: int | None = None
    validity_days: int | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record what the change means to its product, then `feed.change_taken`.

        Raises:
            ChangeTaken: it was taken before.
        """
        feed = streams.stream(CatalogueFeed, FEED_ID)
        product_id, product = streams.named(Product, "prd", self.sku)
        feed.check(self.number)
        outcome = self._apply(product, stamp) if product.version else "unknown_sku"
        feed.take(
            stamp,
            number=self.number,
            sku=self.sku,
            change=self.change,
            product_id=product_id if product.version else None,
            outcome=outcome,
        )

    def _apply(self, product: Product, stamp: Stamp) -> str:
        """Record the change on its product, if it is one; return what came of it."""
        try:
            if self.change == "discontinued":
                product.discontinue(stamp, reason=None, feed_number=self.number)
            elif self.change == "relisted":
                product.relist(stamp, reason=None, feed_number=self.number)
            else:
                offered = product.sale_minor
                if self.validity_days is not None and self.validity_days not in offered:
                    return "not_offered"
                changed = offered if self.validity_days is None else {self.validity_days: 0}
                prices = offered | dict.fromkeys(changed, self.sale_minor) if self.sale_minor is not None else offered
                product.change(stamp, list_minor=self.list_minor, sale_minor=prices, feed_number=self.number)
        except Conflict:
            return "nothing_new"
        except InvalidPrice:
            return "impossible"
        return "applied"


def known_product(streams: Streams, product_id: str) -> Product:
    """Return a product. Raises: NotFound: the id is not of this kind. ProductNotFound."""
    parse(product_id, "prd")
    return streams.known(Product, product_id, ProductNotFound)


def lines_of(streams: Streams, wishes: Iterable[Wish]) -> tuple[OrderLine, ...]:
    """Return the lines of wishes, at the prices of this very decision.

    Raises:
        ProductNotFound, ProductDiscontinued, ValidityNotOffered.

    Source: SPEC R-025.
    """
    found = [(known_product(streams, wish.product_id), wish) for wish in wishes]
    return tuple(product.line(wish.validity_days, wish.quantity) for product, wish in found)


def product_json(product_id: str, sheet: ProductSheet) -> dict[str, Any]:
    """Return a product as people see it."""
    return {
        "id": product_id,
        "sku": sheet.sku,
        "brand": sheet.brand,
        "name": sheet.name,
        "category": sheet.category,
        "currency": sheet.currency,
        "list_price": sheet.list_minor,
        "options": [
            {
                "validity_days": each.validity_days,
                "sale_price": each.sale_minor,
                "discount_percent": discount_percent(sheet.list_minor, each.sale_minor),
            }
            for each in sheet.prices
        ],
        "cash_convertible": sheet.cash_convertible,
        "duplicate_restricted": sheet.duplicate_restricted,
        "night_schedule_blocked": sheet.night_schedule_blocked,
        "on_sale": sheet.on_sale,
    }


@answer("product/1")
def product(facts: Sequence[Fact]) -> Answer:
    """Answer with the product as it is now."""
    fact = next(fact for fact in facts if isinstance(fact, SHEET_FACTS))
    status = 201 if isinstance(fact, ProductListed) else 200
    return Answer(status, product_json(fact.product_id, fact.sheet))


@answer("catalogue-change/1")
def catalogue_change(facts: Sequence[Fact]) -> Answer:
    """Answer with what came of the change."""
    fact = next(fact for fact in facts if isinstance(fact, FeedChangeTaken))
    return Answer(200, {"number": fact.number, "product_id": fact.product_id, "outcome": fact.outcome})

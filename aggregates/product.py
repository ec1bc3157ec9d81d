"""The product: a mobile coupon that can be ordered, its prices by validity, and whether it is still sold (SPEC 2).

What an order or a rule takes from here is a snapshot of one line. Every price carries the version of the fact that set
it, so that whoever keeps a snapshot can tell for good whether it was ever changed since, even back and forth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class
from aggregates.money import AMOUNT_MINOR_MAX
from aggregates.order.parts import OrderLine

VALIDITY_DAYS = (30, 60, 90)
"""How long a coupon may be valid (SPEC P2)."""

GIFT_CERTIFICATE = "gift_certificate"
"""Category whose products are restricted unless the operator says otherwise (SPEC R-026)."""


class ProductNotFound(NotFound):
    """No product has this id."""

    code = "product_not_found"


class SkuListed(Conflict):
    """A product of this sku is in the catalogue already."""

    code = "sku_listed"


class ProductDiscontinued(Conflict):
    """The product is not sold any more."""

    code = "product_discontinued"


class ProductOnSale(Conflict):
    """The product is sold already."""

    code = "product_on_sale"


class ProductUnchanged(Conflict):
    """The product is already as the request says."""

    code = "product_unchanged"


class ValidityNotOffered(Rejected):
    """The product cannot be had with this validity."""

    code = "validity_not_offered"


class InvalidPrice(Rejected):
    """A price is not possible: 1 <= sale price <= list price."""

    code = "invalid_price"


@dataclass(frozen=True, slots=True)
class OfferedPrice:
    """What the product costs with one validity.

    Attributes:
        validity_days: 30, 60 or 90.
        sale_minor: price of one, in minor units.
        terms_version: version of the fact that last set this price or ended its sale.
    """

    validity_days: int
    sale_minor: int
    terms_version: int


@dataclass(frozen=True, slots=True)
class ProductSheet:
    """All that the catalogue says of a product.

    Attributes:
        sku: the issuer's name of it.
        brand, name: what people call it.
        category: of the catalogue, e.g. cafe, gift_certificate.
        currency: ISO 4217.
        list_minor: list price of one.
        prices: by validity, shortest first; at least one.
        cash_convertible: can be turned into money.
        duplicate_restricted: refuses repeated recipients.
        night_schedule_blocked: cannot be scheduled between 00:00 and 05:59.
        on_sale: False = discontinued.
    """

    sku: str
    brand: str
    name: str
    category: str
    currency: str
    list_minor: int
    prices: tuple[OfferedPrice, ...]
    cash_convertible: bool
    duplicate_restricted: bool
    night_schedule_blocked: bool
    on_sale: bool


@fact("product.listed")
class ProductListed(Fact):
    """A product came into the catalogue.

    Attributes:
        product_id: public id; made of the sku.
        sheet: the product.
    """

    product_id: str
    sheet: ProductSheet

    def apply(self, product: Product) -> None:
        product.become(self.product_id, self.sheet)


@fact("product.changed")
class ProductChanged(Fact):
    """Names, prices or flags of a product changed.

    Attributes:
        product_id: public id.
        sheet: the product after it.
        feed_number: of the issuer's change that caused it; None = an operator did.
    """

    product_id: str
    sheet: ProductSheet
    feed_number: int | None

    def apply(self, product: Product) -> None:
        product.become(self.product_id, self.sheet)


@fact("product.discontinued")
class ProductEnded(Fact):
    """A product is not sold any more.

    Attributes:
        product_id: public id.
        sheet: the product after it; every price has this fact's version.
        reason: the operator's; None when the issuer said so.
        feed_number: of the issuer's change; None = an operator did.
    """

    product_id: str
    sheet: ProductSheet
    reason: str | None
    feed_number: int | None

    def apply(self, product: Product) -> None:
        product.become(self.product_id, self.sheet)


@fact("product.relisted")
class ProductRelisted(Fact):
    """A product is sold again, at the prices it has.

    Attributes:
        product_id: public id.
        sheet: the product after it.
        reason: the operator's; None when the issuer said so.
        feed_number: of the issuer's change; None = an operator did.
    """

    product_id: str
    sheet: ProductSheet
    reason: str | None
    feed_number: int | None

    def apply(self, product: Product) -> None:
        product.become(self.product_id, self.sheet)


NOTHING = ProductSheet("", "", "", "", "", 0, (), False, False, False, False)
"""Sheet of what was never listed."""


@stream_class("product")
class Product(Stream):
    """One product.

    Attributes:
        product_id: public id; "" before it is listed.
        sheet: what the catalogue says of it.
    """

    __slots__ = ("product_id", "sheet")

    TOLD_BY_LAST_FACT = True

    Listed = ProductListed
    Changed = ProductChanged
    Discontinued = ProductEnded
    Relisted = ProductRelisted

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.product_id = ""
        self.sheet = NOTHING

    # -- decisions ---------------------------------------------------------------------------------------------

    def list_new(
        self,
        stamp: Stamp,
        *,
        product_id: str,
        sku: str,
        brand: str,
        name: str,
        category: str,
        currency: str,
        list_minor: int,
        sale_minor: Mapping[int, int],
        cash_convertible: bool,
        duplicate_restricted: bool | None = None,
        night_schedule_blocked: bool | None = None,
    ) -> None:
        """Take a product into the catalogue.

        Args:
            sale_minor: validity in days -> sale price.
            duplicate_restricted, night_schedule_blocked: None = as its kind of goods asks for.

        Raises:
            SkuListed, ValidityNotOffered, InvalidPrice.

        Source: SPEC P1, P2, R-026.
        """
        if self.version:
            raise SkuListed("a product of this sku is in the catalogue; change or relist that one")
        restricted = is_restricted(category, cash_convertible=cash_convertible)
        sheet = ProductSheet(
            sku=sku,
            brand=brand,
            name=name,
            category=category,
            currency=currency,
            list_minor=list_minor,
            prices=self._priced(list_minor, sale_minor),
            cash_convertible=cash_convertible,
            duplicate_restricted=restricted if duplicate_restricted is None else duplicate_restricted,
            night_schedule_blocked=restricted if night_schedule_blocked is None else night_schedule_blocked,
            on_sale=True,
        )
        self.record(ProductListed, stamp, product_id=product_id, sheet=sheet)

    def change(
        self, stamp: Stamp, *, sale_minor: Mapping[int, int] | None = None, feed_number: int | None = None, **given: Any
    ) -> None:
        """Change what is given; what is None or left out stays.

        A restriction that nobody set apart from its kind of goods follows when that kind changes.

        Args:
            sale_minor: validity in days -> sale price: all that are offered from now on.
            feed_number: of the issuer's change; None = an operator's.
            given: brand, name, category, list_minor, cash_convertible, duplicate_restricted, night_schedule_blocked.

        Raises:
            ProductNotFound, ValidityNotOffered, InvalidPrice, ProductUnchanged.

        Source: SPEC P1, P2, R-026.
        """
        self.require()
        before = self.sheet
        after = replace(before, **{name: value for name, value in given.items() if value is not None})
        was = is_restricted(before.category, cash_convertible=before.cash_convertible)
        restricted = is_restricted(after.category, cash_convertible=after.cash_convertible)

        def flag(name: str) -> bool:
            follows = given.get(name) is None and getattr(before, name) == was
            return restricted if follows else getattr(after, name)

        after = replace(
            after,
            duplicate_restricted=flag("duplicate_restricted"),
            night_schedule_blocked=flag("night_schedule_blocked"),
        )
        prices = self._priced(after.list_minor, self.sale_minor if sale_minor is None else sale_minor)
        after = replace(after, prices=prices)
        if after == before:
            raise ProductUnchanged("the product is already as the request says; nothing was recorded")
        self.record(ProductChanged, stamp, product_id=self.product_id, sheet=after, feed_number=feed_number)

    def discontinue(self, stamp: Stamp, *, reason: str | None, feed_number: int | None = None) -> None:
        """End the sale.

        Raises:
            ProductNotFound, ProductDiscontinued.
        """
        self.require()
        if not self.sheet.on_sale:
            raise ProductDiscontinued("the product is not sold any more already")
        ended = self.version + 1
        prices = tuple(replace(each, terms_version=ended) for each in self.sheet.prices)
        sheet = replace(self.sheet, prices=prices, on_sale=False)
        self.record(
            ProductEnded, stamp, product_id=self.product_id, sheet=sheet, reason=reason, feed_number=feed_number
        )

    def relist(self, stamp: Stamp, *, reason: str | None, feed_number: int | None = None) -> None:
        """Sell the product again.

        Raises:
            ProductNotFound, ProductOnSale.
        """
        self.require()
        if self.sheet.on_sale:
            raise ProductOnSale("the product is on sale already")
        sheet = replace(self.sheet, on_sale=True)
        self.record(
            ProductRelisted, stamp, product_id=self.product_id, sheet=sheet, reason=reason, feed_number=feed_number
        )

    # -- questions ---------------------------------------------------------------------------------------------

    @property
    def sale_minor(self) -> dict[int, int]:
        """Validity in days -> sale price."""
        return {each.validity_days: each.sale_minor for each in self.sheet.prices}

    def require(self) -> None:
        """Raise: ProductNotFound, when nothing is listed under this id."""
        if not self.version:
            raise ProductNotFound("there is no product with this id")

    def price(self, validity_days: int) -> OfferedPrice:
        """Return the price with a validity. Raises: ValidityNotOffered."""
        for each in self.sheet.prices:
            if each.validity_days == validity_days:
                return each
        offered = [str(days) for days in self.sale_minor]
        raise ValidityNotOffered("validity_days must be one that the product is offered with", offered=offered)

    def line(self, validity_days: int, quantity: int = 1) -> OrderLine:
        """Return a line of an order as it is sold now: the snapshot that an order keeps.

        Raises:
            ProductNotFound, ProductDiscontinued, ValidityNotOffered.

        Source: SPEC P2, R-025.
        """
        self.require()
        sheet = self.sheet
        if not sheet.on_sale:
            raise ProductDiscontinued("the product is not sold any more; choose another one")
        return OrderLine(
            product_id=self.product_id,
            sku=sheet.sku,
            name=sheet.name,
            brand=sheet.brand,
            list_minor=sheet.list_minor,
            sale_minor=self.price(validity_days).sale_minor,
            validity_days=validity_days,
            quantity=quantity,
            cash_convertible=sheet.cash_convertible,
            duplicate_restricted=sheet.duplicate_restricted,
            night_schedule_blocked=sheet.night_schedule_blocked,
        )

    # -- folds -------------------------------------------------------------------------------------------------

    def become(self, product_id: str, sheet: ProductSheet) -> None:
        """Be what a fact says; each says all, so the last one is enough to load a product."""
        self.product_id, self.sheet = product_id, sheet

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at, twin.pending = self.version, self.recorded_at, list(self.pending)
        twin.product_id, twin.sheet = self.product_id, self.sheet
        return twin

    def _priced(self, list_minor: int, sale_minor: Mapping[int, int]) -> tuple[OfferedPrice, ...]:
        """Return the prices by validity; one that stays keeps the version that set it."""
        unknown = [days for days in sale_minor if days not in VALIDITY_DAYS]
        if unknown or not sale_minor:
            raise ValidityNotOffered(
                "a product is offered with a validity of 30, 60 or 90 days, at least one of them",
                offered=[str(days) for days in VALIDITY_DAYS],
            )
        dearest = max(sale_minor.values())
        if not 1 <= min(sale_minor.values()) <= dearest <= list_minor <= AMOUNT_MINOR_MAX:
            raise InvalidPrice("a sale price must be 1 or more and at most the list price", list_price=list_minor)
        kept = {(each.validity_days, each.sale_minor): each for each in self.sheet.prices}
        version = self.version + 1
        return tuple(
            kept.get((days, sale_minor[days])) or OfferedPrice(days, sale_minor[days], version)
            for days in sorted(sale_minor)
        )


def is_restricted(category: str, *, cash_convertible: bool) -> bool:
    """Say whether repeated recipients and night schedules are refused unless the operator allows them.

    Source: SPEC R-026.
    """
    return cash_convertible or category == GIFT_CERTIFICATE

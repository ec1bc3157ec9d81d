"""Shapes of products and quotes."""

from __future__ import annotations

from typing import Any, Literal

from api.shapes.base import ACCOUNT_ID, Shape, example

PRODUCT_ID = "prd_01k7q4m2x9w3t8r5z6"
LINE: dict[str, Any] = {
    "product_id": PRODUCT_ID,
    "brand": "Harbour Cafe",
    "name": "Cafe latte",
    "validity_days": 30,
    "quantity": 1,
    "list_price": 10000,
    "sale_price": 9900,
    "discount_percent": 1,
}


class PriceOption(Shape):
    """What a product costs with one validity; the discount is rounded to whole percent."""

    validity_days: int
    sale_price: int
    discount_percent: int


class Product(Shape):
    """A mobile coupon of the catalogue."""

    model_config = example(
        id=PRODUCT_ID,
        sku="HARBOUR-LATTE",
        brand="Harbour Cafe",
        name="Cafe latte",
        category="cafe",
        currency="KRW",
        list_price=10000,
        options=[{"validity_days": 30, "sale_price": 9900, "discount_percent": 1}],
        cash_convertible=False,
        duplicate_restricted=False,
        night_schedule_blocked=False,
        on_sale=True,
    )

    id: str
    sku: str
    brand: str
    name: str
    category: str
    currency: str
    list_price: int
    options: list[PriceOption]
    cash_convertible: bool
    duplicate_restricted: bool
    night_schedule_blocked: bool
    on_sale: bool


class PricedLine(Shape):
    """An item with its prices as they were when it was taken down."""

    product_id: str
    brand: str
    name: str
    validity_days: int
    quantity: int
    list_price: int
    sale_price: int
    discount_percent: int


class Quote(Shape):
    """What a cart would cost: list_amount - discount = amount; of a choice order at the price of its dearest item."""

    model_config = example(
        id="qte_01k7q4m2x9w3t8r5z6000abc",
        number="QT20241028C0012",
        account_id=ACCOUNT_ID,
        member_id=None,
        kind="general",
        lines=[LINE],
        recipients=3,
        coupons=3,
        list_amount=30000,
        discount=300,
        amount=29700,
        currency="KRW",
        issued_on="2024-10-28",
    )

    id: str
    number: str
    account_id: str
    member_id: str | None
    kind: Literal["general", "choice"]
    lines: list[PricedLine]
    recipients: int
    coupons: int
    list_amount: int
    discount: int
    amount: int
    currency: str
    issued_on: str

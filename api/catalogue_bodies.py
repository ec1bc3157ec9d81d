"""The bodies of requests about products, quotes and anniversary rules."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from api.bodies import example
from api.fields import Amount, Body, Currency, Day, MemberId, Name, PublicIdText
from api.recipients import RecipientsBody, TextsBody
from ledger.commands.products import Wish

ProductIdText = Annotated[str, StringConstraints(pattern=r"^prd_[0-9a-z]{18}$")]
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Category = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9_]{1,32}$"),
    Field(description="gift_certificate brings the restrictions of its kind of goods with it."),
]
OwnId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
ValidityDays = Literal[30, 60, 90]
Kind = Literal["general", "choice"]
Restriction = Annotated[bool | None, Field(description="When not given: as its kind of goods asks for.")]

PRODUCT = "prd_01k7q4m2x9w3t8r5z6"


class PriceOption(Body):
    """What a product costs with one validity."""

    model_config = example(validity_days=30, sale_price=9900)

    validity_days: ValidityDays
    sale_price: Amount


def _each_once(options: list[PriceOption] | None) -> list[PriceOption] | None:
    if options is not None and len({each.validity_days for each in options}) != len(options):
        raise PydanticCustomError("repeated", "must name each validity once")
    return options


Options = Annotated[list[PriceOption], Field(min_length=1, max_length=3), AfterValidator(_each_once)]


def prices(options: list[PriceOption] | None) -> dict[int, int] | None:
    """Return validity in days -> sale price."""
    return None if options is None else {each.validity_days: each.sale_price for each in options}


class ProductBody(Body):
    """A new product."""

    model_config = example(
        sku="HARBOUR-LATTE",
        brand="Harbour Cafe",
        name="Cafe latte",
        category="cafe",
        list_price=10000,
        options=[{"validity_days": 30, "sale_price": 9900}],
    )

    sku: Sku
    brand: Name
    name: Name
    category: Category
    currency: Currency = "KRW"
    list_price: Amount
    options: Options
    cash_convertible: bool = False
    duplicate_restricted: Restriction = None
    night_schedule_blocked: Restriction = None


class ProductChangeBody(Body):
    """What changes of a product; what is not given stays. `options` are all that are offered from now on."""

    model_config = example(options=[{"validity_days": 30, "sale_price": 9800}])

    brand: Name | None = None
    name: Name | None = None
    category: Category | None = None
    list_price: Amount | None = None
    options: Options | None = None
    cash_convertible: bool | None = None
    duplicate_restricted: bool | None = None
    night_schedule_blocked: bool | None = None


class CartLine(Body):
    """An item that is wanted; its price is taken when the request is decided."""

    model_config = example(product_id=PRODUCT, validity_days=30, quantity=1)

    product_id: ProductIdText
    validity_days: ValidityDays
    quantity: Annotated[int, Field(ge=1, le=50)] = 1


Cart = Annotated[list[CartLine], Field(min_length=1, max_length=20)]


def wishes(lines: list[CartLine]) -> tuple[Wish, ...]:
    """Return what is wanted, as commands take it."""
    return tuple(Wish(line.product_id, line.validity_days, line.quantity) for line in lines)


class QuoteBody(Body):
    """A cart to be priced. A key that is bound to an account need not name it."""

    model_config = example(
        account_id="acc_01k7q4m2x9w3t8r5z6",
        kind="general",
        lines=[{"product_id": PRODUCT, "validity_days": 30, "quantity": 1}],
        recipients=3,
    )

    account_id: PublicIdText | None = None
    member_id: MemberId | None = None
    kind: Kind
    lines: Cart
    recipients: Annotated[int, Field(ge=1, le=10_000)]


class AnniversaryRuleBody(Body):
    """A gift that comes back every year; each recipient has an anniversary date."""

    model_config = example(
        account_id="acc_01k7q4m2x9w3t8r5z6",
        name="Birthdays of the team",
        kind="general",
        lines=[{"product_id": PRODUCT, "validity_days": 30, "quantity": 1}],
        dispatch_title="HappyBirthday",
        ends_on="2030-12-31",
        recipients={"rows": [{"phone": "01000000001", "anniversary": "1990/08/15", "calendar": "lunar"}]},
        consent=True,
    )

    account_id: PublicIdText | None = None
    member_id: MemberId | None = None
    name: Annotated[str, Field(description="1 to 50 characters, for the owner's own eyes.", max_length=200)]
    kind: Kind
    lines: Cart
    designated: Annotated[
        int | None,
        Field(ge=0, le=19, description="Line for those who do not choose; the dearest when not given."),
    ] = None
    dispatch_title: Annotated[
        str, Field(description="1 to 16 digits, Korean or English letters; shown to recipients.", max_length=200)
    ]
    ends_on: Annotated[Day | None, Field(description="Last date on which it orders.")] = None
    recipients: RecipientsBody
    allow_duplicates: bool = False
    consent: Annotated[bool, Field(description="The owner agrees to the terms of every purchase that follows.")]
    sender_profile_id: OwnId | None = None
    template_id: OwnId | None = None
    theme_id: OwnId | None = None
    texts: Annotated[TextsBody | None, Field(description="Texts typed by hand, for each of its orders.")] = None


class AnniversaryRuleChangeBody(Body):
    """What changes of a rule; what is not given stays, null takes away.

    `lines` are all items from now on, at the prices of now; the designated one is given anew with them. `recipients` is
    a whole new list, which counts from the next 02:00 on.
    """

    model_config = example(
        name="Birthdays of the whole team",
        lines=[{"product_id": PRODUCT, "validity_days": 60, "quantity": 1}],
        ends_on=None,
        consent=True,
    )

    name: Annotated[str, Field(description="1 to 50 characters, for the owner's own eyes.", max_length=200)] = ""
    kind: Kind = "general"
    lines: Cart = Field(default_factory=list)
    designated: Annotated[int | None, Field(ge=0, le=19)] = None
    dispatch_title: Annotated[
        str, Field(description="1 to 16 digits, Korean or English letters; shown to recipients.", max_length=200)
    ] = ""
    ends_on: Annotated[Day | None, Field(description="Last date on which it orders.")] = None
    recipients: RecipientsBody | None = None
    allow_duplicates: bool = False
    consent: Annotated[bool, Field(description="The owner agrees to the terms of every purchase that follows.")]
    sender_profile_id: OwnId | None = None
    template_id: OwnId | None = None
    theme_id: OwnId | None = None
    texts: Annotated[TextsBody | None, Field(description="Texts typed by hand; null for the service's own.")] = None


class RuleRecipientsBody(Body):
    """The new list of a rule; it takes the place of the present one."""

    model_config = example(recipients={"rows": [{"phone": "01000000001", "anniversary": "1990/08/15"}]})

    recipients: RecipientsBody

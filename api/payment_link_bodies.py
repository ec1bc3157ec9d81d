"""The bodies and queries of requests about payment links."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from aggregates.collecting.zones import OFFSETS, SEOUL
from api.bodies import example
from api.collecting_bodies import Code
from api.fields import Amount, Body, Currency, Day, PageQuery, PublicIdText, Query, Reference
from api.recipients import Text

Title = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,100}$"),
    Field(description="What it is for, as the payer reads it."),
]
Uses = Annotated[int, Field(ge=1, le=10_000, description="How often it may be paid, all in all.")]
Zone = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_/]{1,40}$"),
    Field(description=f"Where expires_on is a day: one of {', '.join(OFFSETS)}."),
]
Send = Annotated[
    list[Literal["alimtalk", "sms", "email"]],
    Field(max_length=3, description="By which the link goes to the payer, in this order; empty = you hand it over."),
]


class LinkPayerBody(Body):
    """Who shall pay: by name and phone, e-mail, or both; whoever opens the link gives the phone's last four digits."""

    model_config = example(name="Haneul", phone="010-0000-0001")

    name: Annotated[str, Field(min_length=1, max_length=50)]
    phone: Text = ""
    email: Annotated[str, Field(max_length=254)] = ""


class PaymentLinkBody(Body):
    """A payment link to make."""

    model_config = example(
        account_id="acc_01k7q4m2x9w3t8r5z6",
        amount=50_000,
        currency="KRW",
        expires_on="2026-03-31",
        title="Spring course, first month",
        payer={"name": "Haneul", "phone": "010-0000-0001"},
        send=["sms"],
    )

    account_id: Annotated[PublicIdText | None, Field(description="A key that is bound to an account need not say.")] = (
        None
    )
    amount: Annotated[Amount | None, Field(description="Null: the payer decides.")] = None
    currency: Currency | None = None
    minimum: Annotated[
        Amount | None, Field(description="Least for one payment, where the payer decides or parts may be paid.")
    ] = None
    maximum: Annotated[Amount | None, Field(description="Most, where the payer decides.")] = None
    parts: Annotated[bool, Field(description="Whether the amount may be paid in parts.")] = False
    max_uses: Uses = 1
    expires_on: Annotated[Day, Field(description="Last day on which it can be paid.")]
    time_zone: Zone = SEOUL
    title: Title | None = None
    payer: LinkPayerBody | None = None
    send: Annotated[Send, Field(default_factory=list)]
    reference: Reference | None = None


class SupersedeLinkBody(Body):
    """Another link in the place of one; what is not said stays as it was."""

    model_config = example(expires_on="2026-04-30", send=["sms"])

    expires_on: Day
    time_zone: Zone | None = None
    max_uses: Uses | None = None
    payer: LinkPayerBody | None = None
    send: Send | None = None


class DeactivateLinkBody(Body):
    """The end of a link."""

    model_config = example(reason="sold_out")

    reason: Code | None = None


class LinkPaymentBody(Body):
    """A payment by a link."""

    model_config = example(method="card")

    amount: Annotated[Amount | None, Field(description="Null: all that is left.")] = None
    method: Literal["card", "transfer", "virtual_account"]
    currency: Currency | None = None
    reference: Reference | None = None


class LinksQuery(PageQuery):
    """Which links."""

    account_id: PublicIdText | None = None
    status: Literal["active", "payment_pending", "paid", "expired", "deactivated"] | None = None


class QrQuery(Query):
    """In which format a QR code is drawn."""

    format: Literal["svg", "png"] = "svg"

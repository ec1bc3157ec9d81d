"""Shapes of payment links, of what was paid by them, and of who was told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, TIME, Shape, example
from api.shapes.obligations import OBLIGATION_ID, MoneyStatus

LINK_ID = "lnk_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"
TELLING_ID = "tel_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"
EXPIRES_AT = "2026-03-31T15:00:00.000000Z"

LinkStatus = Literal["active", "payment_pending", "paid", "expired", "deactivated"]
"""payment_pending = a payment was started and has not settled; of a link for many uses: all are paid or pending."""

_LINK: dict[str, Any] = {
    "id": LINK_ID, "account_id": ACCOUNT_ID, "status": "active", "amount": 50_000, "currency": "KRW", "display": None,
    "minimum": 1_000, "maximum": None, "parts": False, "max_uses": 1, "expires_on": "2026-03-31",
    "time_zone": "Asia/Seoul", "expires_at": EXPIRES_AT, "obligation_id": OBLIGATION_ID, "replaces": None,
    "channels": ["sms"], "reference": None,
}  # fmt: skip
_LISTED = _LINK | {
    "superseded_by": None, "settled_uses": 0, "pending_uses": 0, "paid": 0, "outstanding": 50_000, "issued_at": TIME,
    "position": 42,
}  # fmt: skip
_USE: dict[str, Any] = {
    "obligation_id": OBLIGATION_ID, "status": "unpaid", "paid": 0, "pending": 0, "refunded": 0, "reversed": 0,
    "paid_on": None, "closed": None,
}  # fmt: skip
_TELLING: dict[str, Any] = {
    "id": TELLING_ID, "kind": "link.sent", "recipient": "person", "requested_at": TIME, "status": "told",
    "channel": "sms", "code": None, "settled_at": TIME,
}  # fmt: skip


class Display(Shape):
    """An amount as people in its country say it; it is never calculated with."""

    model_config = example(unit="toman", amount="50000.5")

    unit: Literal["toman"]
    amount: str


class Telling(Shape):
    """A message to the payer, or to the account's own people."""

    model_config = example(**_TELLING)

    id: str
    kind: Annotated[str, Field(description="what it says, e.g. link.paid")]
    recipient: Literal["account", "person"]
    requested_at: str
    status: Literal["requested", "told", "not_told"]
    channel: Annotated[str | None, Field(description="as which it arrived")]
    code: Annotated[str | None, Field(description="why it did not arrive")]
    settled_at: str | None


class PaymentLink(Shape):
    """A link that asks for money until its last day."""

    model_config = example(**_LINK)

    id: str
    account_id: Annotated[str, Field(description="the payee")]
    status: LinkStatus
    amount: Annotated[int | None, Field(description="null = the payer decides")]
    currency: str
    display: Display | None
    minimum: Annotated[int, Field(description="least for one payment, where the payer decides or parts may be paid")]
    maximum: int | None
    parts: bool
    max_uses: int
    expires_on: str
    time_zone: str
    expires_at: Annotated[str, Field(description="end of that day; a payment started before still counts")]
    obligation_id: Annotated[str | None, Field(description="what it asks for; null = every use has its own")]
    replaces: Annotated[str | None, Field(description="the link in whose place it was issued")]
    channels: list[str]
    reference: str | None


class IssuedPaymentLink(PaymentLink):
    """A link that was just made."""

    model_config = example(**_LINK, link="/p/abcdefghijklmnopqrstuvwxyz234567")

    link: Annotated[str | None, Field(description="to hand over; null = its payer was forgotten since")]


class ListedPaymentLink(PaymentLink):
    """A link in a list."""

    model_config = example(**_LISTED)

    superseded_by: Annotated[str | None, Field(description="the link that was issued in its place")]
    settled_uses: int
    pending_uses: Annotated[int, Field(description="payments that were started and have not settled")]
    paid: Annotated[int | None, Field(description="what has settled or was confirmed; null where each use has its own")]
    outstanding: int | None
    issued_at: str
    position: int


class LinkUse(Shape):
    """What was paid by one use of a link."""

    model_config = example(**_USE)

    obligation_id: str
    status: MoneyStatus
    paid: int
    pending: Annotated[int, Field(description="what the payment under way will bring; 0 = none is")]
    refunded: int
    reversed: int
    paid_on: str | None
    closed: str | None


class LinkPayer(Shape):
    """Who shall pay; masked for everybody but the payee."""

    model_config = example(name="Haneul", phone="01000000001", email=None)

    name: str
    phone: str | None
    email: str | None


class PaymentLinkDetail(ListedPaymentLink):
    """A link with everything that is known of it."""

    model_config = example(
        **_LISTED,
        link="/p/abcdefghijklmnopqrstuvwxyz234567",
        title="Spring course, first month",
        payer={"name": "Haneul", "phone": "01000000001", "email": None},
        uses=[_USE],
        tellings=[_TELLING],
    )

    link: Annotated[str | None, Field(description="to hand over; null for who only reads, and when it has ended")]
    title: str | None
    payer: LinkPayer | None
    uses: Annotated[list[LinkUse], Field(description="the newest 100")]
    tellings: Annotated[list[Telling], Field(description="who was told of what; the newest 100")]


class PaymentLinkEnded(Shape):
    """How a link ended."""

    model_config = example(id=LINK_ID, status="deactivated")

    id: str
    status: Literal["expired", "deactivated"]

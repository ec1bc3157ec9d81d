"""Shapes of payments at the gateway, of callbacks, and of the sandbox."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, CHARGE_ID, TIME, Shape, example

PAYMENT_ID = "pay_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"

_PAYMENT: dict[str, Any] = {
    "id": PAYMENT_ID,
    "account_id": ACCOUNT_ID,
    "amount": 12222,
    "currency": "KRW",
    "method": "card",
    "reference": "SHOP-20260302-0007",
    "billing_key_id": None,
}
BILLING_KEY_ID = "bky_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"


class Payment(Shape):
    """A payment that the ledger started at the gateway."""

    model_config = example(**_PAYMENT, status="pending", charge_id=None, expires_on=None, code=None)

    id: str
    account_id: str
    amount: int
    currency: str
    method: Literal["card", "transfer", "virtual_account"]
    reference: str | None
    billing_key_id: Annotated[str | None, Field(description="the registered card that is charged")]
    status: Literal["pending", "waiting_for_deposit", "giving_up", "paid", "failed", "expired"]
    charge_id: Annotated[str | None, Field(description="the charge that it is, or that waits for its deposit")]
    expires_on: Annotated[str | None, Field(description="last day for the deposit of a virtual account")]
    code: Annotated[str | None, Field(description="why it failed")]


class VirtualAccount(Shape):
    """Where to pay in."""

    bank: str
    number: Annotated[str, Field(description="masked for those who only read")]


class ListedPayment(Payment):
    """A payment in a list; alone, with the virtual account that it waits on."""

    model_config = example(
        **_PAYMENT,
        status="paid",
        charge_id=CHARGE_ID,
        expires_on=None,
        code=None,
        obligation_id=None,
        occurred_at=TIME,
        position=42,
    )

    obligation_id: Annotated[str | None, Field(description="what it pays for; null = it is a charge of the account")]
    occurred_at: str
    position: int
    virtual_account: VirtualAccount | None = None


class BillingKey(Shape):
    """A card that the gateway keeps; the key itself is shown to nobody."""

    model_config = example(
        id=BILLING_KEY_ID, account_id=ACCOUNT_ID, label="Company card", status="requested", card=None, code=None
    )

    id: str
    account_id: str
    label: str | None
    status: Literal["requested", "active", "refused", "removed", "deleted"]
    card: Annotated[str | None, Field(description="issuer and last four digits")]
    code: Annotated[str | None, Field(description="why it was refused")]


class ListedBillingKey(BillingKey):
    """A registered card in a list, or alone."""

    model_config = example(
        id=BILLING_KEY_ID,
        account_id=ACCOUNT_ID,
        label="Company card",
        status="active",
        card="Sandbox Card *1234",
        code=None,
        occurred_at=TIME,
        position=42,
    )

    occurred_at: str
    position: int


class BillingKeyStatus(Shape):
    """The state of a registered card."""

    model_config = example(id=BILLING_KEY_ID, status="removed")

    id: str
    status: str


class CallbackTaken(Shape):
    """A callback was taken."""

    model_config = example(taken=True)

    taken: bool


class SandboxTime(Shape):
    """The time of the sandbox."""

    model_config = example(now=TIME, ahead_seconds=86400)

    now: str
    ahead_seconds: Annotated[int, Field(description="ahead of the machine's clock")]


class ScenarioPlayed(Shape):
    """A scenario was played."""

    model_config = example(scenario="rates")

    scenario: str


class Asked(Shape):
    """What the sandbox's providers were asked."""

    model_config = example(
        items=[{"key": "ord_01k7q4m2x9w3t8r5z65:issue:1", "asked": 1, "issued": 485, "failed": 15}],
        totals={"coupon_calls": 1, "coupons_issued": 485, "coupons_failed": 15},
    )

    items: list[dict[str, Any]]
    totals: dict[str, int]


class QueuedCallbacks(Shape):
    """Callbacks as they are sent."""

    model_config = example(
        items=[
            {
                "number": 1,
                "id": "cb_01d2c3b4a5968778",
                "provider": "gateway",
                "key": PAYMENT_ID,
                "due_at": TIME,
                "sent_at": None,
                "headers": {"webhook-id": "cb_01d2c3b4a5968778"},
                "body": "{}",
            }
        ]
    )

    items: list[dict[str, Any]]

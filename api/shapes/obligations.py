"""Shapes of what is due, and of its payments."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, DATE, TIME, Shape, example

OBLIGATION_ID = "obl_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"
PAYMENT_ID = "pay_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"
COLLECTION_REFUND_ID = "rfc_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"

MoneyStatus = Literal["unpaid", "pending", "partially_paid", "paid", "part_refunded", "refunded", "reversed"]
"""Where the money stands: pending = a payment was started and has not settled; reversed = what had settled was taken
back and is due again."""

_OF_PAYMENT: dict[str, Any] = {
    "id": PAYMENT_ID, "via": "request", "amount": 400_000, "status": "settled", "method": "card", "counted": 400_000,
    "credit": 0, "paid_on": DATE, "reversed": 0, "refunded": 0, "refund_pending": 0, "refund_code": None, "code": None,
    "started_at": TIME, "position": 42,
}  # fmt: skip


class ObligationPayment(Shape):
    """A payment of what is due: started, settled or failed; what was taken or given back of it."""

    model_config = example(**_OF_PAYMENT)

    id: Annotated[str, Field(description="of the payment, or of the debit that brought it")]
    via: Annotated[str, Field(description="what it was paid through")]
    amount: int
    status: Literal["pending", "settled", "failed"]
    method: Annotated[str | None, Field(description="how it settled; null before")]
    counted: Annotated[int, Field(description="what of it counted for what is due when it settled")]
    credit: Annotated[int, Field(description="what of it was more than what was due")]
    paid_on: str | None
    reversed: Annotated[int, Field(description="taken back by others")]
    refunded: Annotated[int, Field(description="given back")]
    refund_pending: int
    refund_code: Annotated[str | None, Field(description="why the last refund failed")]
    code: Annotated[str | None, Field(description="why it failed, or was taken back")]
    started_at: str
    position: int


class Obligation(Shape):
    """One due item, whoever asks for it and whichever way it is paid."""

    model_config = example(
        id=OBLIGATION_ID, account_id=ACCOUNT_ID, source="request", source_id="prq_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
        status="partially_paid", currency="KRW", due=1_000_000, due_on="2024-11-30", outstanding=600_000, paid=400_000,
        confirmed=0, refunded=0, reversed=0, payer_credit=0, pending=0, paid_on=None, closed=None, minimum=1,
        maximum=None, parts=True, payments=[_OF_PAYMENT],
    )  # fmt: skip

    id: str
    account_id: Annotated[str, Field(description="the payee")]
    source: Literal["request", "link", "bill", "debit", "unit", "payout"]
    source_id: str
    status: MoneyStatus
    currency: str
    due: Annotated[int | None, Field(description="null = the payer decides")]
    due_on: str | None
    outstanding: int | None
    paid: Annotated[int, Field(description="settled or confirmed, and not taken back; refunds do not lower it")]
    confirmed: Annotated[int, Field(description="what of it the payee has confirmed; no money moved here")]
    refunded: int
    reversed: Annotated[int, Field(description="all that was ever taken back")]
    payer_credit: Annotated[int, Field(description="paid beyond what was due; the payer's")]
    pending: Annotated[int, Field(description="what the payment under way will bring; 0 = none is")]
    paid_on: Annotated[str | None, Field(description="when nothing was left")]
    closed: Annotated[str | None, Field(description="why it is not asked for any more; null = it is")]
    minimum: int
    maximum: int | None
    parts: bool
    payments: list[ObligationPayment]


class CollectionPayment(Shape):
    """A payment that was started: it is paid when `GET /v1/obligations/{id}` says settled, and not before."""

    model_config = example(
        id=PAYMENT_ID, obligation_id=OBLIGATION_ID, amount=400_000, currency="KRW", method="card", status="pending"
    )

    id: str
    obligation_id: str
    amount: int
    currency: str
    method: Literal["card", "transfer", "virtual_account"]
    status: Literal["pending"]


class CollectionGivenUp(Shape):
    """A payment by virtual account is being given up; another one can be started when nothing is pending any more."""

    model_config = example(id=PAYMENT_ID, status="giving_up")

    id: str
    status: Literal["giving_up"]


class Confirmation(Shape):
    """What the payee has confirmed, and what is left."""

    model_config = example(
        obligation_id=OBLIGATION_ID, amount=600_000, outstanding=0, currency="KRW", paid_on="2024-12-02"
    )

    obligation_id: str
    amount: int
    outstanding: int | None
    currency: str
    paid_on: str


class CollectionRefund(Shape):
    """Money on its way back to the payer."""

    model_config = example(
        id=COLLECTION_REFUND_ID, obligation_id=OBLIGATION_ID, payment_id=PAYMENT_ID, amount=10_000, currency="KRW",
        reason="overpaid", status="pending",
    )  # fmt: skip

    id: str
    obligation_id: str
    payment_id: str
    amount: int
    currency: str
    reason: str
    status: Literal["pending"]

"""Shapes of refund previews and refund requests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, CHARGE_ID, DATE, REFUND_ID, TIME, LotPart, Shape, example


class RefundPart(LotPart):
    """A part of one lot, and whether it bears a fee."""

    model_config = example(charge_id=CHARGE_ID, amount=100000, fee_free=False)

    fee_free: bool


class RefundPreview(Shape):
    """What a refund request would pay out now."""

    model_config = example(
        amount=100000,
        currency="KRW",
        displayed_estimate=90000,
        fee=5000,
        payout=95000,
        lots=[{"charge_id": CHARGE_ID, "amount": 100000, "fee_free": False}],
        same_payout=None,
        rule="refund-fee/1",
    )

    amount: int
    currency: str
    displayed_estimate: int
    fee: int
    payout: int
    lots: list[RefundPart]
    same_payout: Annotated[
        int | None, Field(description="a smaller amount that would pay out the same; null when there is none")
    ]
    rule: str


RefundStatus = Literal[
    "requested",
    "reviewing",
    "paying",
    "payout_unknown",
    "payout_failed",
    "payout_returned",
    "completed",
    "rejected",
    "cancelled",
]


_REFUND = {
    "id": REFUND_ID,
    "account_id": ACCOUNT_ID,
    "amount": 100000,
    "currency": "KRW",
    "fee": 5000,
    "payout": 95000,
    "status": "requested",
    "lots": [{"charge_id": CHARGE_ID, "amount": 100000, "fee_free": False}],
}


class RefundDecision(Shape):
    """A refund request after a decision on it."""

    model_config = example(**{**_REFUND, "status": "reviewing"})

    id: str
    account_id: str
    amount: int
    currency: str
    fee: int
    payout: int
    status: RefundStatus
    lots: list[RefundPart]


class RefundPayout(Shape):
    """A refund request after a step of its pay-out."""

    model_config = example(**{name: value for name, value in _REFUND.items() if name != "lots"} | {"status": "paying"})

    id: str
    account_id: str
    amount: int
    currency: str
    fee: int
    payout: int
    status: RefundStatus
    lots: Annotated[
        list[RefundPart] | None, Field(description="only when a completed pay-out came back: what is pending again")
    ] = None


class RefundRequest(RefundDecision):
    """Money on its way back to a bank account."""

    model_config = example(
        **_REFUND,
        displayed_estimate=90000,
        requested_on=DATE,
        bank="Example Bank",
        holder_is_member=False,
        second_approver_required=True,
        rule="refund-fee/1",
    )

    displayed_estimate: int
    requested_on: str
    bank: str
    holder_is_member: bool
    second_approver_required: bool
    rule: str


class ListedRefundRequest(RefundDecision):
    """A refund request in a list; only the last digits of its account number are shown."""

    model_config = example(
        **_REFUND,
        displayed_estimate=90000,
        requested_on=DATE,
        bank="Example Bank",
        account_number="***-***-0000",
        holder_is_member=False,
        second_approver_required=True,
        attachments=[],
        request_reason="No longer needed",
        reason=None,
        code=None,
        occurred_at=TIME,
        position=44,
    )

    displayed_estimate: int
    requested_on: str
    bank: str
    account_number: str
    holder_is_member: bool
    second_approver_required: bool
    attachments: list[str]
    request_reason: str
    reason: str | None
    code: str | None
    occurred_at: str
    position: int

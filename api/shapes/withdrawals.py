"""Shapes of withdrawals of collected money."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, TIME, Shape, example

WITHDRAWAL_ID = "wdr_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7"

WithdrawalStatus = Literal["requested", "paying", "paid", "failed", "rejected", "returned"]

_WITHDRAWAL: dict[str, Any] = {
    "id": WITHDRAWAL_ID, "account_id": ACCOUNT_ID, "amount": 50_000, "currency": "KRW", "bank": "Example Bank",
}  # fmt: skip


class Withdrawal(Shape):
    """Collected money that shall go to the payee's own bank account."""

    model_config = example(**_WITHDRAWAL, status="requested", code=None)

    id: str
    account_id: str
    amount: int
    currency: str
    bank: str
    status: WithdrawalStatus
    code: Annotated[str | None, Field(description="why it failed, came back or was refused")]


class ListedWithdrawal(Withdrawal):
    """A withdrawal in a list; the number it goes to is masked."""

    model_config = example(
        **_WITHDRAWAL, status="paid", code=None, requested_by="key_7k2m9q4x1w8t", approved_by="key_3k2m9q4x1w8t",
        requested_at=TIME, position=42, account_number="*********0000",
    )  # fmt: skip

    requested_by: str
    approved_by: str | None
    requested_at: str
    position: int
    account_number: Annotated[str | None, Field(description="masked; null once it was forgotten")] = None


class WithdrawalState(Shape):
    """The state that a withdrawal is in."""

    model_config = example(id=WITHDRAWAL_ID, status="paying")

    id: str
    status: WithdrawalStatus

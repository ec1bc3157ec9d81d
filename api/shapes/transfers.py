"""Shapes of transfers and adjustments."""

from __future__ import annotations

from typing import Literal

from api.shapes.base import ACCOUNT_ID, CHARGE_ID, OTHER_ACCOUNT_ID, TIME, LotPart, Shape, example

AdjustmentStatus = Literal["pending", "approved", "rejected"]

_ADJUSTMENT = {
    "id": "adj_01k7q4m2x9w3t8r5z66",
    "account_id": ACCOUNT_ID,
    "amount": -1500,
    "currency": "KRW",
    "status": "pending",
    "reason": "Charged twice by mistake",
    "made_by": "key_7k2m9q4x1w8t",
    "decided_by": None,
    "balance": None,
}


class Adjustment(Shape):
    """A correction by one operator, approved by another person."""

    model_config = example(**_ADJUSTMENT)

    id: str
    account_id: str
    amount: int
    currency: str
    status: AdjustmentStatus
    reason: str
    made_by: str
    decided_by: str | None
    balance: int | None


class ListedAdjustment(Adjustment):
    """A correction in a list; `reason` is that of the last one who spoke, `request_reason` that of who proposed it."""

    model_config = example(**_ADJUSTMENT, request_reason="Charged twice by mistake", occurred_at=TIME, position=45)

    request_reason: str
    occurred_at: str
    position: int


class Movement(Shape):
    """One side of a transfer."""

    account_id: str
    amount: int
    balance: int
    lots: list[LotPart]
    version: int


class ReceivedMovement(Movement):
    """The receiving side of a transfer."""

    id: str


_LOTS = [{"charge_id": CHARGE_ID, "amount": 5000}]


class Transfer(Shape):
    """Both movements of a transfer."""

    model_config = example(
        id="trf_01k7q4m2x9w3t8r5z67",
        amount=5000,
        currency="KRW",
        reference="Branch 4",
        sent={"account_id": ACCOUNT_ID, "amount": -5000, "balance": 417748, "lots": _LOTS, "version": 8},
        received={
            "id": "trr_01b3c5d7e9f1g3h5j72",
            "account_id": OTHER_ACCOUNT_ID,
            "amount": 5000,
            "balance": 5000,
            "lots": [{"charge_id": "trr_01b3c5d7e9f1g3h5j72", "amount": 5000}],
            "version": 2,
        },
    )

    id: str
    amount: int
    currency: str
    reference: str | None
    sent: Movement
    received: ReceivedMovement

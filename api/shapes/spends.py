"""Shapes of spends."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, CHARGE_ID, DATE, SPEND_ID, TIME, LotPart, Shape, example

_SPEND = {
    "id": SPEND_ID,
    "account_id": ACCOUNT_ID,
    "amount": 29700,
    "currency": "KRW",
    "held": 0,
    "captured": 29700,
    "returned": 0,
    "status": "captured",
    "lots": [{"charge_id": CHARGE_ID, "amount": 29700}],
    "overdrawn": 0,
    "member_id": None,
    "reference": "ORDER-0042",
}


class _Spend(Shape):
    id: str
    account_id: str
    amount: int
    currency: str
    held: int
    captured: int
    returned: int
    status: Literal["held", "captured", "partly_returned", "returned"]
    lots: list[LotPart]
    overdrawn: int
    member_id: str | None
    reference: str | None
    expires_at: Annotated[str | None, Field(description="when an uncaptured hold is given back")]


class Spend(_Spend):
    """Money held or taken for a purchase; amount = held + captured + returned."""

    model_config = example(**_SPEND, spent_on=DATE, expires_at=None, balance=393048)

    spent_on: str
    balance: Annotated[int | None, Field(description="of the account after it; not shown to a sub-member")] = None


class ListedSpend(_Spend):
    """A spend in a list."""

    model_config = example(**_SPEND, expires_at=None, occurred_at=TIME, position=43)

    occurred_at: str
    position: int

"""Shapes of charges, lots and parked deposits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, CHARGE_ID, DATE, TIME, Shape, example


class Parked(Shape):
    """What of a deposit did not fit, and why."""

    id: str
    amount: int
    why: str


class Charge(Shape):
    """Money paid in."""

    model_config = example(
        id=CHARGE_ID,
        account_id=ACCOUNT_ID,
        amount=12222,
        currency="KRW",
        method="card",
        status="paid",
        charged_on=DATE,
        remaining=12222,
    )

    id: str
    account_id: str
    amount: int
    currency: str
    method: Literal["card", "transfer", "virtual_account"]
    status: Literal["awaiting_deposit", "paid", "cancel_pending", "cancelled", "expired"]
    charged_on: str | None
    remaining: int
    expires_on: Annotated[str | None, Field(description="last day for the deposit of a virtual account")] = None
    parked_deposit: Annotated[Parked | None, Field(description="a deposit that did not fit")] = None


class ListedCharge(Charge):
    """A charge in a list."""

    model_config = example(
        id=CHARGE_ID,
        account_id=ACCOUNT_ID,
        amount=12222,
        currency="KRW",
        method="card",
        status="paid",
        charged_on=DATE,
        remaining=12222,
        reference="PAY-20260302-0007",
        expires_on=None,
        fee=None,
        payout=None,
        charged_back=0,
        occurred_at=TIME,
        position=42,
    )

    reference: str | None
    fee: int | None
    payout: int | None
    charged_back: int
    occurred_at: str
    position: int


class ChargeCancelled(Shape):
    """A cancelled charge: what the payment method gets back, and the fee."""

    model_config = example(id=CHARGE_ID, status="cancelled", fee=30000, payout=270000)

    id: str
    status: Annotated[
        Literal["cancelled", "cancel_pending"], Field(description="pending: the gateway has yet to answer")
    ]
    fee: int
    payout: int


class ChargedBack(Shape):
    """What was taken back of a charge: from its lot as far as that went, the rest is owed by the customer."""

    model_config = example(
        id=CHARGE_ID,
        account_id=ACCOUNT_ID,
        amount=10000,
        currency="KRW",
        from_lot=6000,
        shortfall=4000,
        balance=0,
        member_receivable=4000,
    )

    id: str
    account_id: str
    amount: int
    currency: str
    from_lot: int
    shortfall: int
    balance: int
    member_receivable: Annotated[int, Field(description="all that the customer owes because of chargebacks")]


class ReceivablePayment(Shape):
    """A payment of what chargebacks left owing, and what is still owed."""

    model_config = example(amount=4000, currency="KRW", reference="BANK-20260331-0002", member_receivable=0)

    amount: int
    currency: str
    reference: str | None
    member_receivable: int


class Lot(Shape):
    """What is left of one charge."""

    model_config = example(
        charge_id=CHARGE_ID, charged_on=DATE, method="card", amount=12222, remaining=12222, frozen=False
    )

    charge_id: str
    charged_on: str
    method: str
    amount: int
    remaining: int
    frozen: Annotated[bool, Field(description="set aside by a pending cancellation")]


class ParkedDeposit(Shape):
    """Money that arrived where it could not be booked."""

    model_config = example(
        id="dep_01k7q4m2x9w3t8r5z65",
        account_id=ACCOUNT_ID,
        amount=49000,
        currency="KRW",
        status="credited",
        charged_on=DATE,
        remaining=49000,
        reason="The payer called",
    )

    id: str
    account_id: str
    amount: int
    currency: str
    status: Literal["parked", "credited", "returned"]
    charge_id: str | None = None
    charged_on: str | None = None
    remaining: int | None = None
    reason: str | None = None

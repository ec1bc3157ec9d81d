"""Shapes of limits and settlement payments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, INVOICE_ID, Shape, example


class MemberLimit(Shape):
    """A sub-member's monthly limit; `limit` is null when none is granted, `remaining` is null when it is unlimited."""

    model_config = example(
        member_id="member-7", month="2026-03", limit=300000, used=250000, remaining=50000, cash_convertible=False
    )

    member_id: str
    month: str
    limit: int | Literal["unlimited"] | None
    used: int
    remaining: int | None
    cash_convertible: bool


class CashFigures(Shape):
    """What may be spent on cash-convertible goods."""

    limit: int | None
    used: int
    remaining: int | None


class CashLimit(CashFigures):
    """What may be spent on cash-convertible goods in a month."""

    model_config = example(month="2026-03", limit=500000, used=0, remaining=500000)

    month: str


class Limits(Shape):
    """The account's limits in the present month; null for a prepaid account."""

    model_config = example(
        month="2026-03",
        limit=10000000,
        used=59400,
        remaining=9940600,
        members=[
            {
                "member_id": "member-7",
                "month": "2026-03",
                "limit": 300000,
                "used": 250000,
                "remaining": 50000,
                "cash_convertible": False,
            }
        ],
        cash={"limit": 500000, "used": 0, "remaining": 500000},
    )

    month: str
    limit: int | None
    used: int | None
    remaining: int | None
    members: list[MemberLimit]
    cash: CashFigures | None


class PaidInvoice(Shape):
    """Part of a payment that went to one invoice, and what is outstanding of it now."""

    model_config = example(invoice_id=INVOICE_ID, amount=59100, outstanding=0)

    invoice_id: str
    amount: int
    outstanding: int


class Settlement(Shape):
    """A postpaid customer's payment, the invoices it went to, and what is still owed."""

    model_config = example(
        id="stl_01k7q4m2x9w3t8r5z68",
        account_id=ACCOUNT_ID,
        amount=59100,
        currency="KRW",
        reference="BANK-20260331-0001",
        receivable=0,
        method="transfer",
        invoices=[{"invoice_id": INVOICE_ID, "amount": 59100, "outstanding": 0}],
        advance=0,
    )

    id: str
    account_id: str
    amount: int
    currency: str
    reference: str | None
    receivable: int
    method: Literal["transfer", "virtual_account"] | None = None
    invoices: list[PaidInvoice] | None = None
    advance: Annotated[int | None, Field(description="part that no invoice has billed; the next one takes it")] = None

"""Shapes of postpaid money: invoices with their rows, payments, aged receivables."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, INVOICE_ID, SPEND_ID, TIME, Shape, example

InvoiceStatus = Literal["open", "partly_paid", "paid", "overdue"]

_NEW: dict[str, Any] = {
    "id": INVOICE_ID,
    "account_id": ACCOUNT_ID,
    "number": "MCOM-1290000017",
    "month": "2026-03",
    "issued_on": "2026-03-01",
    "due_on": "2026-03-31",
    "currency": "KRW",
    "settlement_amount": 69000,
    "settlement_coupons": 7,
    "carry_over": 9900,
    "carry_over_applied": 9900,
    "carried_over": 0,
    "billed_amount": 59100,
    "paid": 0,
    "outstanding": 59100,
}
_INVOICE: dict[str, Any] = {
    **_NEW,
    "period": {"from": "2026-02-01", "to": "2026-02-28"},
    "adjusted": 0,
    "paid_in_advance": 0,
    "status": "open",
    "block_lifted": False,
    "position": 51,
}
_ROW: dict[str, Any] = {
    "order_id": "ord_01k7q4m2x9w3t8r5z63",
    "spend_id": SPEND_ID,
    "number": "CB20260215C0388",
    "name": "Spring gifts",
    "ordered_at": TIME,
    "order_amount": 59400,
    "order_coupons": 2,
    "settlement_amount": 9900,
    "settlement_coupons": 1,
    "carry_over": 0,
}
_PAYMENT: dict[str, Any] = {
    "id": "stl_01k7q4m2x9w3t8r5z68",
    "amount": 20000,
    "paid_at": TIME,
    "method": "transfer",
    "reference": "BANK-20260331-0001",
}
_ADJUSTMENT: dict[str, Any] = {
    "change": -1000,
    "billed_amount": 58100,
    "reason": "Agreed with the customer",
    "by": "key_operator",
    "at": TIME,
}


class InvoicePeriod(Shape):
    """First and last day of what an invoice settles."""

    model_config = example(**_INVOICE["period"])

    from_date: Annotated[str, Field(alias="from")]
    to_date: Annotated[str, Field(alias="to")]


class Invoice(Shape):
    """An invoice: settlement less carry-over, and what operators changed, is what the customer pays."""

    model_config = example(**_INVOICE)

    id: str
    account_id: str
    number: str
    month: Annotated[str, Field(description="month of issue; it settles what was issued before it")]
    period: InvoicePeriod
    issued_on: str
    due_on: str
    currency: str
    settlement_amount: Annotated[int, Field(description="coupons issued and not voided by then; it never changes")]
    settlement_coupons: int
    carry_over: Annotated[int, Field(description="voided after an earlier invoice, with the rest of the last one")]
    carry_over_applied: int
    carried_over: Annotated[int, Field(description="rest of the carry-over, for the next invoice")]
    adjusted: Annotated[int, Field(description="what operators changed the billed amount by")]
    billed_amount: Annotated[int, Field(description="what the customer really pays")]
    paid: int
    paid_in_advance: Annotated[int, Field(description="part of it that was paid before the invoice was issued")]
    outstanding: int
    status: InvoiceStatus
    block_lifted: Annotated[bool, Field(description="it blocks no new order although it is overdue")]
    position: int


class InvoicePayment(Shape):
    """What one payment paid of an invoice."""

    model_config = example(**_PAYMENT)

    id: str
    amount: int
    paid_at: str
    method: Literal["transfer", "virtual_account"]
    reference: str | None


class BilledChange(Shape):
    """One change of the billed amount, and who made it."""

    model_config = example(**_ADJUSTMENT)

    change: int
    billed_amount: int
    reason: str
    by: str
    at: str


class PurchaseOfInvoice(Shape):
    """What one order, or one plain spend, adds to an invoice."""

    model_config = example(**_ROW)

    order_id: Annotated[str | None, Field(description="null for a spend without an order")]
    spend_id: str
    number: Annotated[str | None, Field(description="order number, or the reference of a plain spend")]
    name: str | None
    ordered_at: str
    order_amount: Annotated[int, Field(description="of the whole order, as placed")]
    order_coupons: int
    settlement_amount: Annotated[int, Field(description="issued in the period and not voided in it")]
    settlement_coupons: int
    carry_over: Annotated[int, Field(description="voided in the period, issued before it")]


class PurchasesOfInvoice(Shape):
    """One page of an invoice's rows."""

    model_config = example(items=[_ROW], next_cursor=None)

    items: list[PurchaseOfInvoice]
    next_cursor: str | None


class InvoiceDetail(Invoice):
    """An invoice with its payments, the changes of its billed amount, and a page of its rows."""

    model_config = example(
        **{**_INVOICE, "adjusted": -1000, "billed_amount": 58100, "paid": 20000, "outstanding": 38100},
        adjustments=[_ADJUSTMENT],
        payments=[_PAYMENT],
        rows={"items": [_ROW], "next_cursor": None},
    )

    adjustments: list[BilledChange]
    payments: list[InvoicePayment]
    rows: PurchasesOfInvoice


class InvoiceAdjusted(Shape):
    """The billed amount of an invoice after it was changed."""

    model_config = example(
        id=INVOICE_ID,
        account_id=ACCOUNT_ID,
        currency="KRW",
        change=-1000,
        billed_amount=58100,
        outstanding=38100,
        reason="Agreed with the customer",
    )

    id: str
    account_id: str
    currency: str
    change: int
    billed_amount: int
    outstanding: int
    reason: str


class CreditPayout(Shape):
    """Credit of a postpaid customer that was paid to it."""

    model_config = example(
        id="cpo_01k7q4m2x9w3t8r5z6a",
        account_id=ACCOUNT_ID,
        amount=5068,
        currency="KRW",
        carry_over=5068,
        advance=0,
        reference="BANK-20260402-0009",
        reason="The customer becomes prepaid",
    )

    id: str
    account_id: str
    amount: int
    currency: str
    carry_over: int
    advance: int
    reference: str | None
    reason: str


class OverdueBlockLifted(Shape):
    """The overdue invoices that block no more, and what is outstanding of them."""

    model_config = example(
        account_id=ACCOUNT_ID, invoices=[INVOICE_ID], outstanding=59100, currency="KRW", reason="Payment is promised"
    )

    account_id: str
    invoices: list[str]
    outstanding: int
    currency: str
    reason: str


_AGES: dict[str, Any] = {
    "currency": "KRW",
    "outstanding": 59100,
    "overdue": 59100,
    "invoices": 1,
    "days_0_30": 0,
    "days_31_60": 59100,
    "days_61_90": 0,
    "days_over_90": 0,
}


class AgedTotal(Shape):
    """What is owed on invoices in one currency, by days since they were issued."""

    model_config = example(**_AGES)

    currency: str
    outstanding: int
    overdue: Annotated[int, Field(description="part of it whose due date is over")]
    invoices: int
    days_0_30: int
    days_31_60: int
    days_61_90: int
    days_over_90: int


class AgedAccount(AgedTotal):
    """What one customer owes on its invoices."""

    model_config = example(account_id=ACCOUNT_ID, **_AGES)

    account_id: str


class AgedReceivables(Shape):
    """What postpaid customers owed on their invoices at the end of a day, largest first."""

    model_config = example(as_of="2026-04-05", accounts=[{"account_id": ACCOUNT_ID, **_AGES}], totals=[_AGES])

    as_of: str
    accounts: list[AgedAccount]
    totals: list[AgedTotal]

"""Figures of an invoice: what is billed as of a position, and the orders behind it, which change no more (SPEC I7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account.billing.invoices import InvoiceAdjusted, InvoiceIssued, InvoiceNotFound
from aggregates.dates import previous_month
from aggregates.numbers import invoice_number
from projections import invoice_queries
from projections.papers.stored import facts_of

TOPICS = (InvoiceIssued.TOPIC, InvoiceAdjusted.TOPIC)
ROW = ("order_id", "number", "name", "ordered_at", "order_amount", "order_coupons", "settlement_amount")


async def figures(conn: AsyncConnection[Any], basis: dict[str, Any], position: int) -> dict[str, Any]:
    """Return the figures of an invoice.

    Args:
        basis: {invoice_id, transaction_date}; the date is presentation and changes none of them (SPEC R-095).

    Raises:
        InvoiceNotFound.

    Source: SPEC I8, I9, I10.
    """
    invoice_id = basis["invoice_id"]
    named = ids.parse(invoice_id, "inv")
    issued: InvoiceIssued | None = None
    adjusted_minor = 0
    async for fact in facts_of(conn, ids.stream_id(named.account_id), position, TOPICS, after=named.version - 1):
        match fact:
            case InvoiceIssued() if fact.invoice_id == invoice_id:
                issued = fact
            case InvoiceAdjusted() if fact.invoice_id == invoice_id:
                adjusted_minor += fact.amount_minor
    if issued is None:
        raise InvoiceNotFound("there is no invoice with this id")
    first_month = min(issued.months, default=previous_month(issued.month))
    rows = [
        {**{name: row[name] for name in ROW}, "settlement_coupons": row["settlement_coupons"]}
        async for row in invoice_queries.all_rows(conn, invoice_id)
        if row["settlement_amount"] or row["settlement_coupons"]
    ]
    return {
        "invoice_number": invoice_number(issued.number),
        "month": issued.month,
        "period": {"from": f"{first_month}-01", "to": (issued.issued_on - timedelta(days=1)).isoformat()},
        "issued_on": issued.issued_on.isoformat(),
        "due_on": issued.due_on.isoformat(),
        "currency": issued.currency,
        "settlement_amount": issued.settlement_minor,
        "settlement_coupons": issued.coupons,
        "carry_over": issued.carry_over_minor,
        "carry_over_applied": issued.applied_minor,
        "carried_over": issued.carried_minor,
        "adjusted": adjusted_minor,
        "billed_amount": issued.billed_minor + adjusted_minor,
        "paid_in_advance": issued.advance_applied_minor,
        "rows": rows,
    }

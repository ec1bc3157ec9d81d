"""Papers: the figures of each kind of document, made from facts up to a position, and made again the same later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from aggregates import document
from projections.papers import account_statement, invoice, quote, receipts, refund_report, transaction_statement

Figures = Callable[[AsyncConnection[Any], dict[str, Any], int], Awaitable[dict[str, Any]]]
"""Called with a connection, what was asked for, and a position; returns JSON-ready figures."""


class Paper(NamedTuple):
    """How a kind of document comes about.

    Attributes:
        figures: makes them. views: that must have reached the position. formats: that it is kept in.
    """

    figures: Figures
    views: tuple[str, ...]
    formats: tuple[str, ...]


SHEET = ("json", "pdf", "xlsx", "csv")
PRINT = ("json", "pdf")

PAPERS: dict[str, Paper] = {
    document.ACCOUNT_STATEMENT: Paper(account_statement.figures, ("accounts", "transactions"), SHEET),
    document.CHARGE_RECEIPT: Paper(receipts.charge_receipt, (), PRINT),
    document.CANCELLATION_RECEIPT: Paper(receipts.cancellation_receipt, (), PRINT),
    document.QUOTE: Paper(quote.figures, (), SHEET),
    document.TRANSACTION_STATEMENT: Paper(transaction_statement.figures, ("orders",), SHEET),
    document.INVOICE: Paper(invoice.figures, ("invoices", "orders"), SHEET),
    document.REFUND_REPORT: Paper(refund_report.figures, ("refund_requests",), SHEET),
}
"""Kind -> how it comes about."""

"""The page of each kind of document: one file a kind, from its content and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from aggregates import document
from ledger.documents.page import Content, Page
from ledger.documents.pages import (
    account_statement,
    invoice,
    payment_request,
    quote,
    receipts,
    refund_report,
    transaction_statement,
)

PAGES: dict[str, Callable[[Content], Page]] = {
    document.ACCOUNT_STATEMENT: account_statement.page_of,
    document.CHARGE_RECEIPT: receipts.page_of,
    document.CANCELLATION_RECEIPT: receipts.page_of,
    document.QUOTE: quote.page_of,
    document.TRANSACTION_STATEMENT: transaction_statement.page_of,
    document.INVOICE: invoice.page_of,
    document.REFUND_REPORT: refund_report.page_of,
    payment_request.KIND: payment_request.page_of,
}
"""Kind -> its page."""


def page_of(content: Content) -> Page:
    """Return the page of a document."""
    return PAGES[content["kind"]](content)

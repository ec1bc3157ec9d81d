"""Overdue invoices: from the day after the due date they stop new orders, until paid, or lifted by an operator."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.account import standing
from aggregates.dates import business_date
from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account


class InvoiceOverdue(Conflict):
    """An invoice is overdue: nothing new can be bought until it is paid or an operator lifts the block."""

    code = "invoice_overdue"


class NothingOverdue(Conflict):
    """No invoice blocks the account."""

    code = "nothing_overdue"


@fact("account.overdue_block_lifted")
class OverdueBlockLifted(Fact):
    """An operator let a customer buy although invoices are overdue; those that fall due later block again.

    Attributes:
        invoices: ids of the invoices that block no more.
        outstanding_minor: what is still to be paid of them.
        currency: that of the account.
        reason: why, in the operator's words.
    """

    invoices: tuple[str, ...]
    outstanding_minor: int
    currency: str
    reason: str

    def apply(self, stream: Account) -> None:
        stream.own_billing().lift(self.invoices)


def lift_overdue_block(account: Account, stamp: Stamp, *, reason: str) -> OverdueBlockLifted:
    """Let the customer buy although invoices are overdue; the invoices stay overdue.

    Raises:
        AccountIsClosed: the account is closed.
        NothingOverdue: no invoice blocks the account.

    Source: SPEC R-085.
    """
    standing.refuse_closed(account)
    overdue = account.billing.overdue(business_date(account.now(stamp)))
    if not overdue:
        raise NothingOverdue("no overdue invoice blocks the account")
    lifted: OverdueBlockLifted = account.record(
        OverdueBlockLifted,
        stamp,
        invoices=tuple(overdue),
        outstanding_minor=sum(invoice.outstanding_minor for invoice in overdue.values()),
        currency=account.currency,
        reason=reason,
    )
    return lifted


def refuse_overdue(account: Account, today: date) -> None:
    """Refuse a new purchase while an invoice is overdue.

    Raises:
        InvoiceOverdue: figures say how many, what is still to be paid of them, and since when.

    Source: SPEC R-085.
    """
    overdue = account.billing.overdue(today)
    if overdue:
        raise InvoiceOverdue(
            "an invoice is overdue; it must be paid, or an operator must lift the block, before anything new is bought",
            invoices=len(overdue),
            outstanding=sum(invoice.outstanding_minor for invoice in overdue.values()),
            due_on=min(invoice.due_on for invoice in overdue.values()).isoformat(),
        )

"""Invoices: what a month's coupons come to, issued on the 1st, and corrected only by an operator (SPEC I2..I9).

The invoice of month M bills everything captured before the first instant of M that no invoice has billed, less what was
carried over by then. Both are decided by the clock of the records, so a late job changes no amount (SPEC R-089).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.account import standing
from aggregates.account.billing.months import month_of
from aggregates.account.billing.state import OpenInvoice
from aggregates.dates import rfc3339, start_of_day
from aggregates.errors import Conflict, Malformed, NotFound, Rejected
from aggregates.fact import Fact, Stamp, fact
from aggregates.ids import child_id
from aggregates.numbers import INVOICES, Numbers

if TYPE_CHECKING:
    from aggregates.account.account import Account


class InvoiceNotDue(Conflict):
    """The month of the invoice has not begun yet (SPEC I3)."""

    code = "invoice_not_due"


class InvoiceExists(Conflict):
    """That month, or a later one, is billed already."""

    code = "invoice_exists"


class NothingToInvoice(Conflict):
    """Nothing was issued, and no carry-over has to be shown (SPEC R-094)."""

    code = "nothing_to_invoice"


class InvoiceNotFound(NotFound):
    """The account has no such invoice."""

    code = "invoice_not_found"


class InvoiceIsSettled(Conflict):
    """Nothing of the invoice is left to pay or to change."""

    code = "invoice_settled"


class BilledBelowPaid(Rejected):
    """The billed amount cannot be less than what is paid of it."""

    code = "billed_below_paid"


@fact("account.invoice_issued")
class InvoiceIssued(Fact):
    """The invoice of a month: what the customer is to pay for what was issued before that month.

    settlement - applied = billed; carry_over = applied + carried; billed = advance_applied + outstanding.

    Attributes:
        invoice_id: public id, named after this fact ("inv_...").
        number: running number of the ledger's invoices.
        month: "YYYY-MM" of the invoice, which bills what was captured before its first instant.
        months: the months it bills, oldest first: the one before, and earlier ones that no invoice has billed; empty
            when it only shows a carry-over.
        currency: that of the account.
        settlement_minor: sum of what was issued and not voided by then; never changes (SPEC R-086).
        coupons: how many coupons that is.
        carry_over_minor: what came back of billed months by then, with the rest of the last invoice.
        applied_minor: part of it that this invoice takes off.
        carried_minor: the rest of it, for the next invoice (SPEC R-093).
        billed_minor: what the customer is to pay.
        advance_applied_minor: part of it that was paid before.
        advance_minor: what is left of such payments.
        outstanding_minor: what is still to be paid; 0 = the invoice is settled.
        issued_on: the 1st of the month, whenever this was recorded.
        due_on: last KST day on which it is paid in time (SPEC R-087).
        receivable_minor: all that the customer owes (unchanged).
    """

    invoice_id: str
    number: int
    month: str
    months: tuple[str, ...]
    currency: str
    settlement_minor: int
    coupons: int
    carry_over_minor: int
    applied_minor: int
    carried_minor: int
    billed_minor: int
    advance_applied_minor: int
    advance_minor: int
    outstanding_minor: int
    issued_on: date
    due_on: date
    receivable_minor: int

    def apply(self, stream: Account) -> None:
        billing = stream.own_billing()
        billing.bill(self.month)
        billing.carried_minor = self.carried_minor
        billing.advance_minor = self.advance_minor
        if self.outstanding_minor:
            billing.invoices[self.invoice_id] = OpenInvoice(
                number=self.number,
                month=self.month,
                due_on=self.due_on,
                billed_minor=self.billed_minor,
                outstanding_minor=self.outstanding_minor,
                lifted=False,
            )


@fact("account.invoice_adjusted")
class InvoiceAdjusted(Fact):
    """An operator changed the billed amount of an open invoice; its settlement amount stays as it is (SPEC R-086).

    Attributes:
        invoice_id: public id of the invoice.
        amount_minor: signed change of the billed amount.
        currency: that of the account.
        billed_minor: the billed amount after it.
        outstanding_minor: what is still to be paid after it; 0 = the invoice is settled.
        receivable_minor: all that the customer owes after it.
        reason: why, in the operator's words.
    """

    invoice_id: str
    amount_minor: int
    currency: str
    billed_minor: int
    outstanding_minor: int
    receivable_minor: int
    reason: str

    def apply(self, stream: Account) -> None:
        stream.own_billing().owe(self.invoice_id, self.outstanding_minor, self.billed_minor)
        stream.receivable_minor = self.receivable_minor


def issue_invoice(account: Account, stamp: Stamp, *, month: str, due_on: date, numbers: Numbers) -> InvoiceIssued:
    """Issue the invoice of a month, once.

    Args:
        month: "YYYY-MM", not after the present one.
        due_on: last day on which it can be paid in time; not before the 1st of the month.
        numbers: the series of invoices.

    Raises:
        Malformed: month or due date cannot be.
        AccountIsClosed: the account is closed.
        PostpaidOnly: the account is prepaid.
        InvoiceNotDue: figures say from when on.
        InvoiceExists: figures say up to which month is billed.
        NothingToInvoice: nothing was issued, and no carry-over is new (SPEC R-094).

    Source: SPEC I2, I3, I4, R-086, R-089, R-090, R-093, R-094.
    """
    issued_on = first_day(month)
    if due_on < issued_on:
        raise Malformed("due_on must not be before the 1st of the month", field="due_on")
    standing.refuse_closed(account)
    standing.refuse_prepaid(account)
    if month_of(account.now(stamp)) < month:
        raise InvoiceNotDue(
            "the invoice of a month is issued when the month has begun", earliest=rfc3339(start_of_day(issued_on))
        )
    billing = account.billing
    if month <= billing.billed_through:
        raise InvoiceExists("the invoice of this month is issued", billed_through=billing.billed_through)
    settlement = billing.settlement_before(month)
    new_minor = billing.carry_over_before(month)
    if settlement.amount_minor <= 0 and not new_minor:
        raise NothingToInvoice("nothing was issued before the month, and no carry-over is new")
    settlement_minor = max(0, settlement.amount_minor)
    carry_over_minor = billing.carried_minor + new_minor
    applied_minor = min(settlement_minor, carry_over_minor)
    billed_minor = settlement_minor - applied_minor
    advance_applied_minor = min(billed_minor, billing.advance_minor)
    issued: InvoiceIssued = account.record(
        InvoiceIssued,
        stamp,
        invoice_id=child_id("inv", account.account_id, account.version + 1),
        number=numbers.draw(stamp, series=INVOICES),
        month=month,
        months=tuple(sorted(known for known in billing.unbilled if known < month)),
        currency=account.currency,
        settlement_minor=settlement_minor,
        coupons=settlement.coupons,
        carry_over_minor=carry_over_minor,
        applied_minor=applied_minor,
        carried_minor=carry_over_minor - applied_minor,
        billed_minor=billed_minor,
        advance_applied_minor=advance_applied_minor,
        advance_minor=billing.advance_minor - advance_applied_minor,
        outstanding_minor=billed_minor - advance_applied_minor,
        issued_on=issued_on,
        due_on=due_on,
        receivable_minor=account.receivable_minor,
    )
    return issued


def adjust_invoice(
    account: Account, stamp: Stamp, *, invoice_id: str, billed_minor: int, reason: str
) -> InvoiceAdjusted:
    """Change what the customer is to pay on an open invoice.

    Args:
        billed_minor: the new billed amount, >= what is paid of it; 0 is possible.
        reason: why, in the operator's words.

    Raises:
        InvalidAmount: amount out of bounds.
        AccountIsClosed: the account is closed.
        InvoiceIsSettled: nothing of it is open.
        BilledBelowPaid: figures say what is paid.

    Source: SPEC I9, R-086.
    """
    standing.require_amount(billed_minor, "billed_amount", lowest_minor=0)
    standing.refuse_closed(account)
    invoice = require_open(account, invoice_id)
    paid_minor = invoice.billed_minor - invoice.outstanding_minor
    if billed_minor < paid_minor:
        raise BilledBelowPaid(
            "the billed amount cannot be less than what is paid of the invoice", paid=paid_minor, requested=billed_minor
        )
    change_minor = billed_minor - invoice.billed_minor
    adjusted: InvoiceAdjusted = account.record(
        InvoiceAdjusted,
        stamp,
        invoice_id=invoice_id,
        amount_minor=change_minor,
        currency=account.currency,
        billed_minor=billed_minor,
        outstanding_minor=billed_minor - paid_minor,
        receivable_minor=account.receivable_minor + change_minor,
        reason=reason,
    )
    return adjusted


def require_open(account: Account, invoice_id: str) -> OpenInvoice:
    """Return an open invoice of the account. Raises: InvoiceIsSettled."""
    invoice = account.billing.invoices.get(invoice_id)
    if invoice is None:
        raise InvoiceIsSettled("nothing of the invoice is open: there is nothing to pay or to change")
    return invoice


def first_day(month: str) -> date:
    """Return the 1st of "YYYY-MM". Raises: Malformed."""
    try:
        day = date.fromisoformat(f"{month}-01")
    except ValueError:
        day = None
    if day is None or len(month) != 7 or day.year < 2000:
        raise Malformed("month must be a calendar month, YYYY-MM, from 2000-01 on", field="month")
    return day

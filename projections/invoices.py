"""The view `invoices`: what postpaid customers were billed and for what, what they paid, and whose invoice is due.

The account decides what an invoice comes to; here stands which purchases make it up, counted by the same rule from the
same facts. Prepaid facts are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aggregates.account import Account
from aggregates.account.billing.months import month_of
from aggregates.dates import business_date, previous_month, rfc3339
from aggregates.ids import account_of
from projections.invoice_rows import (
    INVOICES,
    PAYMENTS,
    PURCHASES,
    STANDINGS,
    InvoiceRow,
    PaymentRow,
    PurchaseRow,
    StandingRow,
)
from projections.rows import Key, Rows, Table
from projections.view import View


class Invoices(View):
    """Invoices, their rows and payments, and what waits to be billed."""

    NAME = "invoices"
    TABLES = (INVOICES, PURCHASES, PAYMENTS, STANDINGS)
    TAKES = frozenset(
        {
            Account.CreditPaidOut,
            Account.InvoiceAdjusted,
            Account.InvoiceIssued,
            Account.OverdueBlockLifted,
            Account.SettlementPaid,
            Account.SpendCaptured,
            Account.SpendReturned,
            Account.Spent,
        }
    )

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes; none for a purchase that nobody will be billed for."""
        if not _is_billed(fact):
            return
        account_id = _account_of(fact)
        yield STANDINGS, (account_id,)
        match fact:
            case Account.Spent() | Account.SpendCaptured() | Account.SpendReturned():
                yield PURCHASES, (account_id, month_of(fact.recorded_at), fact.spend_id)
            case Account.SettlementPaid():
                for part in fact.invoices:
                    yield INVOICES, (part.invoice_id,)
            case Account.InvoiceAdjusted():
                yield INVOICES, (fact.invoice_id,)
            case Account.OverdueBlockLifted():
                for invoice_id in fact.invoices:
                    yield INVOICES, (invoice_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if not _is_billed(fact):
            return
        account_id = _account_of(fact)
        standing = rows.find(STANDINGS, (account_id,))
        if standing is None:
            standing = StandingRow(account_id, fact.currency, {}, None, "", 0, 0, 0)
            rows.put(STANDINGS, standing)
        match fact:
            case Account.Spent():
                _count(fact, fact.captured_minor, 1, 0, standing, position, rows)
            case Account.SpendCaptured():
                _count(fact, fact.amount_minor, fact.coupons, 0, standing, position, rows)
            case Account.SpendReturned():
                month = month_of(fact.recorded_at)
                same = [part for part in fact.from_months if part.month >= month]
                carried_minor = fact.from_captured_minor - sum(part.amount_minor for part in same)
                lowered_minor = fact.from_captured_minor - carried_minor
                _count(fact, -lowered_minor, -sum(p.coupons for p in same), carried_minor, standing, position, rows)
            case Account.InvoiceIssued():
                _issue(fact, standing, position, rows)
            case Account.InvoiceAdjusted():
                invoice = rows.get(INVOICES, (fact.invoice_id,))
                invoice.billed_minor, invoice.outstanding_minor = fact.billed_minor, fact.outstanding_minor
                invoice.adjusted_minor += fact.amount_minor
                invoice.version = fact.originator_version
                invoice.adjustments = [
                    *invoice.adjustments,
                    {
                        "change": fact.amount_minor,
                        "billed_amount": fact.billed_minor,
                        "reason": fact.reason,
                        "by": fact.actor,
                        "at": rfc3339(fact.occurred_at),
                    },
                ]
            case Account.SettlementPaid():
                _pay(fact, standing, position, rows)
            case Account.OverdueBlockLifted():
                for invoice_id in fact.invoices:
                    invoice = rows.get(INVOICES, (invoice_id,))
                    invoice.lifted, invoice.version = True, fact.originator_version
            case Account.CreditPaidOut():
                standing.carry_over_minor = standing.advance_minor = 0
                standing.paid_out_at = position
                for month in standing.open.values():
                    month[2] = 0
                _see_due(standing)


def _is_billed(fact: Any) -> bool:
    """Say whether a fact concerns postpaid money: of purchases, what was captured or came back of it."""
    match fact:
        case Account.Spent():
            return bool(fact.mode == "postpaid" and fact.captured_minor)
        case Account.SpendCaptured():
            return bool(fact.mode == "postpaid")
        case Account.SpendReturned():
            return bool(fact.from_months)
    return True


def _account_of(fact: Any) -> str:
    """Return the public id of the account whose fact it is; each of them names something born there."""
    match fact:
        case Account.InvoiceIssued() | Account.InvoiceAdjusted():
            return account_of(fact.invoice_id)
        case Account.SettlementPaid():
            return account_of(fact.settlement_id)
        case Account.CreditPaidOut():
            return account_of(fact.payout_id)
        case Account.OverdueBlockLifted():
            return account_of(fact.invoices[0])
    return account_of(fact.spend_id)


def _count(
    fact: Any,
    settlement_minor: int,
    coupons: int,
    carry_over_minor: int,
    standing: StandingRow,
    position: int,
    rows: Rows,
) -> None:
    """Count what a fact about a purchase adds to the month in which it was recorded."""
    month = month_of(fact.recorded_at)
    key = (standing.account_id, month, fact.spend_id)
    row = rows.find(PURCHASES, key)
    if row is None:
        row = PurchaseRow(*key, position, 0, 0, 0)
        rows.put(PURCHASES, row)
    row.position = position
    row.settlement_minor += settlement_minor
    row.coupons += coupons
    row.carry_over_minor += carry_over_minor
    known = standing.open.get(month, [0, 0, 0])
    standing.open[month] = [known[0] + settlement_minor, known[1] + coupons, known[2] + carry_over_minor]
    standing.carry_over_minor += carry_over_minor
    _see_due(standing)


def _see_due(standing: StandingRow) -> None:
    """Note the first month that gives reason for an invoice (SPEC R-094)."""
    standing.due_month = min(
        (month for month, (minor, _, carried) in standing.open.items() if minor > 0 or carried), default=None
    )


def _issue(fact: Any, standing: StandingRow, position: int, rows: Rows) -> None:
    rows.put(
        INVOICES,
        InvoiceRow(
            invoice_id=fact.invoice_id, position=position, account_id=standing.account_id, number=fact.number,
            month=fact.month, after_month=standing.billed_through,
            first_month=min(fact.months, default=previous_month(fact.month)), carry_after=standing.paid_out_at,
            issued_on=fact.issued_on, due_on=fact.due_on, currency=fact.currency,
            settlement_minor=fact.settlement_minor, coupons=fact.coupons, carry_over_minor=fact.carry_over_minor,
            applied_minor=fact.applied_minor, carried_minor=fact.carried_minor, billed_minor=fact.billed_minor,
            advance_minor=fact.advance_applied_minor, paid_minor=fact.advance_applied_minor,
            outstanding_minor=fact.outstanding_minor, version=fact.originator_version,
        ),
    )  # fmt: skip
    standing.open = {month: figures for month, figures in standing.open.items() if month >= fact.month}
    standing.billed_through = fact.month
    standing.carry_over_minor -= fact.applied_minor
    standing.advance_minor = fact.advance_minor
    _see_due(standing)


def _pay(fact: Any, standing: StandingRow, position: int, rows: Rows) -> None:
    parts = [(part.invoice_id, part.amount_minor) for part in fact.invoices]
    if fact.advance_minor:
        parts.append(("", fact.advance_minor))
        standing.advance_minor += fact.advance_minor
    for part in fact.invoices:
        invoice = rows.get(INVOICES, (part.invoice_id,))
        invoice.paid_minor += part.amount_minor
        invoice.outstanding_minor = part.outstanding_minor
        invoice.version = fact.originator_version
    for invoice_id, amount_minor in parts:
        rows.put(
            PAYMENTS,
            PaymentRow(
                fact.settlement_id, invoice_id, position, standing.account_id, amount_minor, fact.currency,
                fact.occurred_at, business_date(fact.occurred_at), fact.method, fact.reference,
            ),
        )  # fmt: skip

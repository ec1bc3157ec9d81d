"""Commands about postpaid money: issue and adjust invoices, book payments and pay-outs, lift the overdue block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from aggregates.account import Account
from aggregates.account.billing.invoices import InvoiceIssued, InvoiceNotFound, first_day
from aggregates.account.billing.payments import PARTS_MAX
from aggregates.calendar import BusinessCalendar
from aggregates.errors import Malformed
from aggregates.fact import Fact, Stamp
from aggregates.ids import account_of
from aggregates.numbers import INVOICES, Numbers, invoice_number, series_id
from ledger.command import Answer, Streams, answer
from ledger.commands.origins import origin_of

CALENDAR = BusinessCalendar()
"""Of the due dates that no caller names."""


@dataclass(frozen=True, slots=True)
class IssueInvoice:
    """Issue the invoice of a month.

    Attributes:
        month: "YYYY-MM"; the invoice bills what was captured before it.
        due_on: last KST day on which it is paid in time; None = the last business day of the month (SPEC R-087).
    """

    ANSWER: ClassVar[str] = "invoice-issued/1"

    account_id: str
    month: str
    due_on: date | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.InvoiceIssued` and `NumberDrawn`. Raises: NotFound; as of `Account.issue_invoice`."""
        account = streams.account(self.account_id)
        numbers = streams.stream(Numbers, series_id(INVOICES))
        due_on = self.due_on or CALENDAR.last_of_month(first_day(self.month))
        account.issue_invoice(stamp, month=self.month, due_on=due_on, numbers=numbers)


@dataclass(frozen=True, slots=True)
class AdjustInvoice:
    """Change the billed amount of an open invoice.

    Attributes:
        billed_minor: the new billed amount. reason: why, in the operator's words.
    """

    ANSWER: ClassVar[str] = "invoice-adjusted/1"

    account_id: str
    invoice_id: str
    billed_minor: int
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.InvoiceAdjusted`. Raises: NotFound, InvoiceNotFound; as of `Account.adjust_invoice`."""
        account = streams.account(self.account_id)
        _known(streams, account, self.invoice_id)
        account.adjust_invoice(stamp, invoice_id=self.invoice_id, billed_minor=self.billed_minor, reason=self.reason)


@dataclass(frozen=True, slots=True)
class PayInvoices:
    """Book one payment over the invoices that it names; refused as a whole if one part is.

    Attributes:
        parts: (invoice id, its part) in the order of payment; their sum is the amount.
        reference: the bank's number for it. method: transfer or virtual_account.
    """

    ANSWER: ClassVar[str] = "settlement/2"

    account_id: str
    amount_minor: int
    parts: tuple[tuple[str, int], ...]
    reference: str | None = None
    method: str = "transfer"

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.SettlementPaid`.

        Raises:
            Malformed: too many parts.
            NotFound: no such account.
            InvoiceNotFound: it has no such invoice.
            LedgerError: as of `Account.pay_invoices`.
        """
        if len(self.parts) > PARTS_MAX:
            raise Malformed(f"a payment names 1 to {PARTS_MAX} invoices, each once", field="parts")
        account = streams.account(self.account_id)
        for invoice_id, _ in self.parts:
            _known(streams, account, invoice_id)
        account.pay_invoices(
            stamp, amount_minor=self.amount_minor, parts=self.parts, reference=self.reference, method=self.method
        )


@dataclass(frozen=True, slots=True)
class PaySettlement:
    """Book a postpaid customer's payment that names no invoice: the oldest first, the rest is an advance."""

    ANSWER: ClassVar[str] = "settlement/2"

    account_id: str
    amount_minor: int
    reference: str | None
    method: str = "transfer"

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.SettlementPaid`. Raises: NotFound; as of `Account.pay_settlement`."""
        streams.account(self.account_id).pay_settlement(
            stamp, amount_minor=self.amount_minor, reference=self.reference, method=self.method
        )


@dataclass(frozen=True, slots=True)
class PayOutCredit:
    """Book that what the customer had to its credit was paid to it."""

    ANSWER: ClassVar[str] = "credit-payout/1"

    account_id: str
    reason: str
    reference: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.CreditPaidOut`. Raises: NotFound; as of `Account.pay_out_credit`."""
        streams.account(self.account_id).pay_out_credit(stamp, reason=self.reason, reference=self.reference)


@dataclass(frozen=True, slots=True)
class LiftOverdueBlock:
    """Let a customer buy although invoices are overdue."""

    ANSWER: ClassVar[str] = "overdue-lifted/1"

    account_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.OverdueBlockLifted`. Raises: NotFound; as of `Account.lift_overdue_block`."""
        streams.account(self.account_id).lift_overdue_block(stamp, reason=self.reason)


@answer("invoice-issued/1")
def invoice_issued(facts: Sequence[Fact]) -> Answer:
    """Answer with a new invoice."""
    fact = next(fact for fact in facts if isinstance(fact, Account.InvoiceIssued))
    return Answer(
        201,
        {
            "id": fact.invoice_id,
            "account_id": account_of(fact.invoice_id),
            "number": invoice_number(fact.number),
            "month": fact.month,
            "issued_on": fact.issued_on.isoformat(),
            "due_on": fact.due_on.isoformat(),
            "currency": fact.currency,
            "settlement_amount": fact.settlement_minor,
            "settlement_coupons": fact.coupons,
            "carry_over": fact.carry_over_minor,
            "carry_over_applied": fact.applied_minor,
            "carried_over": fact.carried_minor,
            "billed_amount": fact.billed_minor,
            "paid": fact.advance_applied_minor,
            "outstanding": fact.outstanding_minor,
        },
    )


@answer("invoice-adjusted/1")
def invoice_adjusted(facts: Sequence[Fact]) -> Answer:
    """Answer with the billed amount as it is now."""
    fact = next(fact for fact in facts if isinstance(fact, Account.InvoiceAdjusted))
    return Answer(
        200,
        {
            "id": fact.invoice_id,
            "account_id": account_of(fact.invoice_id),
            "currency": fact.currency,
            "change": fact.amount_minor,
            "billed_amount": fact.billed_minor,
            "outstanding": fact.outstanding_minor,
            "reason": fact.reason,
        },
    )


@answer("settlement/1")
def settlement_before_invoices(facts: Sequence[Fact]) -> Answer:
    """Answer with the payment and what is still owed, as it was answered before there were invoices."""
    fact = next(fact for fact in facts if isinstance(fact, Account.SettlementPaid))
    return Answer(201, _settlement(fact))


@answer("settlement/2")
def settlement(facts: Sequence[Fact]) -> Answer:
    """Answer with the payment, the invoices it went to, and what is still owed."""
    fact = next(fact for fact in facts if isinstance(fact, Account.SettlementPaid))
    invoices = [
        {"invoice_id": part.invoice_id, "amount": part.amount_minor, "outstanding": part.outstanding_minor}
        for part in fact.invoices
    ]
    more = {"method": fact.method, "invoices": invoices, "advance": fact.advance_minor}
    return Answer(201, {**_settlement(fact), **more})


@answer("credit-payout/1")
def credit_payout(facts: Sequence[Fact]) -> Answer:
    """Answer with what was paid out."""
    fact = next(fact for fact in facts if isinstance(fact, Account.CreditPaidOut))
    return Answer(
        201,
        {
            "id": fact.payout_id,
            "account_id": account_of(fact.payout_id),
            "amount": fact.amount_minor,
            "currency": fact.currency,
            "carry_over": fact.carry_over_minor,
            "advance": fact.advance_minor,
            "reference": fact.reference,
            "reason": fact.reason,
        },
    )


@answer("overdue-lifted/1")
def overdue_lifted(facts: Sequence[Fact]) -> Answer:
    """Answer with the invoices that block no more."""
    fact = next(fact for fact in facts if isinstance(fact, Account.OverdueBlockLifted))
    return Answer(
        200,
        {
            "account_id": account_of(fact.invoices[0]),
            "invoices": list(fact.invoices),
            "outstanding": fact.outstanding_minor,
            "currency": fact.currency,
            "reason": fact.reason,
        },
    )


def _settlement(fact: Any) -> dict[str, Any]:
    return {
        "id": fact.settlement_id,
        "account_id": account_of(fact.settlement_id),
        "amount": fact.amount_minor,
        "currency": fact.currency,
        "reference": fact.reference,
        "receivable": fact.receivable_minor,
    }


def _known(streams: Streams, account: Account, invoice_id: str) -> None:
    """Refuse an invoice that the account never had. Raises: InvoiceNotFound."""
    if invoice_id not in account.billing.invoices:
        origin_of(streams, account, invoice_id, "inv", InvoiceIssued, InvoiceNotFound)

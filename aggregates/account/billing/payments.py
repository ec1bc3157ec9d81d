"""Payments of postpaid customers: in part or in full, over one invoice or several; and credit that is paid out.

One kind of fact holds every payment, whichever invoices it went to. What is paid before there is an invoice waits as an
advance, and the next invoice takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from aggregates.account import standing
from aggregates.account.billing.invoices import require_open
from aggregates.account.billing.state import InvoicePart
from aggregates.errors import Conflict, Malformed, Rejected
from aggregates.fact import Fact, Stamp, fact
from aggregates.ids import child_id

if TYPE_CHECKING:
    from aggregates.account.account import Account

METHODS = ("transfer", "virtual_account")
"""How a customer pays an invoice: to the printed account, or to a virtual account of its own (SPEC R-088)."""

PARTS_MAX = 100
"""Invoices that one payment can name."""


class SettlementExceedsReceivable(Rejected):
    """The payment is more than what the customer owes."""

    code = "settlement_exceeds_receivable"


class PaymentExceedsInvoice(Rejected):
    """A part of the payment is more than what its invoice still owes."""

    code = "payment_exceeds_invoice"


class PaymentPartsDiffer(Rejected):
    """The parts of a payment must add up to it."""

    code = "payment_parts_differ"


class NoCredit(Conflict):
    """The customer has nothing to its credit that could be paid out."""

    code = "no_credit"


class CreditIsOwed(Conflict):
    """The customer still owes something, which its credit is there to pay."""

    code = "credit_is_owed"


@fact("account.settlement_paid")
class SettlementPaid(Fact):
    """A postpaid customer paid what it owes: parts of invoices, and what no invoice has billed yet as an advance.

    amount = sum of the parts + advance.

    Attributes:
        settlement_id: public id, named after this fact ("stl_...").
        amount_minor: what arrived.
        currency: that of the account.
        reference: the bank's or the caller's number for it; None when not given.
        receivable_minor: what is still owed after it.
        method: transfer or virtual_account.
        invoices: the part of each invoice, in the order in which they were paid.
        advance_minor: the part that no invoice has billed; the next one takes it.
    """

    VERSION: ClassVar[int] = 2

    settlement_id: str
    amount_minor: int
    currency: str
    reference: str | None
    receivable_minor: int
    method: str
    invoices: tuple[InvoicePart, ...]
    advance_minor: int

    def apply(self, stream: Account) -> None:
        stream.receivable_minor = self.receivable_minor
        billing = stream.own_billing()
        billing.advance_minor += self.advance_minor
        for part in self.invoices:
            billing.owe(part.invoice_id, part.outstanding_minor)

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Before there were invoices, every payment was made in advance."""
        state.update(method="transfer", invoices=[], advance_minor=state["amount_minor"])


@fact("account.credit_paid_out")
class CreditPaidOut(Fact):
    """What a postpaid customer had to its credit was paid to it: carry-over and advance payments (SPEC R-098).

    Attributes:
        payout_id: public id, named after this fact ("cpo_...").
        amount_minor: what left the bank.
        currency: that of the account.
        carry_over_minor, advance_minor: the two parts of it.
        reference: the bank's number for it; None when not given.
        reason: why, in the operator's words.
        receivable_minor: what the customer owes after it.
    """

    payout_id: str
    amount_minor: int
    currency: str
    carry_over_minor: int
    advance_minor: int
    reference: str | None
    reason: str
    receivable_minor: int

    def apply(self, stream: Account) -> None:
        stream.receivable_minor = self.receivable_minor
        stream.own_billing().forgo_credit()


def pay_invoices(
    account: Account,
    stamp: Stamp,
    *,
    amount_minor: int,
    parts: Sequence[tuple[str, int]],
    reference: str | None = None,
    method: str = "transfer",
) -> SettlementPaid:
    """Book one payment over the invoices that it names; if one part is refused, all of it is.

    Args:
        amount_minor: what arrived: the sum of the parts.
        parts: (invoice id, its part of the payment, > 0), each invoice once.
        method: transfer or virtual_account.

    Raises:
        Malformed: no invoice, one twice, too many, or an unknown method.
        InvalidAmount: an amount out of bounds.
        PaymentPartsDiffer: the parts do not add up to the amount.
        AccountIsClosed: the account is closed.
        InvoiceIsSettled: nothing of an invoice is open.
        PaymentExceedsInvoice: figures say which invoice and what it still owes.

    Source: SPEC R-086, R-088.
    """
    if method not in METHODS:
        raise Malformed("method must be transfer or virtual_account", field="method")
    if not 1 <= len(parts) <= PARTS_MAX or len({invoice_id for invoice_id, _ in parts}) != len(parts):
        raise Malformed(f"a payment names 1 to {PARTS_MAX} invoices, each once", field="parts")
    standing.require_amount(amount_minor)
    for _, part_minor in parts:
        standing.require_amount(part_minor)
    sum_minor = sum(part_minor for _, part_minor in parts)
    if sum_minor != amount_minor:
        raise PaymentPartsDiffer(
            "the parts of a payment must add up to its amount", amount=amount_minor, parts=sum_minor
        )
    standing.refuse_closed(account)
    for invoice_id, part_minor in parts:
        outstanding_minor = require_open(account, invoice_id).outstanding_minor
        if part_minor > outstanding_minor:
            raise PaymentExceedsInvoice(
                "a part of the payment is more than what its invoice still owes",
                invoice_id=invoice_id,
                outstanding=outstanding_minor,
                requested=part_minor,
            )
    return _record(account, stamp, amount_minor, parts, reference, method)


def pay_settlement(
    account: Account, stamp: Stamp, *, amount_minor: int, reference: str | None = None, method: str = "transfer"
) -> SettlementPaid:
    """Book a payment that names no invoice: it pays the oldest open one first, and the rest is an advance.

    Raises:
        Malformed: an unknown method.
        InvalidAmount: amount out of bounds.
        AccountIsClosed: the account is closed.
        PostpaidOnly: the account is prepaid.
        SettlementExceedsReceivable: figures say what is owed: open invoices and what is not billed yet.

    Source: SPEC 6, R-086, R-088.
    """
    if method not in METHODS:
        raise Malformed("method must be transfer or virtual_account", field="method")
    standing.require_amount(amount_minor)
    standing.refuse_closed(account)
    standing.refuse_prepaid(account)
    billing = account.billing
    credit_minor = billing.carry_over_minor + billing.advance_minor
    owed_minor = billing.outstanding_minor + max(0, billing.unbilled_minor - credit_minor)
    if amount_minor > owed_minor:
        raise SettlementExceedsReceivable(
            "the amount is more than what the customer owes",
            receivable=owed_minor,
            requested=amount_minor,
        )
    parts, left_minor = [], amount_minor
    for invoice_id, invoice in billing.invoices.items():
        if left_minor:
            part_minor = min(left_minor, invoice.outstanding_minor)
            parts.append((invoice_id, part_minor))
            left_minor -= part_minor
    return _record(account, stamp, amount_minor, parts, reference, method)


def pay_out_credit(account: Account, stamp: Stamp, *, reason: str, reference: str | None = None) -> CreditPaidOut:
    """Book that everything the customer had to its credit was paid to it; possible while it owes nothing.

    Args:
        reason: why, in the operator's words.
        reference: the bank's number for it.

    Raises:
        AccountIsClosed: the account is closed.
        PostpaidOnly: the account is prepaid.
        NoCredit: neither carry-over nor advance.
        CreditIsOwed: figures say what is open and unbilled.

    Source: SPEC R-098.
    """
    standing.refuse_closed(account)
    standing.refuse_prepaid(account)
    billing = account.billing
    carry_over_minor, advance_minor = billing.carry_over_minor, billing.advance_minor
    if not carry_over_minor + advance_minor:
        raise NoCredit("the customer has neither carry-over nor advance payments")
    if billing.invoices or billing.unbilled_minor:
        raise CreditIsOwed(
            "credit is paid out only while no invoice is open and nothing is unbilled",
            outstanding=billing.outstanding_minor,
            unbilled=billing.unbilled_minor,
        )
    amount_minor = carry_over_minor + advance_minor
    paid_out: CreditPaidOut = account.record(
        CreditPaidOut,
        stamp,
        payout_id=child_id("cpo", account.account_id, account.version + 1),
        amount_minor=amount_minor,
        currency=account.currency,
        carry_over_minor=carry_over_minor,
        advance_minor=advance_minor,
        reference=reference,
        reason=reason,
        receivable_minor=account.receivable_minor + amount_minor,
    )
    return paid_out


def _record(
    account: Account,
    stamp: Stamp,
    amount_minor: int,
    parts: Sequence[tuple[str, int]],
    reference: str | None,
    method: str,
) -> SettlementPaid:
    open_invoices = account.billing.invoices
    paid: SettlementPaid = account.record(
        SettlementPaid,
        stamp,
        settlement_id=child_id("stl", account.account_id, account.version + 1),
        amount_minor=amount_minor,
        currency=account.currency,
        reference=reference,
        receivable_minor=account.receivable_minor - amount_minor,
        method=method,
        invoices=tuple(
            InvoicePart(invoice_id, part_minor, open_invoices[invoice_id].outstanding_minor - part_minor)
            for invoice_id, part_minor in parts
        ),
        advance_minor=amount_minor - sum(part_minor for _, part_minor in parts),
    )
    return paid

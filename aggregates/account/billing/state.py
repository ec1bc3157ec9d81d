"""What an account remembers of postpaid money: what is unbilled, what is carried over, and the open invoices.

Settled invoices and billed months leave it, so it stays as small as the customer is punctual. It is changed by folds
alone. `NOTHING_BILLED` stands for all accounts that have none of it, and is never changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple, Self

from aggregates.account.billing.months import month_of
from aggregates.account.parts import MonthPart
from aggregates.plain import plain, revive


class Unbilled(NamedTuple):
    """What was captured in one month, and how many coupons that paid for."""

    amount_minor: int
    coupons: int


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice of which something is still to be paid.

    Attributes:
        number: running number of the invoice. month: "YYYY-MM" in which it was issued.
        due_on: last KST day on which it can be paid in time.
        billed_minor: what the customer is to pay in all. outstanding_minor: what of it is not paid.
        lifted: an operator has said that it blocks nothing although it is overdue (SPEC R-085).
    """

    number: int
    month: str
    due_on: date
    billed_minor: int
    outstanding_minor: int
    lifted: bool


@dataclass(frozen=True, slots=True)
class InvoicePart:
    """Part of a payment that went to one invoice. outstanding_minor: what it still owes after it."""

    invoice_id: str
    amount_minor: int
    outstanding_minor: int


class Billing:
    """Postpaid money of one account.

    Attributes:
        unbilled: month of capture -> what no invoice has billed.
        carry_over: month of the return -> what came back of money captured in an earlier month, not applied yet.
        carried_minor: rest of carry-over that the last invoice could not use up (SPEC R-093).
        advance_minor: paid before there was an invoice to pay; the next one takes it.
        invoices: invoice id -> open invoice, oldest first.
        billed_through: month of the last invoice; everything recorded before its first day is billed. "" before one.
    """

    __slots__ = ("advance_minor", "billed_through", "carried_minor", "carry_over", "invoices", "unbilled")

    def __init__(self) -> None:
        self.unbilled: dict[str, Unbilled] = {}
        self.carry_over: dict[str, int] = {}
        self.carried_minor = 0
        self.advance_minor = 0
        self.invoices: dict[str, OpenInvoice] = {}
        self.billed_through = ""

    # -- what decisions ask ------------------------------------------------------------------------------------

    @property
    def unbilled_minor(self) -> int:
        """What is captured and on no invoice."""
        return sum(month.amount_minor for month in self.unbilled.values())

    @property
    def carry_over_minor(self) -> int:
        """What the next invoices have to take off."""
        return self.carried_minor + sum(self.carry_over.values())

    @property
    def outstanding_minor(self) -> int:
        """What is billed and not paid."""
        return sum(invoice.outstanding_minor for invoice in self.invoices.values())

    @property
    def trade_receivable_minor(self) -> int:
        """Balance of `asset.trade_receivable`: what is billed and not paid, less what the customer has as credit."""
        return self.outstanding_minor - self.carry_over_minor - self.advance_minor

    def settlement_before(self, month: str) -> Unbilled:
        """Return what was captured before the first instant of "YYYY-MM" and is not billed."""
        parts = [part for known, part in self.unbilled.items() if known < month]
        return Unbilled(sum(part.amount_minor for part in parts), sum(part.coupons for part in parts))

    def carry_over_before(self, month: str) -> int:
        """Return what came back before the first instant of "YYYY-MM" and is not applied, without the rest carried."""
        return sum(amount_minor for known, amount_minor in self.carry_over.items() if known < month)

    def overdue(self, today: date) -> dict[str, OpenInvoice]:
        """Return the invoices that are overdue on a KST day and block new orders."""
        return {
            invoice_id: invoice
            for invoice_id, invoice in self.invoices.items()
            if invoice.due_on < today and not invoice.lifted
        }

    # -- what folds do -----------------------------------------------------------------------------------------

    def note_captured(self, recorded_at: datetime, amount_minor: int, coupons: int) -> None:
        """Fold: postpaid money was captured; below zero, it came back in the month of its capture."""
        month = month_of(recorded_at)
        known = self.unbilled.get(month)
        if known is not None:
            amount_minor, coupons = amount_minor + known.amount_minor, coupons + known.coupons
        if amount_minor or coupons:
            self.unbilled[month] = Unbilled(amount_minor, coupons)
        else:
            self.unbilled.pop(month, None)

    def note_returned(self, recorded_at: datetime, parts: tuple[MonthPart, ...]) -> None:
        """Fold: captured money came back; what was captured in an earlier month is carried over."""
        now = month_of(recorded_at)
        for part in parts:
            if part.month < now:
                self.carry_over[now] = self.carry_over.get(now, 0) + part.amount_minor
            else:
                self.note_captured(recorded_at, -part.amount_minor, -part.coupons)

    def bill(self, month: str) -> None:
        """Fold: an invoice of "YYYY-MM" has taken what was there before that month."""
        self.unbilled = {known: part for known, part in self.unbilled.items() if known >= month}
        self.carry_over = {known: amount_minor for known, amount_minor in self.carry_over.items() if known >= month}
        self.billed_through = month

    def owe(self, invoice_id: str, outstanding_minor: int, billed_minor: int | None = None) -> None:
        """Fold: so much of an open invoice is not paid now; a settled one leaves."""
        invoice = self.invoices[invoice_id]
        if outstanding_minor:
            self.invoices[invoice_id] = replace(
                invoice,
                outstanding_minor=outstanding_minor,
                billed_minor=invoice.billed_minor if billed_minor is None else billed_minor,
            )
        else:
            del self.invoices[invoice_id]

    def lift(self, invoices: Iterable[str]) -> None:
        """Fold: these invoices block nothing although they are overdue."""
        for invoice_id in invoices:
            self.invoices[invoice_id] = replace(self.invoices[invoice_id], lifted=True)

    def forgo_credit(self) -> None:
        """Fold: what the customer had to its credit was paid out."""
        self.carry_over, self.carried_minor, self.advance_minor = {}, 0, 0

    # -- as a value --------------------------------------------------------------------------------------------

    def copy(self) -> Self:
        """Return an independent copy; the parts never change."""
        twin = type(self)()
        twin.unbilled, twin.carry_over, twin.invoices = dict(self.unbilled), dict(self.carry_over), dict(self.invoices)
        twin.carried_minor, twin.advance_minor = self.carried_minor, self.advance_minor
        twin.billed_through = self.billed_through
        return twin

    def dump(self) -> dict[str, Any]:
        """Return the state in JSON's own types; empty when nothing is in it."""
        if self == NOTHING_BILLED:
            return {}
        return {name: plain(getattr(self, name)) for name in Billing.__slots__ if name != "invoices"} | {
            # Their order is that in which they are paid.
            "invoices": [[invoice_id, plain(invoice)] for invoice_id, invoice in self.invoices.items()]
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Billing:
        """Return what `dump` described."""
        if not state:
            return NOTHING_BILLED
        made = cls()
        made.unbilled = {month: Unbilled(*part) for month, part in state["unbilled"].items()}
        made.carry_over = dict(state["carry_over"])
        made.carried_minor, made.advance_minor = state["carried_minor"], state["advance_minor"]
        made.invoices = {invoice_id: revive(OpenInvoice, invoice) for invoice_id, invoice in state["invoices"]}
        made.billed_through = state["billed_through"]
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Billing) and all(getattr(self, n) == getattr(other, n) for n in Billing.__slots__)

    __hash__ = None  # type: ignore[assignment]


NOTHING_BILLED = Billing()
"""Of every account without postpaid money."""

"""An obligation: one due item, whoever asks for it and whichever way it is paid (SPEC R-101, R-102, R-116, R-124).

A request, a link, a bill, a debit and a building's unit each ask for an obligation, and all ways of paying it meet
here: at most one attempt is under way at a time, what has settled counts, and what came in beyond what is due is the
payer's credit. That an attempt was started is no payment: only money that has settled is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Self
from uuid import UUID

from aggregates.collecting import obligation_payments, obligation_refunds
from aggregates.collecting.obligation_facts import (
    ObligationAttempted,
    ObligationAttemptEnded,
    ObligationChanged,
    ObligationConfirmed,
    ObligationEnded,
    ObligationOpened,
    ObligationRefunded,
    ObligationRefundFailed,
    ObligationRefundStarted,
    ObligationReopened,
    ObligationReversed,
    ObligationSettled,
)
from aggregates.collecting.obligation_parts import Attempt, AttemptInFlight, ObligationClosed, Paid, Source
from aggregates.fact import Stamp, Stream, stream_class


@stream_class("obligation")
class Obligation(Stream):
    """One due item.

    Attributes:
        obligation_id, account_id, source, source_id, currency: as opened.
        due_minor: what is due; None = the payer decides. due_on: when; None = no date.
        minimum_minor, maximum_minor, parts: what one payment may bring.
        paid_minor: what has settled or was confirmed for it, and was not taken back; refunds do not lower it.
        confirmed_minor: what of it the payee has confirmed. refunded_minor: what of it went back by refunds.
        reversed_minor: all that was ever taken back. credit_minor: the payer's credit.
        attempt: what is under way; None = nothing.
        payments: attempt id -> what has settled and not wholly gone back.
        closed: why it is not asked for any more; "" = it is.
    """

    __slots__ = (
        "account_id", "attempt", "closed", "confirmed_minor", "credit_minor", "currency", "due_minor", "due_on",
        "maximum_minor", "minimum_minor", "obligation_id", "paid_minor", "parts", "payments", "refunded_minor",
        "reversed_minor", "source", "source_id",
    )  # fmt: skip

    Opened = ObligationOpened
    Changed = ObligationChanged
    Closed = ObligationEnded
    Reopened = ObligationReopened

    AttemptStarted = ObligationAttempted
    AttemptEnded = ObligationAttemptEnded
    Settled = ObligationSettled
    Confirmed = ObligationConfirmed
    Reversed = ObligationReversed
    require_payable = obligation_payments.require_payable
    start_attempt = obligation_payments.start_attempt
    end_attempt = obligation_payments.end_attempt
    split = obligation_payments.split
    settle = obligation_payments.settle
    confirm = obligation_payments.confirm
    reverse = obligation_payments.reverse

    RefundStarted = ObligationRefundStarted
    Refunded = ObligationRefunded
    RefundFailed = ObligationRefundFailed
    refund_parts = obligation_refunds.refund_parts
    start_refund = obligation_refunds.start_refund
    finish_refund = obligation_refunds.finish_refund
    fail_refund = obligation_refunds.fail_refund

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.obligation_id = ""
        self.account_id = ""
        self.source = ""
        self.source_id = ""
        self.currency = ""
        self.due_minor: int | None = None
        self.due_on: date | None = None
        self.minimum_minor = 1
        self.maximum_minor: int | None = None
        self.parts = False
        self.paid_minor = 0
        self.confirmed_minor = 0
        self.refunded_minor = 0
        self.reversed_minor = 0
        self.credit_minor = 0
        self.attempt: Attempt | None = None
        self.payments: dict[str, Paid] = {}
        self.closed = ""

    @property
    def outstanding_minor(self) -> int | None:
        """What is left to pay; None where the payer decides."""
        return None if self.due_minor is None else max(0, self.due_minor - self.paid_minor)

    @property
    def is_paid(self) -> bool:
        """Whether what is due has settled or was confirmed; an open amount: whether anything has."""
        return self.paid_minor > 0 if self.due_minor is None else self.paid_minor >= self.due_minor

    def open(
        self,
        stamp: Stamp,
        *,
        obligation_id: str,
        account_id: str,
        source: Source,
        source_id: str,
        currency: str,
        due_minor: int | None,
        due_on: date | None = None,
        parts: bool = False,
        minimum_minor: int = 1,
        maximum_minor: int | None = None,
    ) -> ObligationOpened:
        """Record that something is asked for; amounts are checked by who asks. Source: SPEC R-116."""
        opened: ObligationOpened = self.record(
            ObligationOpened,
            stamp,
            obligation_id=obligation_id,
            account_id=account_id,
            source=source,
            source_id=source_id,
            due_minor=due_minor,
            minimum_minor=minimum_minor,
            maximum_minor=maximum_minor,
            parts=parts,
            currency=currency,
            due_on=due_on,
        )
        return opened

    def change(
        self, stamp: Stamp, *, due_minor: int | None, due_on: date | None, credit_minor: int = 0
    ) -> ObligationChanged:
        """Record what is due now; credit that counts for it is moved on the account in the same commit.

        Args:
            credit_minor: 0..credit that has no refund under way; below zero, down to `freed_by`, what is credit now.

        Raises:
            AttemptInFlight: somebody is paying what was due before, and the amount would change under them.
        """
        if self.attempt is not None and not self.parts:
            raise AttemptInFlight("a payment is under way; what is due cannot change until it has its result")
        changed: ObligationChanged = self.record(
            ObligationChanged,
            stamp,
            obligation_id=self.obligation_id,
            due_minor=due_minor,
            due_on=due_on,
            credit_minor=credit_minor,
        )
        return changed

    def close(self, stamp: Stamp, *, reason: str) -> ObligationEnded:
        """Record that it is not asked for any more. Raises: ObligationClosed: it is not already."""
        if self.closed:
            raise ObligationClosed("this is not asked for any more", reason=self.closed)
        ended: ObligationEnded = self.record(ObligationEnded, stamp, obligation_id=self.obligation_id, reason=reason)
        return ended

    def reopen(self, stamp: Stamp) -> ObligationReopened:
        """Record that it is asked for again."""
        reopened: ObligationReopened = self.record(ObligationReopened, stamp, obligation_id=self.obligation_id)
        return reopened

    def take(self, attempt_id: str, paid: Paid) -> None:
        """Put back what is left of a payment; one of which nothing is left is forgotten."""
        payments = {**self.payments, attempt_id: paid}
        if not paid.applied_minor and not paid.over_minor:
            del payments[attempt_id]
        self.payments = payments

    def freed_by(self, due_minor: int | None) -> int:
        """Return what has settled and would be credit if only so much were due; what was confirmed is not here."""
        if due_minor is None:
            return 0
        settled = sum(paid.applied_minor - paid.refund_applied_minor for paid in self.payments.values())
        return min(max(0, self.paid_minor - due_minor), settled)

    def move_credit(self, amount_minor: int) -> None:
        """Let credit of the oldest payments count as paid; below zero, let what the newest have paid be credit."""
        if amount_minor < 0:
            self._free(-amount_minor)
            return
        for attempt_id, paid in list(self.payments.items()):
            part = min(amount_minor, paid.over_minor - paid.refund_over_minor)
            if part:
                moved = replace(paid, applied_minor=paid.applied_minor + part, over_minor=paid.over_minor - part)
                self.payments = {**self.payments, attempt_id: moved}
                amount_minor -= part

    def _free(self, amount_minor: int) -> None:
        for attempt_id, paid in reversed(self.payments.items()):
            part = min(amount_minor, paid.applied_minor - paid.refund_applied_minor)
            if part:
                moved = replace(paid, applied_minor=paid.applied_minor - part, over_minor=paid.over_minor + part)
                self.payments = {**self.payments, attempt_id: moved}
                amount_minor -= part

    def copy(self) -> Self:
        """Return an independent copy; its parts are never changed."""
        twin: Any = type(self)(self.id)
        for name in (*Stream.__slots__, *Obligation.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        copied: Self = twin
        return copied

"""An obligation: one due item, whoever asks for it and whichever way it is paid (SPEC R-101, R-102, R-116, R-124).

A request, a link, a bill, a debit and a building's unit each ask for an obligation, and all ways of paying it meet
here: at most one attempt is under way at a time, what has settled counts, and what came in beyond what is due is the
payer's credit. That an attempt was started is no payment: only money that has settled is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

PREFIX = "obl"

Source = Literal["request", "link", "bill", "debit", "unit", "payout"]
"""What may ask for an obligation."""

AMOUNT_MAX = 1_000_000_000_000
"""Most that one obligation may ask for, and one attempt may pay, in minor units."""


class ObligationNotFound(NotFound):
    """There is no such obligation."""

    code = "obligation_not_found"


class AttemptInFlight(Conflict):
    """Somebody is paying this already; it has no result yet (SPEC R-116)."""

    code = "payment_in_flight"


class ObligationPaid(Conflict):
    """Nothing is left to pay."""

    code = "already_paid"


class ObligationClosed(Conflict):
    """This is not asked for any more."""

    code = "not_payable"


class AmountNotAllowed(Rejected):
    """The amount is not what may be paid here; `minimum` and `maximum` say what is."""

    code = "payment_amount_not_allowed"


class AttemptUnknown(Conflict):
    """The attempt is not under way, or has not settled: it has had another result."""

    code = "attempt_not_pending"


class RefundExceedsPayment(Rejected):
    """More would go back than was paid and has not gone back."""

    code = "refund_exceeds_payment"


class RefundOpen(Conflict):
    """A refund of this payment has no result yet."""

    code = "refund_in_progress"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A payment that is under way.

    Attributes:
        attempt_id: the payment's or the debit's public id. via: what it was started through, e.g. "link".
        amount_minor: what it will bring.
    """

    attempt_id: str
    via: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that has settled.

    Attributes:
        method: as of `account.collected`.
        applied_minor: what of it counts for the obligation now. over_minor: what of it is the payer's credit now.
        refund_id: its refund that has no result yet; "" = none.
        refund_applied_minor, refund_over_minor: what that refund gives back of each.
    """

    method: str
    applied_minor: int
    over_minor: int
    refund_id: str = ""
    refund_applied_minor: int = 0
    refund_over_minor: int = 0

    @property
    def left_minor(self) -> int:
        """What has neither gone back nor is going back."""
        return self.applied_minor + self.over_minor - self.refund_applied_minor - self.refund_over_minor


@fact("obligation.opened")
class ObligationOpened(Fact):
    """Something is asked for.

    Attributes:
        obligation_id: public id ("obl_...").
        account_id: the payee.
        source: what asks: request, link, bill, debit, unit or payout.
        source_id: its public id.
        due_minor: what is due; null = the payer decides (SPEC R-133).
        minimum_minor: least that one payment may bring where the payer decides, or where parts may be paid.
        maximum_minor: most where the payer decides; null = no bound.
        parts: whether less than the outstanding amount may be paid at a time.
        currency: ISO 4217.
        due_on: KST date on which it is due; null = none.
    """

    obligation_id: str
    account_id: str
    source: str
    source_id: str
    due_minor: int | None
    minimum_minor: int
    maximum_minor: int | None
    parts: bool
    currency: str
    due_on: date | None

    def apply(self, obligation: Obligation) -> None:
        obligation.obligation_id = self.obligation_id
        obligation.account_id = self.account_id
        obligation.source = self.source
        obligation.source_id = self.source_id
        obligation.due_minor = self.due_minor
        obligation.minimum_minor = self.minimum_minor
        obligation.maximum_minor = self.maximum_minor
        obligation.parts = self.parts
        obligation.currency = self.currency
        obligation.due_on = self.due_on


@fact("obligation.changed")
class ObligationChanged(Fact):
    """What is due has changed.

    Attributes:
        obligation_id: public id.
        due_minor: what is due now, all in all.
        due_on: when; null = no date.
        credit_minor: what counts as paid of it from credit of the payer's that was not applied yet; below zero, what
            was paid beyond what is due now and is credit from here on.
    """

    obligation_id: str
    due_minor: int | None
    due_on: date | None
    credit_minor: int

    def apply(self, obligation: Obligation) -> None:
        obligation.due_minor = self.due_minor
        obligation.due_on = self.due_on
        obligation.paid_minor += self.credit_minor
        obligation.credit_minor -= self.credit_minor
        obligation.move_credit(self.credit_minor)


@fact("obligation.attempt_started")
class ObligationAttempted(Fact):
    """A payment is under way; nothing has moved.

    Attributes:
        obligation_id: public id.
        attempt_id: public id of the payment or the debit.
        via: what it was started through, e.g. link.
        amount_minor: what it will bring.
    """

    obligation_id: str
    attempt_id: str
    via: str
    amount_minor: int

    def apply(self, obligation: Obligation) -> None:
        obligation.attempt = Attempt(self.attempt_id, self.via, self.amount_minor)


@fact("obligation.attempt_ended")
class ObligationAttemptEnded(Fact):
    """A payment brought nothing.

    Attributes:
        obligation_id: public id.
        attempt_id: public id of the payment or the debit.
        code: why, a stable word.
    """

    obligation_id: str
    attempt_id: str
    code: str

    def apply(self, obligation: Obligation) -> None:
        if obligation.attempt is not None and obligation.attempt.attempt_id == self.attempt_id:
            obligation.attempt = None


@fact("obligation.settled")
class ObligationSettled(Fact):
    """Money has settled; beside it, in the same commit, stands what the payee's account says.

    Attributes:
        obligation_id: public id.
        attempt_id: public id of the payment or the debit.
        via: as started; of what arrived without an attempt: as it came.
        method: as of `account.collected`.
        amount_minor: what arrived = applied_minor + over_minor.
        applied_minor: what of it counts for what is due.
        over_minor: what of it is the payer's credit.
        outstanding_minor: what is left to pay; null where the payer decides.
        currency: ISO 4217.
        paid_on: KST date of the payment.
    """

    obligation_id: str
    attempt_id: str
    via: str
    method: str
    amount_minor: int
    applied_minor: int
    over_minor: int
    outstanding_minor: int | None
    currency: str
    paid_on: date

    def apply(self, obligation: Obligation) -> None:
        if obligation.attempt is not None and obligation.attempt.attempt_id == self.attempt_id:
            obligation.attempt = None
        known = obligation.payments.get(self.attempt_id, Paid(self.method, 0, 0))
        paid = replace(
            known, applied_minor=known.applied_minor + self.applied_minor, over_minor=known.over_minor + self.over_minor
        )
        obligation.payments = {**obligation.payments, self.attempt_id: paid}
        obligation.paid_minor += self.applied_minor
        obligation.credit_minor += self.over_minor


@fact("obligation.confirmed")
class ObligationConfirmed(Fact):
    """The payee says that it was paid outside of this ledger; no money has moved here (SPEC R-101).

    Attributes:
        obligation_id: public id.
        amount_minor: what was paid.
        outstanding_minor: what is left to pay; null where the payer decides.
        currency: ISO 4217.
        paid_on: KST date, as the payee says.
        note: vault token of what the payee wrote, or null.
    """

    obligation_id: str
    amount_minor: int
    outstanding_minor: int | None
    currency: str
    paid_on: date
    note: str | None

    def apply(self, obligation: Obligation) -> None:
        obligation.paid_minor += self.amount_minor
        obligation.confirmed_minor += self.amount_minor


@fact("obligation.reversed")
class ObligationReversed(Fact):
    """Money that had settled was taken back; what is due is open again.

    Attributes:
        obligation_id: public id.
        attempt_id: public id of the payment or the debit.
        amount_minor: what was taken = applied_minor + over_minor.
        applied_minor: what of it had counted for what is due.
        over_minor: what of it had been the payer's credit.
        outstanding_minor: what is left to pay now; null where the payer decides.
        currency: ISO 4217.
        code: why, a stable word, e.g. chargeback.
    """

    obligation_id: str
    attempt_id: str
    amount_minor: int
    applied_minor: int
    over_minor: int
    outstanding_minor: int | None
    currency: str
    code: str

    def apply(self, obligation: Obligation) -> None:
        paid = obligation.payments[self.attempt_id]
        obligation.take(
            self.attempt_id,
            replace(
                paid,
                applied_minor=paid.applied_minor - self.applied_minor,
                over_minor=paid.over_minor - self.over_minor,
            ),
        )
        obligation.paid_minor -= self.applied_minor
        obligation.credit_minor -= self.over_minor
        obligation.reversed_minor += self.applied_minor


@fact("obligation.refund_started")
class ObligationRefundStarted(Fact):
    """Money of a payment shall go back to the payer; the provider is asked next.

    Attributes:
        obligation_id: public id.
        attempt_id: public id of the payment.
        refund_id: public id, and the provider's key.
        amount_minor: what goes back = applied_minor + over_minor.
        applied_minor: what of it counts for what is due.
        over_minor: what of it is the payer's credit.
        currency: ISO 4217.
        reason: why, a stable word.
    """

    obligation_id: str
    attempt_id: str
    refund_id: str
    amount_minor: int
    applied_minor: int
    over_minor: int
    currency: str
    reason: str

    def apply(self, obligation: Obligation) -> None:
        paid = obligation.payments[self.attempt_id]
        going = replace(
            paid,
            refund_id=self.refund_id,
            refund_applied_minor=self.applied_minor,
            refund_over_minor=self.over_minor,
        )
        obligation.take(self.attempt_id, going)


@fact("obligation.refunded")
class ObligationRefunded(Fact):
    """Money of a payment has gone back to the payer; what was due is not asked for again by that.

    Attributes:
        obligation_id: public id.
        attempt_id: public id of the payment.
        refund_id: public id.
        amount_minor: what has gone back.
        applied_minor: what of it had counted for what is due.
        over_minor: what of it was the payer's credit.
        currency: ISO 4217.
    """

    obligation_id: str
    attempt_id: str
    refund_id: str
    amount_minor: int
    applied_minor: int
    over_minor: int
    currency: str

    def apply(self, obligation: Obligation) -> None:
        paid = obligation.payments[self.attempt_id]
        left = Paid(paid.method, paid.applied_minor - self.applied_minor, paid.over_minor - self.over_minor)
        obligation.take(self.attempt_id, left)
        obligation.refunded_minor += self.applied_minor
        obligation.credit_minor -= self.over_minor


@fact("obligation.refund_failed")
class ObligationRefundFailed(Fact):
    """The provider definitely has not given the money back.

    Attributes:
        obligation_id: public id.
        attempt_id: public id of the payment.
        refund_id: public id.
        code: why, a stable word.
    """

    obligation_id: str
    attempt_id: str
    refund_id: str
    code: str

    def apply(self, obligation: Obligation) -> None:
        paid = obligation.payments[self.attempt_id]
        obligation.take(self.attempt_id, Paid(paid.method, paid.applied_minor, paid.over_minor))


@fact("obligation.closed")
class ObligationEnded(Fact):
    """It is not asked for any more: no attempt can be started; what is under way still counts when it settles.

    Attributes:
        obligation_id: public id.
        reason: a stable word, e.g. withdrawn, expired, cancelled.
    """

    obligation_id: str
    reason: str

    def apply(self, obligation: Obligation) -> None:
        obligation.closed = self.reason


@fact("obligation.reopened")
class ObligationReopened(Fact):
    """It is asked for again.

    Attributes:
        obligation_id: public id.
    """

    obligation_id: str

    def apply(self, obligation: Obligation) -> None:
        obligation.closed = ""


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
    AttemptStarted = ObligationAttempted
    AttemptEnded = ObligationAttemptEnded
    Settled = ObligationSettled
    Confirmed = ObligationConfirmed
    Reversed = ObligationReversed
    RefundStarted = ObligationRefundStarted
    Refunded = ObligationRefunded
    RefundFailed = ObligationRefundFailed
    Closed = ObligationEnded
    Reopened = ObligationReopened

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

    def require_payable(self, amount_minor: int) -> None:
        """Refuse a payment that may not be started.

        Raises:
            ObligationClosed: it is not asked for any more.
            ObligationPaid: nothing is left.
            AttemptInFlight: somebody is paying already (SPEC R-116, R-124).
            AmountNotAllowed: the amount is not what may be paid (SPEC R-102, R-133).
        """
        if self.closed:
            raise ObligationClosed("this is not asked for any more and cannot be paid", reason=self.closed)
        outstanding = self.outstanding_minor
        if outstanding == 0:
            raise ObligationPaid("nothing is left to pay")
        if self.attempt is not None:
            raise AttemptInFlight("a payment is under way; wait until it has its result")
        if outstanding is None:
            minimum, maximum = self.minimum_minor, self.maximum_minor or AMOUNT_MAX
        elif self.parts:
            minimum, maximum = min(self.minimum_minor, outstanding), outstanding
        else:
            minimum = maximum = outstanding
        if not minimum <= amount_minor <= maximum:
            text = f"amount must be {minimum}" if minimum == maximum else f"amount must be {minimum} to {maximum}"
            raise AmountNotAllowed(text, minimum=minimum, maximum=maximum, amount=amount_minor)

    def start_attempt(self, stamp: Stamp, *, attempt_id: str, via: str, amount_minor: int) -> ObligationAttempted:
        """Record that a payment is under way. Raises: as `require_payable`."""
        self.require_payable(amount_minor)
        started: ObligationAttempted = self.record(
            ObligationAttempted,
            stamp,
            obligation_id=self.obligation_id,
            attempt_id=attempt_id,
            via=via,
            amount_minor=amount_minor,
        )
        return started

    def end_attempt(self, stamp: Stamp, *, attempt_id: str, code: str) -> ObligationAttemptEnded:
        """Record that a payment brought nothing. Raises: AttemptUnknown: it is not the one under way."""
        if self.attempt is None or self.attempt.attempt_id != attempt_id:
            raise AttemptUnknown("this payment is not under way")
        ended: ObligationAttemptEnded = self.record(
            ObligationAttemptEnded, stamp, obligation_id=self.obligation_id, attempt_id=attempt_id, code=code
        )
        return ended

    def split(self, amount_minor: int) -> tuple[int, int]:
        """Return what of an arriving amount would count for what is due, and what would be the payer's credit.

        Where the payer decides, all of it counts; of what is closed, only what was under way before.
        """
        outstanding = self.outstanding_minor
        if self.closed and self.attempt is None:
            return 0, amount_minor
        applied = amount_minor if outstanding is None else min(amount_minor, outstanding)
        return applied, amount_minor - applied

    def settle(
        self,
        stamp: Stamp,
        *,
        attempt_id: str,
        via: str,
        method: str,
        amount_minor: int,
        applied_minor: int,
        paid_on: date,
    ) -> ObligationSettled:
        """Record money that has settled, beside what the account says. It is never refused: the money is there.

        Args:
            applied_minor: what of it counts, as `split` or a rule of the source's says.
        """
        outstanding = self.outstanding_minor
        settled: ObligationSettled = self.record(
            ObligationSettled,
            stamp,
            obligation_id=self.obligation_id,
            attempt_id=attempt_id,
            via=via,
            method=method,
            amount_minor=amount_minor,
            applied_minor=applied_minor,
            over_minor=amount_minor - applied_minor,
            outstanding_minor=None if outstanding is None else max(0, outstanding - applied_minor),
            currency=self.currency,
            paid_on=paid_on,
        )
        return settled

    def confirm(self, stamp: Stamp, *, amount_minor: int, paid_on: date, note: str | None) -> ObligationConfirmed:
        """Record the payee's word that it was paid elsewhere (SPEC R-101).

        Raises:
            ObligationClosed, ObligationPaid, AttemptInFlight, AmountNotAllowed: as `require_payable`.
        """
        self.require_payable(amount_minor)
        outstanding = self.outstanding_minor
        confirmed: ObligationConfirmed = self.record(
            ObligationConfirmed,
            stamp,
            obligation_id=self.obligation_id,
            amount_minor=amount_minor,
            outstanding_minor=None if outstanding is None else outstanding - amount_minor,
            currency=self.currency,
            paid_on=paid_on,
            note=note,
        )
        return confirmed

    def reverse(self, stamp: Stamp, *, attempt_id: str, amount_minor: int, code: str) -> ObligationReversed:
        """Record that settled money was taken back: first what was credit, then what had counted.

        Raises:
            AttemptUnknown: no such payment has settled, or less of it is left.
            RefundOpen: a refund of it has no result yet; ask again.
        """
        paid = self.payments.get(attempt_id)
        if paid is not None and paid.refund_id:
            raise RefundOpen("a refund of this payment has no result yet; ask again")
        if paid is None or amount_minor > paid.left_minor:
            raise AttemptUnknown("no such money has settled, or less of it is left")
        over = min(amount_minor, paid.over_minor, self.credit_minor)
        applied = amount_minor - over
        outstanding = None if self.due_minor is None else max(0, self.due_minor - (self.paid_minor - applied))
        taken: ObligationReversed = self.record(
            ObligationReversed,
            stamp,
            obligation_id=self.obligation_id,
            attempt_id=attempt_id,
            amount_minor=amount_minor,
            applied_minor=applied,
            over_minor=over,
            outstanding_minor=outstanding,
            currency=self.currency,
            code=code,
        )
        return taken

    def start_refund(
        self, stamp: Stamp, *, attempt_id: str, refund_id: str, amount_minor: int, reason: str
    ) -> ObligationRefundStarted:
        """Record that money of a payment shall go back. Raises: as `refund_parts`."""
        over, applied = self.refund_parts(attempt_id, amount_minor)
        started: ObligationRefundStarted = self.record(
            ObligationRefundStarted,
            stamp,
            obligation_id=self.obligation_id,
            attempt_id=attempt_id,
            refund_id=refund_id,
            amount_minor=amount_minor,
            applied_minor=applied,
            over_minor=over,
            currency=self.currency,
            reason=reason,
        )
        return started

    def refund_parts(self, attempt_id: str, amount_minor: int) -> tuple[int, int]:
        """Return what of a refund is credit, which goes first, and what has counted.

        Raises:
            AttemptUnknown: no such payment has settled. RefundOpen: a refund of it is under way.
            RefundExceedsPayment: more than what is left of it.
        """
        paid = self.payments.get(attempt_id)
        if paid is None:
            raise AttemptUnknown("no such payment has settled here")
        if paid.refund_id:
            raise RefundOpen("a refund of this payment has no result yet")
        if not 1 <= amount_minor <= paid.left_minor:
            raise RefundExceedsPayment(
                f"amount must be 1 to {paid.left_minor}", maximum=paid.left_minor, amount=amount_minor
            )
        over = min(amount_minor, paid.over_minor)
        return over, amount_minor - over

    def finish_refund(self, stamp: Stamp, *, attempt_id: str, refund_id: str) -> ObligationRefunded:
        """Record that the money has gone back. Raises: AttemptUnknown: no such refund is under way."""
        paid = self._going(attempt_id, refund_id)
        refunded: ObligationRefunded = self.record(
            ObligationRefunded,
            stamp,
            obligation_id=self.obligation_id,
            attempt_id=attempt_id,
            refund_id=refund_id,
            amount_minor=paid.refund_applied_minor + paid.refund_over_minor,
            applied_minor=paid.refund_applied_minor,
            over_minor=paid.refund_over_minor,
            currency=self.currency,
        )
        return refunded

    def fail_refund(self, stamp: Stamp, *, attempt_id: str, refund_id: str, code: str) -> ObligationRefundFailed:
        """Record that the money has not gone back. Raises: as `finish_refund`."""
        self._going(attempt_id, refund_id)
        failed: ObligationRefundFailed = self.record(
            ObligationRefundFailed,
            stamp,
            obligation_id=self.obligation_id,
            attempt_id=attempt_id,
            refund_id=refund_id,
            code=code,
        )
        return failed

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

    def _going(self, attempt_id: str, refund_id: str) -> Paid:
        paid = self.payments.get(attempt_id)
        if paid is None or paid.refund_id != refund_id:
            raise AttemptUnknown("no such refund is under way")
        return paid

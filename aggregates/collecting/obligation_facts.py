"""The facts of an obligation, in the order of its life: what is asked for, is paid, is taken back and goes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from aggregates.collecting.obligation_parts import Attempt, Paid
from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.collecting.obligation import Obligation


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

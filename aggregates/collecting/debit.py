"""A debit: one collection from a payer's bank account, tried up to four times (SPEC 10.2, R-113, R-117, R-118).

What is due, and what has been paid of it, is the obligation's to say; here stands what the bank was asked for and what
it did. The facts are small: a batch of a business day has a hundred thousand of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Self
from uuid import UUID

from aggregates.calendar import BusinessCalendar
from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

PREFIX = "dbt"

RETRIES_MAX = 3
"""How often a failed debit is tried again (SPEC R-118)."""

RETRY_DAYS = (3, 7, 14)
"""Days after the day of collection on which it is tried again, where nothing else is asked for."""

RETRY_DAY_MAX = 60

REVERSAL_DAYS = 90
"""How long a bank may take back what it has paid, and we are told of it."""

HARD_CODES = frozenset(
    {
        "no_account", "account_closed", "holder_mismatch", "mandate_cancelled", "no_mandate", "mandate_not_active",
        "payer_deceased",
    }
)  # fmt: skip
"""Failures after which nothing is tried again (SPEC R-118)."""


class DebitNotFound(NotFound):
    """There is no such debit."""

    code = "debit_not_found"


class DebitStep(Conflict):
    """The state of the debit does not allow this; `status` says what it is."""

    code = "debit_step_not_allowed"


class DebitAskedElsewhere(Conflict):
    """What the debit collects is asked for by a bill, or by somebody else's document, already."""

    code = "debit_asked_elsewhere"


class DebitDayPassed(Rejected):
    """The day of collection has passed."""

    code = "debit_day_passed"


class RetryDaysInvalid(Rejected):
    """At most three retries, on growing days of 1 to 60 after the day of collection."""

    code = "retry_days_invalid"


def check_retry_days(days: Sequence[int]) -> None:
    """Refuse other retries than the rule allows. Raises: RetryDaysInvalid. Source: SPEC R-118."""
    grows = all(one < other for one, other in zip((0, *days), days, strict=False))
    if len(days) > RETRIES_MAX or not grows or any(day > RETRY_DAY_MAX for day in days):
        raise RetryDaysInvalid(
            f"retry_days must be at most {RETRIES_MAX} growing numbers of days, 1 to {RETRY_DAY_MAX}",
            maximum=RETRIES_MAX,
        )


@fact("debit.scheduled")
class DebitScheduled(Fact):
    """Money shall be collected.

    Attributes:
        debit_id, mandate_id, obligation_id: public ids.
        amount_minor: what is asked for.
        currency: ISO 4217.
        collect_on: KST business day.
        month: whose bound it counts against, "YYYY-MM".
        same_day: whether it goes with the file of that very day.
        retry_days: days after `collect_on` on which it is tried again.
    """

    debit_id: str
    mandate_id: str
    obligation_id: str
    amount_minor: int
    currency: str
    collect_on: date
    month: str
    same_day: bool
    retry_days: tuple[int, ...]

    def apply(self, debit: Debit) -> None:
        debit.debit_id = self.debit_id
        debit.mandate_id = self.mandate_id
        debit.obligation_id = self.obligation_id
        debit.amount_minor = self.amount_minor
        debit.collect_on = self.collect_on
        debit.next_on = self.collect_on
        debit.month = self.month
        debit.retry_days = self.retry_days
        debit.status = "scheduled"


@fact("debit.submitted")
class DebitSubmitted(Fact):
    """It is in a file for the bank.

    Attributes:
        debit_id, batch_id: public ids.
        serial: its line in the file.
        amount_minor: what is asked for.
        mandate_id: by which it is collected: the one that has taken the first one's place, where one has.
    """

    debit_id: str
    batch_id: str
    serial: int
    amount_minor: int
    mandate_id: str

    def apply(self, debit: Debit) -> None:
        debit.status = "submitted"
        debit.mandate_id = self.mandate_id
        debit.batch_id = self.batch_id
        debit.asked_minor = self.amount_minor
        debit.next_on = None


@fact("debit.withdrawn")
class DebitWithdrawn(Fact):
    """The file did not go to the bank in time: nothing was tried, it goes with the next one.

    Attributes:
        debit_id, batch_id: public ids.
        next_on: KST date from which on it goes.
    """

    debit_id: str
    batch_id: str
    next_on: date

    def apply(self, debit: Debit) -> None:
        debit.status = "partially_collected" if debit.collected_minor else "failed" if debit.tries else "scheduled"
        debit.batch_id = ""
        debit.next_on = self.next_on


@fact("debit.collected")
class DebitCollected(Fact):
    """The bank has taken all that was asked for.

    Attributes:
        debit_id, batch_id: public ids.
        amount_minor: what it took now.
    """

    debit_id: str
    batch_id: str
    amount_minor: int

    def apply(self, debit: Debit) -> None:
        debit.status = "collected"
        debit.tries += 1
        debit.collected_minor += self.amount_minor


@fact("debit.partially_collected")
class DebitPartlyCollected(Fact):
    """The bank has taken a part (SPEC R-117).

    Attributes:
        debit_id, batch_id: public ids.
        amount_minor: what it took now.
        left_minor: what is still to be collected.
        retry_on: KST business day on which the rest is tried; null = not again.
    """

    debit_id: str
    batch_id: str
    amount_minor: int
    left_minor: int
    retry_on: date | None

    def apply(self, debit: Debit) -> None:
        debit.status = "partially_collected"
        debit.tries += 1
        debit.collected_minor += self.amount_minor
        debit.next_on = self.retry_on


@fact("debit.failed")
class DebitFailed(Fact):
    """The bank has taken nothing, or was not asked because it could not.

    Attributes:
        debit_id, batch_id: public ids; "" = of no file.
        code: why, a stable word.
        retry_on: KST business day on which it is tried again; null = not again.
    """

    debit_id: str
    batch_id: str
    code: str
    retry_on: date | None

    def apply(self, debit: Debit) -> None:
        debit.status = "partially_collected" if debit.collected_minor else "failed"
        debit.tries += 1
        debit.next_on = self.retry_on


@fact("debit.cancelled")
class DebitCancelled(Fact):
    """It is not collected, or not any further: what is due stays due.

    Attributes:
        debit_id: public id.
        reason: by_biller, switched_to_bill, paid_otherwise, or why else.
    """

    debit_id: str
    reason: str

    def apply(self, debit: Debit) -> None:
        debit.status = "partially_collected" if debit.collected_minor else "cancelled"
        debit.next_on = None


@fact("debit.billed")
class DebitBilled(Fact):
    """A bill has taken its place: it asks for what is left, and says to people what becomes of it (SPEC N7).

    Attributes:
        debit_id, bill_id: public ids.
    """

    debit_id: str
    bill_id: str

    def apply(self, debit: Debit) -> None:
        debit.bill_id = self.bill_id


@fact("debit.reversed")
class DebitReversed(Fact):
    """The bank has taken back what it had paid: what is due is due again.

    Attributes:
        debit_id: public id.
        amount_minor: what it took.
        code: why, a stable word.
    """

    debit_id: str
    amount_minor: int
    code: str

    def apply(self, debit: Debit) -> None:
        debit.collected_minor -= self.amount_minor
        debit.next_on = None
        if debit.status != "submitted":
            debit.status = "reversed"


@stream_class("debit")
class Debit(Stream):
    """One collection.

    Attributes:
        debit_id, mandate_id, obligation_id, amount_minor, collect_on, month, retry_days: as scheduled.
        status: scheduled, submitted, collected, partially_collected, failed, cancelled or reversed; "" before.
        batch_id: of the file it is, or was last, in. asked_minor: what that file asks for.
        tries: how often the bank has answered. collected_minor: what it has taken and not taken back.
        next_on: KST date from which on it goes into a file; None = it does not.
        bill_id: of the bill that has taken its place; "" = none has.
    """

    __slots__ = (
        "amount_minor", "asked_minor", "batch_id", "bill_id", "collect_on", "collected_minor", "debit_id", "mandate_id",
        "month", "next_on", "obligation_id", "retry_days", "status", "tries",
    )  # fmt: skip

    Scheduled = DebitScheduled
    Submitted = DebitSubmitted
    Withdrawn = DebitWithdrawn
    Collected = DebitCollected
    PartlyCollected = DebitPartlyCollected
    Failed = DebitFailed
    Cancelled = DebitCancelled
    Billed = DebitBilled
    Reversed = DebitReversed

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.debit_id = self.mandate_id = self.obligation_id = self.month = self.status = self.batch_id = ""
        self.bill_id = ""
        self.amount_minor = self.asked_minor = self.collected_minor = self.tries = 0
        self.collect_on = date.min
        self.next_on: date | None = None
        self.retry_days: tuple[int, ...] = ()

    @property
    def left_minor(self) -> int:
        """What is still to be collected."""
        return self.amount_minor - self.collected_minor

    def schedule(
        self,
        stamp: Stamp,
        *,
        debit_id: str,
        mandate_id: str,
        obligation_id: str,
        amount_minor: int,
        currency: str,
        collect_on: date,
        same_day: bool,
        retry_days: tuple[int, ...],
    ) -> None:
        """Record that money shall be collected; limits and days are checked by who schedules it."""
        self.record(
            DebitScheduled,
            stamp,
            debit_id=debit_id,
            mandate_id=mandate_id,
            obligation_id=obligation_id,
            amount_minor=amount_minor,
            currency=currency,
            collect_on=collect_on,
            month=collect_on.isoformat()[:7],
            same_day=same_day,
            retry_days=retry_days,
        )

    def may_go(self, day: date) -> bool:
        """Say whether it goes into the file of a day of collection."""
        return self.next_on is not None and self.next_on <= day

    def submit(self, stamp: Stamp, *, batch_id: str, serial: int, amount_minor: int, mandate_id: str) -> None:
        """Record that it is in a file. Raises: DebitStep."""
        self._require_open()
        self.record(
            DebitSubmitted,
            stamp,
            debit_id=self.debit_id,
            batch_id=batch_id,
            serial=serial,
            amount_minor=amount_minor,
            mandate_id=mandate_id,
        )

    def withdraw(self, stamp: Stamp, *, batch_id: str, next_on: date) -> None:
        """Record that the file did not go. Raises: DebitStep."""
        self._require("submitted")
        self.record(DebitWithdrawn, stamp, debit_id=self.debit_id, batch_id=batch_id, next_on=next_on)

    def collect(self, stamp: Stamp) -> int:
        """Record that all that was asked for was taken; return how much. Raises: DebitStep."""
        self._require("submitted")
        amount = self.asked_minor
        self.record(DebitCollected, stamp, debit_id=self.debit_id, batch_id=self.batch_id, amount_minor=amount)
        return amount

    def collect_part(self, stamp: Stamp, *, amount_minor: int, calendar: BusinessCalendar, today: date) -> None:
        """Record that a part was taken. 0 < amount < asked. Raises: DebitStep. Source: SPEC R-117."""
        self._require("submitted")
        self.record(
            DebitPartlyCollected,
            stamp,
            debit_id=self.debit_id,
            batch_id=self.batch_id,
            amount_minor=amount_minor,
            left_minor=self.asked_minor - amount_minor,
            retry_on=self._retry_on(calendar, today),
        )

    def fail(self, stamp: Stamp, *, code: str, calendar: BusinessCalendar, today: date) -> None:
        """Record that nothing was taken; a hard failure is never tried again. Raises: DebitStep. Source: SPEC R-118."""
        if self.status != "submitted":
            self._require_open()
        retry_on = None if code in HARD_CODES else self._retry_on(calendar, today)
        batch_id = self.batch_id if self.status == "submitted" else ""
        self.record(DebitFailed, stamp, debit_id=self.debit_id, batch_id=batch_id, code=code, retry_on=retry_on)

    def cancel(self, stamp: Stamp, *, reason: str) -> None:
        """Let it not be collected, or no further. Raises: DebitStep: it is at the bank, or over."""
        self._require_open()
        self.record(DebitCancelled, stamp, debit_id=self.debit_id, reason=reason)

    def bill(self, stamp: Stamp, *, bill_id: str) -> None:
        """Record that a bill has taken its place. Raises: DebitAskedElsewhere: another one has. Source: SPEC N7."""
        self.require_unbilled()
        self.record(DebitBilled, stamp, debit_id=self.debit_id, bill_id=bill_id)

    def require_unbilled(self) -> None:
        """Refuse a second bill for the same money. Raises: DebitAskedElsewhere."""
        if self.bill_id:
            raise DebitAskedElsewhere("a bill asks for what this debit collects already")

    def reverse(self, stamp: Stamp, *, code: str) -> int:
        """Record that all that was collected was taken back; return how much.

        Nothing of it is tried again; only what is at the bank at this moment still has its result.

        Raises:
            DebitStep: nothing was collected, or it was taken back before.
        """
        if not self.collected_minor:
            raise DebitStep("nothing was collected that could be taken back", status=self.status or "none")
        amount = self.collected_minor
        self.record(DebitReversed, stamp, debit_id=self.debit_id, amount_minor=amount, code=code)
        return amount

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Debit.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin

    def _retry_on(self, calendar: BusinessCalendar, today: date) -> date | None:
        """Return the next business day on which it is tried again: of the configured ones, the first that is ahead."""
        if self.tries >= min(len(self.retry_days), RETRIES_MAX):
            return None
        wanted = self.collect_on + timedelta(days=self.retry_days[self.tries])
        return calendar.on_or_after(max(wanted, today + timedelta(days=1)))

    def _require(self, status: str) -> None:
        if self.status != status:
            raise DebitStep("the state of the debit does not allow this", status=self.status or "none")

    def _require_open(self) -> None:
        """Refuse what waits for no file."""
        if self.next_on is None:
            raise DebitStep("the debit is at the bank, or has had its last answer", status=self.status or "none")

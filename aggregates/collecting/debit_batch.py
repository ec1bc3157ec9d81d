"""A batch: the file of one business day that goes to the bank, and what the bank says of it (SPEC 10.2, 13).

One for each account, day and kind; its id says which, so that it is never made twice. It is filled in parts, closed,
sent, and settled by a file of results that lists failures alone: what is not in it was done. The same file of results
again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple, Self
from uuid import UUID

from aggregates import ids
from aggregates.calendar import BusinessCalendar
from aggregates.dates import KST
from aggregates.errors import Conflict, NotFound
from aggregates.fact import EPOCH, Fact, Stamp, Stream, fact, stream_class
from aggregates.plain import direct

PREFIX = "dbb"

Kind = Literal["mandates", "debits", "same_day"]
KINDS: tuple[Kind, ...] = ("mandates", "debits", "same_day")

PART_MAX = 500
"""How many lines one command adds, and one command settles."""

LINES_MAX = 1_000_000
"""How many lines a file may have: its totals have eight digits."""


class BatchNotFound(NotFound):
    """There is no such batch."""

    code = "debit_batch_not_found"


class BatchStep(Conflict):
    """The state of the batch does not allow this; `status` says what it is."""

    code = "debit_batch_step_not_allowed"


class ResultsTaken(Conflict):
    """Another file of results of this batch was taken before."""

    code = "debit_results_taken"


class Hours(NamedTuple):
    """When a kind of batch is made, sent and answered, in Seoul (SPEC 13).

    Attributes:
        sent_after: business days between the day of the batch and that on which its file goes (-1 = the day before).
        opens: from when on it is filled. closes: when it is closed and sent. cut_off: until when the bank takes it.
        answered_after: days after the day of the batch on which the results come; business days for mandates.
        answered: when.
    """

    sent_after: int
    opens: time
    closes: time
    cut_off: time
    answered_after: int
    answered: time


HOURS: dict[Kind, Hours] = {
    "mandates": Hours(1, time(9), time(11), time(12), 2, time(14)),
    "debits": Hours(-1, time(14), time(16), time(17), 1, time(3)),
    "same_day": Hours(0, time(11), time(11, 30), time(12), 0, time(23)),
}
"""Mandates of day D go until 12:00 of D+1 and are answered at 14:00 of D+2. Debits of day D go until 17:00 of D-1 and
are answered at 03:00 of D+1; those of the same day go until 12:00 and are answered at 23:00."""


class Times(NamedTuple):
    """The hours of one batch, as instants."""

    closes_at: datetime
    cut_off_at: datetime
    results_at: datetime


def times_of(kind: Kind, day: date, calendar: BusinessCalendar) -> Times:
    """Return when the batch of a business day is closed, sent at the latest, and answered."""
    hours = HOURS[kind]
    sent_on = calendar.shift(day, hours.sent_after)
    answered_on = (
        calendar.shift(day, hours.answered_after) if kind == "mandates" else day + timedelta(days=hours.answered_after)
    )
    return Times(
        datetime.combine(sent_on, hours.closes, KST),
        datetime.combine(sent_on, hours.cut_off, KST),
        datetime.combine(answered_on, hours.answered, KST),
    )


def open_day(kind: Kind, now: datetime, calendar: BusinessCalendar) -> date | None:
    """Return the day whose batch is filled and sent at this instant; None = no file goes now."""
    local = now.astimezone(KST)
    hours = HOURS[kind]
    if not calendar.is_business_day(local.date()) or not hours.opens <= local.time() < hours.cut_off:
        return None
    return calendar.shift(local.date(), -hours.sent_after)


def batch_id_of(account_id: str, kind: Kind, day: date) -> str:
    """Return the id of the batch of an account, a kind and a day."""
    return ids.child_id(PREFIX, account_id, day.toordinal() * len(KINDS) + KINDS.index(kind))


def batch_key(batch_id: str) -> tuple[str, Kind, date]:
    """Return account, kind and day of a batch's id. Raises: NotFound: no batch can be called so."""
    parsed = ids.parse(batch_id, PREFIX)
    ordinal, kind = divmod(parsed.version, len(KINDS))
    if not 1 <= ordinal <= date.max.toordinal():
        raise BatchNotFound("there is no batch with this id")
    return parsed.account_id, KINDS[kind], date.fromordinal(ordinal)


@fact("debit_batch.opened")
class BatchOpened(Fact):
    """A batch was begun.

    Attributes:
        batch_id, account_id: public ids.
        kind: mandates, debits or same_day.
        day: KST business day: that of the applications, or that on which is collected.
        institution_code: of the account at the provider.
        cut_off_at, results_at: until when the bank takes the file, and when it answers.
        currency: ISO 4217.
    """

    batch_id: str
    account_id: str
    kind: str
    day: date
    institution_code: str
    cut_off_at: datetime
    results_at: datetime
    currency: str

    def apply(self, batch: DebitBatch) -> None:
        batch.batch_id = self.batch_id
        batch.account_id = self.account_id
        batch.kind = self.kind
        batch.day = self.day
        batch.institution_code = self.institution_code
        batch.cut_off_at = self.cut_off_at
        batch.status = "open"


@fact("debit_batch.filled")
class BatchFilled(Fact):
    """Lines were added; which, their own facts say.

    Attributes:
        batch_id: public id.
        part: which time, from 1.
        added: how many lines.
        amount_minor: what they ask for.
        lines, total_minor: all in all, after it.
    """

    batch_id: str
    part: int
    added: int
    amount_minor: int
    lines: int
    total_minor: int

    def apply(self, batch: DebitBatch) -> None:
        batch.parts = self.part
        batch.lines = self.lines
        batch.total_minor = self.total_minor


@fact("debit_batch.closed")
class BatchClosed(Fact):
    """Nothing more is added; the file is written and sent.

    Attributes:
        batch_id: public id.
        lines, total_minor: what it holds.
    """

    batch_id: str
    lines: int
    total_minor: int

    def apply(self, batch: DebitBatch) -> None:
        batch.status = "closed"


@fact("debit_batch.sent")
class BatchSent(Fact):
    """The bank has the file.

    Attributes:
        batch_id: public id.
        sha256: of the file, hex.
        lines: of it that ask for something.
    """

    batch_id: str
    sha256: str
    lines: int

    def apply(self, batch: DebitBatch) -> None:
        batch.status = "sent"
        batch.sha256 = self.sha256


@fact("debit_batch.missed")
class BatchMissed(Fact):
    """The bank does not take the file any more: what is in it goes with the next one.

    Attributes:
        batch_id: public id.
        code: why, e.g. cut_off_passed.
    """

    batch_id: str
    code: str

    def apply(self, batch: DebitBatch) -> None:
        batch.status = "missed"


@fact("debit_batch.answered")
class BatchAnswered(Fact):
    """The bank's file of results was read and found in order; its lines are recorded from here on.

    Attributes:
        batch_id: public id.
        sha256: of the file, hex.
        failures: lines that were not done, or not wholly.
    """

    batch_id: str
    sha256: str
    failures: int

    def apply(self, batch: DebitBatch) -> None:
        batch.status = "answered"
        batch.results_sha256 = self.sha256


@direct
@dataclass(frozen=True, slots=True)
class Failure:
    """A line that was not done, or not wholly.

    Attributes:
        serial: its line in the file. code: why, our word. amount_minor: what was collected of it.
    """

    serial: int
    code: str
    amount_minor: int


@fact("debit_batch.failures_listed")
class BatchFailuresListed(Fact):
    """Lines that the bank's file of results names, some of them in each fact; beside `debit_batch.answered`.

    Attributes:
        batch_id: public id.
        failures: lines that were not done, or not wholly.
    """

    batch_id: str
    failures: tuple[Failure, ...]

    def apply(self, batch: DebitBatch) -> None:
        pass


@fact("debit_batch.results_recorded")
class BatchResultsRecorded(Fact):
    """What the bank did with a part of the lines is recorded.

    Attributes:
        batch_id: public id.
        part: which part, from 1.
        done, partly, failed: how many lines of it were done, in part, and not.
        amount_minor: what was collected by them.
        settled: how many lines have their result after it.
        collected_minor: what was collected after it.
    """

    batch_id: str
    part: int
    done: int
    partly: int
    failed: int
    amount_minor: int
    settled: int
    collected_minor: int

    def apply(self, batch: DebitBatch) -> None:
        batch.result_parts = self.part
        batch.settled = self.settled
        batch.done += self.done
        batch.partly += self.partly
        batch.failed += self.failed
        batch.collected_minor = self.collected_minor


@fact("debit_batch.settled")
class BatchSettled(Fact):
    """All lines have their result.

    Attributes:
        batch_id: public id.
        done, partly, failed: lines.
        collected_minor: what came of them.
    """

    batch_id: str
    done: int
    partly: int
    failed: int
    collected_minor: int

    def apply(self, batch: DebitBatch) -> None:
        batch.status = "settled"


@stream_class("debit_batch")
class DebitBatch(Stream):
    """One file of one business day.

    Attributes:
        batch_id, account_id, kind, day, institution_code, cut_off_at: as opened.
        status: open, closed, sent, missed, answered or settled; "" before.
        parts, lines, total_minor: what was added. sha256, results_sha256: of the two files; "" = not there.
        result_parts, settled, done, partly, failed, collected_minor: what of the results is recorded.
    """

    __slots__ = (
        "account_id", "batch_id", "collected_minor", "cut_off_at", "day", "done", "failed", "institution_code", "kind",
        "lines", "partly", "parts", "result_parts", "results_sha256", "settled", "sha256", "status", "total_minor",
    )  # fmt: skip

    Opened = BatchOpened
    Filled = BatchFilled
    Closed = BatchClosed
    Sent = BatchSent
    Missed = BatchMissed
    Answered = BatchAnswered
    FailuresListed = BatchFailuresListed
    ResultsRecorded = BatchResultsRecorded
    Settled = BatchSettled

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.batch_id = self.account_id = self.kind = self.status = self.institution_code = ""
        self.sha256 = self.results_sha256 = ""
        self.day = date.min
        self.cut_off_at = EPOCH
        self.parts = self.lines = self.total_minor = self.result_parts = self.settled = 0
        self.done = self.partly = self.failed = self.collected_minor = 0

    def open(
        self, stamp: Stamp, *, batch_id: str, institution_code: str, currency: str, calendar: BusinessCalendar
    ) -> None:
        """Begin it."""
        account_id, kind, day = batch_key(batch_id)
        times = times_of(kind, day, calendar)
        self.record(
            BatchOpened,
            stamp,
            batch_id=batch_id,
            account_id=account_id,
            kind=kind,
            day=day,
            institution_code=institution_code,
            cut_off_at=times.cut_off_at,
            results_at=times.results_at,
            currency=currency,
        )

    def require_fillable(self, stamp: Stamp) -> None:
        """Refuse to add lines. Raises: BatchStep: it is closed, or the bank takes nothing any more."""
        self._require("open")
        if stamp.recorded_at >= self.cut_off_at:
            raise BatchStep("the bank takes no more files of this day", status=self.status)

    def fill(self, stamp: Stamp, *, added: int, amount_minor: int) -> None:
        """Record that lines were added; asked for after `require_fillable`."""
        self.record(
            BatchFilled,
            stamp,
            batch_id=self.batch_id,
            part=self.parts + 1,
            added=added,
            amount_minor=amount_minor,
            lines=self.lines + added,
            total_minor=self.total_minor + amount_minor,
        )

    def close(self, stamp: Stamp) -> None:
        """Let nothing more be added. Raises: BatchStep."""
        self._require("open")
        self.record(BatchClosed, stamp, batch_id=self.batch_id, lines=self.lines, total_minor=self.total_minor)

    def note_sent(self, stamp: Stamp, *, sha256: str) -> None:
        """Record that the bank has the file. Raises: BatchStep."""
        self._require("closed")
        self.record(BatchSent, stamp, batch_id=self.batch_id, sha256=sha256, lines=self.lines)

    def miss(self, stamp: Stamp, *, code: str) -> None:
        """Record that the bank does not take the file. Raises: BatchStep."""
        self._require("open", "closed")
        self.record(BatchMissed, stamp, batch_id=self.batch_id, code=code)

    def answer(self, stamp: Stamp, *, sha256: str, failures: Sequence[Failure]) -> bool:
        """Record that the results are here; return whether that is new: the same file again changes nothing.

        Raises:
            ResultsTaken: another file was taken before. BatchStep: the bank does not have the file.
        """
        if self.results_sha256:
            if self.results_sha256 != sha256:
                raise ResultsTaken("another file of results of this batch was taken before")
            return False
        self._require("sent")
        self.record(BatchAnswered, stamp, batch_id=self.batch_id, sha256=sha256, failures=len(failures))
        for start in range(0, len(failures), PART_MAX):
            part = tuple(failures[start : start + PART_MAX])
            self.record(BatchFailuresListed, stamp, batch_id=self.batch_id, failures=part)
        return True

    def record_results(self, stamp: Stamp, *, done: int, partly: int, failed: int, amount_minor: int) -> None:
        """Record a part of the results, beside what they mean; the last part settles the batch."""
        self.record(
            BatchResultsRecorded,
            stamp,
            batch_id=self.batch_id,
            part=self.result_parts + 1,
            done=done,
            partly=partly,
            failed=failed,
            amount_minor=amount_minor,
            settled=self.settled + done + partly + failed,
            collected_minor=self.collected_minor + amount_minor,
        )
        if self.settled == self.lines:
            self.record(
                BatchSettled,
                stamp,
                batch_id=self.batch_id,
                done=self.done,
                partly=self.partly,
                failed=self.failed,
                collected_minor=self.collected_minor,
            )

    def require_answered(self) -> None:
        """Refuse results of what has none. Raises: BatchStep."""
        self._require("answered")

    def copy(self) -> Self:
        """Return an independent copy."""
        twin: Any = type(self)(self.id)
        for name in (*Stream.__slots__, *DebitBatch.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        copied: Self = twin
        return copied

    def _require(self, *statuses: str) -> None:
        if self.status not in statuses:
            raise BatchStep(
                "the state of the batch does not allow this", status=self.status or "none", allowed=list(statuses)
            )

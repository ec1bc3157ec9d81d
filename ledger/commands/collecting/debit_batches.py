"""Commands on batches: filled, closed, sent, answered, and their results recorded, at most 500 lines at a time.

A command asks for all streams of its part before it decides, so whoever issues it loads them in bulk. What the parts
of a batch of debits bring is one fact on the account for each part; the debits' own facts say which they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, NamedTuple

from aggregates.account import Account
from aggregates.account.collections import collect_debits
from aggregates.collecting.debit import Debit
from aggregates.collecting.debit_batch import (
    PART_MAX,
    BatchNotFound,
    BatchStep,
    DebitBatch,
    Failure,
    batch_key,
    times_of,
)
from aggregates.collecting.mandate import Mandate
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_parts import AttemptInFlight
from aggregates.dates import business_date
from aggregates.errors import Conflict, LedgerError, Rejected
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.debits import CALENDAR, METHOD, cancel, known_debit
from ledger.commands.collecting.mandates import activate, fail, known_mandate, present, replaced, tell_cancelled
from ledger.commands.collecting.obligations import end_attempt, known_obligation, settle_attempt
from ledger.commands.collecting.onboarding import known_onboarding
from ledger.commands.collecting.sources import SourceRules, rules_of

VIA = "debit"
CANCELLED_AT_BANK = "mandate_cancelled"
NOT_ACTIVE = "mandate_not_active"
OVER = ("cancelled", "superseded")


class ResultsDoNotFit(Rejected):
    """The results are not those of this batch, or do not add up with what it asked for."""

    code = "debit_results_do_not_fit"


class NothingToAdd(Conflict):
    """None of what should go with a file can go now."""

    code = "nothing_to_add"


class Result(NamedTuple):
    """What became of one line.

    Attributes:
        thing_id: the debit, or the mandate; "" = a mandate's end, of which nothing more is recorded.
        code: why it was not done, or not wholly; "" = it was.
        amount_minor: of a debit with a code, what was collected all the same.
    """

    thing_id: str
    code: str = ""
    amount_minor: int = 0


class _Line(NamedTuple):
    """A debit and what it collects."""

    debit: Debit
    obligation: Obligation
    rules: SourceRules


@dataclass(frozen=True, slots=True)
class FillDebits:
    """Add debits to a batch, beginning it where it is not there; those that cannot go are settled or left.

    Attributes:
        debit_ids: at most 500.
    """

    ANSWER: ClassVar[str] = "debit-batch-filled/1"

    batch_id: str
    debit_ids: tuple[str, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record for each `Debit.Submitted` and `Obligation.AttemptStarted`, and `DebitBatch.Filled`.

        A debit whose mandate is not active fails for good; one whose obligation is paid or closed is cancelled; one
        whose obligation is being paid waits for the next file (SPEC R-116).

        Raises:
            BatchNotFound, BatchStep: closed, or too late. OnboardingNotFound, NotApproved.
            NothingToAdd: none of them can go now.
        """
        assert len(self.debit_ids) <= PART_MAX, "whoever fills counts"
        account, batch = _fillable(streams, stamp, self.batch_id)
        _, _, day = batch_key(self.batch_id)
        lines = [_line(streams, debit_id) for debit_id in self.debit_ids]
        # Of two debits of one obligation one goes, and the other waits for its result (SPEC R-116).
        alone = {line.obligation.obligation_id: line for line in reversed(lines)}.values()
        first = {line.debit.debit_id for line in alone}
        going = [line for line in lines if line.debit.debit_id in first]
        asked = [(line, present(streams, line.debit.mandate_id)) for line in going]
        steps = [
            (line, mandate, step)
            for line, mandate in asked
            if (step := _step(streams, stamp, line, mandate, day)) is not None
        ]
        if not steps:
            raise NothingToAdd("none of these debits can go with this file", status=batch.status or "none")
        _begin(streams, stamp, batch, account, self.batch_id)
        added = amount_minor = 0
        for line, mandate, step in steps:
            if isinstance(step, int):
                added += 1
                amount_minor += step
                _submit(streams, stamp, line, mandate, batch, serial=batch.lines + added, amount_minor=step)
            else:
                _drop(stamp, line, mandate, step)
        batch.fill(stamp, added=added, amount_minor=amount_minor)


@dataclass(frozen=True, slots=True)
class FillMandates:
    """Add mandates to a batch: new ones, and ended ones of which the bank has to be told; as `FillDebits`."""

    ANSWER: ClassVar[str] = "debit-batch-filled/1"

    batch_id: str
    mandate_ids: tuple[str, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record for each `Mandate.Submitted` or `Mandate.EndSubmitted`, and `DebitBatch.Filled`. Raises: as there."""
        assert len(self.mandate_ids) <= PART_MAX, "whoever fills counts"
        account, batch = _fillable(streams, stamp, self.batch_id)
        found = [known_mandate(streams, mandate_id) for mandate_id in self.mandate_ids]
        mandates = [one for one in found if one.status == "consented" or (one.at_bank and one.status in OVER)]
        if not mandates:
            raise NothingToAdd("none of these mandates can go with this file", status=batch.status or "none")
        _begin(streams, stamp, batch, account, self.batch_id)
        for serial, mandate in enumerate(mandates, start=batch.lines + 1):
            if mandate.status == "consented":
                mandate.submit(stamp, batch_id=self.batch_id, serial=serial)
            else:
                mandate.submit_end(stamp, batch_id=self.batch_id, serial=serial)
        batch.fill(stamp, added=len(mandates), amount_minor=0)


@dataclass(frozen=True, slots=True)
class CloseBatch:
    """Let nothing more be added; the file is written and sent. An empty batch is over with it."""

    ANSWER: ClassVar[str] = "debit-batch/1"

    batch_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `DebitBatch.Closed`. Raises: BatchNotFound, BatchStep."""
        batch = known_batch(streams, self.batch_id)
        if batch.lines:
            batch.close(stamp)
        else:
            batch.miss(stamp, code="empty")


@dataclass(frozen=True, slots=True)
class RecordBatchSent:
    """Take the institution's word that it has the file. sha256: of the file, hex."""

    ANSWER: ClassVar[str] = "debit-batch/1"

    batch_id: str
    sha256: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `DebitBatch.Sent`. Raises: BatchNotFound, BatchStep."""
        known_batch(streams, self.batch_id).note_sent(stamp, sha256=self.sha256)


@dataclass(frozen=True, slots=True)
class MissBatch:
    """Take the institution's no: its lines go with the next file."""

    ANSWER: ClassVar[str] = "debit-batch/1"

    batch_id: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `DebitBatch.Missed`. Raises: BatchNotFound, BatchStep."""
        known_batch(streams, self.batch_id).miss(stamp, code=self.reason_code)


@dataclass(frozen=True, slots=True)
class WithdrawLines:
    """Take lines out of a batch that did not go: nothing was tried. thing_ids: debits or mandates, at most 500."""

    ANSWER: ClassVar[str] = "debit-lines-withdrawn/1"

    batch_id: str
    thing_ids: tuple[str, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Debit.Withdrawn` and `Obligation.AttemptEnded`, or of mandates that they, or their ends, are out.

        Raises:
            BatchNotFound. BatchStep: the batch went, or all its lines are out.
        """
        batch = known_batch(streams, self.batch_id)
        if batch.status != "missed":
            raise BatchStep("the batch was not missed", status=batch.status)
        new: list[Mandate] = []
        ended: list[Mandate] = []
        lines: list[_Line] = []
        if batch.kind == "mandates":
            mandates = [known_mandate(streams, thing_id) for thing_id in self.thing_ids]
            new = [one for one in mandates if (one.status, one.batch_id) == ("submitted_to_bank", self.batch_id)]
            ended = [one for one in mandates if one.end_batch_id == self.batch_id]
        else:
            every = [_line(streams, thing_id) for thing_id in self.thing_ids]
            lines = [one for one in every if (one.debit.status, one.debit.batch_id) == ("submitted", self.batch_id)]
        if not (new or ended or lines):
            raise BatchStep("all lines of the batch are out", status=batch.status)
        for mandate in new:
            mandate.withdraw(stamp, batch_id=self.batch_id)
        for mandate in ended:
            mandate.withdraw_end(stamp, batch_id=self.batch_id)
        for line in lines:
            line.debit.withdraw(stamp, batch_id=self.batch_id, next_on=business_date(stamp.recorded_at))
            end_attempt(streams, stamp, line.obligation, line.debit.debit_id, "not_sent")


@dataclass(frozen=True, slots=True)
class AnswerBatch:
    """Take a file of results that was read; its lines are recorded after this, part by part.

    Attributes:
        sha256: of the file, hex. failures: lines that were not done, or not wholly.
        whole: how many lines the file says were done wholly; files of mandates do not say.
    """

    ANSWER: ClassVar[str] = "debit-batch/1"

    batch_id: str
    sha256: str
    failures: tuple[Failure, ...]
    whole: int = 0

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `DebitBatch.Answered` and `DebitBatch.FailuresListed`.

        Raises:
            BatchNotFound, BatchStep. ResultsTaken: these results, or others, were taken before.
            ResultsDoNotFit: a line that the batch does not have, or counts that do not add up.
        """
        batch = known_batch(streams, self.batch_id)
        if any(not 1 <= failure.serial <= batch.lines for failure in self.failures):
            raise ResultsDoNotFit("a line of the results is not one of the batch", lines=batch.lines)
        if batch.kind != "mandates" and self.whole != batch.lines - len(self.failures):
            raise ResultsDoNotFit(
                "the results do not account for every line of the batch",
                lines=batch.lines,
                wholly=self.whole,
                listed=len(self.failures),
            )
        if not batch.answer(stamp, sha256=self.sha256, failures=self.failures):
            raise SameResults("these results were taken before; nothing is recorded twice", status=batch.status)


class SameResults(Conflict):
    """The same file of results was taken before: nothing has changed."""

    code = "debit_results_known"


@dataclass(frozen=True, slots=True)
class RecordDebitResults:
    """Record what became of a part of a batch of debits. results: at most 500, in the order of their lines."""

    ANSWER: ClassVar[str] = "debit-results/1"

    batch_id: str
    results: tuple[Result, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record for each debit what became of it and its obligation, and what the account gained, once for all.

        What has its result already is passed over: the same results again change nothing.

        Raises:
            BatchNotFound, BatchStep: the results are not here, or all recorded.

        Source: SPEC R-111, R-117, R-118.
        """
        assert len(self.results) <= PART_MAX, "whoever records counts"
        batch = known_batch(streams, self.batch_id)
        account = streams.account(batch.account_id)
        lines = [(_line(streams, result.thing_id), result) for result in self.results]
        # Of what was done the mandate has nothing to say: it is not even looked at.
        mandates = {
            line.debit.debit_id: known_mandate(streams, line.debit.mandate_id) for line, result in lines if result.code
        }
        batch.require_answered()
        open_ = [
            each for each in lines if (each[0].debit.status, each[0].debit.batch_id) == ("submitted", self.batch_id)
        ]
        if not open_:
            raise BatchStep("these lines have their results", status=batch.status)
        tally = _Tally()
        for line, result in open_:
            amount = _settle(streams, stamp, batch, line, result, tally)
            if result.code:
                _fall_short(streams, stamp, line.debit, mandates[line.debit.debit_id], result.code, amount)
        if tally.on_account_minor:
            collect_debits(
                account,
                stamp,
                batch_id=self.batch_id,
                part=batch.result_parts + 1,
                count=tally.on_account,
                amount_minor=tally.on_account_minor,
            )
        batch.record_results(
            stamp, done=tally.done, partly=tally.partly, failed=tally.failed, amount_minor=tally.amount_minor
        )


@dataclass(frozen=True, slots=True)
class RecordMandateResults:
    """Record what became of a part of a batch of mandates; as `RecordDebitResults`."""

    ANSWER: ClassVar[str] = "debit-results/1"

    batch_id: str
    results: tuple[Result, ...]
    ends: int = 0

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.Activated` or `Mandate.Failed`, and what this means to those they replace.

        Raises:
            BatchNotFound, BatchStep: the results are not here, or all recorded.

        Source: SPEC R-111, R-116.
        """
        assert len(self.results) <= PART_MAX, "whoever records counts"
        batch = known_batch(streams, self.batch_id)
        found = [(known_mandate(streams, result.thing_id), result) for result in self.results]
        lines = [(mandate, replaced(streams, mandate), result) for mandate, result in found]
        batch.require_answered()
        open_ = [line for line in lines if (line[0].status, line[0].batch_id) == ("submitted_to_bank", self.batch_id)]
        if not open_ and not self.ends:
            raise BatchStep("these lines have their results", status=batch.status)
        failed = 0
        for mandate, old, result in open_:
            if result.code:
                fail(stamp, mandate, old, result.code)
                failed += 1
            else:
                activate(stamp, mandate, old)
        batch.record_results(stamp, done=len(open_) - failed + self.ends, partly=0, failed=failed, amount_minor=0)


class _Tally:
    """What a part of the results comes to."""

    __slots__ = ("amount_minor", "done", "failed", "on_account", "on_account_minor", "partly")

    def __init__(self) -> None:
        self.done = self.partly = self.failed = self.amount_minor = self.on_account = self.on_account_minor = 0


def known_batch(streams: Streams, batch_id: str) -> DebitBatch:
    """Return a batch. Raises: BatchNotFound."""
    batch_key(batch_id)
    return streams.known(DebitBatch, batch_id, BatchNotFound)


def _fillable(streams: Streams, stamp: Stamp, batch_id: str) -> tuple[Account, DebitBatch]:
    account_id, kind, day = batch_key(batch_id)
    account = streams.account(account_id)
    onboarding = known_onboarding(streams, account_id)
    batch = streams.stream(DebitBatch, batch_id)
    onboarding.require_approved()
    if batch.version:
        batch.require_fillable(stamp)
    elif not CALENDAR.is_business_day(day) or stamp.recorded_at >= times_of(kind, day, CALENDAR).cut_off_at:
        raise BatchStep("the bank takes no more files of this day", status="none")
    return account, batch


def _begin(streams: Streams, stamp: Stamp, batch: DebitBatch, account: Account, batch_id: str) -> None:
    if not batch.version:
        code = known_onboarding(streams, batch_key(batch_id)[0]).institution_code
        batch.open(stamp, batch_id=batch_id, institution_code=code, currency=account.currency, calendar=CALENDAR)


def _line(streams: Streams, debit_id: str) -> _Line:
    """Return a debit and what it collects, with what the rules of its obligation's source need."""
    debit = known_debit(streams, debit_id)
    obligation = known_obligation(streams, debit.obligation_id)
    rules = rules_of(obligation)
    rules.load(streams, obligation)
    return _Line(debit, obligation, rules)


def _step(streams: Streams, stamp: Stamp, line: _Line, mandate: Mandate, day: date) -> int | str | None:
    """Return what is asked for of a debit; a word for why it is not asked for any more; None = it waits."""
    debit, obligation, rules = line
    if not debit.may_go(day):
        return None
    if mandate.status != "active":
        return NOT_ACTIVE
    outstanding = obligation.outstanding_minor
    amount = debit.left_minor if outstanding is None else min(debit.left_minor, outstanding) or debit.left_minor
    try:
        obligation.require_payable(amount)
        rules.check(streams, obligation, stamp)
    except AttemptInFlight:
        return None
    except LedgerError as refusal:
        return refusal.code
    return amount


def _drop(stamp: Stamp, line: _Line, mandate: Mandate, code: str) -> None:
    """Record that a debit is not asked for any more: its mandate is not active, or nothing is due."""
    debit = line.debit
    if code != NOT_ACTIVE:
        cancel(stamp, debit, mandate, code)
        return
    debit.fail(stamp, code=code, calendar=CALENDAR, today=business_date(stamp.recorded_at))
    mandate.use_month(stamp, amount_minor=-debit.left_minor, month=debit.month)


def _submit(
    streams: Streams,
    stamp: Stamp,
    line: _Line,
    mandate: Mandate,
    batch: DebitBatch,
    *,
    serial: int,
    amount_minor: int,
) -> None:
    """Put a debit into a batch."""
    debit, obligation, rules = line
    obligation.start_attempt(stamp, attempt_id=debit.debit_id, via=VIA, amount_minor=amount_minor)
    assert obligation.attempt is not None, "it was started in the line above"
    rules.attempted(streams, stamp, obligation, obligation.attempt)
    debit.submit(
        stamp,
        batch_id=batch.batch_id,
        serial=serial,
        amount_minor=amount_minor,
        mandate_id=mandate.mandate_id,
    )


def _settle(streams: Streams, stamp: Stamp, batch: DebitBatch, line: _Line, result: Result, tally: _Tally) -> int:
    """Record what became of one line; return what it has brought."""
    debit, obligation, rules = line
    today = business_date(stamp.recorded_at)
    if result.code and not result.amount_minor:
        debit.fail(stamp, code=result.code, calendar=CALENDAR, today=today)
        tally.failed += 1
        end_attempt(streams, stamp, obligation, debit.debit_id, result.code)
        return 0
    if result.code:
        amount = result.amount_minor
        debit.collect_part(stamp, amount_minor=amount, calendar=CALENDAR, today=today)
        tally.partly += 1
    else:
        amount = debit.collect(stamp)
        tally.done += 1
    tally.amount_minor += amount
    together = rules.CREDITS == "collections" and rules.split(streams, obligation, amount) == amount
    settle_attempt(
        streams,
        stamp,
        obligation,
        attempt_id=debit.debit_id,
        via=VIA,
        method=METHOD,
        amount_minor=amount,
        paid_on=batch.day,
        on_account=not together,
    )
    if together:
        tally.on_account += 1
        tally.on_account_minor += amount
    return amount


def _fall_short(streams: Streams, stamp: Stamp, debit: Debit, mandate: Mandate, code: str, amount_minor: int) -> None:
    """Record what it means to a mandate that less was collected than was asked for."""
    if code == CANCELLED_AT_BANK and mandate.status in ("active", "suspended"):
        mandate.cancel(stamp, by="bank", reason=code)
        tell_cancelled(streams, stamp, mandate, "bank")
    if debit.next_on is None:
        mandate.use_month(stamp, amount_minor=-debit.left_minor, month=debit.month)


STATUS_AFTER: dict[type[Fact], str] = {
    DebitBatch.Closed: "closed",
    DebitBatch.Sent: "sent",
    DebitBatch.Missed: "missed",
    DebitBatch.Answered: "answered",
}
"""Fact -> the state that a batch is in after it."""


@answer("debit-batch/1")
def debit_batch(facts: Sequence[Fact]) -> Answer:
    """Answer with the state of the batch."""
    fact: Any = next(fact for fact in facts if type(fact) in STATUS_AFTER)
    return Answer(200, {"id": fact.batch_id, "status": STATUS_AFTER[type(fact)]})


@answer("debit-batch-filled/1")
def debit_batch_filled(facts: Sequence[Fact]) -> Answer:
    """Answer with what was added."""
    fact = next(fact for fact in facts if isinstance(fact, DebitBatch.Filled))
    return Answer(200, {"id": fact.batch_id, "added": fact.added, "lines": fact.lines})


@answer("debit-lines-withdrawn/1")
def debit_lines_withdrawn(facts: Sequence[Fact]) -> Answer:
    """Answer with how many lines were taken out."""
    out = [fact for fact in facts if isinstance(fact, Debit.Withdrawn | Mandate.Withdrawn | Mandate.EndWithdrawn)]
    return Answer(200, {"id": out[0].batch_id, "withdrawn": len(out)})


@answer("debit-results/1")
def debit_results(facts: Sequence[Fact]) -> Answer:
    """Answer with how far the results of the batch are recorded."""
    fact = next(fact for fact in facts if isinstance(fact, DebitBatch.ResultsRecorded))
    return Answer(200, {"id": fact.batch_id, "settled": fact.settled, "collected": fact.collected_minor})

"""Commands on debits: schedule one or many, take one back, record what is taken back later (SPEC 10.2).

A debit collects an obligation: one of its own, or one that somebody else asks for (a bill that is switched to direct
debit). The other way, the obligation of a debit that is cancelled stays open and can be asked for by a bill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from aggregates.account import Account, standing
from aggregates.calendar import BusinessCalendar
from aggregates.collecting.debit import (
    PREFIX,
    RETRY_DAYS,
    Debit,
    DebitAskedElsewhere,
    DebitDayPassed,
    DebitNotFound,
    check_retry_days,
)
from aggregates.collecting.mandate import Mandate, MandateNotFound
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_parts import ObligationNotFound
from aggregates.dates import business_date
from aggregates.errors import Rejected, Unavailable
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.mandates import known_mandate, present
from ledger.commands.collecting.obligations import known_obligation, open_obligation, reverse_attempt
from ledger.commands.collecting.onboarding import known_onboarding
from ledger.commands.collecting.sources import rules_of
from ledger.commands.collecting.tellings import tell

CALENDAR = BusinessCalendar()

ITEMS_MAX = 500
"""How many debits one command schedules."""

METHOD = "direct_debit"


class DebitUnsettled(Unavailable):
    """A refund of the debit is under way; ask again when it has its result."""

    code = "debit_unsettled"


class DebitsTooMany(Rejected):
    """At most 500 debits are scheduled at a time, and at least one."""

    code = "debits_count_invalid"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A debit that shall be scheduled.

    Attributes:
        collect_on: KST date; on a holiday, the next business day (SPEC R-113).
        obligation_id: of what is asked for already; None = the debit asks itself.
        same_day: whether it goes with the file of that very day.
        retry_days: days after the day of collection on which it is tried again.
    """

    mandate_id: str
    amount_minor: int
    collect_on: date
    obligation_id: str | None = None
    same_day: bool = False
    retry_days: tuple[int, ...] = RETRY_DAYS


@dataclass(frozen=True, slots=True)
class ScheduleDebits:
    """Schedule debits of one account, all or none."""

    ANSWER: ClassVar[str] = "debits/1"

    account_id: str
    items: tuple[Wanted, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record for each `Debit.Scheduled`, its obligation, and a notice where its amount varies.

        Raises:
            DebitsTooMany. AccountNotFound, AccountIsClosed, OnboardingNotFound, NotApproved.
            MandateNotFound, ObligationNotFound.
            MandateNotActive, MandateLimitExceeded, DebitDayPassed, RetryDaysInvalid; LedgerError: as of
                `Obligation.require_payable`; each with `item`, its place from 0.

        Source: SPEC R-113, R-114, R-116.
        """
        if not 1 <= len(self.items) <= ITEMS_MAX:
            raise DebitsTooMany(f"items must be 1 to {ITEMS_MAX}", maximum=ITEMS_MAX)
        account = streams.account(self.account_id)
        onboarding = known_onboarding(streams, self.account_id)
        found = [_found(streams, self.account_id, item) for item in self.items]
        standing.refuse_closed(account)
        onboarding.require_approved()
        asked: dict[tuple[str, str], int] = {}
        for place, (item, (mandate, obligation)) in enumerate(zip(self.items, found, strict=True)):
            try:
                _check(item, mandate, obligation, stamp, asked)
            except Rejected as refusal:
                refusal.figures["item"] = place
                raise
        for place, (item, (mandate, obligation)) in enumerate(zip(self.items, found, strict=True)):
            _schedule(streams, stamp, account, item, mandate, obligation, place)


@dataclass(frozen=True, slots=True)
class ScheduleDebit:
    """Schedule one debit; as `ScheduleDebits`."""

    ANSWER: ClassVar[str] = "debit/1"

    account_id: str
    item: Wanted

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record and raise as `ScheduleDebits`."""
        account = streams.account(self.account_id)
        onboarding = known_onboarding(streams, self.account_id)
        mandate, obligation = _found(streams, self.account_id, self.item)
        standing.refuse_closed(account)
        onboarding.require_approved()
        _check(self.item, mandate, obligation, stamp, {})
        _schedule(streams, stamp, account, self.item, mandate, obligation, 0)


@dataclass(frozen=True, slots=True)
class CancelDebit:
    """Let a debit not be collected; what is due stays due. reason: by_biller or switched_to_bill."""

    ANSWER: ClassVar[str] = "debit-step/1"

    debit_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Debit.Cancelled`. Raises: DebitNotFound, DebitStep."""
        debit = known_debit(streams, self.debit_id)
        mandate = known_mandate(streams, debit.mandate_id)
        cancel(stamp, debit, mandate, self.reason)


@dataclass(frozen=True, slots=True)
class ReverseDebit:
    """Take the institution's word that collected money was taken back: what was due is due again."""

    ANSWER: ClassVar[str] = "debit-step/1"

    debit_id: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Debit.Reversed`, on the obligation and on the account; the account is told.

        Raises:
            DebitNotFound. DebitUnsettled: it is being refunded.
            DebitStep: nothing was collected, or it was taken back before.

        Source: SPEC R-111, 14.
        """
        debit = known_debit(streams, self.debit_id)
        obligation = known_obligation(streams, debit.obligation_id)
        streams.account(obligation.account_id)
        rules_of(obligation).load(streams, obligation)
        paid = obligation.payments.get(self.debit_id)
        if paid is not None and paid.refund_id:
            raise DebitUnsettled("a refund of the debit has no definite result yet; ask again", 1)
        amount = debit.reverse(stamp, code=self.reason_code)
        left = 0 if paid is None else paid.left_minor
        if left:
            reverse_attempt(
                streams,
                stamp,
                obligation,
                attempt_id=self.debit_id,
                amount_minor=min(amount, left),
                code=self.reason_code,
            )
        tell(
            streams,
            stamp,
            account_id=obligation.account_id,
            thing_id=self.debit_id,
            kind="debit.reversed",
            to=None,
            detail={"amount": amount},
        )


def known_debit(streams: Streams, debit_id: str) -> Debit:
    """Return a debit. Raises: DebitNotFound."""
    parse(debit_id, PREFIX)
    return streams.known(Debit, debit_id, DebitNotFound)


def cancel(stamp: Stamp, debit: Debit, mandate: Mandate, reason: str) -> None:
    """Take a debit back, and from what its mandate may bring in its month. Raises: DebitStep."""
    left = debit.left_minor
    debit.cancel(stamp, reason=reason)
    mandate.use_month(stamp, amount_minor=-left, month=debit.month)


def switch_to_bill(streams: Streams, stamp: Stamp, debit: Debit, obligation: Obligation, bill_id: str) -> None:
    """Let a bill ask for the obligation of a debit, which is not collected any more.

    Called inside the decision of whoever makes the bill, before its first fact. Of several debits of one obligation,
    the one that opened it and the one that is named are not collected.

    Raises:
        DebitAskedElsewhere: somebody else's document asks for it, or a bill does already.
        DebitStep: it is at the bank now.

    Source: SPEC N7, R-116.
    """
    if obligation.source != "debit":
        raise DebitAskedElsewhere("what this debit collects is asked for by somebody else's document")
    own = known_debit(streams, obligation.source_id)
    both = (own,) if own.debit_id == debit.debit_id else (own, debit)
    switched = [
        (each, known_mandate(streams, each.mandate_id))
        for each in both
        if each.status == "submitted" or each.next_on is not None
    ]
    own.require_unbilled()
    for each, mandate in switched:
        cancel(stamp, each, mandate, "switched_to_bill")
    own.bill(stamp, bill_id=bill_id)


def schedule(
    streams: Streams, stamp: Stamp, account: Account, item: Wanted, mandate: Mandate, obligation: Obligation | None
) -> str:
    """Schedule one debit inside another decision; return its id. Raises: as of `ScheduleDebit`."""
    _check(item, mandate, obligation, stamp, {})
    return _schedule(streams, stamp, account, item, mandate, obligation, 0)


def _found(streams: Streams, account_id: str, item: Wanted) -> tuple[Mandate, Obligation | None]:
    """Return the mandate that is used now, and the obligation where there is one. Raises: NotFound."""
    mandate = present(streams, item.mandate_id)
    if mandate.account_id != account_id:
        raise MandateNotFound("there is no such mandate on the account")
    if item.obligation_id is None:
        return mandate, None
    obligation = known_obligation(streams, item.obligation_id)
    if obligation.account_id != account_id:
        raise ObligationNotFound("there is no such obligation on the account")
    return mandate, obligation


def _check(
    item: Wanted, mandate: Mandate, obligation: Obligation | None, stamp: Stamp, asked: dict[tuple[str, str], int]
) -> None:
    """Refuse what may not be scheduled. asked: of each mandate and month, what the same command asks for before."""
    mandate.require_active()
    if item.collect_on < business_date(stamp.recorded_at):
        raise DebitDayPassed("collect_on must be today or later")
    check_retry_days(item.retry_days)
    month = CALENDAR.on_or_after(item.collect_on).isoformat()[:7]
    mandate.require_within(item.amount_minor, month)
    before = asked.get((mandate.mandate_id, month), 0)
    if before and mandate.max_month_minor is not None:
        mandate.require_within_month(item.amount_minor + before, month)
    asked[mandate.mandate_id, month] = before + item.amount_minor
    if obligation is not None:
        obligation.require_payable(item.amount_minor)


def _schedule(
    streams: Streams,
    stamp: Stamp,
    account: Account,
    item: Wanted,
    mandate: Mandate,
    obligation: Obligation | None,
    place: int,
) -> str:
    account_id = mandate.account_id
    debit_id, debit = streams.new_child(Debit, PREFIX, account_id, place)
    collect_on = CALENDAR.on_or_after(item.collect_on)
    if obligation is None:
        obligation = open_obligation(
            streams,
            stamp,
            account_id=account_id,
            source="debit",
            source_id=debit_id,
            due_minor=item.amount_minor,
            due_on=collect_on,
            index=place,
        )
    debit.schedule(
        stamp,
        debit_id=debit_id,
        mandate_id=mandate.mandate_id,
        obligation_id=obligation.obligation_id,
        amount_minor=item.amount_minor,
        currency=account.currency,
        collect_on=collect_on,
        same_day=item.same_day,
        retry_days=item.retry_days,
    )
    mandate.use_month(stamp, amount_minor=item.amount_minor, month=debit.month)
    if mandate.fixed_minor is None:
        tell(
            streams,
            stamp,
            account_id=account_id,
            thing_id=debit_id,
            kind="debit.notice",
            to=mandate.payer,
            detail={"amount": item.amount_minor, "collect_on": collect_on.isoformat()},
            index=place,
            page=mandate.mandate_id,
        )
    return debit_id


def debit_json(fact: Any) -> dict[str, Any]:
    """Return a debit that was scheduled in the shape of the HTTP face."""
    return {
        "id": fact.debit_id,
        "mandate_id": fact.mandate_id,
        "obligation_id": fact.obligation_id,
        "amount": fact.amount_minor,
        "currency": fact.currency,
        "collect_on": fact.collect_on.isoformat(),
        "same_day": fact.same_day,
        "retry_days": list(fact.retry_days),
        "status": "scheduled",
    }


STATUS_AFTER: dict[type[Fact], str] = {Debit.Cancelled: "cancelled", Debit.Reversed: "reversed"}


@answer("debit/1")
def debit_answer(facts: Sequence[Fact]) -> Answer:
    """Answer with the debit that was scheduled."""
    return Answer(201, debit_json(next(fact for fact in facts if isinstance(fact, Debit.Scheduled))))


@answer("debits/1")
def debits_answer(facts: Sequence[Fact]) -> Answer:
    """Answer with the debits that were scheduled, in the order in which they were asked for."""
    made = [fact for fact in facts if isinstance(fact, Debit.Scheduled)]
    return Answer(
        201,
        {
            "count": len(made),
            "amount": sum(fact.amount_minor for fact in made),
            "items": [{"id": fact.debit_id, "obligation_id": fact.obligation_id} for fact in made],
        },
    )


@answer("debit-step/1")
def debit_step(facts: Sequence[Fact]) -> Answer:
    """Answer with what has become of the debit; what is due is the obligation's to say."""
    fact: Any = next(fact for fact in facts if type(fact) in STATUS_AFTER)
    return Answer(200, {"id": fact.debit_id, "status": STATUS_AFTER[type(fact)]})

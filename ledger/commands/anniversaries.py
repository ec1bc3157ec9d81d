"""Commands about anniversary rules: the owner's, and those that time causes (SPEC 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Literal, NamedTuple

from aggregates.anniversary import AnniversaryRule
from aggregates.anniversary.facts import (
    OccurrenceOrdered,
    OccurrenceSkipped,
    RecipientsReplaced,
    RuleChanged,
    RuleCreated,
    RuleEndedForGood,
    RulePaused,
    RuleResumed,
    RuleSuspended,
)
from aggregates.anniversary.parts import (
    ACTIVE,
    ENDED,
    PAUSED,
    SUSPENDED,
    RuleForm,
    RuleLine,
    RuleRecipient,
    dispatch_time,
    recipient,
    rule_lines,
)
from aggregates.anniversary.refusals import RuleNotFound
from aggregates.calendar import Calendar
from aggregates.dates import business_date
from aggregates.fact import Fact, Stamp
from aggregates.order.placing import next_order_id
from aggregates.product import Product
from aggregates.sender_profile import SenderProfiles, senders_id
from ledger.command import Answer, Streams, answer
from ledger.commands.orders import PlaceOrder
from ledger.commands.products import Wish, known_product, lines_of

EVERYONE = "*"
"""Says that a rule may be anybody's; no sub-member can be called so."""

STATUS_AFTER = {
    RuleCreated: ACTIVE,
    RulePaused: PAUSED,
    RuleSuspended: SUSPENDED,
    RuleResumed: ACTIVE,
    RuleEndedForGood: ENDED,
}
"""Fact -> the state that a rule is in after it."""


STAYS: Literal["stays"] = "stays"
"""In place of a value that a change leaves as it is."""


class Celebrated(NamedTuple):
    """A recipient of a rule, with the date as it was given.

    Attributes:
        token: of the vault.
        calendar, year, month, day: of the anniversary, in its own calendar.
    """

    token: str
    calendar: Calendar
    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class CreateRule:
    """Make a rule that orders every year.

    Attributes:
        member_id: the sub-member whose rule it is; None = the master.
        wishes: its items, priced in this decision.
        ends_on: last KST date on which it orders; None = none.
        recipients: 1 to 10,000. duplicates: a number repeats among them.
        consent: the orderer agrees to the terms of every purchase it will make.
    """

    ANSWER: ClassVar[str] = "anniversary-rule/1"

    account_id: str
    member_id: str | None
    form: RuleForm
    wishes: tuple[Wish, ...]
    ends_on: date | None
    recipients: tuple[Celebrated, ...]
    duplicates: bool
    consent: bool

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `AnniversaryRule.Created`, and its list.

        Raises:
            AccountNotFound, ProductNotFound, ProductDiscontinued, ValidityNotOffered, SenderProfileNotFound,
            SenderProfileNotUsable; as of `AnniversaryRule.create`.
        """
        streams.account(self.account_id)
        lines = _lines_now(streams, self.wishes)
        if self.form.sender_profile_id is not None:
            streams.stream(SenderProfiles, senders_id(self.account_id)).usable(self.form.sender_profile_id)
        rule_id, rule = streams.new_child(AnniversaryRule, "ann", self.account_id)
        rule.create(
            stamp,
            rule_id=rule_id,
            account_id=self.account_id,
            member_id=self.member_id,
            form=self.form,
            lines=lines,
            ends_on=self.ends_on,
            recipients=_listed(self.recipients, stamp),
            duplicates=self.duplicates,
            consent=self.consent,
        )


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """Change a rule; what is not given stays.

    Attributes:
        form: name of a part of `RuleForm` -> its new value.
        wishes: its items from now on, priced in this decision, with the designated one that `form` names; None = as
            they are, at the prices that were agreed to.
        ends_on: last KST date on which it orders; None = none.
        recipients: its new list; None = as it is. duplicates: a number repeats on the list that stays or comes.
        consent: the owner agrees to the terms of every purchase that follows.
        by: as of `known_rule`.
    """

    ANSWER: ClassVar[str] = "anniversary-changed/1"

    rule_id: str
    form: Mapping[str, Any]
    wishes: tuple[Wish, ...] | None
    ends_on: date | Literal["stays"] | None
    recipients: tuple[Celebrated, ...] | None
    duplicates: bool
    consent: bool
    by: str | None = EVERYONE

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `AnniversaryRule.Changed`, and the list where one is given.

        Raises:
            ProductNotFound, ProductDiscontinued, ValidityNotOffered, SenderProfileNotFound, SenderProfileNotUsable;
            as of `AnniversaryRule.change`.
        """
        rule = known_rule(streams, self.rule_id, self.by)
        rule.refuse_ended(stamp)
        lines, before = rule.lines, rule.form
        if self.wishes is not None:
            lines = _lines_now(streams, self.wishes)
            before = replace(before, designated=None)
        form = replace(before, **self.form)
        if form.sender_profile_id not in (None, rule.form.sender_profile_id):
            streams.stream(SenderProfiles, senders_id(rule.account_id)).usable(form.sender_profile_id)
        rule.change(
            stamp,
            form=form,
            lines=lines,
            ends_on=rule.ends_on if self.ends_on == STAYS else self.ends_on,
            recipients=None if self.recipients is None else _listed(self.recipients, stamp),
            duplicates=self.duplicates,
            consent=self.consent,
        )


@dataclass(frozen=True, slots=True)
class ReplaceRuleRecipients:
    """Put a new list into the place of a rule's present one. by: as of `known_rule`."""

    ANSWER: ClassVar[str] = "anniversary-list/1"

    rule_id: str
    recipients: tuple[Celebrated, ...]
    duplicates: bool
    by: str | None = EVERYONE

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `AnniversaryRule.RecipientsReplaced`, and the list. Raises: as of its decision."""
        known_rule(streams, self.rule_id, self.by).replace_recipients(
            stamp, recipients=_listed(self.recipients, stamp), duplicates=self.duplicates
        )


@dataclass(frozen=True, slots=True)
class PauseRule:
    """Switch a rule off. reason: owner, or member_suspended. by: as of `known_rule`."""

    ANSWER: ClassVar[str] = "anniversary-status/1"

    rule_id: str
    reason: str = "owner"
    by: str | None = EVERYONE

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `AnniversaryRule.Paused`. Raises: as of `AnniversaryRule.pause`."""
        known_rule(streams, self.rule_id, self.by).pause(stamp, reason=self.reason)


@dataclass(frozen=True, slots=True)
class ResumeRule:
    """Switch a rule on, at the prices of now: also after a suspension. by: as of `known_rule`."""

    ANSWER: ClassVar[str] = "anniversary-status/1"

    rule_id: str
    by: str | None = EVERYONE

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `AnniversaryRule.Resumed`.

        Raises:
            As of `AnniversaryRule.resume`; ProductDiscontinued, ValidityNotOffered: an item cannot be had any more.
        """
        rule = known_rule(streams, self.rule_id, self.by)
        wishes = [Wish(each.line.product_id, each.line.validity_days, each.line.quantity) for each in rule.lines]
        rule.refuse_ended(stamp)
        rule.resume(stamp, lines=_lines_now(streams, wishes))


@dataclass(frozen=True, slots=True)
class EndRule:
    """End a rule for good. reason: owner, end_date or member_withdrawn. by: as of `known_rule`."""

    ANSWER: ClassVar[str] = "anniversary-status/1"

    rule_id: str
    reason: str = "owner"
    by: str | None = EVERYONE

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `AnniversaryRule.Ended`. Raises: as of `AnniversaryRule.end`."""
        known_rule(streams, self.rule_id, self.by).end(stamp, reason=self.reason)


@dataclass(frozen=True, slots=True)
class SuspendRule:
    """Suspend a rule whose items are not what they were."""

    ANSWER: ClassVar[str] = "anniversary-status/1"

    rule_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `AnniversaryRule.Suspended`. Raises: as of `AnniversaryRule.suspend`."""
        rule = known_rule(streams, self.rule_id)
        rule.suspend(stamp, products=_products(streams, rule))


@dataclass(frozen=True, slots=True)
class OrderOccurrence:
    """Order the gifts of a rule for one day: the order and the rule's note of it in one commit.

    A rule whose items are not what they were is suspended instead, and nothing is ordered.

    Attributes:
        day: KST date of the anniversary. occurrences: what comes on it.
        list_number: of the list the recipients were read from.
        recipients: tokens of the order's own. duplicates: a number repeats among them.
        texts_token: of the order's own copy of the rule's texts; None = none.
    """

    ANSWER: ClassVar[str] = "anniversary-order/1"

    rule_id: str
    day: date
    occurrences: tuple[str, ...]
    list_number: int
    recipients: tuple[str, ...]
    duplicates: bool
    texts_token: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record what `PlaceOrder` records and `AnniversaryRule.Ordered`, or `AnniversaryRule.Suspended`.

        Raises:
            As of `AnniversaryRule.check_due` and of `PlaceOrder`.

        Source: SPEC V3, V6, R-049, R-050, R-052.
        """
        rule = known_rule(streams, self.rule_id)
        products = _products(streams, rule)
        account = streams.account(rule.account_id)
        rule.check_due(stamp, day=self.day, occurrences=self.occurrences, list_number=self.list_number)
        if rule.broken_term(products) is not None:
            rule.suspend(stamp, products=products)
            return
        form = rule.form
        order_id = next_order_id(account)
        PlaceOrder(
            account_id=rule.account_id,
            member_id=rule.member_id,
            name=form.name,
            kind=form.kind,
            lines=tuple(each.line for each in rule.lines),
            dispatch_title=form.dispatch_title,
            recipients=self.recipients,
            consent=True,
            designated=form.designated,
            scheduled_at=dispatch_time(self.day, stamp.recorded_at),
            duplicates=self.duplicates,
            allow_duplicates=form.allow_duplicates,
            sender_profile_id=form.sender_profile_id,
            template_id=form.template_id,
            theme_id=form.theme_id,
            texts_token=self.texts_token,
            source=f"anniversary:{self.rule_id}:{self.day}",
        ).decide(streams, stamp)
        rule.note_order(
            stamp,
            day=self.day,
            occurrences=self.occurrences,
            order_id=order_id,
            recipients=len(self.recipients),
        )


@dataclass(frozen=True, slots=True)
class SkipOccurrence:
    """Give up what could not be ordered, for this year. code: of the refusal that was met last, or missed."""

    ANSWER: ClassVar[str] = "anniversary-skipped/1"

    rule_id: str
    day: date
    occurrences: tuple[str, ...]
    code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `AnniversaryRule.Skipped`. Raises: as of `AnniversaryRule.skip`."""
        known_rule(streams, self.rule_id).skip(stamp, day=self.day, occurrences=self.occurrences, code=self.code)


def known_rule(streams: Streams, rule_id: str, by: str | None = EVERYONE) -> AnniversaryRule:
    """Return a rule.

    Args:
        by: whose it has to be: a sub-member's, None = the master's, or `EVERYONE`.

    Raises:
        RuleNotFound: also when it is somebody else's.

    Source: SPEC V7.
    """
    rule = streams.known(AnniversaryRule, rule_id, RuleNotFound)
    if by not in (EVERYONE, rule.member_id):
        raise RuleNotFound("there is no anniversary rule with this id")
    return rule


def _products(streams: Streams, rule: AnniversaryRule) -> list[Product]:
    return [known_product(streams, each.line.product_id) for each in rule.lines]


def _lines_now(streams: Streams, wishes: Sequence[Wish]) -> tuple[RuleLine, ...]:
    lines = lines_of(streams, wishes)
    return rule_lines(lines, {line.product_id: streams.stream(Product, line.product_id) for line in lines})


def _listed(recipients: Sequence[Celebrated], stamp: Stamp) -> tuple[RuleRecipient, ...]:
    today = business_date(stamp.recorded_at)
    return tuple(
        recipient(each.token, each.calendar, each.year, each.month, each.day, today=today) for each in recipients
    )


@answer("anniversary-rule/1")
def rule_created(facts: Sequence[Fact]) -> Answer:
    """Answer with the new rule's id and state; the whole of it is read from the view."""
    fact = next(fact for fact in facts if isinstance(fact, RuleCreated))
    return Answer(
        201,
        {
            "id": fact.rule_id,
            "account_id": fact.account_id,
            "member_id": fact.member_id,
            "name": fact.form.name,
            "kind": fact.form.kind,
            "status": ACTIVE,
            "recipients": fact.recipients,
            "items": len(fact.lines),
            "ends_on": fact.ends_on.isoformat() if fact.ends_on else None,
        },
    )


@answer("anniversary-list/1")
def list_replaced(facts: Sequence[Fact]) -> Answer:
    """Answer with how many are on the new list."""
    fact = next(fact for fact in facts if isinstance(fact, RecipientsReplaced))
    return Answer(200, {"id": fact.rule_id, "recipients": fact.recipients})


@answer("anniversary-changed/1")
def changed(facts: Sequence[Fact]) -> Answer:
    """Answer with the rule as it is now; recipients: how many are on the new list, None = the list is as it was."""
    fact = next(fact for fact in facts if isinstance(fact, RuleChanged))
    listed = [each.recipients for each in facts if isinstance(each, RecipientsReplaced)]
    return Answer(
        200,
        {
            "id": fact.rule_id,
            "name": fact.form.name,
            "kind": fact.form.kind,
            "items": len(fact.lines),
            "ends_on": None if fact.ends_on is None else fact.ends_on.isoformat(),
            "recipients": listed[0] if listed else None,
        },
    )


@answer("anniversary-status/1")
def status_changed(facts: Sequence[Fact]) -> Answer:
    """Answer with the state of the rule."""
    fact: Any = next(fact for fact in facts if type(fact) in STATUS_AFTER)
    return Answer(200, {"id": fact.rule_id, "status": STATUS_AFTER[type(fact)]})


@answer("anniversary-order/1")
def occurrence_ordered(facts: Sequence[Fact]) -> Answer:
    """Answer with the order; without one, the rule was suspended."""
    fact: Any = next(fact for fact in facts if isinstance(fact, OccurrenceOrdered | RuleSuspended))
    ordered = isinstance(fact, OccurrenceOrdered)
    status = ACTIVE if ordered else SUSPENDED
    return Answer(200, {"id": fact.rule_id, "status": status, "order_id": fact.order_id if ordered else None})


@answer("anniversary-skipped/1")
def occurrence_skipped(facts: Sequence[Fact]) -> Answer:
    """Answer with what was skipped, and why."""
    fact = next(fact for fact in facts if isinstance(fact, OccurrenceSkipped))
    return Answer(200, {"id": fact.rule_id, "day": fact.day.isoformat(), "code": fact.code})

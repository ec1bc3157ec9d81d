"""The facts of an anniversary rule (SPEC 4): how it was made, switched and ended, and what became of each day.

Recipients stand in facts of their own, as tokens with a month and a day; no name, no number, no year of birth.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.anniversary.parts import ACTIVE, ENDED, PAUSED, SUSPENDED, RuleForm, RuleLine, RuleRecipient
from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.anniversary.rule import AnniversaryRule


@fact("anniversary.created")
class RuleCreated(Fact):
    """A rule was made; it is on. Its recipients are in the facts that follow.

    Attributes:
        rule_id: public id.
        account_id: whose money it orders with.
        member_id: the sub-member whose rule it is; null = the master.
        form: of its orders.
        lines: its items.
        ends_on: last KST date on which it orders; null = none.
        list_number: 1, of its first list.
        recipients: how many are on it.
    """

    rule_id: str
    account_id: str
    member_id: str | None
    form: RuleForm
    lines: tuple[RuleLine, ...]
    ends_on: date | None
    list_number: int
    recipients: int

    def apply(self, rule: AnniversaryRule) -> None:
        rule.rule_id = self.rule_id
        rule.account_id = self.account_id
        rule.member_id = self.member_id
        rule.form = self.form
        rule.lines = self.lines
        rule.ends_on = self.ends_on
        rule.status = ACTIVE
        rule.active_since = self.recorded_at
        rule.begin_list(self.list_number, self.recorded_at)


@fact("anniversary.changed")
class RuleChanged(Fact):
    """Its owner changed a rule: what is here counts for every order that is made from now on.

    What was ordered or skipped stays done. A new list of recipients is in the facts that follow, if there is one.

    Attributes:
        rule_id: public id.
        form: of its orders.
        lines: its items; those that were chosen anew at the prices of this moment.
        ends_on: last KST date on which it orders; null = none.
    """

    rule_id: str
    form: RuleForm
    lines: tuple[RuleLine, ...]
    ends_on: date | None

    def apply(self, rule: AnniversaryRule) -> None:
        rule.form = self.form
        rule.lines = self.lines
        rule.ends_on = self.ends_on


@fact("anniversary.recipients_replaced")
class RecipientsReplaced(Fact):
    """A new list took the place of the one before; the recipients are in the facts that follow.

    Attributes:
        rule_id: public id.
        list_number: 2, 3, ...
        recipients: how many are on it.
    """

    rule_id: str
    list_number: int
    recipients: int

    def apply(self, rule: AnniversaryRule) -> None:
        rule.begin_list(self.list_number, self.recorded_at)


@fact("anniversary.recipients_listed")
class RecipientsListed(Fact):
    """Recipients of a list, at most 400 in a fact; recorded with the list, never changed.

    Attributes:
        rule_id: public id.
        list_number: of the list.
        first: number of the first of them on the list, counted from 0.
        recipients: their tokens and days, in order.
    """

    rule_id: str
    list_number: int
    first: int
    recipients: tuple[RuleRecipient, ...]

    def apply(self, rule: AnniversaryRule) -> None:
        """Fold nothing: who they are is for views."""


@fact("anniversary.paused")
class RulePaused(Fact):
    """A rule was switched off.

    Attributes:
        rule_id: public id.
        reason: owner, or member_suspended.
    """

    rule_id: str
    reason: str

    def apply(self, rule: AnniversaryRule) -> None:
        rule.status = PAUSED


@fact("anniversary.suspended")
class RuleSuspended(Fact):
    """A price of a rule changed or an item is not sold any more; the owner is told and may take the new prices.

    Attributes:
        rule_id: public id.
        product_id: of the item.
        cause: price_changed or discontinued.
    """

    rule_id: str
    product_id: str
    cause: str

    def apply(self, rule: AnniversaryRule) -> None:
        rule.status = SUSPENDED


@fact("anniversary.resumed")
class RuleResumed(Fact):
    """A rule was switched on again, at the prices of this moment.

    Attributes:
        rule_id: public id.
        lines: its items.
    """

    rule_id: str
    lines: tuple[RuleLine, ...]

    def apply(self, rule: AnniversaryRule) -> None:
        rule.status = ACTIVE
        rule.lines = self.lines
        rule.active_since = self.recorded_at


@fact("anniversary.ended")
class RuleEndedForGood(Fact):
    """A rule ended for good.

    Attributes:
        rule_id: public id.
        reason: owner, end_date or member_withdrawn.
    """

    rule_id: str
    reason: str

    def apply(self, rule: AnniversaryRule) -> None:
        rule.status = ENDED


@fact("anniversary.ordered")
class OccurrenceOrdered(Fact):
    """The gifts of a day were ordered, in the same commit.

    Attributes:
        rule_id: public id.
        day: KST date of the anniversary.
        occurrences: what came on it, each with the year of its own calendar: solar:2024:09-17, lunar:2024:08-15.
        order_id: public id of the order.
        recipients: for how many.
    """

    rule_id: str
    day: date
    occurrences: tuple[str, ...]
    order_id: str
    recipients: int

    def apply(self, rule: AnniversaryRule) -> None:
        rule.finish(self.occurrences, self.day)


@fact("anniversary.skipped")
class OccurrenceSkipped(Fact):
    """The gifts of a day will not be ordered this year; the owner is told.

    Attributes:
        rule_id: public id.
        day: KST date of the anniversary.
        occurrences: what came on it, as of `OccurrenceOrdered`.
        code: of the refusal that was met last, e.g. insufficient_funds; missed = nobody tried in time.
    """

    rule_id: str
    day: date
    occurrences: tuple[str, ...]
    code: str

    def apply(self, rule: AnniversaryRule) -> None:
        rule.finish(self.occurrences, self.day)

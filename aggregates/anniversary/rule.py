"""The anniversary rule: a yearly gift that orders itself on the day (SPEC 4).

A rule keeps a snapshot of its items; any change of their prices suspends it, even one that was taken back. Who gets a
gift on which day stands in lists; the list that counts for a day is the one that stood at 02:00 of it. What was ordered
or skipped is kept by the occurrence, so each comes once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Self, cast
from uuid import UUID

from aggregates.anniversary import facts
from aggregates.anniversary.parts import (
    ACTIVE,
    CATCH_UP_DAYS,
    CREATED_AT,
    ENDED,
    RETRIED_UNTIL,
    SUSPENDED,
    RuleForm,
    RuleLine,
    RuleRecipient,
    day_of,
    instant,
    occurrence_name,
)
from aggregates.anniversary.refusals import (
    AnniversaryInvalid,
    EndDatePast,
    ListBehind,
    OccurrenceDone,
    OccurrenceNotDue,
    RuleActive,
    RuleEnded,
    RuleNotActive,
    RuleNotFound,
    RuleNotOver,
    RuleTermsUnchanged,
    RuleUnchanged,
)
from aggregates.calendar import anniversaries_on
from aggregates.dates import business_date
from aggregates.errors import Malformed
from aggregates.fact import Stamp, Stream, stream_class
from aggregates.order.form import OrderDraft, check_draft, check_duplicates, check_form
from aggregates.product import Product

LIST_BATCH_MAX = 400
"""Recipients in one fact: keeps it below the size of a row."""

KEPT_DAYS = 800
"""How long an occurrence that is done stays in the state: longer than a year of either calendar."""

_NOTHING = cast("dict[str, Any]", MappingProxyType({}))
_NO_FORM = RuleForm("", "", None, "", False, None, None, None, None)


@stream_class("anniversary")
class AnniversaryRule(Stream):
    """One rule.

    Attributes:
        rule_id, account_id, member_id, form, lines, ends_on: as of `RuleCreated`, or of the last `RuleChanged`.
        status: active, paused, suspended, ended; "" before it is made.
        active_since: when it was last switched on, aware UTC.
        lists: number and begin of the lists that may still count, oldest first.
        done: occurrence -> its KST date, of the last years.
    """

    __slots__ = (
        "account_id",
        "active_since",
        "done",
        "ends_on",
        "form",
        "lines",
        "lists",
        "member_id",
        "rule_id",
        "status",
    )

    Created = facts.RuleCreated
    Changed = facts.RuleChanged
    RecipientsReplaced = facts.RecipientsReplaced
    RecipientsListed = facts.RecipientsListed
    Paused = facts.RulePaused
    Suspended = facts.RuleSuspended
    Resumed = facts.RuleResumed
    Ended = facts.RuleEndedForGood
    Ordered = facts.OccurrenceOrdered
    Skipped = facts.OccurrenceSkipped

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.rule_id = self.account_id = self.status = ""
        self.member_id: str | None = None
        self.form = _NO_FORM
        self.lines: tuple[RuleLine, ...] = ()
        self.ends_on: date | None = None
        self.active_since = self.recorded_at
        self.lists: tuple[tuple[int, datetime], ...] = ()
        self.done: dict[str, date] = _NOTHING

    # -- decisions of the owner --------------------------------------------------------------------------------

    def create(
        self,
        stamp: Stamp,
        *,
        rule_id: str,
        account_id: str,
        member_id: str | None,
        form: RuleForm,
        lines: tuple[RuleLine, ...],
        ends_on: date | None,
        recipients: Sequence[RuleRecipient],
        duplicates: bool,
        consent: bool,
    ) -> None:
        """Make a rule.

        Args:
            ends_on: last KST date on which it orders; None = none.
            recipients: 1 to 10,000, each with a day.
            duplicates: whether a number repeats among them.

        Raises:
            As of `check_draft`: the form is that of an order.
            EndDatePast, AnniversaryInvalid.

        Source: SPEC V1, V2, R-054.
        """
        self._check_form(stamp, form, lines, recipients, duplicates=duplicates, consent=consent)
        _refuse_past(stamp, ends_on)
        self.record(
            facts.RuleCreated,
            stamp,
            rule_id=rule_id,
            account_id=account_id,
            member_id=member_id,
            form=form,
            lines=lines,
            ends_on=ends_on,
            list_number=1,
            recipients=len(recipients),
        )
        self._list(stamp, recipients)

    def change(
        self,
        stamp: Stamp,
        *,
        form: RuleForm,
        lines: tuple[RuleLine, ...],
        ends_on: date | None,
        recipients: Sequence[RuleRecipient] | None,
        duplicates: bool,
        consent: bool,
    ) -> None:
        """Change the rule: its form, items, end date, and its list of recipients where one is given.

        Every order that is made afterwards is made so, also one that is tried again this morning; a new list counts
        from the next 02:00 on. What was ordered or skipped is not ordered again, however the rule is changed. A rule
        that is paused or suspended stays so.

        Args:
            form, lines, ends_on: as they shall be, whole.
            recipients: the new list; None = as it is.
            duplicates: whether a number repeats on the list that stays or comes.
            consent: to the terms of what will be bought.

        Raises:
            RuleNotFound, RuleEnded; as of `check_draft`; AnniversaryInvalid.
            EndDatePast: a new end date lies before today. RuleUnchanged.

        Source: SPEC V2, V4, V5, R-025, R-054.
        """
        self.refuse_ended(stamp)
        if recipients is None:
            draft = _draft(form, lines, (), duplicates=duplicates, consent=consent, scheduled_at=None, source="")
            check_form(draft)
            check_duplicates(draft)
        else:
            self._check_form(stamp, form, lines, recipients, duplicates=duplicates, consent=consent)
        if ends_on != self.ends_on:
            _refuse_past(stamp, ends_on)
        if recipients is None and (form, lines, ends_on) == (self.form, self.lines, self.ends_on):
            raise RuleUnchanged("the rule is already as the request says; nothing was recorded")
        self.record(facts.RuleChanged, stamp, rule_id=self.rule_id, form=form, lines=lines, ends_on=ends_on)
        if recipients is not None:
            self._begin_list(stamp, recipients)

    def replace_recipients(self, stamp: Stamp, *, recipients: Sequence[RuleRecipient], duplicates: bool) -> None:
        """Put a new list into the place of the present one; it counts from the next 02:00 on.

        Raises:
            RuleNotFound, RuleEnded; as of `check_draft`; AnniversaryInvalid.

        Source: SPEC V4.
        """
        self.refuse_ended(stamp)
        self._check_form(stamp, self.form, self.lines, recipients, duplicates=duplicates, consent=True)
        self._begin_list(stamp, recipients)

    def pause(self, stamp: Stamp, *, reason: str) -> None:
        """Switch the rule off.

        Args:
            reason: owner, or member_suspended.

        Raises:
            RuleNotFound, RuleEnded, RuleNotActive.

        Source: SPEC V5, R-012.
        """
        self.refuse_ended(stamp)
        if self.status != ACTIVE:
            raise RuleNotActive("the rule is not on", status=self.status)
        self.record(facts.RulePaused, stamp, rule_id=self.rule_id, reason=reason)

    def resume(self, stamp: Stamp, *, lines: tuple[RuleLine, ...]) -> None:
        """Switch the rule on, at the prices of now.

        Args:
            lines: its items as they are sold now.

        Raises:
            RuleNotFound, RuleEnded, RuleActive.

        Source: SPEC V5, V6.
        """
        self.refuse_ended(stamp)
        if self.status == ACTIVE:
            raise RuleActive("the rule is on already")
        self.record(facts.RuleResumed, stamp, rule_id=self.rule_id, lines=lines)

    def end(self, stamp: Stamp, *, reason: str) -> None:
        """End the rule for good.

        Args:
            reason: owner, end_date (only once that is over) or member_withdrawn.

        Raises:
            RuleNotFound, RuleEnded, RuleNotOver.

        Source: SPEC R-054, 1.3.
        """
        self.require()
        if self.status == ENDED:
            raise RuleEnded("the rule has ended")
        if reason == "end_date" and not self.is_over(business_date(stamp.recorded_at)):
            raise RuleNotOver("the end date of the rule is not over")
        self.record(facts.RuleEndedForGood, stamp, rule_id=self.rule_id, reason=reason)

    # -- decisions of time -------------------------------------------------------------------------------------

    def suspend(self, stamp: Stamp, *, products: Iterable[Product]) -> None:
        """Suspend the rule when an item is not sold any more or its price was changed.

        Args:
            products: those of its items, in their order.

        Raises:
            RuleNotFound, RuleEnded, RuleNotActive (suspended already), RuleTermsUnchanged.

        Source: SPEC V6, R-052.
        """
        self.refuse_ended(stamp)
        if self.status == SUSPENDED:
            raise RuleNotActive("the rule is suspended already", status=self.status)
        broken = self.broken_term(products)
        if broken is None:
            raise RuleTermsUnchanged("all items are on sale at the prices that the rule was made for")
        product_id, cause = broken
        self.record(facts.RuleSuspended, stamp, rule_id=self.rule_id, product_id=product_id, cause=cause)

    def check_due(self, stamp: Stamp, *, day: date, occurrences: Collection[str], list_number: int) -> None:
        """Refuse to order for a day what may not be ordered now.

        Args:
            day: KST date of the anniversary.
            occurrences: what comes on it (`occurrence_name`).
            list_number: of the list that the recipients were read from.

        Raises:
            RuleNotFound, RuleNotActive, OccurrenceNotDue, OccurrenceDone, Malformed.
            ListBehind: another list counts for this day.

        Source: SPEC V3, V4, R-049, R-051, R-054, R-055.
        """
        self.require()
        if self.status != ACTIVE:
            raise RuleNotActive("the rule is not on", status=self.status)
        made_at = instant(day, CREATED_AT)
        late_days = (business_date(stamp.recorded_at) - day).days
        in_time = made_at <= stamp.recorded_at and late_days <= CATCH_UP_DAYS
        if not in_time or self.active_since > made_at or self.is_over(day):
            raise OccurrenceNotDue("no order is made for this day now")
        if any(occurrence in self.done for occurrence in occurrences):
            raise OccurrenceDone("this occurrence was ordered or skipped before")
        comes = {occurrence_name(each, year) for each, year in anniversaries_on(day).items()}
        if not occurrences or not comes.issuperset(occurrences):
            raise Malformed("these anniversaries do not come on this day", field="occurrences")
        counts = max((number for number, since in self.lists if since <= made_at), default=0)
        if counts != list_number:
            raise ListBehind("another list of recipients counts for this day; read it again")

    def note_order(
        self, stamp: Stamp, *, day: date, occurrences: tuple[str, ...], order_id: str, recipients: int
    ) -> None:
        """Record the order that was placed in this decision, after `check_due` has let it pass."""
        self.record(
            facts.OccurrenceOrdered,
            stamp,
            rule_id=self.rule_id,
            day=day,
            occurrences=occurrences,
            order_id=order_id,
            recipients=recipients,
        )

    def skip(self, stamp: Stamp, *, day: date, occurrences: tuple[str, ...], code: str) -> None:
        """Give up an occurrence for the year; the rule stays on.

        Args:
            code: of the refusal that was met last.

        Raises:
            RuleNotFound, OccurrenceDone.
            OccurrenceNotDue: the last try of the day is still to come.

        Source: SPEC R-050.
        """
        self.require()
        if any(occurrence in self.done for occurrence in occurrences):
            raise OccurrenceDone("this occurrence was ordered or skipped before")
        if stamp.recorded_at < instant(day, RETRIED_UNTIL):
            raise OccurrenceNotDue("the order is tried until 08:00 of the day")
        self.record(facts.OccurrenceSkipped, stamp, rule_id=self.rule_id, day=day, occurrences=occurrences, code=code)

    # -- questions ---------------------------------------------------------------------------------------------

    def require(self) -> None:
        """Raise: RuleNotFound, when there is no rule of this id."""
        if not self.version:
            raise RuleNotFound("there is no anniversary rule with this id")

    def refuse_ended(self, stamp: Stamp) -> None:
        """Refuse what only a rule that goes on can do. Raises: RuleNotFound, RuleEnded."""
        self.require()
        if self.status == ENDED or self.is_over(business_date(stamp.recorded_at)):
            raise RuleEnded("the rule has ended")

    def is_over(self, day: date) -> bool:
        """Say whether the end date lies before a day (SPEC R-054)."""
        return self.ends_on is not None and day > self.ends_on

    def broken_term(self, products: Iterable[Product]) -> tuple[str, str] | None:
        """Return the first item whose terms changed, and how; None when all stand."""
        by_id = {product.product_id: product for product in products}
        for each in self.lines:
            product = by_id[each.line.product_id]
            if not product.sheet.on_sale:
                return product.product_id, "discontinued"
            price = {offered.validity_days: offered for offered in product.sheet.prices}.get(each.line.validity_days)
            if price is None or price.terms_version != each.terms_version:
                return product.product_id, "price_changed"
        return None

    def draft(
        self, *, recipients: tuple[str, ...], duplicates: bool, scheduled_at: datetime | None, source: str
    ) -> OrderDraft:
        """Return what is ordered for these recipients."""
        return _draft(
            self.form,
            self.lines,
            recipients,
            duplicates=duplicates,
            consent=True,
            scheduled_at=scheduled_at,
            source=source,
        )

    # -- folds -------------------------------------------------------------------------------------------------

    def begin_list(self, number: int, since: datetime) -> None:
        """Add a list, and forget those that no day can ask for any more."""
        oldest = since - timedelta(days=CATCH_UP_DAYS + 1)
        ended = [index for index, (_, began) in enumerate(self.lists) if began <= oldest]
        self.lists = (*self.lists[ended[-1] if ended else 0 :], (number, since))

    def finish(self, occurrences: Iterable[str], day: date) -> None:
        """Keep what is done, and forget what is long past."""
        oldest = day - timedelta(days=KEPT_DAYS)
        self.done = {each: on for each, on in self.done.items() if on > oldest} | dict.fromkeys(occurrences, day)

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *AnniversaryRule.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin

    def _check_form(
        self,
        stamp: Stamp,
        form: RuleForm,
        lines: tuple[RuleLine, ...],
        recipients: Sequence[RuleRecipient],
        *,
        duplicates: bool,
        consent: bool,
    ) -> None:
        tokens = tuple(each.token for each in recipients)
        draft = _draft(form, lines, tokens, duplicates=duplicates, consent=consent, scheduled_at=None, source="")
        check_draft(draft, ordered_on=business_date(stamp.recorded_at), now=stamp.recorded_at)
        if not all(day_of(each).exists for each in recipients):
            raise AnniversaryInvalid("each recipient needs a month and a day that exist in its calendar")

    def _begin_list(self, stamp: Stamp, recipients: Sequence[RuleRecipient]) -> None:
        number = self.lists[-1][0] + 1
        self.record(
            facts.RecipientsReplaced, stamp, rule_id=self.rule_id, list_number=number, recipients=len(recipients)
        )
        self._list(stamp, recipients)

    def _list(self, stamp: Stamp, recipients: Sequence[RuleRecipient]) -> None:
        number = self.lists[-1][0]
        for first in range(0, len(recipients), LIST_BATCH_MAX):
            self.record(
                facts.RecipientsListed,
                stamp,
                rule_id=self.rule_id,
                list_number=number,
                first=first,
                recipients=tuple(recipients[first : first + LIST_BATCH_MAX]),
            )


def _refuse_past(stamp: Stamp, ends_on: date | None) -> None:
    today = business_date(stamp.recorded_at)
    if ends_on is not None and ends_on < today:
        raise EndDatePast("ends_on must be today or later", earliest=today.isoformat())


def _draft(
    form: RuleForm,
    lines: tuple[RuleLine, ...],
    recipients: tuple[str, ...],
    *,
    duplicates: bool,
    consent: bool,
    scheduled_at: datetime | None,
    source: str,
) -> OrderDraft:
    return OrderDraft(
        name=form.name,
        kind=form.kind,
        lines=tuple(each.line for each in lines),
        designated=form.designated,
        dispatch_title=form.dispatch_title,
        scheduled_at=scheduled_at,
        recipients=recipients,
        duplicates=duplicates,
        allow_duplicates=form.allow_duplicates,
        consent=consent,
        sender_profile_id=form.sender_profile_id,
        template_id=form.template_id,
        theme_id=form.theme_id,
        texts_token=form.texts_token,
        source=source,
    )

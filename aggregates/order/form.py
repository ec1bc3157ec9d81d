"""The order form: what somebody wants to order, and every rule it must keep before money is looked at (SPEC 3.1, 3.2).

Recipients are vault tokens: nothing here knows a number or a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from aggregates.dates import KST, last_day_within, start_of_day
from aggregates.errors import Malformed, Rejected
from aggregates.order.parts import CHOICE, GENERAL, OrderLine
from aggregates.order.pricing import coupons_each

NAME_MAX = 50
TITLE_MAX = 16
RECIPIENTS_MAX = 10_000
CHOICE_LINES_MIN, CHOICE_LINES_MAX = 2, 20
GENERAL_LINES_MAX = 20
COUPONS_EACH_MAX = 50
"""Coupons for one recipient: keeps the state of the largest order below a megabyte."""

SCHEDULE_DAYS_MAX = 30
NIGHT_ENDS_HOUR = 6
"""Night-blocked goods can be scheduled from 06:00 to 23:59 (SPEC O2)."""

_TITLE = re.compile(r"[0-9A-Za-z\uac00-\ud7a3\u3131-\u318e]+")
"""Digits, English letters, Korean syllables and letters (SPEC 3.1)."""

LINE_TEXT_MAX = 400
"""Characters of names and ids in one line: an order of 20 lines stays within one fact."""

_WORD = re.compile(r"[0-9A-Za-z_:.-]{1,100}", re.ASCII)
"""What ids, tokens and sources look like: no text of a person's can stand in their place."""

_TOKEN = re.compile(r"rcp_[0-9A-Za-z]{16,40}", re.ASCII)


class OrderNameInvalid(Rejected):
    """An order's name has 1 to 50 characters, spaces counted."""

    code = "order_name_invalid"


class LinesOutOfRange(Rejected):
    """A general order has 1 to 20 items, a choice order 2 to 20."""

    code = "lines_out_of_range"


class QuantityOutOfRange(Rejected):
    """A quantity is 1 or more, exactly 1 on a choice order; a recipient gets at most 50 coupons (SPEC R-022)."""

    code = "quantity_out_of_range"


class DesignatedInvalid(Rejected):
    """The designated item is one of the items of a choice order (SPEC P8)."""

    code = "designated_invalid"


class DispatchTitleInvalid(Rejected):
    """A dispatch title has 1 to 16 digits, Korean and English letters, and nothing else."""

    code = "dispatch_title_invalid"


class ConsentRequired(Rejected):
    """The orderer must have agreed to the terms of the purchase."""

    code = "consent_required"


class RecipientsOutOfRange(Rejected):
    """An order has 1 to 10,000 recipients."""

    code = "recipients_out_of_range"


class DuplicateRecipients(Rejected):
    """A number repeats, and the order does not allow it."""

    code = "duplicate_recipients"


class DuplicatesRestricted(Rejected):
    """A number repeats, and one of the items is never sent twice to one number (SPEC R-026)."""

    code = "duplicates_restricted"


class ScheduleNotOnMinute(Rejected):
    """Dispatches are scheduled to the minute (SPEC R-028)."""

    code = "schedule_not_on_minute"


class ScheduleNotInFuture(Rejected):
    """A scheduled dispatch lies after now (SPEC R-028)."""

    code = "schedule_not_in_future"


class ScheduleTooLate(Rejected):
    """A dispatch can be scheduled up to the order date + 30 days (SPEC O1)."""

    code = "schedule_too_late"


class ScheduleAtNight(Rejected):
    """One of the items can only be scheduled between 06:00 and 23:59 (SPEC O2)."""

    code = "schedule_at_night"


class OrderCurrencyUnsupported(Rejected):
    """Prices are in KRW, so the account must be, too."""

    code = "order_currency_unsupported"


class OrderDraft(NamedTuple):
    """What somebody wants to order.

    Attributes:
        name: for the orderer's own eyes; not shown to recipients.
        kind: general (every item to every recipient) or choice (each recipient picks one).
        lines: items with a snapshot of their prices (SPEC R-025).
        designated: index of the line that a silent recipient of a choice order gets; None = the dearest.
        dispatch_title: shown to recipients.
        scheduled_at: aware; None = at once.
        recipients: vault tokens "rcp_...", one for each recipient.
        duplicates: a number repeats among them. allow_duplicates: the orderer wants that.
        consent: the orderer has agreed to the terms.
        sender_profile_id, template_id, theme_id: what messages and the coupon page look like; None = the service's own.
        texts_token: vault token of texts typed by hand for messages and page; None = none.
        source: "order", or "anniversary:{rule}:{occurrence}".
    """

    name: str
    kind: str
    lines: tuple[OrderLine, ...]
    designated: int | None
    dispatch_title: str
    scheduled_at: datetime | None
    recipients: tuple[str, ...]
    duplicates: bool
    allow_duplicates: bool
    consent: bool
    sender_profile_id: str | None
    template_id: str | None
    theme_id: str | None
    texts_token: str | None
    source: str


def check_draft(draft: OrderDraft, *, ordered_on: date, now: datetime) -> None:
    """Refuse a draft that breaks a rule of the order form; the account's money is not looked at.

    Args:
        ordered_on: KST date of the order. now: the ledger's clock, aware.

    Raises:
        Malformed: an unknown kind, a price or a name out of bounds, an id that is none, a recipient that is no token
            or stands there twice.
        OrderNameInvalid, LinesOutOfRange, QuantityOutOfRange, DesignatedInvalid, DispatchTitleInvalid,
        ConsentRequired, RecipientsOutOfRange, DuplicateRecipients, DuplicatesRestricted: the form.
        ScheduleNotOnMinute, ScheduleNotInFuture, ScheduleTooLate, ScheduleAtNight: the time.

    Source: SPEC 3.1, O1, O2, P5, P8, R-022, R-026, R-028, R-029.
    """
    check_form(draft)
    _check_recipients(draft)
    if draft.scheduled_at is not None:
        _check_schedule(draft.scheduled_at, draft.lines, ordered_on, now)


def check_form(draft: OrderDraft) -> None:
    """Refuse a form that no order can have, whoever gets it and whenever; as the first part of `check_draft`."""
    if not 1 <= len(draft.name) <= NAME_MAX or not draft.name.isprintable() or draft.name.isspace():
        raise OrderNameInvalid(f"name must have 1 to {NAME_MAX} printable characters", maximum=NAME_MAX)
    check_lines(draft.kind, draft.lines)
    if draft.designated is not None and (draft.kind != CHOICE or not 0 <= draft.designated < len(draft.lines)):
        raise DesignatedInvalid("designated must be one of the items of a choice order")
    if len(draft.dispatch_title) > TITLE_MAX or not _TITLE.fullmatch(draft.dispatch_title):
        raise DispatchTitleInvalid(
            f"dispatch_title must have 1 to {TITLE_MAX} digits, Korean or English letters and nothing else",
            maximum=TITLE_MAX,
        )
    named = (draft.sender_profile_id, draft.template_id, draft.theme_id, draft.texts_token, draft.source or None)
    if any(word is not None and not _WORD.fullmatch(word) for word in named):
        raise Malformed("sender profile, template, theme and texts must be named by their ids", field="template_id")
    if not draft.consent:
        raise ConsentRequired("consent must be true: the orderer agrees to the terms of the purchase")


def check_duplicates(draft: OrderDraft) -> None:
    """Refuse a number that repeats where it may not. Raises: DuplicatesRestricted, DuplicateRecipients."""
    if draft.duplicates:
        if any(line.duplicate_restricted for line in draft.lines):
            raise DuplicatesRestricted("an item of the order is never sent twice to one number; a number repeats")
        if not draft.allow_duplicates:
            raise DuplicateRecipients("a number repeats; allow_duplicates must be true for that")


def check_lines(kind: str, lines: Sequence[OrderLine]) -> None:
    """Refuse lines that no order or quote can have.

    Raises:
        Malformed: an unknown kind, a price that is not 1..list price, or names that are too long.
        LinesOutOfRange: 1..20 items on a general order, 2..20 on a choice order.
        QuantityOutOfRange: as its class says.

    Source: SPEC P4, P5, R-022.
    """
    if kind not in (GENERAL, CHOICE):
        raise Malformed(f"kind must be {GENERAL} or {CHOICE}", field="kind")
    fewest, most = (CHOICE_LINES_MIN, CHOICE_LINES_MAX) if kind == CHOICE else (1, GENERAL_LINES_MAX)
    if not fewest <= len(lines) <= most:
        raise LinesOutOfRange(
            f"a {kind} order has {fewest} to {most} items", minimum=fewest, maximum=most, given=len(lines)
        )
    if any(not 1 <= line.sale_minor <= line.list_minor for line in lines):
        raise Malformed("the price of an item must be 1 up to its list price", field="lines")
    if any(len(line.product_id + line.sku + line.name + line.brand) > LINE_TEXT_MAX for line in lines):
        raise Malformed(f"the names of an item have at most {LINE_TEXT_MAX} characters together", field="lines")
    if any(line.quantity < 1 or (kind == CHOICE and line.quantity != 1) for line in lines):
        raise QuantityOutOfRange("quantity must be 1 or more, and exactly 1 on a choice order", minimum=1)
    if coupons_each(kind, lines) > COUPONS_EACH_MAX:
        raise QuantityOutOfRange(f"a recipient gets at most {COUPONS_EACH_MAX} coupons", maximum=COUPONS_EACH_MAX)


def _check_recipients(draft: OrderDraft) -> None:
    if not 1 <= len(draft.recipients) <= RECIPIENTS_MAX:
        raise RecipientsOutOfRange(
            f"an order has 1 to {RECIPIENTS_MAX:,} recipients",
            minimum=1,
            maximum=RECIPIENTS_MAX,
            given=len(draft.recipients),
        )
    if not all(map(_TOKEN.fullmatch, draft.recipients)) or len(set(draft.recipients)) != len(draft.recipients):
        raise Malformed("each recipient must be a vault token of its own", field="recipients")
    check_duplicates(draft)


def _check_schedule(scheduled_at: datetime, lines: Sequence[OrderLine], ordered_on: date, now: datetime) -> None:
    if scheduled_at.second or scheduled_at.microsecond:
        raise ScheduleNotOnMinute("scheduled_at must be a whole minute")
    if scheduled_at <= now:
        raise ScheduleNotInFuture("scheduled_at must lie in the future")
    latest = last_day_within(ordered_on, SCHEDULE_DAYS_MAX)
    if scheduled_at >= start_of_day(latest + timedelta(days=1)):
        raise ScheduleTooLate(
            f"scheduled_at may lie up to {SCHEDULE_DAYS_MAX} days after the order date", latest=latest.isoformat()
        )
    at_night = scheduled_at.astimezone(KST).hour < NIGHT_ENDS_HOUR
    if at_night and any(line.night_schedule_blocked for line in lines):
        raise ScheduleAtNight("an item of the order can only be scheduled between 06:00 and 23:59 in Seoul")

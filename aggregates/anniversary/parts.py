"""Value parts of an anniversary rule: its form, its items, its recipients, and the times of its day (SPEC 4).

Nothing here refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from aggregates.calendar import LUNAR_FIRST, LUNAR_LAST, Anniversary, Calendar, lunar_of
from aggregates.dates import KST, business_date
from aggregates.order.parts import OrderLine
from aggregates.product import Product

CREATED_AT = time(2)
"""When the orders of a day are made, in Seoul (SPEC R-049)."""

DISPATCHED_AT = time(9)
"""When they are sent (SPEC V3, R-048)."""

RETRIED_UNTIL = time(8)
"""When they are tried for the last time (SPEC R-050)."""

CATCH_UP_DAYS = 7
"""How many days after its own a missed occurrence is still ordered; an older one is skipped."""

ACTIVE, PAUSED, SUSPENDED, ENDED = "active", "paused", "suspended", "ended"
"""States of a rule."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """An item of a rule.

    Attributes:
        line: the item at the prices that the owner has agreed to.
        terms_version: version of the product's fact that set its price.
    """

    line: OrderLine
    terms_version: int


@dataclass(frozen=True, slots=True)
class RuleRecipient:
    """Who gets a gift, and when; no personal data: a token, and a day without its year.

    Attributes:
        token: of the vault.
        calendar: solar or lunar.
        month: 1..12.
        day: 1..31 (solar), 1..30 (lunar).
        first_year: year of its calendar before which it does not come; null = any.
    """

    token: str
    calendar: str
    month: int
    day: int
    first_year: int | None


@dataclass(frozen=True, slots=True)
class RuleForm:
    """What every order of a rule is made from.

    Attributes:
        name: for the owner's own eyes.
        kind: general or choice.
        designated: index of the line that a silent recipient gets; null = the dearest.
        dispatch_title: shown to recipients.
        allow_duplicates: a number may repeat among the recipients.
        sender_profile_id, template_id, theme_id: look of messages and page; null = the service's own.
        texts_token: vault token of texts typed by hand; null = none.
    """

    name: str
    kind: str
    designated: int | None
    dispatch_title: str
    allow_duplicates: bool
    sender_profile_id: str | None
    template_id: str | None
    theme_id: str | None
    texts_token: str | None


def day_of(recipient: RuleRecipient) -> Anniversary:
    """Return a recipient's anniversary."""
    return Anniversary("lunar" if recipient.calendar == "lunar" else "solar", recipient.month, recipient.day)


def recipient(token: str, calendar: Calendar, year: int, month: int, day: int, *, today: date) -> RuleRecipient:
    """Return a recipient of a rule; of the year only a future one is kept, as the first (SPEC R-053).

    Args:
        year: of the date as it was given, in its own calendar. today: KST date.
    """
    this_year = today.year
    if calendar == "lunar" and LUNAR_FIRST <= today <= LUNAR_LAST:
        this_year = lunar_of(today).year
    return RuleRecipient(token, calendar, month, day, year if year > this_year else None)


def occurrence_name(anniversary: Anniversary, year: int) -> str:
    """Return the name of what comes in one year of an anniversary's own calendar: lunar:2024:08-15."""
    return f"{anniversary.calendar}:{year}:{anniversary.month:02d}-{anniversary.day:02d}"


def instant(day: date, at: time) -> datetime:
    """Return a time of day in Seoul as an aware instant."""
    return datetime.combine(day, at, KST)


def dispatch_time(day: date, now: datetime) -> datetime | None:
    """Return when an order that is made now for a day is sent: 09:00; None = at once.

    What is late on its own day goes out at once; what is caught up on a later one waits for the next 09:00.

    Source: SPEC V3, R-048.
    """
    at = instant(day, DISPATCHED_AT)
    if now < at:
        return at
    today = business_date(now)
    if today == day:
        return None
    at = instant(today, DISPATCHED_AT)
    return at if now < at else at + timedelta(days=1)


def rule_lines(lines: Sequence[OrderLine], products: Mapping[str, Product]) -> tuple[RuleLine, ...]:
    """Return lines with the version of their prices."""
    return tuple(RuleLine(line, products[line.product_id].price(line.validity_days).terms_version) for line in lines)

"""When a bill may be paid by itself: announced two business days before its payment date, charged on that day alone.

Pure rules of days and hours in Seoul. The payment date of a bill is the day on which it is due; its business days are
counted back from there, so a holiday in between moves the announcement forward and never the payment.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from aggregates.calendar import BusinessCalendar
from aggregates.dates import KST, business_date, start_of_day

NOTICE_BUSINESS_DAYS = 2
"""At least so many business days lie between the announcement and the payment date, that date not counted (SPEC K3)."""

AHEAD_BUSINESS_DAYS = 3
"""When bills are announced that could be announced earlier: a day before it must be."""

ANNOUNCED_FROM = time(10)
CHARGED_FROM = time(9)
"""Hours in Seoul from which bills are announced, and cards charged."""

REPORTED_WITHIN = timedelta(hours=1)
"""How much later than on the last day it may be known that the announcement has arrived: word of it takes a while."""

CALENDAR = BusinessCalendar()


def announce_by(pay_on: date) -> date:
    """Return the last day on which a payment on `pay_on` may be announced.

    Source: SPEC K3, R-120. For a payment on Friday 2024-10-11, after the holiday of 10-09: Tuesday 2024-10-08.
    """
    return CALENDAR.shift(pay_on, -NOTICE_BUSINESS_DAYS)


def in_time(pay_on: date, at: datetime) -> bool:
    """Say whether a payment on `pay_on` may still be announced at an instant: until 24:00 of `announce_by`."""
    return business_date(at) <= announce_by(pay_on)


def told_in_time(pay_on: date, told_at: datetime) -> bool:
    """Say whether an announcement that arrived, as was known at an instant, was sent in time; one held up was not."""
    return told_at < start_of_day(announce_by(pay_on) + timedelta(days=1)) + REPORTED_WITHIN


def announce_window(at: datetime) -> tuple[date, date]:
    """Return the first and the last payment date that are to be announced at an instant.

    What is paid earlier cannot be announced any more, what is paid later need not be yet. The first may lie behind the
    last: then there is nothing to announce.
    """
    today = business_date(at)
    second = CALENDAR.next_business_day(CALENDAR.on_or_after(today))
    ahead = today if at.astimezone(KST).time() >= ANNOUNCED_FROM else CALENDAR.shift(today, -1)
    return second + timedelta(days=1), CALENDAR.shift(ahead, AHEAD_BUSINESS_DAYS)


def may_charge(pay_on: date, at: datetime) -> bool:
    """Say whether cards are charged for a payment date at an instant: on that day, from 09:00."""
    return business_date(at) == pay_on and at.astimezone(KST).time() >= CHARGED_FROM

"""Captured postpaid money by the month of its capture: what a month's invoice bills, and what comes too late for it.

The instant at which the capture was recorded decides, in Seoul (SPEC R-089). Money that comes back in the month of its
capture is never billed; money that comes back later stands on an invoice, or will, and is carried over to the next one
(SPEC R-090). Pure functions of values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from aggregates.account.parts import MonthPart
from aggregates.dates import billing_month, business_date

EARLIER = ""
"""Month of captured money of which no month is known any more: before every month, so it is always carried over."""


def month_of(at: datetime) -> str:
    """Return the KST month of an instant as "YYYY-MM"."""
    return billing_month(business_date(at))


def next_month(month: str) -> str:
    """Return the month after "YYYY-MM"."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + 1:04d}-01" if number == 12 else f"{year:04d}-{number + 1:02d}"


def added(parts: tuple[MonthPart, ...], month: str, amount_minor: int, coupons: int) -> tuple[MonthPart, ...]:
    """Return what is captured after another capture in `month`, which is not before the last one."""
    if parts and parts[-1].month == month:
        last = parts[-1]
        return (*parts[:-1], MonthPart(month, last.amount_minor + amount_minor, last.coupons + coupons))
    return (*parts, MonthPart(month, amount_minor, coupons))


def taken(parts: Sequence[MonthPart], amount_minor: int, wanted: Iterable[MonthPart] = ()) -> tuple[MonthPart, ...]:
    """Return from which months captured money comes back, oldest first.

    Args:
        parts: what is captured, by month.
        amount_minor: what comes back, at most what is captured.
        wanted: the months that the caller knows, as an order knows when it issued a coupon; the rest comes from the
            newest month first. What no month accounts for comes from `EARLIER`.
    """
    left = {part.month: part for part in parts}
    found: dict[str, MonthPart] = {}
    for part in wanted:
        taken_minor = min(part.amount_minor, amount_minor, left[part.month].amount_minor if part.month in left else 0)
        if taken_minor:
            _move(left, found, part.month, taken_minor, part.coupons)
            amount_minor -= taken_minor
    for month in sorted(left, reverse=True):
        taken_minor = min(amount_minor, left[month].amount_minor)
        if taken_minor:
            # A plain spend is one coupon: it is gone when all of its month is.
            is_all = taken_minor == left[month].amount_minor
            _move(left, found, month, taken_minor, left[month].coupons if is_all else 0)
            amount_minor -= taken_minor
    if amount_minor:
        found[EARLIER] = MonthPart(EARLIER, amount_minor, 0)
    return tuple(found[month] for month in sorted(found))


def reduced(parts: Iterable[MonthPart], gone: Iterable[MonthPart]) -> tuple[MonthPart, ...]:
    """Return what stays captured after `taken` has taken parts out."""
    by_month = {part.month: part for part in gone}
    left = []
    for part in parts:
        out = by_month.get(part.month)
        if out is None:
            left.append(part)
        elif part.amount_minor > out.amount_minor:
            left.append(MonthPart(part.month, part.amount_minor - out.amount_minor, max(0, part.coupons - out.coupons)))
    return tuple(left)


def carried(parts: Iterable[MonthPart], at: datetime) -> int:
    """Return how much of what came back at an instant stands on an invoice, or will: carry-over (SPEC R-090)."""
    month = month_of(at)
    return sum(part.amount_minor for part in parts if part.month < month)


def _move(left: dict[str, MonthPart], found: dict[str, MonthPart], month: str, amount_minor: int, coupons: int) -> None:
    part = left[month]
    coupons = min(coupons, part.coupons)
    left[month] = replace(part, amount_minor=part.amount_minor - amount_minor, coupons=part.coupons - coupons)
    known = found.get(month, MonthPart(month, 0, 0))
    found[month] = MonthPart(month, known.amount_minor + amount_minor, known.coupons + coupons)

"""The Jalali (Iranian solar) calendar beside the Gregorian one, for dates that people read.

Pure. Eight of 33 years have 366 days; the rule agrees with the observed equinox in Tehran for all years given here.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

YEAR_MIN, YEAR_MAX = 1178, 1632
"""Jalali years for which the rule holds without exception: 1799 to 2254."""

_CYCLE = 33
_LEAPS = (1, 5, 9, 13, 17, 22, 26, 30)
"""Years of a cycle that have 366 days: the year's rest by 33."""

_ANCHOR_YEAR, _ANCHOR = 1386, date(2007, 3, 21)
"""The first of Farvardin of a year that begins a cycle."""

_LONG_MONTHS = 6
"""How many months have 31 days; the others have 30, the last one 29 in a common year."""


class Jalali(NamedTuple):
    """A date of the Jalali calendar: year, month 1..12 (1 = Farvardin), day 1..31."""

    year: int
    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"


def jalali(day: date) -> Jalali:
    """Return the Jalali date of a Gregorian one. Raises: ValueError: outside `YEAR_MIN` to `YEAR_MAX`."""
    year = day.year - 621
    if day < new_year(year):
        year -= 1
    passed = (day - new_year(year)).days
    if passed < 31 * _LONG_MONTHS:
        return Jalali(year, passed // 31 + 1, passed % 31 + 1)
    passed -= 31 * _LONG_MONTHS
    return Jalali(year, passed // 30 + _LONG_MONTHS + 1, passed % 30 + 1)


def gregorian(year: int, month: int, day: int) -> date:
    """Return the Gregorian date of a Jalali one. Raises: ValueError: there is no such date, or it is out of range."""
    if not (1 <= month <= 12 and 1 <= day <= days_of(year, month)):
        raise ValueError("there is no such day in the Jalali calendar")
    return new_year(year) + timedelta(days=(month - 1) * 30 + min(month - 1, _LONG_MONTHS) + day - 1)


def days_of(year: int, month: int) -> int:
    """Return how many days a month has."""
    if month <= _LONG_MONTHS:
        return 31
    return 30 if month < 12 or is_leap(year) else 29


def is_leap(year: int) -> bool:
    """Say whether a year has 366 days."""
    return year % _CYCLE in _LEAPS


def new_year(year: int) -> date:
    """Return the Gregorian date of the first of Farvardin. Raises: ValueError: out of range."""
    if not YEAR_MIN <= year <= YEAR_MAX + 1:
        raise ValueError(f"Jalali years {YEAR_MIN} to {YEAR_MAX} can be told")
    cycles, rest = divmod(year - _ANCHOR_YEAR, _CYCLE)
    leaps = cycles * len(_LEAPS) + sum(1 for each in _LEAPS if each < rest)
    return _ANCHOR + timedelta(days=365 * (year - _ANCHOR_YEAR) + leaps)

"""The two calendars of Korea: lunar dates and the days they fall on, and the days on which banks work.

Pure: tables that come with two libraries, no clock. An anniversary is a month and a day of the solar or of the lunar
calendar; its year belongs to the occurrence, so that a lunar date that falls twice into one solar year, or not at all,
still occurs once in each year of its own calendar (SPEC R-051).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from korean_lunar_calendar import KoreanLunarCalendar

Calendar = Literal["solar", "lunar"]

LUNAR_YEARS = range(1900, 2050)
"""Lunar years whose every day the bundled table knows; it ends within lunar 2050."""

LUNAR_FIRST, LUNAR_LAST = date(1900, 1, 31), date(2050, 1, 22)
"""First and last solar day that lies in one of `LUNAR_YEARS`."""

_SOLAR_MONTH_DAYS_MAX = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LUNAR_MONTH_DAYS_MAX = 30
_DAY = timedelta(days=1)


class BeyondTable(LookupError):
    """The lunar table does not reach this year; a newer release of the library may."""


class LunarDate(NamedTuple):
    """A day of the lunar calendar; `leap` = it lies in the month that was put in after the regular one."""

    year: int
    month: int
    day: int
    leap: bool


class Anniversary(NamedTuple):
    """A day that comes back every year.

    Attributes:
        calendar: "solar" or "lunar".
        month: 1..12. day: 1..31 (solar), 1..30 (lunar).
    """

    calendar: Calendar
    month: int
    day: int

    @property
    def exists(self) -> bool:
        """Whether the day comes in some year of its calendar."""
        if not 1 <= self.month <= 12:
            return False
        last = _SOLAR_MONTH_DAYS_MAX[self.month - 1] if self.calendar == "solar" else _LUNAR_MONTH_DAYS_MAX
        return 1 <= self.day <= last

    def falls_on(self, year: int) -> date:
        """Return the solar day of the occurrence of `year`, a year of its own calendar.

        29 February falls on the 28th in common years; day 30 of a lunar month that has 29 falls on the 29th; a leap
        month is treated as the regular one.

        Raises:
            BeyondTable: the lunar table does not know the year.

        Source: SPEC R-051.
        """
        if self.calendar == "lunar":
            return solar_of(year, self.month, min(self.day, lunar_month_days(year, self.month)))
        if (self.month, self.day) == (2, 29) and not _is_leap(year):
            return date(year, 2, 28)
        return date(year, self.month, self.day)


class LunarMonth(NamedTuple):
    """A regular lunar month: the solar day it begins on, and how many days it has (29 or 30)."""

    first: date
    days: int


def solar_of(year: int, month: int, day: int) -> date:
    """Return the solar day of a day of a regular lunar month.

    Raises:
        BeyondTable: the table does not know the year.
        ValueError: the month has no such day.
    """
    first, days = lunar_months(year)[month - 1]
    if not 1 <= day <= days:
        raise ValueError(f"this lunar month has {days} days")
    return first + (day - 1) * _DAY


def lunar_of(day: date) -> LunarDate:
    """Return the lunar date of a solar day.

    Raises:
        BeyondTable: the table does not know the day.
    """
    if not LUNAR_FIRST <= day <= LUNAR_LAST:
        raise BeyondTable(f"the lunar table knows the days {LUNAR_FIRST} to {LUNAR_LAST}")
    year = day.year if day.year in LUNAR_YEARS and day >= lunar_months(day.year)[0].first else day.year - 1
    month = max(number for number, each in enumerate(lunar_months(year), start=1) if each.first <= day)
    first, days = lunar_months(year)[month - 1]
    passed = (day - first).days
    # What lies between two regular months is the leap month that repeats the first of them.
    leap = passed >= days
    return LunarDate(year, month, passed - (days if leap else 0) + 1, leap)


def lunar_month_days(year: int, month: int) -> int:
    """Return how many days a regular lunar month has: 29 or 30. Raises: BeyondTable."""
    return lunar_months(year)[month - 1].days


@lru_cache(maxsize=256)
def lunar_months(year: int) -> tuple[LunarMonth, ...]:
    """Return the twelve regular months of a lunar year.

    Raises:
        BeyondTable: the table does not know the year.
    """
    if year not in LUNAR_YEARS:
        raise BeyondTable(f"the lunar table knows the years {LUNAR_YEARS.start} to {LUNAR_YEARS.stop - 1}")
    table = KoreanLunarCalendar()
    found = []
    for month in range(1, 13):
        table.setLunarDate(year, month, 1, False)
        first = date(table.solarYear, table.solarMonth, table.solarDay)
        # For a day that does not exist the library answers False and keeps the date that it held before.
        has_last = table.setLunarDate(year, month, _LUNAR_MONTH_DAYS_MAX, False)
        found.append(LunarMonth(first, _LUNAR_MONTH_DAYS_MAX if has_last else _LUNAR_MONTH_DAYS_MAX - 1))
    return tuple(found)


@lru_cache(maxsize=1_024)
def anniversaries_on(day: date) -> dict[Anniversary, int]:
    """Return all anniversaries that occur on a solar day, each with the year of its own calendar.

    Days after `LUNAR_LAST` have solar ones only.

    Source: SPEC R-051.
    """
    found = {Anniversary("solar", day.month, day.day): day.year}
    if (day.month, day.day) == (2, 28) and not _is_leap(day.year):
        found[Anniversary("solar", 2, 29)] = day.year
    if not LUNAR_FIRST <= day <= LUNAR_LAST:
        return found
    lunar = lunar_of(day)
    if not lunar.leap:
        found[Anniversary("lunar", lunar.month, lunar.day)] = lunar.year
        if lunar.day == lunar_month_days(lunar.year, lunar.month) < _LUNAR_MONTH_DAYS_MAX:
            found[Anniversary("lunar", lunar.month, _LUNAR_MONTH_DAYS_MAX)] = lunar.year
    return found


class BusinessCalendar:
    """Business days in Korea: no Saturday, no Sunday, no public, substitute or temporary holiday, no 1 May.

    Args:
        extra_holidays: days off that were announced after the bundled table was made.

    Source: SPEC 0 (conventions).
    """

    def __init__(self, extra_holidays: Iterable[date] = ()) -> None:
        self._extra = frozenset(extra_holidays)

    def is_business_day(self, day: date) -> bool:
        """Say whether banks work on `day`."""
        return day.weekday() < 5 and day not in self._extra and day not in _holidays(day.year)

    def next_business_day(self, day: date) -> date:
        """Return the first business day after `day`."""
        return self.shift(day, 1)

    def on_or_after(self, day: date) -> date:
        """Return `day` if it is a business day, else the next one."""
        return day if self.is_business_day(day) else self.next_business_day(day)

    def shift(self, day: date, business_days: int) -> date:
        """Return the day that is so many business days after (before, if negative) `day`, which is not counted."""
        step = _DAY if business_days > 0 else -_DAY
        for _ in range(abs(business_days)):
            day += step
            while not self.is_business_day(day):
                day += step
        return day

    def last_of_month(self, day: date, until: int = 31) -> date:
        """Return the last business day of the month in which `day` lies, or the last one up to its day `until`."""
        first_of_next = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return self.shift(min(first_of_next, day.replace(day=1) + timedelta(until)), -1)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@lru_cache(maxsize=256)
def _holidays(year: int) -> frozenset[date]:
    # Imported when it is first asked: it takes half a second that most processes never need.
    import holidays

    by_law = holidays.country_holidays("KR", years=year, categories=("public", "bank"))
    return frozenset(by_law) | {date(year, 5, 1)}

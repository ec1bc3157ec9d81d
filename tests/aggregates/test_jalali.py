"""Jalali dates beside Gregorian ones: known days, leap years, and there and back again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from aggregates.jalali import YEAR_MAX, YEAR_MIN, days_of, gregorian, is_leap, jalali, new_year

KNOWN = [
    (date(1979, 2, 11), "1357-11-22"),
    (date(2000, 1, 1), "1378-10-11"),
    (date(2017, 3, 20), "1395-12-30"),
    (date(2017, 3, 21), "1396-01-01"),
    (date(2021, 3, 20), "1399-12-30"),
    (date(2021, 3, 21), "1400-01-01"),
    (date(2024, 2, 29), "1402-12-10"),
    (date(2024, 3, 19), "1402-12-29"),
    (date(2024, 3, 20), "1403-01-01"),
    (date(2024, 9, 21), "1403-06-31"),
    (date(2024, 9, 22), "1403-07-01"),
    (date(2025, 3, 20), "1403-12-30"),
    (date(2025, 3, 21), "1404-01-01"),
    (date(2029, 3, 20), "1408-01-01"),
]


@pytest.mark.parametrize(("day", "written"), KNOWN)
def test_known_days_have_their_jalali_date(day: date, written: str) -> None:
    assert str(jalali(day)) == written
    assert gregorian(*jalali(day)) == day


def test_leap_years_are_those_of_the_calendar() -> None:
    assert [year for year in range(1370, 1445) if is_leap(year)] == [
        1370, 1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1408, 1412, 1416, 1420, 1424, 1428, 1432, 1436, 1441,
    ]  # fmt: skip


def test_every_day_goes_there_and_back_and_follows_the_one_before() -> None:
    day, before = date(1990, 1, 1), jalali(date(1989, 12, 31))
    while day < date(2060, 1, 1):
        found = jalali(day)

        assert gregorian(*found) == day
        assert found > before
        assert 1 <= found.day <= days_of(found.year, found.month)
        day, before = day + timedelta(days=1), found


def test_a_year_has_the_days_of_its_months() -> None:
    for year in range(YEAR_MIN, YEAR_MAX + 1):
        days = sum(days_of(year, month) for month in range(1, 13))

        assert new_year(year) + timedelta(days=days) == new_year(year + 1)


@pytest.mark.parametrize("wrong", [(1404, 12, 30), (1403, 12, 31), (1404, 7, 31), (1404, 13, 1), (1404, 0, 1)])
def test_a_day_that_is_not_there_is_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no such day"):
        gregorian(*wrong)


def test_what_the_rule_does_not_cover_is_refused() -> None:
    assert new_year(YEAR_MIN).year == 1799
    with pytest.raises(ValueError, match="can be told"):
        jalali(date(1799, 1, 1))

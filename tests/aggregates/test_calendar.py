"""Lunar dates and business days, by dates that an almanac and the official gazette give."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from aggregates.calendar import (
    LUNAR_FIRST,
    LUNAR_LAST,
    LUNAR_YEARS,
    Anniversary,
    BeyondTable,
    BusinessCalendar,
    Calendar,
    LunarDate,
    anniversaries_on,
    lunar_month_days,
    lunar_of,
    solar_of,
)

BANKS = BusinessCalendar()


def occurrences_in(anniversary: Anniversary, year: int) -> dict[date, int]:
    """Return day -> year of the occurrence, by asking every day of a solar year."""
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    found = {day: anniversaries_on(day).get(anniversary) for day in days if day.year == year}
    return {day: of for day, of in found.items() if of is not None}


@pytest.mark.parametrize(
    ("lunar", "solar"),
    [
        ((2024, 8, 15), date(2024, 9, 17)),
        ((2024, 1, 1), date(2024, 2, 10)),
        ((2025, 1, 1), date(2025, 1, 29)),
        ((2026, 1, 1), date(2026, 2, 17)),
        ((2024, 4, 8), date(2024, 5, 15)),
        ((2025, 8, 15), date(2025, 10, 6)),
        ((2023, 11, 20), date(2024, 1, 1)),
    ],
)
def test_a_lunar_date_falls_on_the_day_of_the_almanac(lunar: tuple[int, int, int], solar: date) -> None:
    assert solar_of(*lunar) == solar
    assert lunar_of(solar) == LunarDate(*lunar, leap=False)
    assert anniversaries_on(solar)[Anniversary("lunar", lunar[1], lunar[2])] == lunar[0]


def test_a_lunar_date_can_fall_twice_or_never_in_a_solar_year_r_051() -> None:
    birthday = Anniversary("lunar", 11, 20)

    assert occurrences_in(birthday, 2024) == {date(2024, 1, 1): 2023, date(2024, 12, 20): 2024}
    assert occurrences_in(birthday, 2025) == {}


def test_the_29th_of_february_falls_on_the_28th_in_common_years_r_051() -> None:
    birthday = Anniversary("solar", 2, 29)

    assert occurrences_in(birthday, 2024) == {date(2024, 2, 29): 2024}
    assert occurrences_in(birthday, 2025) == {date(2025, 2, 28): 2025}
    assert birthday.falls_on(2100) == date(2100, 2, 28)


def test_a_missing_lunar_day_30_falls_on_the_last_day_of_its_month_r_051() -> None:
    short = next(month for month in range(1, 13) if lunar_month_days(2024, month) == 29)
    long = next(month for month in range(1, 13) if lunar_month_days(2024, month) == 30)

    last = Anniversary("lunar", short, 30).falls_on(2024)

    assert last == Anniversary("lunar", short, 29).falls_on(2024)
    assert anniversaries_on(last)[Anniversary("lunar", short, 30)] == 2024
    assert Anniversary("lunar", long, 30).falls_on(2024) == Anniversary("lunar", long, 29).falls_on(2024) + timedelta(1)
    with pytest.raises(ValueError, match="29 days"):
        solar_of(2024, short, 30)


def test_a_leap_month_counts_as_the_regular_one_and_brings_nothing_twice_r_051() -> None:
    # 2025 had a leap sixth month: lunar 06-10 is 2025-07-04, and again, leap, 2025-08-03.
    assert lunar_of(date(2025, 8, 3)) == LunarDate(2025, 6, 10, leap=True)

    assert occurrences_in(Anniversary("lunar", 6, 10), 2025) == {date(2025, 7, 4): 2025}


@pytest.mark.parametrize("calendar", ["solar", "lunar"])
def test_every_anniversary_falls_once_into_each_year_of_its_calendar(calendar: Calendar) -> None:
    days = [Anniversary(calendar, month, day) for month in range(1, 13) for day in range(1, 32)]
    counted: dict[tuple[Anniversary, int], int] = {}

    day = date(2019, 1, 1)
    while day < date(2031, 1, 1):
        for anniversary, year in anniversaries_on(day).items():
            counted[anniversary, year] = counted.get((anniversary, year), 0) + 1
            assert anniversary.falls_on(year) == day
        day += timedelta(days=1)

    for anniversary in (each for each in days if each.exists):
        assert [counted[anniversary, year] for year in range(2020, 2030)] == [1] * 10, anniversary


@pytest.mark.parametrize(
    ("anniversary", "exists"),
    [
        (Anniversary("solar", 2, 29), True),
        (Anniversary("solar", 2, 30), False),
        (Anniversary("solar", 4, 31), False),
        (Anniversary("solar", 12, 31), True),
        (Anniversary("lunar", 12, 30), True),
        (Anniversary("lunar", 1, 31), False),
        (Anniversary("solar", 0, 1), False),
        (Anniversary("lunar", 13, 1), False),
        (Anniversary("solar", 1, 0), False),
    ],
)
def test_an_anniversary_is_a_day_that_comes_in_some_year(anniversary: Anniversary, exists: bool) -> None:
    assert anniversary.exists is exists


def test_a_leap_month_can_be_longer_than_the_regular_one() -> None:
    # Lunar March 1936 had 29 days, and 30 when it came again.
    assert lunar_month_days(1936, 3) == 29
    assert lunar_of(date(1936, 5, 20)) == LunarDate(1936, 3, 30, leap=True)


def test_the_table_says_where_it_ends() -> None:
    assert lunar_of(LUNAR_FIRST) == LunarDate(1900, 1, 1, leap=False)
    assert lunar_of(LUNAR_LAST).year == LUNAR_YEARS.stop - 1
    assert solar_of(2049, 12, lunar_month_days(2049, 12)) == LUNAR_LAST
    assert anniversaries_on(date(2060, 5, 1)) == {Anniversary("solar", 5, 1): 2060}
    with pytest.raises(BeyondTable):
        solar_of(2050, 1, 1)
    with pytest.raises(BeyondTable):
        lunar_of(LUNAR_LAST + timedelta(days=1))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2024, 10, 1), False),  # a temporary holiday
        (date(2024, 10, 2), True),
        (date(2024, 10, 3), False),
        (date(2024, 5, 6), False),  # a substitute
        (date(2024, 5, 1), False),  # banks
        (date(2025, 5, 1), False),
        (date(2024, 9, 28), False),  # a Saturday
        (date(2024, 9, 29), False),
        (date(2024, 9, 30), True),
    ],
)
def test_a_business_day_is_no_weekend_and_no_holiday(day: date, works: bool) -> None:
    assert BANKS.is_business_day(day) is works


def test_two_business_days_before_a_payment_on_the_2nd_of_october_2024_is_friday_the_27th() -> None:
    assert BANKS.shift(date(2024, 10, 2), -2) == date(2024, 9, 27)


def test_the_next_business_day_skips_a_holiday_week() -> None:
    assert BANKS.next_business_day(date(2024, 9, 13)) == date(2024, 9, 19)
    assert BANKS.on_or_after(date(2024, 9, 16)) == date(2024, 9, 19)
    assert BANKS.on_or_after(date(2024, 9, 19)) == date(2024, 9, 19)
    assert BANKS.shift(date(2024, 9, 13), 0) == date(2024, 9, 13)


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2024, 2, 1), date(2024, 2, 29)),
        (date(2024, 3, 31), date(2024, 3, 29)),
        (date(2024, 12, 1), date(2024, 12, 31)),
        (date(2024, 6, 15), date(2024, 6, 28)),
    ],
)
def test_the_last_business_day_of_a_month(day: date, last: date) -> None:
    assert BANKS.last_of_month(day) == last


@pytest.mark.parametrize(
    ("until", "last"),
    [(31, date(2026, 2, 27)), (28, date(2026, 2, 27)), (20, date(2026, 2, 20)), (18, date(2026, 2, 13))],
    ids=["last day", "a Saturday", "a Friday", "new year's holidays"],
)
def test_the_last_business_day_of_a_month_up_to_a_day(until: int, last: date) -> None:
    assert BANKS.last_of_month(date(2026, 2, 1), until) == last


def test_from_the_10th_on_every_month_has_a_business_day_up_to_a_day() -> None:
    months = [date(year, month, 1) for year in range(2020, 2041) for month in range(1, 13)]

    assert all(BANKS.last_of_month(month, 10) >= month for month in months)


def test_a_holiday_that_was_announced_later_can_be_added() -> None:
    announced = BusinessCalendar([date(2024, 10, 2)])

    assert not announced.is_business_day(date(2024, 10, 2))
    assert announced.shift(date(2024, 10, 4), -1) == date(2024, 9, 30)

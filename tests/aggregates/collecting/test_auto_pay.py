"""When a payment may be announced and charged: business days of Korea, counted back from the payment date (SPEC K3)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from aggregates.collecting.auto_pay import CALENDAR, announce_by, announce_window, in_time, may_charge
from aggregates.dates import KST
from tests.aggregates.scenario import kst


def test_k3_a_payment_on_friday_2024_10_11_is_announced_by_tuesday_2024_10_08() -> None:
    assert announce_by(date(2024, 10, 11)) == date(2024, 10, 8)


@pytest.mark.parametrize(
    ("pay_on", "by"),
    [
        ("2024-10-02", "2024-09-27"),  # after a temporary holiday (10-01) and a weekend
        ("2024-02-13", "2024-02-07"),  # after Seollal with its substitute day (02-12)
        ("2025-01-31", "2025-01-23"),  # after Seollal with a temporary holiday before it (01-27)
        ("2024-09-19", "2024-09-12"),  # after Chuseok (09-16 to 09-18)
        ("2025-10-10", "2025-10-01"),  # after the long Chuseok (10-03, 10-06 to 10-09)
        ("2024-05-07", "2024-05-02"),  # after the substitute day of 5 May
        ("2024-05-03", "2024-04-30"),  # 1 May: banks do not work
        ("2024-09-17", "2024-09-12"),  # the payment date itself is a holiday: counted back all the same
        ("2024-10-13", "2024-10-10"),  # a Sunday: 10-11 (1), 10-10 (2)
        ("2026-01-05", "2025-12-31"),  # over the year: 01-02 (1), 12-31 (2)
    ],
)
def test_k3_two_business_days_lie_between_announcement_and_payment(pay_on: str, by: str) -> None:
    assert announce_by(date.fromisoformat(pay_on)) == date.fromisoformat(by)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2024-10-08 00:00:00", True),
        ("2024-10-08 23:59:59", True),
        ("2024-10-09 00:00:00", False),
        ("2024-10-10 09:00:00", False),
    ],
)
def test_k3_the_last_day_to_announce_is_whole(at: str, expected: bool) -> None:
    assert in_time(date(2024, 10, 11), kst(at)) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2024-10-10 23:59:59", False),
        ("2024-10-11 08:59:59", False),
        ("2024-10-11 09:00:00", True),
        ("2024-10-11 23:59:59", True),
        ("2024-10-12 00:00:00", False),
    ],
)
def test_a_card_is_charged_on_the_payment_date_alone_from_nine(at: str, expected: bool) -> None:
    assert may_charge(date(2024, 10, 11), kst(at)) is expected


@pytest.mark.parametrize("hour", [0, 9, 10, 23])
def test_the_window_holds_what_is_in_time_and_due_within_three_business_days(hour: int) -> None:
    for days in range(400):
        today = date(2024, 9, 1) + timedelta(days)
        at = datetime.combine(today, time(hour), KST)
        first, last = announce_window(at)
        for ahead in range(20):
            pay_on = today + timedelta(ahead)
            is_soon = at >= datetime.combine(CALENDAR.shift(pay_on, -3), time(10), KST)
            assert (first <= pay_on <= last) is (is_soon and in_time(pay_on, at)), (at, pay_on)

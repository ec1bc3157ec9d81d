"""What a payment covers, what a fee amounts to, and what an adjustment takes off (SPEC R-142, R-143)."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as some

from aggregates.collecting.buildings.parts import Charge, Policy, Reduction
from aggregates.collecting.buildings.pour import late_fee, oldest_open, overdue, pour, take_off, unpaid_of

MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)


def line(number: int, due_on: date, amount_minor: int, kind: str = "cost", month: str = "2026-03") -> Charge:
    return Charge(number, kind, "water", month, month, due_on, amount_minor)


def test_r143_a_payment_covers_the_oldest_due_first_then_the_order_of_charging() -> None:
    charges = [line(1, APRIL, 100), line(2, MARCH, 50), line(3, MARCH, 30)]

    covered = [(each.charge.number, each.paid_minor) for each in pour(charges, 70)]

    assert covered == [(2, 50), (3, 20), (1, 0)]


def test_what_is_taken_back_uncovers_what_was_covered_last() -> None:
    charges = [line(1, MARCH, 100), line(2, APRIL, 100)]

    assert [each.open_minor for each in pour(charges, 150)] == [0, 50]
    assert [each.open_minor for each in pour(charges, 90)] == [10, 100]


def test_r142_something_is_overdue_from_the_day_after_its_due_date_on() -> None:
    covered = pour([line(1, MARCH, 100), line(2, APRIL, 40)], 30)

    assert [overdue(covered, day) for day in (MARCH, date(2026, 4, 1), APRIL, date(2026, 5, 1))] == [0, 70, 70, 110]
    assert oldest_open(covered) == MARCH
    assert oldest_open(pour([line(1, MARCH, 100)], 100)) is None


def test_a_late_fee_in_per_cent_lets_a_part_of_a_minor_unit_go() -> None:
    policy = Policy("percent", 150, 0, 5, 7, 4)

    assert late_fee(policy, 66) == 0
    assert late_fee(policy, 67) == 1
    assert late_fee(policy, 99_999) == 1_499
    assert late_fee(Policy("fixed", 0, 3_000, 5, 7, 4), 1) == 3_000
    assert late_fee(Policy("none", 0, 0, 0, 7, 4), 10**9) == 0


def test_no_fee_is_charged_on_a_fee() -> None:
    covered = pour([line(1, MARCH, 100), line(2, MARCH, 10, kind="late_fee"), line(3, APRIL, 5, month="2026-04")], 40)

    assert unpaid_of(covered, "2026-03") == 60


def test_an_adjustment_is_taken_off_the_newest_line_of_its_cost_first() -> None:
    charges = [line(1, MARCH, 100), line(2, APRIL, 20, kind="adjustment"), line(3, APRIL, 70, month="2026-04")]

    assert take_off(charges, code="water", of_month="2026-03", amount_minor=110) == [Reduction(2, 20), Reduction(1, 90)]


@given(some.lists(some.tuples(some.integers(1, 28), some.integers(0, 10**6)), max_size=30), some.integers(0, 10**8))
def test_what_is_covered_and_what_is_open_add_up_to_what_is_charged(
    given_: list[tuple[int, int]], paid_minor: int
) -> None:
    charges = [line(number, date(2026, 3, day), amount) for number, (day, amount) in enumerate(given_, start=1)]
    total = sum(charge.amount_minor for charge in charges)

    covered = pour(charges, paid_minor)

    assert sum(each.paid_minor for each in covered) == min(paid_minor, total)
    assert all(0 <= each.paid_minor <= each.charge.amount_minor for each in covered)
    first_open = next((place for place, each in enumerate(covered) if each.open_minor), len(covered))
    assert all(each.paid_minor == 0 for each in covered[first_open + 1 :])

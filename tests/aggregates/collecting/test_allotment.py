"""Splitting a cost over units: exact to the last minor unit, fair, and the same however it is asked (SPEC R-140)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aggregates.collecting.buildings.allotment import allot, unit_order
from aggregates.collecting.buildings.refusals import BasisEmpty
from aggregates.money import AMOUNT_MINOR_MAX

TOTALS = some.integers(0, AMOUNT_MINOR_MAX)
WEIGHTS = some.lists(some.integers(0, 10**9), min_size=1, max_size=60).filter(any)


def test_r140_a_million_by_area_is_split_as_the_worked_example_says() -> None:
    assert allot(1_000_000, [8_490, 5_980, 5_980]) == [415_159, 292_421, 292_420]


def test_a_tie_goes_to_the_lower_units() -> None:
    assert allot(2, [1, 1, 1]) == [1, 1, 0]
    assert allot(100, [1, 1, 1, 1, 1, 1]) == [17, 17, 17, 17, 16, 16]


def test_what_is_left_goes_to_the_largest_remainder_wherever_it_stands() -> None:
    # 10 x 1/15 = 0.67, 10 x 14/15 = 9.33: the last unit has the larger remainder.
    assert allot(10, [14, 1]) == [9, 1]


def test_a_unit_without_weight_bears_nothing() -> None:
    assert allot(7, [0, 3, 0, 3]) == [0, 4, 0, 3]


def test_a_cost_that_nobody_has_a_share_in_is_refused_and_nothing_is_split_into_nothing() -> None:
    with pytest.raises(BasisEmpty):
        allot(1, [0, 0])
    assert allot(0, [0, 0]) == [0, 0]


@given(TOTALS, WEIGHTS)
def test_the_parts_add_up_to_the_total_and_none_is_below_zero(total: int, weights: list[int]) -> None:
    parts = allot(total, weights)

    assert sum(parts) == total
    assert min(parts) >= 0
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


@given(TOTALS, WEIGHTS)
def test_no_part_is_a_whole_minor_unit_away_from_its_exact_share(total: int, weights: list[int]) -> None:
    whole = sum(weights)

    for part, weight in zip(allot(total, weights), weights, strict=True):
        assert abs(part * whole - total * weight) < whole


@given(TOTALS, some.lists(some.tuples(some.integers(1, 10_000), some.integers(1, 10**6)), min_size=1, max_size=40,
                          unique_by=lambda unit: unit[0]), some.randoms())  # fmt: skip
def test_the_order_in_which_units_are_told_does_not_matter(total: int, units: list[tuple[int, int]], dice) -> None:  # type: ignore[no-untyped-def]
    def split(told: list[tuple[int, int]]) -> dict[int, int]:
        ordered = sorted(told, key=lambda unit: unit_order(str(unit[0])))
        parts = allot(total, [weight for _, weight in ordered])
        return {number: part for (number, _), part in zip(ordered, parts, strict=True)}

    shuffled = [*units]
    dice.shuffle(shuffled)

    assert split(shuffled) == split(units)


def test_numbers_of_units_sort_as_people_read_them() -> None:
    numbers = ["A-10", "1002", "A-2", "101", "B-1", "9", "A-2/1"]

    assert sorted(numbers, key=unit_order) == ["9", "101", "1002", "A-2", "A-2/1", "A-10", "B-1"]

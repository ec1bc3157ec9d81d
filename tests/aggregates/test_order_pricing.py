"""What an order costs: SPEC P3 to P8 with their own numbers."""

from __future__ import annotations

import pytest

from aggregates.order.pricing import OrderPrice, dearest, discount_percent, price_order
from tests.aggregates.orders import line

COFFEE, CAKE = line(9_900, 10_000), line(4_950, 5_000)


@pytest.mark.parametrize(
    ("kind", "recipients", "listed", "discount", "charged", "coupons"),
    [
        ("general", 1, 15_000, 150, 14_850, 2),
        ("choice", 1, 10_000, 100, 9_900, 1),
        ("general", 3, 45_000, 450, 44_550, 6),
        ("choice", 3, 30_000, 300, 29_700, 3),
    ],
)
def test_the_worked_examples_of_section_2(
    kind: str, recipients: int, listed: int, discount: int, charged: int, coupons: int
) -> None:
    price = price_order(kind, (COFFEE, CAKE), recipients)

    assert (price.list_minor, price.discount_minor, price.amount_minor, price.coupons) == (
        listed,
        discount,
        charged,
        coupons,
    )
    assert price.unit_minor * recipients == price.amount_minor


def test_a_choice_is_taken_at_the_dearest_item_whatever_is_designated() -> None:
    """SPEC P5, P8: 29,700 x 2 = 59,400."""
    price = price_order("choice", (line(29_700), line(9_900), line(990)), 2)

    assert (price.unit_minor, price.amount_minor) == (29_700, 59_400)


def test_of_equal_prices_the_first_line_is_the_dearest() -> None:
    """SPEC R-023."""
    assert dearest((line(990), line(9_900, 10_000), line(9_900, 12_000))) == 1
    assert price_order("choice", (line(9_900, 10_000), line(9_900, 12_000)), 1).list_minor == 10_000


def test_the_list_price_of_a_choice_is_that_of_the_dearest_sale_price() -> None:
    """SPEC R-024: a higher list price of a cheaper item does not count."""
    assert price_order("choice", (line(9_900, 10_000), line(4_950, 50_000)), 1) == OrderPrice(
        list_minor=10_000, discount_minor=100, amount_minor=9_900, unit_minor=9_900, cash_minor=0, coupons=1
    )


def test_quantity_counts_on_a_general_order() -> None:
    """SPEC R-022: two coupons of 3,913 are 7,826."""
    price = price_order("general", (line(3_913, quantity=2),), 1)

    assert (price.amount_minor, price.coupons) == (7_826, 2)


def test_the_cash_convertible_part_is_what_may_be_spent_on_it() -> None:
    """SPEC R-020: on a choice order anybody may take the dearest of the cash-convertible items."""
    lines = (line(9_900), line(5_000, cash_convertible=True), line(3_000, cash_convertible=True))

    assert price_order("general", lines, 2).cash_minor == 16_000
    assert price_order("choice", lines, 2).cash_minor == 10_000
    assert price_order("choice", (line(9_900), line(990)), 2).cash_minor == 0


@pytest.mark.parametrize(
    ("listed", "sold", "percent"),
    [(10_000, 9_900, 1), (5_000, 4_950, 1), (60_000, 59_400, 1), (15_000, 14_850, 1), (1_000, 1_000, 0), (200, 197, 2)],
)
def test_the_discount_beside_a_price(listed: int, sold: int, percent: int) -> None:
    """SPEC P3."""
    assert discount_percent(listed, sold) == percent


@pytest.mark.parametrize(("without", "left"), [((), 0), ((0,), 2), ((0, 2), 1), ((0, 1, 2), None)])
def test_the_dearest_item_that_is_left(without: tuple[int, ...], left: int | None) -> None:
    """SPEC R-040, R-041."""
    assert dearest((line(29_700), line(990), line(9_900)), without) == left

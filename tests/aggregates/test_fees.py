"""Fees: the tariff of won, row by row, and what holds for any amount."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregates.account.fees import FREE, WON, tariff
from aggregates.money import AMOUNT_MINOR_MAX, EXPONENTS

AMOUNTS = st.integers(1_001, AMOUNT_MINOR_MAX)


@pytest.mark.parametrize(
    ("amount", "payout", "fee"),
    [
        (1_001, 1, 1_000),
        (5_000, 4_000, 1_000),
        (9_999, 8_999, 1_000),
        (10_000, 9_000, 1_000),
        (10_001, 9_001, 1_000),
        (10_004, 9_004, 1_000),
        (10_005, 9_005, 1_000),
        (12_345, 11_111, 1_234),
        (20_000, 18_000, 2_000),
        (446_268, 401_641, 44_627),
    ],
)
def test_the_fee_table_of_refunds_holds_row_by_row(amount: int, payout: int, fee: int) -> None:
    assert WON.refund_fee_minor(amount, amount) == fee
    assert WON.displayed_estimate_minor(amount) == payout


@pytest.mark.parametrize(
    ("fee_free", "chargeable", "fee", "estimate"),
    [
        (50_000, 50_000, 5_000, 90_000),
        (50_000, 0, 0, 45_000),
        (1_200, 300, 300, 500),
        (9_000, 0, 0, 8_000),
        (0, 9_000, 1_000, 8_000),
    ],
)
def test_only_the_part_that_is_not_fee_free_bears_a_fee(
    fee_free: int, chargeable: int, fee: int, estimate: int
) -> None:
    amount = fee_free + chargeable

    assert WON.refund_fee_minor(amount, chargeable) == fee
    assert WON.displayed_estimate_minor(amount) == estimate


@pytest.mark.parametrize(
    ("amount", "chargeable", "fee"), [(10_000, 1, 1), (10_000, 1_000, 1_000), (10_001, 1, 0), (10_001, 1_000, 100)]
)
def test_the_requested_amount_decides_the_tier_and_the_fee_never_exceeds_what_bears_it(
    amount: int, chargeable: int, fee: int
) -> None:
    assert WON.refund_fee_minor(amount, chargeable) == fee


def test_a_late_cancellation_costs_what_a_refund_costs() -> None:
    assert WON.cancel_fee_minor(300_000) == 30_000
    assert WON.cancel_fee_minor(1_001) == 1_000
    assert WON.cancel_fee_minor(10_005) == 1_000


def test_a_currency_without_a_tariff_of_its_own_has_no_minimum_and_no_fee() -> None:
    for currency in sorted(set(EXPONENTS) - {"KRW"}):
        assert tariff(currency) is FREE

    assert tariff("KRW") is WON
    assert FREE.charge_minimum_minor == 1
    assert FREE.refund_above_minor == 0
    assert FREE.displayed_estimate_minor(446_268) == 446_268
    assert FREE.cancel_fee_minor(446_268) == 0


@given(AMOUNTS, st.data())
def test_the_fee_is_never_negative_and_never_more_than_the_part_that_bears_it(amount: int, data: st.DataObject) -> None:
    chargeable = data.draw(st.integers(0, amount))

    assert 0 <= WON.refund_fee_minor(amount, chargeable) <= chargeable


@given(AMOUNTS, st.integers(0, 10_000))
def test_whoever_asks_for_more_is_paid_no_less(amount: int, more: int) -> None:
    assert WON.displayed_estimate_minor(amount) <= WON.displayed_estimate_minor(amount + more)


@given(AMOUNTS, st.data())
def test_more_fee_free_money_never_pays_less(amount: int, data: st.DataObject) -> None:
    chargeable = data.draw(st.integers(1, amount))
    less = data.draw(st.integers(0, chargeable))

    assert WON.refund_fee_minor(amount, less) <= WON.refund_fee_minor(amount, chargeable)


@given(st.integers(10_001, AMOUNT_MINOR_MAX))
def test_the_payout_is_nine_tenths_rounded_half_up(amount: int) -> None:
    payout = WON.displayed_estimate_minor(amount)

    assert -5 < 10 * payout - 9 * amount <= 5

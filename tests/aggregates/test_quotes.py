"""Quotes: what a cart costs by the rules of orders, numbered without a gap (SPEC P4-P6, P9)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aggregates import ids
from aggregates.errors import LedgerError, Malformed
from aggregates.fact import Stamp
from aggregates.numbers import QUOTES, Numbers, series_id
from aggregates.order.form import LinesOutOfRange, QuantityOutOfRange, RecipientsOutOfRange
from aggregates.order.parts import OrderLine
from aggregates.quote import Quote, QuoteIssued, quote_number

# 2024-10-28 00:30 in Seoul; the day before in UTC.
AT = datetime(2024, 10, 27, 15, 30, tzinfo=UTC)
STAMP = Stamp(AT, AT, "key_owner", "req_test")
ACCOUNT = ids.account_id(0, b"seed-of-a-fictitious-account")


def line(list_minor: int, sale_minor: int, quantity: int = 1) -> OrderLine:
    return OrderLine(
        product_id=f"prd_{list_minor}",
        sku=f"SKU-{list_minor}",
        name="Cafe latte",
        brand="Harbour Cafe",
        list_minor=list_minor,
        sale_minor=sale_minor,
        validity_days=30,
        quantity=quantity,
        cash_convertible=False,
        duplicate_restricted=False,
        night_schedule_blocked=False,
    )


TWO = (line(10_000, 9_900), line(5_000, 4_950))


def issued(numbers: Numbers | None = None, **given: Any) -> QuoteIssued:
    numbers = numbers or Numbers.blank(ids.stream_id(series_id(QUOTES)))
    quote = Quote.blank(ids.stream_id("qte_test"))
    values: dict[str, Any] = {
        "quote_id": "qte_test",
        "numbers": numbers,
        "account_id": ACCOUNT,
        "member_id": None,
        "kind": "general",
        "lines": TWO,
        "recipients": 1,
        "currency": "KRW",
        **given,
    }
    quote.issue(STAMP, **values)
    [fact] = quote.collect_events()
    assert isinstance(fact, QuoteIssued)
    return fact


@pytest.mark.parametrize(
    ("kind", "recipients", "listed", "discount", "amount", "coupons"),
    [
        ("general", 1, 15_000, 150, 14_850, 2),
        ("choice", 1, 10_000, 100, 9_900, 1),
        ("general", 3, 45_000, 450, 44_550, 6),
        ("choice", 3, 30_000, 300, 29_700, 3),
    ],
)
def test_a_quote_totals_as_the_worked_examples_do_p4_p5_p6(
    kind: str, recipients: int, listed: int, discount: int, amount: int, coupons: int
) -> None:
    fact = issued(kind=kind, recipients=recipients)

    assert (fact.list_minor, fact.discount_minor, fact.amount_minor, fact.coupons) == (
        listed,
        discount,
        amount,
        coupons,
    )


def test_quotes_are_numbered_without_a_gap_and_a_refusal_draws_nothing() -> None:
    numbers = Numbers.blank(ids.stream_id(series_id(QUOTES)))

    first = issued(numbers).number
    with pytest.raises(RecipientsOutOfRange):
        issued(numbers, recipients=0)
    second = issued(numbers).number

    assert (first, second) == ("QT20241028C0001", "QT20241028C0002")
    assert quote_number(issued().issued_on, 12_345) == "QT20241028C12345"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"recipients": 10_000}, None),
        ({"recipients": 10_001}, RecipientsOutOfRange),
        ({"lines": ()}, LinesOutOfRange),
        ({"kind": "choice", "lines": TWO[:1]}, LinesOutOfRange),
        ({"kind": "choice", "lines": TWO * 10}, None),
        ({"kind": "choice", "lines": (*(TWO * 10), TWO[0])}, LinesOutOfRange),
        ({"kind": "choice", "lines": (line(10_000, 9_900, 2), TWO[1])}, QuantityOutOfRange),
        ({"lines": (line(10_000, 9_900, 3),)}, None),
        ({"kind": "both"}, Malformed),
    ],
)
def test_a_quote_keeps_to_the_bounds_of_an_order(given: dict[str, Any], error: type[LedgerError] | None) -> None:
    if error is None:
        assert issued(**given).recipients == given.get("recipients", 1)
    else:
        with pytest.raises(error):
            issued(**given)


def test_a_copy_of_a_quote_is_independent() -> None:
    quote = Quote.blank(ids.stream_id("qte_test"))
    twin = quote.copy()

    assert (twin.id, twin.version, twin.pending) == (quote.id, 0, [])

"""The catalogue: prices by validity, restrictions by kind of goods, and terms that never come back (SPEC 2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aggregates import ids
from aggregates.catalogue_feed import FEED_ID, CatalogueFeed, ChangeTaken
from aggregates.errors import LedgerError
from aggregates.fact import Stamp
from aggregates.order.pricing import discount_percent
from aggregates.product import (
    InvalidPrice,
    Product,
    ProductDiscontinued,
    ProductNotFound,
    ProductOnSale,
    ProductUnchanged,
    SkuListed,
    ValidityNotOffered,
)

AT = datetime(2024, 10, 28, 3, 0, tzinfo=UTC)
STAMP = Stamp(AT, AT, "key_operator", "req_test")
PRODUCT_ID = ids.named_id("prd", 0, "LATTE")


def listed(**given: Any) -> Product:
    product = Product.blank(ids.stream_id(PRODUCT_ID))
    values: dict[str, Any] = {
        "product_id": PRODUCT_ID,
        "sku": "LATTE",
        "brand": "Harbour Cafe",
        "name": "Cafe latte",
        "category": "cafe",
        "currency": "KRW",
        "list_minor": 10_000,
        "sale_minor": {30: 9_900, 60: 9_950},
        "cash_convertible": False,
        **given,
    }
    product.list_new(STAMP, **values)
    return product


@pytest.mark.parametrize(
    ("list_minor", "sale_minor", "percent"),
    [(10_000, 9_900, 1), (5_000, 4_950, 1), (60_000, 59_400, 1), (15_000, 14_850, 1), (10_000, 10_000, 0)],
)
def test_prices_of_the_sources_are_one_percent_off_p3(list_minor: int, sale_minor: int, percent: int) -> None:
    line = listed(list_minor=list_minor, sale_minor={30: sale_minor}).line(30)

    assert (line.list_minor, line.sale_minor) == (list_minor, sale_minor)
    assert discount_percent(line.list_minor, line.sale_minor) == percent


def test_the_price_changes_with_the_validity_p2() -> None:
    product = listed(sale_minor={90: 9_990, 30: 9_900, 60: 9_950})

    assert [product.line(days).sale_minor for days in (30, 60, 90)] == [9_900, 9_950, 9_990]
    assert [each.validity_days for each in product.sheet.prices] == [30, 60, 90]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"sale_minor": {}}, ValidityNotOffered),
        ({"sale_minor": {45: 9_900}}, ValidityNotOffered),
        ({"sale_minor": {30: 0}}, InvalidPrice),
        ({"sale_minor": {30: 1}}, None),
        ({"sale_minor": {30: 10_000}}, None),
        ({"sale_minor": {30: 10_001}}, InvalidPrice),
        ({"sale_minor": {30: 9_900, 60: 10_001}}, InvalidPrice),
    ],
)
def test_a_sale_price_is_one_up_to_the_list_price(given: dict[str, Any], error: type[LedgerError] | None) -> None:
    if error is None:
        assert listed(**given).version == 1
    else:
        with pytest.raises(error):
            listed(**given)


@pytest.mark.parametrize(
    ("category", "cash_convertible", "restricted"),
    [("cafe", False, False), ("gift_certificate", False, True), ("cafe", True, True), ("gift_certificate", True, True)],
)
def test_gift_certificates_and_cash_convertible_goods_are_restricted_unless_allowed_r_026(
    category: str, cash_convertible: bool, restricted: bool
) -> None:
    product = listed(category=category, cash_convertible=cash_convertible)
    allowed = listed(
        category=category,
        cash_convertible=cash_convertible,
        duplicate_restricted=False,
        night_schedule_blocked=False,
    )

    assert product.sheet.duplicate_restricted is product.sheet.night_schedule_blocked is restricted
    assert allowed.sheet.duplicate_restricted is allowed.sheet.night_schedule_blocked is False
    line = product.line(30)
    assert (line.cash_convertible, line.duplicate_restricted, line.night_schedule_blocked) == (
        cash_convertible,
        restricted,
        restricted,
    )


def test_a_restriction_follows_its_kind_of_goods_unless_it_was_set_apart_r_026() -> None:
    product = listed()
    product.change(STAMP, cash_convertible=True)
    followed = product.sheet
    product.change(STAMP, night_schedule_blocked=False)
    product.change(STAMP, category="gift_certificate")
    product.change(STAMP, category="cafe", cash_convertible=False)

    assert (followed.duplicate_restricted, followed.night_schedule_blocked) == (True, True)
    assert (product.sheet.duplicate_restricted, product.sheet.night_schedule_blocked) == (False, False)


def test_a_price_that_comes_back_is_not_the_one_it_was() -> None:
    product = listed()
    before = {each.validity_days: each.terms_version for each in product.sheet.prices}

    product.change(STAMP, sale_minor={30: 9_800, 60: 9_950})
    product.change(STAMP, sale_minor={30: 9_900, 60: 9_950})
    product.change(STAMP, name="Large cafe latte")

    after = {each.validity_days: each.terms_version for each in product.sheet.prices}
    assert product.sale_minor == {30: 9_900, 60: 9_950}
    assert after == {30: 3, 60: before[60]}


def test_a_product_that_was_discontinued_and_relisted_has_new_terms() -> None:
    product = listed()

    product.discontinue(STAMP, reason="Out of stock")
    with pytest.raises(ProductDiscontinued):
        product.line(30)
    product.relist(STAMP, reason="Back")

    assert product.line(30).sale_minor == 9_900
    assert {each.terms_version for each in product.sheet.prices} == {2}


def test_refusals_come_with_their_code() -> None:
    blank = Product.blank(ids.stream_id("prd_nothing"))
    product = listed()
    ended = listed()
    ended.discontinue(STAMP, reason="Out of stock")

    for attempt, error in (
        (lambda: product.list_new(STAMP, **_same()), SkuListed),
        (lambda: product.change(STAMP), ProductUnchanged),
        (lambda: product.change(STAMP, name="Cafe latte"), ProductUnchanged),
        (lambda: product.relist(STAMP, reason="r"), ProductOnSale),
        (lambda: ended.discontinue(STAMP, reason="r"), ProductDiscontinued),
        (lambda: product.line(90), ValidityNotOffered),
        (lambda: blank.change(STAMP, name="x"), ProductNotFound),
        (lambda: blank.discontinue(STAMP, reason="r"), ProductNotFound),
        (lambda: blank.line(30), ProductNotFound),
    ):
        versions = product.version, ended.version, blank.version
        with pytest.raises(error):
            attempt()
        assert (product.version, ended.version, blank.version) == versions


def test_the_last_fact_alone_tells_the_whole_product() -> None:
    product = listed()
    product.change(STAMP, sale_minor={30: 9_800})
    product.discontinue(STAMP, reason="r")
    product.relist(STAMP, reason="r")
    facts = product.collect_events()

    for number in range(1, len(facts) + 1):
        replayed = None
        for fact in facts[:number]:
            replayed = fact.mutate(replayed)
        alone = facts[number - 1].mutate(None)
        assert replayed is not None
        assert (alone.product_id, alone.sheet, alone.version) == (PRODUCT_ID, replayed.sheet, number)


def test_a_copy_is_independent() -> None:
    product = listed()
    twin = product.copy()

    twin.change(STAMP, name="Large cafe latte")

    assert (product.sheet.name, product.version, len(product.pending)) == ("Cafe latte", 1, 1)
    assert (twin.sheet.name, twin.version, len(twin.pending)) == ("Large cafe latte", 2, 2)


def test_a_change_of_the_feed_is_taken_once_and_in_order() -> None:
    feed = CatalogueFeed.blank(ids.stream_id(FEED_ID))
    for number in (3, 7):
        feed.check(number)
        feed.take(STAMP, number=number, sku="LATTE", change="price", product_id=None, outcome="unknown_sku")

    assert feed.last == 7
    assert feed.copy().last == 7
    for number in (1, 3, 7):
        with pytest.raises(ChangeTaken):
            feed.check(number)
    feed.check(8)


def _same() -> dict[str, Any]:
    return {
        "product_id": PRODUCT_ID,
        "sku": "LATTE",
        "brand": "b",
        "name": "n",
        "category": "cafe",
        "currency": "KRW",
        "list_minor": 1,
        "sale_minor": {30: 1},
        "cash_convertible": False,
    }

"""What an order keeps in memory: little, however many recipients it has; and the batches it waits for."""

from __future__ import annotations

import sys
from array import array
from typing import Any

import pytest

from aggregates.fact import Stamp, Stream
from aggregates.ids import stream_id
from aggregates.numbers import Numbers, series_id
from aggregates.order import Order
from aggregates.order.placing import next_order_id
from tests.aggregates.orders import draft, line, tokens
from tests.aggregates.scenario import Scenario

MEGABYTE = 1_000_000


def placed(kind: str, lines: int, recipients: int = 10_000, quantity: int = 1) -> tuple[Order, Stamp]:
    """Return an order as large as it gets, its facts collected."""
    stage = Scenario()
    stage.charged(1_000_000_000)
    order_id = next_order_id(stage.account)
    order = Order.blank(stream_id(order_id))
    order.place(
        stage.stamp,
        order_id=order_id,
        account=stage.account,
        numbers=Numbers.blank(stream_id(series_id("order"))),
        member_id=None,
        draft=draft(kind=kind, lines=(line(990, quantity=quantity),) * lines, recipients=tokens(recipients)),
    )
    order.collect_events()
    return order, stage.stamp


def weighed(value: Any) -> int:
    """Return what a value takes with all that it holds."""
    if isinstance(value, dict):
        return sys.getsizeof(value) + sum(weighed(item) for item in value.values())
    if isinstance(value, tuple):
        return sys.getsizeof(value) + sum(map(weighed, value))
    return sys.getsizeof(value)


def weight(order: Order) -> int:
    """Return what an order's state takes."""
    return sum(weighed(getattr(order, name)) for name in (*Stream.__slots__, *Order.__slots__))


@pytest.mark.parametrize(("kind", "lines", "quantity"), [("choice", 20, 1), ("general", 20, 1), ("general", 1, 50)])
def test_an_order_of_10_000_recipients_stays_below_a_megabyte_with_all_of_it_under_way(
    kind: str, lines: int, quantity: int
) -> None:
    order, stamp = placed(kind, lines, quantity=quantity)
    blocks = [tuple(range(first, first + 500)) for first in range(0, 10_000, 500)]
    if kind == "choice":
        for batch, block in enumerate(blocks, start=1):
            order.request_messages(stamp, batch=batch, recipients=block)
    else:
        for batch, block in enumerate(blocks, start=1):
            order.request_issue(stamp, batch=batch, line=0, recipients=block)
    order.collect_events()

    assert weight(order) < MEGABYTE
    assert order.size_bytes() >= 0.8 * (weight(order) - 20_000)
    assert order.size_bytes() < 1.3 * weight(order)


def test_facts_that_are_collected_are_not_kept() -> None:
    order, _ = placed("choice", 2)

    assert list(order.pending) == []
    assert weight(order) < MEGABYTE / 4


def test_the_places_of_coupons_follow_lines_and_quantities() -> None:
    """SPEC R-022: coupon = recipient x coupons_each + place."""
    order, _ = placed("general", 3, recipients=2, quantity=2)

    assert [order.place_of(item, unit) for item in range(3) for unit in range(2)] == [0, 1, 2, 3, 4, 5]
    assert len(order.coupons) == 12
    assert [order.price_of(coupon) for coupon in (0, 5, 6, 11)] == [990] * 4


def test_a_batch_is_closed_when_its_last_recipient_is_known() -> None:
    order, stamp = placed("choice", 2, recipients=3)
    order.request_messages(stamp, batch=1, recipients=(0, 1, 2))

    order.record_messages(stamp, batch=1, alimtalk=(2,), mms=(), failed=(0,))
    open_before = order.open_messages[1].recipients
    order.record_messages(stamp, batch=1, alimtalk=(), mms=(1,), failed=())

    assert open_before == array("H", [1])
    assert order.open_messages == {}

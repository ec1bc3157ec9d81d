"""What an order costs: pure arithmetic over its lines, the same for orders, quotes and previews (SPEC P3-P8).

May import only the order's value parts.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from aggregates.order.parts import CHOICE, OrderLine


@dataclass(frozen=True, slots=True)
class OrderPrice:
    """The price of an order.

    Attributes:
        list_minor: list price of all that is paid for; of a choice order that of its dearest item (SPEC R-024).
        discount_minor: list - amount.
        amount_minor: what is taken when it is placed; provisional for a choice order.
        unit_minor: its part for one recipient.
        cash_minor: part of the amount that buys, or may buy, cash-convertible goods.
        coupons: how many will be issued at most.
    """

    list_minor: int
    discount_minor: int
    amount_minor: int
    unit_minor: int
    cash_minor: int
    coupons: int


def coupons_each(kind: str, lines: Sequence[OrderLine]) -> int:
    """Return how many coupons each recipient gets: all of all lines, or the one that is chosen."""
    return 1 if kind == CHOICE else sum(line.quantity for line in lines)


def dearest(lines: Sequence[OrderLine], without: Container[int] = ()) -> int | None:
    """Return the index of the line of the highest sale price, the first of equals; None when none is left.

    Args:
        without: indexes of lines that do not count.

    Source: SPEC P8, R-023, R-040.
    """
    left = [index for index in range(len(lines)) if index not in without]
    return max(left, key=lambda index: (lines[index].sale_minor, -index), default=None)


def price_order(kind: str, lines: Sequence[OrderLine], recipients: int) -> OrderPrice:
    """Return the price of an order.

    Args:
        lines: at least one, prices in minor units of one currency.
        recipients: how many.

    Source: SPEC P4, P5, P6, R-022..R-024.
    """
    if kind == CHOICE:
        index = dearest(lines)
        assert index is not None, "an order has a line"
        unit_minor, unit_list_minor = lines[index].sale_minor, lines[index].list_minor
        # Any recipient may take the dearest of the cash-convertible items: the limit must bear it (SPEC R-020).
        unit_cash_minor = max((line.sale_minor for line in lines if line.cash_convertible), default=0)
    else:
        unit_minor = sum(line.sale_minor * line.quantity for line in lines)
        unit_list_minor = sum(line.list_minor * line.quantity for line in lines)
        unit_cash_minor = sum(line.sale_minor * line.quantity for line in lines if line.cash_convertible)
    return OrderPrice(
        list_minor=unit_list_minor * recipients,
        discount_minor=(unit_list_minor - unit_minor) * recipients,
        amount_minor=unit_minor * recipients,
        unit_minor=unit_minor,
        cash_minor=unit_cash_minor * recipients,
        coupons=coupons_each(kind, lines) * recipients,
    )


def discount_percent(list_minor: int, sale_minor: int) -> int:
    """Return the discount shown beside a price, in whole percent, rounded half up: 10,000 at 9,900 is 1.

    Source: SPEC P1, P3.
    """
    return (200 * (list_minor - sale_minor) + list_minor) // (2 * list_minor)

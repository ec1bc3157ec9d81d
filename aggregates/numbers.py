"""Running numbers that people read: those of orders, quotes and invoices have no gap, whoever draws (SPEC 3.1).

One stream per ledger and series. A number is drawn in the same commit as what it numbers, so a refusal draws nothing
and what is undone gives its number back.
"""

from __future__ import annotations

from datetime import date
from typing import Self
from uuid import UUID

from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

ORDERS = "order"
QUOTES = "quote"
INVOICES = "invoice"


@fact("numbers.drawn")
class NumberDrawn(Fact):
    """The next number of a series was given away.

    Attributes:
        series: order, quote or invoice.
        number: 1, 2, 3, ...; no number is left out.
    """

    series: str
    number: int

    def apply(self, stream: Numbers) -> None:
        stream.last = self.number


@stream_class("numbers")
class Numbers(Stream):
    """One series of running numbers.

    Attributes:
        last: the last number drawn; 0 before the first.
    """

    TOLD_BY_LAST_FACT = True

    __slots__ = ("last",)

    Drawn = NumberDrawn

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.last = 0

    def draw(self, stamp: Stamp, *, series: str) -> int:
        """Draw and return the next number; never refuses."""
        drawn: NumberDrawn = self.record(NumberDrawn, stamp, series=series, number=self.last + 1)
        return drawn.number

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at, twin.pending = self.version, self.recorded_at, list(self.pending)
        twin.last = self.last
        return twin


def series_id(series: str) -> str:
    """Return the name from which the stream id of a series is made."""
    return f"numbers:{series}"


def order_number(ordered_on: date, number: int) -> str:
    """Return what an order is called: CB20241028C0388. Source: SPEC 3.1."""
    return f"CB{ordered_on:%Y%m%d}C{number:04d}"


def invoice_number(number: int) -> str:
    """Return what an invoice is called: MCOM-1290000001. Source: SPEC I10."""
    return f"MCOM-129{number:07d}"

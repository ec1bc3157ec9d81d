"""The quote: what a cart would cost, numbered and kept as it was (SPEC P9). It binds nobody and moves no money."""

from __future__ import annotations

from datetime import date
from typing import Self
from uuid import UUID

from aggregates.dates import business_date
from aggregates.errors import Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class
from aggregates.numbers import QUOTES, Numbers
from aggregates.order.form import RECIPIENTS_MAX, RecipientsOutOfRange, check_lines
from aggregates.order.parts import OrderLine
from aggregates.order.pricing import price_order


class QuoteCurrencyMismatch(Rejected):
    """All items of a quote are priced in the currency of the account."""

    code = "quote_currency_mismatch"


@fact("quote.issued")
class QuoteIssued(Fact):
    """A quote was issued.

    Attributes:
        quote_id: public id.
        number: what people call it: QT20241028C0012.
        account_id: whom it was issued to.
        member_id: the sub-member who asked for it; null = the master.
        kind: general or choice.
        lines: items with their prices of that moment.
        recipients: for how many.
        list_minor, discount_minor: list price of all, and what the amount is below it.
        amount_minor: what it would cost; of a choice order at the price of the dearest item.
        coupons: how many would be issued.
        currency: ISO 4217.
        issued_on: KST date.
    """

    quote_id: str
    number: str
    account_id: str
    member_id: str | None
    kind: str
    lines: tuple[OrderLine, ...]
    recipients: int
    list_minor: int
    discount_minor: int
    amount_minor: int
    coupons: int
    currency: str
    issued_on: date

    def apply(self, quote: Quote) -> None:
        """Fold nothing: no decision follows a quote."""


@stream_class("quote")
class Quote(Stream):
    """One quote; no decision follows it, so it has no state."""

    __slots__ = ()

    Issued = QuoteIssued

    def __init__(self, id: UUID) -> None:
        super().__init__(id)

    def issue(
        self,
        stamp: Stamp,
        *,
        quote_id: str,
        numbers: Numbers,
        account_id: str,
        member_id: str | None,
        kind: str,
        lines: tuple[OrderLine, ...],
        recipients: int,
        currency: str,
    ) -> None:
        """Issue a quote and draw its number.

        Args:
            numbers: the series of quotes.
            lines: as they are sold now. recipients: 1 to 10,000.
            currency: of lines and account.

        Raises:
            Malformed, LinesOutOfRange, QuantityOutOfRange: as of `check_lines`.
            RecipientsOutOfRange.

        Source: SPEC P4, P5, P6, P9.
        """
        check_lines(kind, lines)
        if not 1 <= recipients <= RECIPIENTS_MAX:
            raise RecipientsOutOfRange(
                f"a quote is for 1 to {RECIPIENTS_MAX:,} recipients", minimum=1, maximum=RECIPIENTS_MAX
            )
        price = price_order(kind, lines, recipients)
        issued_on = business_date(stamp.occurred_at)
        number = numbers.draw(stamp, series=QUOTES)
        self.record(
            QuoteIssued,
            stamp,
            quote_id=quote_id,
            number=quote_number(issued_on, number),
            account_id=account_id,
            member_id=member_id,
            kind=kind,
            lines=lines,
            recipients=recipients,
            list_minor=price.list_minor,
            discount_minor=price.discount_minor,
            amount_minor=price.amount_minor,
            coupons=price.coupons,
            currency=currency,
            issued_on=issued_on,
        )

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at, twin.pending = self.version, self.recorded_at, list(self.pending)
        return twin


def quote_number(issued_on: date, number: int) -> str:
    """Return what a quote is called: QT20241028C0012."""
    return f"QT{issued_on:%Y%m%d}C{number:04d}"

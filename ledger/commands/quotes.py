"""The command about quotes: price a cart, number it, keep it (SPEC P9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.fact import Fact, Stamp
from aggregates.numbers import QUOTES, Numbers, series_id
from aggregates.order.parts import OrderLine
from aggregates.order.pricing import discount_percent
from aggregates.product import Product
from aggregates.quote import Quote, QuoteCurrencyMismatch, QuoteIssued
from ledger.command import Answer, Streams, answer
from ledger.commands.products import Wish, lines_of


@dataclass(frozen=True, slots=True)
class IssueQuote:
    """Issue a quote for a cart.

    Attributes:
        member_id: the sub-member who asks; None = the master.
        kind: general or choice. wishes: its items. recipients: for how many.
    """

    ANSWER: ClassVar[str] = "quote/1"

    account_id: str
    member_id: str | None
    kind: str
    wishes: tuple[Wish, ...]
    recipients: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Quote.Issued`, and its number.

        Raises:
            AccountNotFound, ProductNotFound, ProductDiscontinued, ValidityNotOffered, QuoteCurrencyMismatch, and as of
            `Quote.issue`.
        """
        account = streams.account(self.account_id)
        numbers = streams.stream(Numbers, series_id(QUOTES))
        lines = lines_of(streams, self.wishes)
        currencies = {streams.stream(Product, line.product_id).sheet.currency for line in lines}
        if currencies - {account.currency}:
            raise QuoteCurrencyMismatch("an item is not priced in the currency of the account")
        quote_id, quote = streams.new_child(Quote, "qte", self.account_id)
        quote.issue(
            stamp,
            quote_id=quote_id,
            numbers=numbers,
            account_id=self.account_id,
            member_id=self.member_id,
            kind=self.kind,
            lines=lines,
            recipients=self.recipients,
            currency=account.currency,
        )


def line_json(line: OrderLine) -> dict[str, Any]:
    """Return an item with its prices, as people see it."""
    return {
        "product_id": line.product_id,
        "brand": line.brand,
        "name": line.name,
        "validity_days": line.validity_days,
        "quantity": line.quantity,
        "list_price": line.list_minor,
        "sale_price": line.sale_minor,
        "discount_percent": discount_percent(line.list_minor, line.sale_minor),
    }


def quote_json(fact: QuoteIssued) -> dict[str, Any]:
    """Return a quote as people see it: total at list prices, less the discount, is the payment (SPEC P6)."""
    return {
        "id": fact.quote_id,
        "number": fact.number,
        "account_id": fact.account_id,
        "member_id": fact.member_id,
        "kind": fact.kind,
        "lines": [line_json(line) for line in fact.lines],
        "recipients": fact.recipients,
        "coupons": fact.coupons,
        "list_amount": fact.list_minor,
        "discount": fact.discount_minor,
        "amount": fact.amount_minor,
        "currency": fact.currency,
        "issued_on": fact.issued_on.isoformat(),
    }


@answer("quote/1")
def quote(facts: Sequence[Fact]) -> Answer:
    """Answer with the quote."""
    return Answer(201, quote_json(next(fact for fact in facts if isinstance(fact, QuoteIssued))))

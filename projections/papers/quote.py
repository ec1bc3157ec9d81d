"""Figures of a quote: as it was issued; they never change (SPEC P6, P9)."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.quote import QuoteIssued
from ledger.commands.quotes import quote_json
from projections.papers.stored import facts_of
from projections.quotes import QuoteNotFound


async def figures(conn: AsyncConnection[Any], basis: dict[str, Any], position: int) -> dict[str, Any]:
    """Return the figures of a quote.

    Args:
        basis: {quote_id}.

    Raises:
        QuoteNotFound.
    """
    stream = ids.stream_id(basis["quote_id"])
    async for fact in facts_of(conn, stream, position, (QuoteIssued.TOPIC,)):
        if isinstance(fact, QuoteIssued):
            told = quote_json(fact)
            names = ("lines", "recipients", "coupons", "list_amount", "discount", "amount", "currency", "issued_on")
            return {
                "quote_number": told["number"],
                "order_kind": told["kind"],
                "member_id": told["member_id"],
                **{name: told[name] for name in names},
            }
    raise QuoteNotFound("there is no quote with this id")

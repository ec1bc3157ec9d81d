"""Figures of an account statement: the statement itself, and what was left of each charge on its last day."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account.lots import lot_version
from projections.charges import Charges
from projections.lots import lot_changes
from projections.movements import PREPAID, Book
from projections.papers.stored import account_at, facts_of
from projections.statement import statement
from projections.view import business_date_of

LOT_TOPICS = tuple(sorted(kind.TOPIC for kind in Charges.TAKES))
LEFT_OUT = ("account_id", "name", "version", "digest")
"""What of a statement says the document elsewhere."""


async def figures(conn: AsyncConnection[Any], basis: dict[str, Any], position: int) -> dict[str, Any]:
    """Return the figures of a statement of an account.

    Args:
        basis: {account_id, from, to, version, book?}; version None = the account's at the position; without book it
            is the prepaid balance.

    Raises:
        Malformed, NotFound, ViewBehind: as of `projections.statement.statement`.
    """
    account_id = basis["account_id"]
    account = await account_at(conn, account_id, position)
    version = account.version if basis["version"] is None else basis["version"]
    first, last = date.fromisoformat(basis["from"]), date.fromisoformat(basis["to"])
    book: Book = basis.get("book", PREPAID)
    made = await statement(conn, account_id, from_date=first, to_date=last, version=version, book=book)
    has_lots = made["mode"] == "prepaid" and book == PREPAID
    lots = await lots_on(conn, account_id, last, version, position) if has_lots else []
    return {
        **{name: value for name, value in made.items() if name not in LEFT_OUT},
        "lots": lots,
        "overdrawn": sum(lot["remaining"] for lot in lots) - made["closing_balance"] if lots else 0,
    }


async def lots_on(
    conn: AsyncConnection[Any], account_id: str, day: date, version: int, position: int
) -> list[dict[str, Any]]:
    """Return what was left of each charge at the end of a business day, oldest first, with its age on that day.

    Only what was recorded up to `version` counts. The age is counted as all windows are: the first day is not.

    Source: SPEC R-002, R-070.
    """
    left: dict[tuple[date, int, str], tuple[str, int]] = {}
    async for fact in facts_of(conn, ids.stream_id(account_id), position, LOT_TOPICS):
        if fact.originator_version > version or business_date_of(fact) > day:
            continue
        for part, sign in lot_changes(fact):
            key = (part.charged_on, lot_version(part.charge_id), part.method)
            _, remaining = left.get(key, ("", 0))
            left[key] = (part.charge_id, remaining + sign * part.amount_minor)
    return [
        {
            "charge_id": charge_id,
            "charged_on": charged_on.isoformat(),
            "method": method,
            "remaining": remaining,
            "age_days": (day - charged_on).days,
        }
        for (charged_on, _, method), (charge_id, remaining) in sorted(left.items())
        if remaining
    ]

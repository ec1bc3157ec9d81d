"""JSON shapes that answers, views and routes share: the public names of what the ledger speaks about.

Amounts are integers in minor units beside `currency`; "unlimited" stands for a limit that does not bind, null for one
that does not exist or is not granted. Pure functions of values; imports only the ground floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aggregates.account.lots import LotPart
from aggregates.account.refund_terms import with_fee_free
from aggregates.account.standing import Figures
from aggregates.dates import rfc3339
from aggregates.money import toman_text


def account_json(figures: Figures, version: int) -> dict[str, Any]:
    """Return an account as people see it, at a version of its stream."""
    return {
        "id": figures.account_id,
        "name": figures.name,
        "mode": figures.mode,
        "currency": figures.currency,
        "status": figures.status,
        "balance": figures.balance_minor,
        "held": figures.held_minor,
        "refund_pending": figures.refund_pending_minor,
        "available": figures.available_minor,
        "overdraft_limit": unlimited_json(figures.overdraft_limit_minor),
        "credit_limit": figures.credit_limit_minor,
        "used_this_month": figures.used_this_month_minor,
        "remaining_limit": figures.remaining_limit_minor,
        "version": version,
    }


def current_account_json(figures: Figures, books: Mapping[str, int], version: int) -> dict[str, Any]:
    """Return an account as it is read: with the balances of the books beside the prepaid one, by their names."""
    return {**account_json(figures, version), **books}


def unlimited_json(limit_minor: int | None) -> int | str:
    """Return a limit whose None means that nothing binds."""
    return "unlimited" if limit_minor is None else limit_minor


def lots_json(parts: Iterable[LotPart]) -> list[dict[str, Any]]:
    """Return parts of lots, in their order."""
    return [{"charge_id": part.charge_id, "amount": part.amount_minor} for part in parts]


def refund_lots_json(parts: tuple[LotPart, ...], fee_free_minor: int) -> list[dict[str, Any]]:
    """Return the lots of a refund, each with whether it bears no fee: the first ones do, up to `fee_free_minor`."""
    return [
        {"charge_id": part.charge_id, "amount": part.amount_minor, "fee_free": fee_free}
        for part, fee_free in with_fee_free(parts, fee_free_minor)
    ]


def spend_status(amount_minor: int, held_minor: int, returned_minor: int) -> str:
    """Return held, captured, partly_returned or returned; amount = held + captured + returned."""
    if held_minor:
        return "held"
    if returned_minor == amount_minor:
        return "returned"
    return "partly_returned" if returned_minor else "captured"


def member_limit_json(
    member_id: str,
    *,
    granted: bool,
    unlimited: bool,
    limit_minor: int | None,
    used_minor: int,
    cash_convertible: bool,
    month: str,
) -> dict[str, Any]:
    """Return a sub-member's monthly limit: limit, used and remaining are named apart (SPEC R-013).

    `remaining` is null when the limit is unlimited; 0 when none is granted.
    """
    if not granted:
        limit: int | str | None = None
        remaining: int | None = 0
    elif unlimited:
        limit, remaining = "unlimited", None
    else:
        limit, remaining = limit_minor, max(0, (limit_minor or 0) - used_minor)
    return {
        "member_id": member_id,
        "month": month,
        "limit": limit,
        "used": used_minor,
        "remaining": remaining,
        "cash_convertible": cash_convertible,
    }


def instant_json(at: Any) -> str | None:
    """Return an instant in UTC, RFC 3339; None stays None."""
    return None if at is None else rfc3339(at)


def display_json(amount_minor: int | None, currency: str) -> dict[str, str] | None:
    """Return an amount as people in its country say it: rials in tomans; None where they say the amount itself.

    Source: SPEC R-134.
    """
    if amount_minor is None or currency != "IRR":
        return None
    return {"unit": "toman", "amount": toman_text(amount_minor)}

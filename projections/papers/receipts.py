"""Figures of the receipts of a charge and of its cancellation, from the facts about that charge (SPEC C5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from aggregates.dates import rfc3339
from aggregates.errors import Conflict, NotFound
from projections.papers.stored import account_at, facts_of

TOPICS = tuple(
    kind.TOPIC for kind in (Account.Charged, Account.DepositAwaited, Account.Deposited, Account.ChargeCancelled)
)


class ChargeNotPaid(Conflict):
    """A receipt confirms a payment; the charge has none, or was cancelled since: then there is the other receipt."""

    code = "charge_not_paid"


class ChargeNotCancelled(Conflict):
    """A cancellation receipt confirms a cancellation, and the charge has none."""

    code = "charge_not_cancelled"


async def charge_receipt(conn: AsyncConnection[Any], basis: dict[str, Any], position: int) -> dict[str, Any]:
    """Return the figures of the receipt of a payment.

    Args:
        basis: {charge_id}.

    Raises:
        NotFound: no such charge. ChargeNotPaid.

    Source: SPEC C5.
    """
    paid, cancelled = await _facts(conn, basis["charge_id"], position)
    if "paid_at" not in paid:
        raise ChargeNotPaid("the charge is not paid yet; there is a receipt once it is")
    if cancelled:
        raise ChargeNotPaid("the charge was cancelled; ask for its cancellation receipt")
    return paid


async def cancellation_receipt(conn: AsyncConnection[Any], basis: dict[str, Any], position: int) -> dict[str, Any]:
    """Return the figures of a cancellation receipt; as `charge_receipt`. Raises: NotFound, ChargeNotCancelled."""
    paid, cancelled = await _facts(conn, basis["charge_id"], position)
    if not cancelled:
        raise ChargeNotCancelled("the charge is not cancelled; only a cancelled one has a cancellation receipt")
    return {**paid, **cancelled}


async def _facts(conn: AsyncConnection[Any], charge_id: str, position: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is known of payment and cancellation of a charge; nothing of what has not happened."""
    account_id, born = ids.parse(charge_id, "chg").account_id, ids.parse(charge_id, "chg").version
    account = await account_at(conn, account_id, position)
    paid: dict[str, Any] = {}
    cancelled: dict[str, Any] = {}
    async for fact in facts_of(conn, ids.stream_id(account_id), position, TOPICS, after=born - 1):
        if fact.charge_id != charge_id:  # type: ignore[attr-defined]  # all these kinds have one
            continue
        match fact:
            case Account.Charged():
                paid = _paid(fact.reference, fact.amount_minor, fact.currency, fact.method)
                paid |= _payment(fact.occurred_at)
            case Account.DepositAwaited():
                paid = _paid(fact.reference, fact.amount_minor, fact.currency, "virtual_account")
            case Account.Deposited():
                paid |= _payment(fact.occurred_at)
            case Account.ChargeCancelled():
                cancelled = {
                    "fee": fact.fee_minor,
                    "payout": fact.payout_minor,
                    "cancelled_at": rfc3339(fact.occurred_at),
                }
    if not paid:
        raise NotFound("there is no charge with this id")
    return {
        "charge_id": charge_id,
        "orderer": account.name,
        **paid,
        "payment_no": paid["payment_no"] or charge_id,
    }, cancelled


def _paid(reference: str | None, amount_minor: int, currency: str, method: str) -> dict[str, Any]:
    return {"payment_no": reference, "amount": amount_minor, "currency": currency, "method": method}


def _payment(at: datetime) -> dict[str, Any]:
    return {"paid_at": rfc3339(at)}

"""Figures of a monthly refund report: the refunds requested in a month, as they stood at a position (SPEC 5.5)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from aggregates.dates import rfc3339, start_of_day
from aggregates.errors import Rejected
from aggregates.fact import Fact
from ledger.commands.refunds import STATUS_AFTER
from ledger.mapper import to_fact
from projections.paging import fetch

REFUNDS_MAX = 20_000
"""Refunds of one report; more are reported by account."""

SETTLING = (Account.RefundCompleted, Account.RefundRejected, Account.RefundCancelled)
TOPICS = [kind.TOPIC for kind in STATUS_AFTER]

SELECT_REQUESTED = """
    SELECT stream, refund_id, position FROM view_refund_requests
    WHERE occurred_at >= %s AND occurred_at < %s AND position <= %s AND currency = %s
    AND (%s::uuid IS NULL OR stream = %s) ORDER BY position LIMIT %s
"""
SELECT_FACTS = b"""
    SELECT originator_id, originator_version, topic, state FROM ledger_events
    WHERE originator_id = ANY(%s) AND notification_id BETWEEN %s AND %s AND topic = ANY(%s) ORDER BY notification_id
"""


class TooManyRefunds(Rejected):
    """A report has a bound of refunds."""

    code = "too_many_refunds"


async def figures(conn: AsyncConnection[Any], basis: dict[str, Any], position: int) -> dict[str, Any]:
    """Return the figures of a refund report.

    Args:
        basis: {account_id, month, currency}; account_id None = all accounts.

    Raises:
        TooManyRefunds.

    Source: SPEC 5.5.
    """
    account_id, month, currency = basis["account_id"], basis["month"], basis["currency"]
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    stream = None if account_id is None else ids.stream_id(account_id)
    found = await fetch(
        conn,
        SELECT_REQUESTED,
        [start_of_day(first), start_of_day(after), position, currency, stream, stream, REFUNDS_MAX + 1],
    )
    if len(found) > REFUNDS_MAX:
        raise TooManyRefunds(f"a report may have {REFUNDS_MAX:,} refunds; ask for one account", refunds_max=REFUNDS_MAX)
    rows: dict[str, dict[str, Any]] = {row["refund_id"]: {} for row in found}
    if rows:
        streams = list({row["stream"] for row in found})
        async with conn.cursor(binary=True) as cursor:
            await cursor.execute(SELECT_FACTS, [streams, found[0]["position"], position, TOPICS])
            async for originator, version, topic, state in cursor:
                _take(rows, to_fact(originator, version, topic, state))
    return {"month": month, "currency": currency, "rows": list(rows.values())}


def _take(rows: dict[str, dict[str, Any]], fact: Fact) -> None:
    """Let a fact about a refund count."""
    refund_id: str = fact.refund_id  # type: ignore[attr-defined]  # all these kinds have one
    if refund_id not in rows:
        return
    row = rows[refund_id]
    if isinstance(fact, Account.RefundRequested):
        row |= {
            "refund_id": refund_id,
            "account_id": ids.account_of(refund_id),
            "requested_at": rfc3339(fact.occurred_at),
            "amount": fact.amount_minor,
            "fee": fact.fee_minor,
            "payout": fact.payout_minor,
        }
    row["status"] = STATUS_AFTER[type(fact)]
    row["settled_at"] = rfc3339(fact.occurred_at) if isinstance(fact, SETTLING) else None

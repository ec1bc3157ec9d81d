"""An account as it was: its facts folded up to a business time or a version, straight from the store.

As of an instant, every fact counts that had happened by then, whenever it was recorded: money booked later with an
earlier business time is in it. Sums do not care about order, so facts that had not happened yet are simply left out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account import Account
from aggregates.dates import billing_month, business_date
from aggregates.errors import Malformed, NotFound
from ledger.mapper import to_fact
from projections.accounts import AccountRow, body, fold, month_use, opened

PAGE_FACTS = 1000

SELECT_FACTS = b"""
    SELECT originator_version, topic, state FROM ledger_events
    WHERE originator_id = %s AND originator_version > %s AND originator_version <= %s
    ORDER BY originator_version LIMIT %s
"""


async def account(
    conn: AsyncConnection[Any],
    account_id: str,
    *,
    at: datetime,
    as_of: datetime | None = None,
    at_version: int | None = None,
) -> dict[str, Any]:
    """Return an account as of a business time, at a version, or both; in the shape of the HTTP face.

    Args:
        at: now; its month is that of the limit's figures unless `as_of` is given.
        as_of: aware instant; only facts with occurred_at <= as_of count.
        at_version: only the first `at_version` facts count; >= 1.

    Returns:
        The account; `version` is that of the last fact that counted.

    Raises:
        Malformed: `at_version` is below 1 or beyond what a version can be.
        NotFound: there is no such account, it has no such version yet, or it was not open yet.
    """
    if at_version is not None and not 1 <= at_version < 2**63:
        raise Malformed("at_version must be an integer of 1 or more", field="at_version")
    stream = ids.stream_id(account_id)
    row: AccountRow | None = None
    used: dict[str, int] = {}
    last, up_to = 0, at_version or 2**63 - 1
    while True:
        async with conn.cursor(binary=True) as cursor:
            await cursor.execute(SELECT_FACTS, [stream, last, up_to, PAGE_FACTS])
            found = await cursor.fetchall()
        for version, topic, state in found:
            fact = to_fact(stream, version, topic, state)
            if as_of is not None and fact.occurred_at > as_of:
                continue
            if isinstance(fact, Account.Opened):
                row = opened(fact, 0)
            elif row is not None:
                fold(row, fact)
                use = month_use(fact)
                if use is not None:
                    used[use[0]] = max(0, used.get(use[0], 0) + use[1])
        if found:
            last = found[-1][0]
        if len(found) < PAGE_FACTS:
            break
    if not last:
        raise NotFound("there is no account with this id")
    if at_version is not None and last < at_version:
        raise NotFound(f"the account has no version {at_version}; its last one is {last}", version=last)
    if row is None:
        raise NotFound("the account was not open yet at as_of")
    return body(row, used.get(billing_month(business_date(as_of or at)), 0))

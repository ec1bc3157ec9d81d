"""An account as it was: its facts folded up to a business time or a version, straight from the store.

As of an instant, every fact counts that had happened by then, whenever it was recorded: money booked later with an
earlier business time is in it. Sums do not care about order, so facts that had not happened yet are simply left out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from aggregates import ids
from aggregates.account.standing import AccountOpened
from aggregates.dates import billing_month, business_date
from aggregates.errors import Malformed, NotFound
from aggregates.fact import Fact
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

    With `as_of`, only facts with occurred_at <= as_of count; with `at_version`, only the first ones. The limit's
    figures are those of the month of `as_of`, else of `at`, which is now. `version` is that of the last fact that
    counted.

    Raises:
        Malformed: `at_version` is below 1 or beyond what a version can be.
        NotFound: there is no such account, it has no such version yet, or it was not open yet.
    """
    if at_version is not None and not 1 <= at_version < 2**63:
        raise Malformed("at_version must be an integer of 1 or more", field="at_version")
    past = _Past(as_of)
    last, up_to = 0, at_version or 2**63 - 1
    while True:
        found = await _facts_after(conn, ids.stream_id(account_id), last, up_to)
        for fact in found:
            past.apply(fact)
        if found:
            last = found[-1].originator_version
        if len(found) < PAGE_FACTS:
            break
    if not last:
        raise NotFound("there is no account with this id")
    if at_version is not None and last < at_version:
        raise NotFound(f"the account has no version {at_version}; its last one is {last}", version=last)
    if past.row is None:
        raise NotFound("the account was not open yet at as_of")
    return body(past.row, past.used.get(billing_month(business_date(as_of or at)), 0))


class _Past:
    """An account as the facts up to an instant make it.

    Attributes:
        row: None before it was opened. used: month -> use of its limit.
    """

    def __init__(self, as_of: datetime | None) -> None:
        self._as_of = as_of
        self.row: AccountRow | None = None
        self.used: dict[str, int] = {}

    def apply(self, fact: Fact) -> None:
        """Let a fact count, unless it had not happened yet."""
        if self._as_of is not None and fact.occurred_at > self._as_of:
            return
        if isinstance(fact, AccountOpened):
            self.row = opened(fact, 0)
        elif self.row is not None:
            fold(self.row, fact)
            use = month_use(fact)
            if use is not None:
                self.used[use[0]] = max(0, self.used.get(use[0], 0) + use[1])


async def _facts_after(conn: AsyncConnection[Any], stream: UUID, version: int, up_to: int) -> list[Fact]:
    """Return the next facts of a stream, at most `PAGE_FACTS`."""
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(SELECT_FACTS, [stream, version, up_to, PAGE_FACTS])
        return [to_fact(stream, number, topic, state) async for number, topic, state in cursor]

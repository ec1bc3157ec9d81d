"""Trial balances by day and by month of business dates, of the whole ledger or of one customer's account.

Read from the sums that the view `journal` keeps for each business date. What was recorded after the position that is
asked for is taken off again, so that the same position gives the same figures, whatever came since.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal

from psycopg import AsyncConnection

from aggregates.dates import billing_month
from aggregates.errors import Malformed
from aggregates.ids import stream_id
from projections.journal import OF_STREAM
from projections.paging import fetch

By = Literal["day", "month"]

PERIODS_MAX: dict[By, int] = {"day": 92, "month": 60}
"""Most periods of one answer."""

_SIDES = "greatest(amount_minor, 0) AS debit, greatest(-amount_minor, 0) AS credit"

_OF_ALL = """
    SELECT account, currency, business_date, debit_minor AS debit, credit_minor AS credit
    FROM view_journal_days WHERE business_date <= %(to)s
    UNION ALL
    SELECT account, currency, business_date, -greatest(amount_minor, 0), -greatest(-amount_minor, 0)
    FROM view_journal WHERE position > %(at)s AND business_date <= %(to)s
"""

_OF_ONE = f"""
    SELECT account, currency, business_date, {_SIDES}
    FROM {OF_STREAM.replace("%s", "%(stream)s")} WHERE position <= %(at)s AND business_date <= %(to)s
"""

_SUMS = """
    SELECT account, currency, greatest(date_trunc(%(by)s, business_date)::date, %(before)s) AS period,
           sum(debit)::bigint AS debit, sum(credit)::bigint AS credit
    FROM ({}) AS parts GROUP BY 1, 2, 3 HAVING sum(debit) <> 0 OR sum(credit) <> 0
    ORDER BY currency, account COLLATE "C", period
"""


async def by_period(
    conn: AsyncConnection[Any],
    *,
    by: By,
    from_date: date,
    to_date: date,
    account_id: str | None = None,
    position: int | None = None,
) -> dict[str, Any]:
    """Return debits and credits of every ledger account in each day or month, with opening and closing balance.

    Args:
        by: "month" takes whole months: those of `from_date` and `to_date` and all between.
        from_date, to_date: KST business dates, both included.
        account_id: of the customer; None = the whole ledger.
        position: only what was recorded up to it; None = all of the view.

    Returns:
        {position, by, account_id, periods: [{period, from, to, accounts: [{account, currency, opening, debit, credit,
        closing}], totals: [{currency, opening, debit, credit, closing}]}]}, oldest first; a ledger account that never
        moved until the end of a period is left out of it.

    Raises:
        Malformed: the dates are the wrong way round, or too far apart.
    """
    if from_date > to_date:
        raise Malformed("from must not be after to", field="from")
    spans = list(_spans(by, from_date, to_date))
    if len(spans) > PERIODS_MAX[by]:
        raise Malformed(f"from and to may span {PERIODS_MAX[by]} periods at most by {by}", field="from")
    reached = await fetch(
        conn, "SELECT notification_id FROM ledger_tracking WHERE application_name = 'view_journal'", []
    )
    newest = reached[0]["notification_id"] if reached else 0
    at = newest if position is None else min(position, newest)
    # What lies before the first period counts as one period, which ends the day before.
    before = spans[0][0] - timedelta(days=1)
    query = _SUMS.format(_OF_ALL if account_id is None else _OF_ONE)
    asked = {"to": spans[-1][1], "at": at, "by": by, "before": before}
    if account_id is not None:
        asked["stream"] = stream_id(account_id)
    async with conn.cursor() as cursor:
        await cursor.execute(query.encode(), asked)
        rows = await cursor.fetchall()
    moved: dict[tuple[str, str], dict[date, tuple[int, int]]] = {}
    for account, currency, period, debit, credit in rows:
        moved.setdefault((currency, account), {})[period] = (debit, credit)
    balances = {key: _net(of.get(before)) for key, of in moved.items() if before in of}
    periods = [_period(by, first, last, moved, balances) for first, last in spans]
    return {"position": at, "by": by, "account_id": account_id, "periods": periods}


def _net(sides: tuple[int, int] | None) -> int:
    return 0 if sides is None else sides[0] - sides[1]


def _period(
    by: By,
    first: date,
    last: date,
    moved: dict[tuple[str, str], dict[date, tuple[int, int]]],
    balances: dict[tuple[str, str], int],
) -> dict[str, Any]:
    """Return one period; `balances` are those of its beginning, and of its end afterwards."""
    accounts: list[dict[str, Any]] = []
    totals: dict[str, dict[str, Any]] = {}
    for key, of in moved.items():
        sides = of.get(first)
        if sides is None and key not in balances:
            continue
        currency, account = key
        opening = balances.get(key, 0)
        debit, credit = sides or (0, 0)
        closing = balances[key] = opening + debit - credit
        figures = {"opening": opening, "debit": debit, "credit": credit, "closing": closing}
        accounts.append({"account": account, "currency": currency, **figures})
        total = totals.setdefault(currency, {"currency": currency, **dict.fromkeys(figures, 0)})
        for name, figure in figures.items():
            total[name] += figure
    return {
        "period": billing_month(first) if by == "month" else first.isoformat(),
        "from": first.isoformat(),
        "to": last.isoformat(),
        "accounts": accounts,
        "totals": list(totals.values()),
    }


def _spans(by: By, from_date: date, to_date: date) -> Iterator[tuple[date, date]]:
    """Yield first and last day of each period."""
    first = from_date if by == "day" else from_date.replace(day=1)
    while first <= to_date:
        after = first + timedelta(days=1) if by == "day" else (first + timedelta(days=31)).replace(day=1)
        yield first, after - timedelta(days=1)
        first = after

"""Journal and trial balance by day, by month and by customer: given commands, whole answers."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection

from aggregates.errors import Malformed
from projections import accounts, journal
from projections.trial_balance import by_period
from tests.projections.conftest import Feed
from tests.projections.town import Town, busy_town, kst

pytestmark = pytest.mark.anyio


async def told(conn: AsyncConnection[Any], by: Any, first: str, last: str, **more: Any) -> list[dict[str, Any]]:
    made = await by_period(conn, by=by, from_date=date.fromisoformat(first), to_date=date.fromisoformat(last), **more)
    periods: list[dict[str, Any]] = made["periods"]
    return periods


def closings(period: dict[str, Any]) -> dict[str, int]:
    return {each["account"]: each["closing"] for each in period["accounts"]}


async def test_each_month_opens_with_what_the_last_one_closed_with(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    town = Town().at("2024-10-31 23:59")
    bakery = town.open()
    town.charge(bakery, 12_222)
    town.at("2024-11-01 00:00").spend(bakery, 3_913)
    town.store(app)
    feed()

    october, november, december = await told(conn, "month", "2024-10-15", "2024-12-01")

    assert october == {
        "period": "2024-10",
        "from": "2024-10-01",
        "to": "2024-10-31",
        "accounts": [
            {
                "account": "asset.gateway_receivable.card",
                "currency": "KRW",
                "opening": 0,
                "debit": 12_222,
                "credit": 0,
                "closing": 12_222,
            },
            {
                "account": "liability.prepaid",
                "currency": "KRW",
                "opening": 0,
                "debit": 0,
                "credit": 12_222,
                "closing": -12_222,
            },
        ],
        "totals": [{"currency": "KRW", "opening": 0, "debit": 12_222, "credit": 12_222, "closing": 0}],
    }
    assert [(each["opening"], each["debit"], each["credit"], each["closing"]) for each in november["accounts"]] == [
        (12_222, 0, 0, 12_222),
        (0, 0, 3_913, -3_913),
        (-12_222, 3_913, 0, -8_309),
    ]
    assert closings(december) == closings(november)
    assert december["totals"] == [{"currency": "KRW", "opening": 0, "debit": 0, "credit": 0, "closing": 0}]


async def test_days_add_up_to_their_month_and_the_last_to_the_trial_balance(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    busy_town().store(app)
    feed()

    (october,) = await told(conn, "month", "2024-10-01", "2024-10-31")
    days = await told(conn, "day", "2024-10-01", "2024-10-31")
    (*_, december) = await told(conn, "month", "2024-09-01", "2024-12-31")
    now = await journal.trial_balance(conn)

    for side in ("debit", "credit"):
        assert sum(day["totals"][0][side] for day in days) == october["totals"][0][side] > 0
    assert closings(days[-1]) == closings(october)
    assert closings(december) == {each["account"]: each["balance"] for each in now["accounts"]}
    assert all(total["closing"] == 0 for day in days for total in day["totals"])


async def test_at_a_position_the_days_are_as_they_were_then(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    town = busy_town()
    half = sum(fact.recorded_at <= kst("2024-10-07 09:00") for fact in town.facts)
    town.store(app, half)
    feed()
    before = await told(conn, "day", "2024-09-01", "2024-10-31")
    town.store(app)
    feed()

    assert await told(conn, "day", "2024-09-01", "2024-10-31", position=half) == before
    assert await told(conn, "day", "2024-09-01", "2024-10-31") != before


async def test_one_customers_books_are_that_customers_balances(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    town = busy_town()
    last = town.store(app)
    feed()

    for account in town.accounts():
        (*_, december) = await told(conn, "month", "2024-09-01", "2024-12-31", account_id=account.account_id)
        shown = await accounts.one(conn, account.account_id, at=town.now)
        (*_, then) = await told(conn, "month", "2024-09-01", "2024-12-31", account_id=account.account_id, position=last)

        assert -closings(december).get("liability.prepaid", 0) == shown["balance"]
        assert [total["closing"] for total in december["totals"]] in ([0], [])
        assert then == december
        entries = await journal.page(conn, account_id=account.account_id, limit=200)
        assert {entry["account_id"] for entry in entries.items} <= {account.account_id}
        credits = [line["credit"] for entry in entries.items for line in entry["lines"]]
        assert sum(credits) == sum(total["credit"] for total in _all(await told_months(conn, account.account_id)))


async def told_months(conn: AsyncConnection[Any], account_id: str) -> list[dict[str, Any]]:
    return await told(conn, "month", "2024-08-01", "2024-12-31", account_id=account_id)


def _all(periods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [total for period in periods for total in period["totals"]]


@pytest.mark.parametrize(
    ("by", "first", "last", "field"),
    [
        ("day", "2024-10-02", "2024-10-01", "from must not be after to"),
        ("day", "2024-01-01", "2024-04-02", "92 periods"),
        ("month", "2020-01-01", "2025-01-01", "60 periods"),
    ],
)
async def test_periods_are_bounded(conn: AsyncConnection[Any], by: Any, first: str, last: str, field: str) -> None:
    with pytest.raises(Malformed, match=field):
        await told(conn, by, first, last)


async def test_the_longest_spans_are_answered(conn: AsyncConnection[Any], app: Connection[Any], feed: Feed) -> None:
    feed()

    assert len(await told(conn, "day", "2024-01-01", "2024-04-01")) == 92
    assert len(await told(conn, "month", "2020-01-01", "2024-12-31")) == 60

"""Papers are made from facts up to a position: what was left of each charge, and where a statement begins anew."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection

from ledger.commands.charges import ChargeAccount
from ledger.commands.spends import Spend
from ledger.commands.standing import SwitchMode
from projections.papers.account_statement import lots_on
from projections.papers.stored import account_at, head
from projections.statement import statement
from tests.projections.conftest import Feed
from tests.projections.town import Town

pytestmark = pytest.mark.anyio

EVER = 10**6
FIRST, LAST = date(2024, 9, 1), date(2024, 10, 31)


def charge(town: Town, account: str, amount: int, on: str) -> str:
    """Charge an account on a day; return the charge's id."""
    return str(town.do(ChargeAccount(account, amount, "card", None), happened=on)["id"])


def spend(town: Town, account: str, amount: int, on: str) -> None:
    town.do(Spend(account, amount, None, None, True, None, 0), happened=on)


async def test_lots_on_a_day_are_those_of_what_had_happened_by_then_however_late_it_was_recorded(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    town = Town()
    account = town.open()
    first = charge(town, account, 30_000, "2024-09-10")
    second = charge(town, account, 20_000, "2024-09-25")
    spend(town, account, 12_000, "2024-09-26")
    version = town.account(account).version
    spend(town, account, 25_000, "2024-10-02")
    spend(town, account, 1_000, "2024-09-27")
    town.store(app)
    position = await head(conn)

    september = await lots_on(conn, account, date(2024, 9, 30), EVER, position)
    pinned = await lots_on(conn, account, date(2024, 10, 31), version, position)
    october = await lots_on(conn, account, date(2024, 10, 31), EVER, position)

    def told(lots: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
        return [(lot["charge_id"], lot["remaining"], lot["age_days"]) for lot in lots]

    assert told(september) == [(first, 18_000, 20), (second, 19_000, 5)]
    assert told(pinned) == [(first, 18_000, 51), (second, 20_000, 36)]
    assert told(october) == [(second, 12_000, 36)]


async def test_r098_a_statement_begins_anew_where_the_mode_was_switched(
    app: Connection[Any], feed: Feed, conn: AsyncConnection[Any]
) -> None:
    town = Town()
    account = town.open()
    charge(town, account, 10_000, "2024-09-10")
    spend(town, account, 10_000, "2024-09-11")
    before = town.account(account).version
    position = len(town.facts)
    town.do(SwitchMode(account, "postpaid", 500_000, 0, 0, "contract signed"))
    spend(town, account, 59_100, "2024-10-01")
    town.store(app)
    feed()

    prepaid = await statement(conn, account, from_date=FIRST, to_date=LAST, version=before)
    postpaid = await statement(conn, account, from_date=FIRST, to_date=LAST)

    assert (prepaid["mode"], [row["amount"] for row in prepaid["rows"]]) == ("prepaid", [10_000, -10_000])
    assert (prepaid["opening_balance"], prepaid["closing_balance"]) == (0, 0)
    assert (postpaid["mode"], [row["amount"] for row in postpaid["rows"]]) == ("postpaid", [-59_100])
    assert (postpaid["opening_balance"], postpaid["closing_balance"]) == (0, -59_100)
    assert (await account_at(conn, account, position)).mode == "prepaid"
    assert (await account_at(conn, account, await head(conn))).mode == "postpaid"

"""A statement ties out, is pinned to a version, and gives the same bytes whenever it is issued again."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection

from aggregates.errors import Malformed, NotFound
from ledger.commands.transfers import ImportMovement
from projections.statement import digest, statement, to_csv
from tests.projections.conftest import Feed
from tests.projections.town import Town

pytestmark = pytest.mark.anyio


async def october(conn: AsyncConnection[Any], account_id: str, version: int | None = None) -> dict[str, Any]:
    return await statement(conn, account_id, from_date=date(2024, 10, 1), to_date=date(2024, 10, 31), version=version)


@pytest.fixture
def bakery(app: Connection[Any], feed: Feed) -> tuple[Town, str]:
    """An account whose movements were not recorded in the order in which they happened."""
    town = Town()
    bakery = town.open(overdraft=None, currency="CZK")
    for on, amount in ((30, 500), (2, 10_000), (15, -2_500), (15, 700), (1, -1_000)):
        day = date(2024, 10, on)
        town.do(ImportMovement(bakery, amount, day, f"row-{on}", "=SUM(A1)"), happened=day.isoformat())
    before, after = date(2024, 9, 30), date(2024, 11, 1)
    town.do(ImportMovement(bakery, 40_000, before, "row-before"), happened=before.isoformat())
    town.do(ImportMovement(bakery, 9, after, "row-after"), happened=after.isoformat())
    town.store(app)
    feed()
    return town, bakery


async def test_rows_run_by_business_date_and_the_balance_follows_them(
    bakery: tuple[Town, str], conn: AsyncConnection[Any]
) -> None:
    made = await october(conn, bakery[1])

    assert made["opening_balance"] == 40_000
    assert [(row["business_date"], row["amount"], row["balance"]) for row in made["rows"]] == [
        ("2024-10-01", -1_000, 39_000),
        ("2024-10-02", 10_000, 49_000),
        ("2024-10-15", -2_500, 46_500),
        ("2024-10-15", 700, 47_200),
        ("2024-10-30", 500, 47_700),
    ]
    assert made["totals"] == {"imported": {"count": 5, "amount": 7_700}}
    assert made["closing_balance"] == 47_700
    assert made["version"] == 8
    assert made["currency"] == "CZK"


async def test_a_pinned_statement_is_the_same_whatever_came_since(
    bakery: tuple[Town, str], conn: AsyncConnection[Any], app: Connection[Any], feed: Feed
) -> None:
    town, account_id = bakery
    first = await october(conn, account_id)
    town.do(ImportMovement(account_id, 1, date(2024, 10, 20), "late"), happened="2024-10-20")
    town.do(ImportMovement(account_id, 1, date(2024, 9, 20), "later"), happened="2024-09-20")
    town.store(app)
    feed()

    again = await october(conn, account_id, version=first["version"])
    newer = await october(conn, account_id)

    assert again == first
    assert to_csv(again) == to_csv(first)
    assert newer["digest"] != first["digest"]
    assert newer["opening_balance"] == first["opening_balance"] + 1


async def test_the_digest_is_over_all_the_rest(bakery: tuple[Town, str], conn: AsyncConnection[Any]) -> None:
    made = await october(conn, bakery[1])
    rest = {name: value for name, value in made.items() if name != "digest"}

    assert digest(rest) == made["digest"]
    assert digest({**rest, "closing_balance": 47_701}) != made["digest"]


async def test_a_csv_statement_has_numbers_as_numbers_and_no_formula(
    bakery: tuple[Town, str], conn: AsyncConnection[Any]
) -> None:
    made = await october(conn, bakery[1])
    text = to_csv(made).decode()
    rows = list(csv.reader(io.StringIO(text)))

    assert rows[0] == ["account_id", bakery[1]]
    assert rows[8] == ["opening_balance", "40000"]
    assert rows[10][4:6] == ["-1000", "39000"]
    assert rows[-1] == ["closing_balance", "47700"]
    assert text.endswith("\r\n")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
async def test_no_text_of_a_csv_statement_begins_as_a_formula(
    start: str, bakery: tuple[Town, str], conn: AsyncConnection[Any]
) -> None:
    made = await october(conn, bakery[1])
    made["name"] = f"{start}cmd"
    made["rows"][0]["reference"] = f"{start}cmd"

    assert f"'{start}cmd".encode() in to_csv(made)
    assert f'"{start}cmd"'.encode() not in to_csv(made)


async def test_a_postpaid_statement_adds_up_the_use_of_its_period(
    app: Connection[Any], conn: AsyncConnection[Any], feed: Feed
) -> None:
    town = Town()
    hotel = town.open_postpaid()
    town.spend(hotel, 9_900)
    town.at("2024-11-02 10:00")
    town.spend(hotel, 500)
    town.store(app)
    feed()

    made = await statement(conn, hotel, from_date=date(2024, 11, 1), to_date=date(2024, 11, 30))

    assert (made["opening_balance"], made["closing_balance"]) == (0, -500)
    assert [row["balance"] for row in made["rows"]] == [-500]


async def test_an_empty_period_closes_as_it_opened(bakery: tuple[Town, str], conn: AsyncConnection[Any]) -> None:
    made = await statement(conn, bakery[1], from_date=date(2025, 1, 1), to_date=date(2025, 1, 1))

    assert made["opening_balance"] == made["closing_balance"] == 47_709
    assert made["rows"] == []


async def test_what_cannot_be_stated_is_refused(bakery: tuple[Town, str], conn: AsyncConnection[Any]) -> None:
    with pytest.raises(Malformed, match="from must not be after to"):
        await statement(conn, bakery[1], from_date=date(2024, 10, 2), to_date=date(2024, 10, 1))
    with pytest.raises(Malformed, match="version"):
        await october(conn, bakery[1], version=0)
    with pytest.raises(NotFound, match="no version 9; its last one is 8"):
        await october(conn, bakery[1], version=9)
    with pytest.raises(NotFound):
        await october(conn, "acc_none")

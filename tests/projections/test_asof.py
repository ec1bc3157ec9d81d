"""An account as it was: by business time, whenever it was recorded, and by version."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import AsyncConnection, Connection

from aggregates.errors import Malformed, NotFound
from ledger.commands.refunds import RequestRefund
from ledger.commands.spends import ReturnSpend, Spend
from projections import asof
from tests.projections.town import Town, kst

pytestmark = pytest.mark.anyio


async def test_as_of_an_instant_only_what_had_happened_counts_whenever_it_was_recorded(
    app: Connection[Any], conn: AsyncConnection[Any]
) -> None:
    town = Town().at("2024-10-01 09:00")
    bakery = town.open()
    town.at("2024-10-10 09:00").charge(bakery, 20_000)
    town.at("2024-10-20 09:00").do(Spend(bakery, 5_000, None, None, False), happened="2024-10-05 09:00")
    town.do(RequestRefund(bakery, 2_000, "Tree Bank", "dst_1", True, "closing"))
    town.store(app)

    async def then(text: str) -> tuple[int, int, int, int]:
        shown = await asof.account(conn, bakery, at=town.now, as_of=kst(text))
        return shown["balance"], shown["held"], shown["refund_pending"], shown["version"]

    assert await then("2024-10-01 09:00") == (0, 0, 0, 1)
    assert await then("2024-10-05 09:00") == (-5_000, 5_000, 0, 3)
    assert await then("2024-10-10 08:59:59") == (-5_000, 5_000, 0, 3)
    assert await then("2024-10-10 09:00") == (15_000, 5_000, 0, 3)
    assert await then("2024-10-20 09:00") == (13_000, 5_000, 2_000, 4)


async def test_the_used_limit_as_of_an_instant_is_that_of_its_month(
    app: Connection[Any], conn: AsyncConnection[Any]
) -> None:
    town = Town().at("2024-10-01 09:00")
    hotel = town.open_postpaid(limit=100_000)
    spend = town.at("2024-10-10 09:00").spend(hotel, 9_900)
    town.at("2024-11-03 09:00").do(ReturnSpend(hotel, spend, 900))
    town.store(app)

    october = await asof.account(conn, hotel, at=town.now, as_of=kst("2024-10-31 23:59"))
    november = await asof.account(conn, hotel, at=town.now, as_of=kst("2024-11-03 09:00"))
    by_version = await asof.account(conn, hotel, at=kst("2024-10-15"), at_version=3)

    assert (october["used_this_month"], october["remaining_limit"]) == (9_900, 90_100)
    assert (november["used_this_month"], november["remaining_limit"]) == (0, 100_000)
    assert by_version["used_this_month"] == 9_000


async def test_version_and_business_time_may_be_asked_for_together(
    app: Connection[Any], conn: AsyncConnection[Any]
) -> None:
    town = Town()
    bakery = town.open()
    town.at("2024-10-10 09:00").charge(bakery, 20_000)
    town.at("2024-10-20 09:00").charge(bakery, 30_000)
    town.store(app)

    shown = await asof.account(conn, bakery, at=town.now, as_of=kst("2024-10-20 09:00"), at_version=2)

    assert (shown["balance"], shown["version"]) == (20_000, 2)


async def test_a_long_history_is_folded_page_by_page(
    app: Connection[Any], conn: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asof, "PAGE_FACTS", 4)
    town = Town()
    bakery = town.open()
    for _ in range(8):
        town.charge(bakery, 1_000)
    town.store(app)

    for version in (1, 3, 4, 5, 8, 9):
        shown = await asof.account(conn, bakery, at=town.now, at_version=version)
        assert (shown["version"], shown["balance"]) == (version, 1_000 * (version - 1))


async def test_what_never_was_is_not_found(app: Connection[Any], conn: AsyncConnection[Any]) -> None:
    town = Town().at("2024-10-01 09:00")
    bakery = town.open()
    town.store(app)

    with pytest.raises(NotFound, match="not open yet"):
        await asof.account(conn, bakery, at=town.now, as_of=kst("2024-10-01 08:59:59"))
    with pytest.raises(NotFound, match="no version 2; its last one is 1"):
        await asof.account(conn, bakery, at=town.now, at_version=2)
    with pytest.raises(NotFound, match="no account"):
        await asof.account(conn, "acc_none", at=town.now)
    for version in (0, -1, 2**63):
        with pytest.raises(Malformed):
            await asof.account(conn, bakery, at=town.now, at_version=version)

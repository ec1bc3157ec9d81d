"""Used and expired coupons: the issuer is asked once a day, its word is kept, the policy's share goes back once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ledger.ports.sandbox.state import SandboxState
from projections import order_queries
from scheduler.reactions.bench import Bench
from scheduler.reactions.orders.endings import ask_issuer
from tests.aggregates.orders import line
from tests.aggregates.scenario import kst
from tests.ledger.desk import SetClock
from tests.scheduler.reactions.conftest import Feed
from tests.scheduler.reactions.mailroom import COFFEE, MONEY, Mailroom, phones

pytestmark = pytest.mark.anyio


@pytest.fixture
async def room(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Mailroom:
    made = Mailroom(replace(bench, expired_refund_rate=90), feed, state, clock)
    await made.rates()
    return made


async def sweep(room: Mailroom, bench: Bench | None = None) -> None:
    """Let the reaction ask until it has come through all orders of the day."""
    room.feed()
    while await ask_issuer(bench or room.bench):
        pass
    room.feed()
    await room.check_money()


async def shown(room: Mailroom) -> list[dict[str, Any]]:
    """Return the coupons as the view shows them."""
    async with room.bench.see("orders") as conn:
        order = await order_queries.row_of(conn, room.order_id)
        return [coupon for each in await order_queries.every_recipient(conn, order) for coupon in each["coupons"]]


async def test_used_and_expired_coupons_are_shown_and_the_share_returns_r_035(room: Mailroom) -> None:
    """Ordered on 2026-03-02 for 30 days: to be used until 2026-04-01, expired on 2026-04-02 in Seoul; 90 % of 3,855."""
    await room.place(line(3_855), line(990, sku="CAKE-USED"), to=phones(1))
    await room.work()
    await sweep(room)
    first = await room.coupons()

    room.clock.at = kst("2026-04-01 23:59")
    await sweep(room)
    last_day = await room.coupons()
    room.clock.at = kst("2026-04-02 00:00")
    await sweep(room)
    await sweep(room)

    assert (first, last_day) == (["ISSUED", "USED"], ["ISSUED", "USED"])
    assert await room.coupons() == ["EXPIRED", "USED"]
    assert await room.balance() == MONEY - 4_845 + 3_469
    assert [(coupon["state"], coupon["valid_until"]) for coupon in await shown(room)] == [
        ("expired", "2026-04-01"),
        ("used", "2026-04-01"),
    ]


async def test_the_issuer_is_asked_once_a_day(room: Mailroom) -> None:
    await room.place(COFFEE, to=phones(2))
    await room.work()
    room.feed()

    today = [await ask_issuer(room.bench) for _ in range(2)]
    room.clock.advance(hours=24)
    tomorrow = [await ask_issuer(room.bench) for _ in range(2)]

    assert (today, tomorrow) == ([1, 0], [1, 0])


async def test_two_workers_return_the_share_once(room: Mailroom, other: Bench) -> None:
    await room.place(COFFEE, to=phones(3))
    await room.work()
    room.clock.at = kst("2026-05-01 09:00")

    beside = replace(other, expired_refund_rate=90)
    await asyncio.gather(sweep(room), sweep(room, beside))
    await sweep(room, beside)

    assert await room.coupons() == ["EXPIRED"] * 3
    assert await room.balance() == MONEY - 3 * 990

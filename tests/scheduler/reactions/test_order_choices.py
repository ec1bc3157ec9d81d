"""Choice orders in time: chosen from, kept silent about, undelivered, sold out; and when their people are forgotten."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from aggregates.order.parts import OrderLine
from ledger.commands.order_work import ChooseItem, ResendMessages
from ledger.commands.orders import CancelOrder, StartDispatch
from ledger.commands.products import DiscontinueProduct, ListProduct
from ledger.ports.sandbox.state import SandboxState
from scheduler.reactions.bench import Bench
from scheduler.reactions.orders.retention import let_years_begin
from scheduler.reactions.orders.work import GONE, give_up_without_items, memory_of
from tests.aggregates.orders import line
from tests.aggregates.scenario import kst
from tests.ledger.desk import SetClock, call
from tests.scheduler.reactions.conftest import Feed
from tests.scheduler.reactions.mailroom import MONEY, Mailroom, phones

pytestmark = pytest.mark.anyio

DEAR, MIDDLE, CHEAP = line(29_700), line(9_900), line(990)
FAILING = line(990, sku="CAKE-FAIL")

BEFORE_END = kst("2026-03-09 23:59:59")
END = kst("2026-03-10 00:00")
"""The messages go out on 2 March, so that choosing ends with the 9th."""


@pytest.fixture
async def room(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Mailroom:
    made = Mailroom(bench, feed, state, clock)
    await made.rates()
    return made


async def choice(room: Mailroom, *lines: OrderLine, people: int = 1, last: str | None = None, **given: object) -> None:
    await room.place(*lines, to=phones(people, last), kind="choice", **given)
    await room.work()


async def test_the_worked_example_of_p8_with_one_choice_and_one_silence(room: Mailroom) -> None:
    await choice(room, DEAR, MIDDLE, CHEAP, people=2, designated=2)
    placed = await room.balance()
    await room.choose(0, 1)
    await room.work()
    chosen = await room.balance()
    room.clock.at = BEFORE_END
    idle = await room.work()

    room.clock.at = END
    await room.work()

    order = await room.order()
    assert (placed, chosen - placed, idle) == (MONEY - 59_400, 19_800, 0)
    assert await room.balance() - chosen == 28_710
    assert (order.issued_minor, order.returned_minor, order.held_minor) == (10_890, 48_510, 0)


async def test_who_an_item_was_chosen_for_is_told_from_nine_o_clock_on_r_038(room: Mailroom) -> None:
    await choice(room, DEAR, CHEAP)
    room.clock.at = kst("2026-03-10 08:59:59")
    await room.work()
    night = await room.messages()

    room.clock.at = kst("2026-03-10 09:00")
    await room.work()

    assert await room.coupons() == ["ISSUED"]
    assert (night, await room.messages()) == ({"alimtalk": 1}, {"alimtalk": 2})


async def test_whom_no_message_reached_in_seven_days_is_given_up_r_038(room: Mailroom) -> None:
    await choice(room, DEAR, CHEAP, last="0002")
    room.clock.at = BEFORE_END
    idle = await room.work()

    room.clock.at = END
    await room.work()

    assert (idle, await room.coupons(), await room.balance()) == (0, ["ISSUE_FAILED"], MONEY)


async def test_a_resend_that_arrives_starts_the_seven_days_r_038(room: Mailroom) -> None:
    await room.rates(undelivered_percent=100)
    await choice(room, DEAR, CHEAP)
    room.clock.at = kst("2026-03-07 12:00")
    await room.rates()
    await room.do(ResendMessages(room.order_id, (0,)))
    await room.work()
    room.clock.at = kst("2026-03-14 23:59:59")
    idle = await room.work()

    room.clock.at = kst("2026-03-15 00:00")
    await room.work()

    assert (idle, await room.coupons(), (await room.order()).issued_minor) == (0, ["ISSUED"], 29_700)


async def test_a_choice_that_fails_may_be_made_again_without_that_item_r_046(room: Mailroom) -> None:
    await choice(room, DEAR, FAILING)
    await room.choose(0, 1)
    await room.work()
    open_again, held = await room.coupons(), (await room.order()).held_minor

    await room.choose(0, 0)
    await room.work()

    assert (open_again, held) == (["OPEN"], 29_700)
    assert (await room.coupons(), await room.balance()) == (["ISSUED"], MONEY - 29_700)


async def test_an_item_that_fails_when_it_is_chosen_for_somebody_is_followed_by_the_next(room: Mailroom) -> None:
    await choice(room, MIDDLE, FAILING, designated=1)

    room.clock.at = kst("2026-03-10 09:30")
    await room.work()

    order = await room.order()
    assert (await room.coupons(), order.issued_minor, order.issue_batches) == (["ISSUED"], 9_900, 2)
    assert await room.messages() == {"alimtalk": 2}


async def test_who_can_have_no_item_at_all_gets_nothing_and_the_orderer_everything_r_041(room: Mailroom) -> None:
    await choice(room, line(29_700, sku="PIE-FAIL"), FAILING)

    room.clock.at = END
    await room.work()

    assert (await room.coupons(), await room.balance()) == (["ISSUE_FAILED"], MONEY)


async def listed(room: Mailroom, sku: str, price: int) -> OrderLine:
    """List a product and return an item of it."""
    made = await room.do(ListProduct(sku, "Harbour Cafe", "Cafe latte", "cafe", "KRW", price, {30: price}))
    return line(price, sku=f"{sku}-30", product_id=made["id"])


async def test_a_designated_item_that_is_discontinued_gives_way_to_the_dearest_on_sale_r_040(room: Mailroom) -> None:
    items = [await listed(room, f"MUG-{price}", price) for price in (9_900, 4_950, 990)]
    await choice(room, *items, designated=2)
    await room.do(DiscontinueProduct(items[2].product_id, "sold out"))
    await room.do(DiscontinueProduct(items[0].product_id, "sold out"))

    room.clock.at = END
    await room.work()

    assert (await room.order()).issued_minor == 4_950
    assert await room.balance() == MONEY - 4_950


async def test_when_all_items_are_discontinued_the_money_comes_back_at_once_r_041(room: Mailroom) -> None:
    items = [await listed(room, f"CUP-{price}", price) for price in (9_900, 990)]
    await choice(room, *items, people=2)
    await room.choose(0, 0)
    await room.work()
    for item in items:
        room.feed()
        assert await give_up_without_items(room.bench) == 0
        await room.do(DiscontinueProduct(item.product_id, "sold out"))

    room.feed()
    memory_of(room.bench, GONE).resting.clear()
    done = await give_up_without_items(room.bench)

    assert (done, await room.coupons()) == (1, ["ISSUED", "ISSUE_FAILED"])
    assert await room.balance() == MONEY - 9_900


async def test_when_all_items_are_gone_before_it_is_sent_nothing_is_sent_o3(room: Mailroom) -> None:
    items = [await listed(room, f"JAR-{price}", price) for price in (9_900, 990)]
    await choice(room, *items, people=2, scheduled_at=kst("2026-03-02 14:00"))
    for item in items:
        await room.do(DiscontinueProduct(item.product_id, "sold out"))
    room.clock.at = kst("2026-03-02 14:00")
    await room.do(StartDispatch(room.order_id))

    await room.work()

    assert (await room.dispatch(), (await room.order()).status) == (["ERROR", "ERROR"], "dispatched")
    assert await room.messages() == {}
    assert await room.balance() == MONEY


async def test_a_choice_and_the_end_of_the_window_meet_and_one_of_them_wins_r_046(room: Mailroom) -> None:
    await choice(room, DEAR, CHEAP, people=20, designated=1)
    room.clock.at = END
    room.feed()

    late = [room.bench.engine.submit(ChooseItem(room.order_id, who, 0), call(f"late-{room.order_id}-{who}"))
            for who in range(20)]  # fmt: skip
    answers, _ = await asyncio.gather(asyncio.gather(*late), room.work())

    assert {answer.status for answer in answers} == {409}
    assert (await room.order()).issued_minor == 20 * 990


async def test_a_worker_that_was_away_over_a_month_end_does_everything_once(room: Mailroom, other: Bench) -> None:
    room.clock.at = kst("2026-03-28 15:00")
    await choice(room, DEAR, CHEAP, people=6, designated=1)
    for who in range(3):
        await room.choose(who, 0)

    room.clock.at = kst("2026-05-01 09:10")
    await asyncio.gather(room.work(), room.work(other))
    first = await room.balance()
    again = await room.work()

    assert (first, again) == (MONEY - 3 * 29_700 - 3 * 990, 0)
    assert await room.messages() == {"alimtalk": 9}
    assert len(set(await room.numbers())) == 6


async def test_the_years_of_the_law_begin_when_the_last_coupon_ends_r_003(room: Mailroom) -> None:
    await choice(room, DEAR, CHEAP, people=2)
    early = await let_years_begin(room.bench)
    room.clock.at = END
    await room.work()

    first, again = await let_years_begin(room.bench), await let_years_begin(room.bench)

    # Issued on 10 March 2026, valid for 30 days: final on 9 April 2026.
    ends = date(2031, 4, 9)
    assert (early, first, again) == (0, 1, 0)
    assert len(await room.numbers()) == 2
    await room.bench.vault.purge(ends)
    kept = len(await room.numbers())
    await room.bench.vault.purge(ends + timedelta(days=1))
    assert (kept, await room.numbers()) == (2, [])


async def test_a_cancelled_order_lets_the_years_begin_on_its_day_r_003(room: Mailroom) -> None:
    await choice(room, DEAR, CHEAP, people=2, scheduled_at=kst("2026-03-20 10:00"))
    await room.do(CancelOrder(room.order_id))
    room.feed()

    assert await let_years_begin(room.bench) == 1

    await room.bench.vault.purge(date(2031, 3, 2))
    kept = await room.people()
    await room.bench.vault.purge(date(2031, 3, 3))
    assert (kept, await room.people()) == (2, 0)

"""Orders from placing to the last message: what providers do, what the books say, and that nothing comes twice."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from ledger.commands.order_work import RequestMessages, ResendMessages
from ledger.ports.sandbox.scenarios import counted
from ledger.ports.sandbox.state import SandboxState
from scheduler.jobs import START_DISPATCHES, fire
from scheduler.reactions.bench import Bench
from tests.aggregates.orders import line
from tests.aggregates.scenario import kst
from tests.ledger.desk import SetClock
from tests.scheduler.reactions.conftest import Feed
from tests.scheduler.reactions.mailroom import CAKE, COFFEE, MONEY, Mailroom, phones

pytestmark = pytest.mark.anyio


@pytest.fixture
async def room(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Mailroom:
    made = Mailroom(bench, feed, state, clock)
    await made.rates()
    return made


async def test_a_general_order_is_issued_first_and_then_sent(room: Mailroom) -> None:
    await room.place(COFFEE, CAKE, to=phones(3))

    await room.work()

    order = await room.order()
    assert (order.status, order.issued_minor, order.held_minor) == ("dispatched", 3 * 10_890, 0)
    assert await room.coupons() == ["ISSUED"] * 6
    assert await room.messages() == {"alimtalk": 3}
    assert len(set(await room.numbers())) == 6
    assert await room.balance() == MONEY - 3 * 10_890


async def test_alimtalk_that_fails_is_followed_by_mms_d1(room: Mailroom) -> None:
    await room.place(COFFEE, to=[*phones(1), *phones(1, "0001"), *phones(1, "0002")])

    await room.work()

    assert await room.dispatch() == ["SUCCESS", "SUCCESS", "FAILED"]
    assert await room.messages() == {"alimtalk": 3, "mms": 2}
    assert (await room.order()).status == "dispatched"


async def test_a_late_report_is_waited_for_and_a_double_one_counts_once(room: Mailroom) -> None:
    await room.place(COFFEE, to=[*phones(1, "0003"), *phones(1, "0004")])
    await room.work()
    before = await room.dispatch()

    room.clock.advance(minutes=10)
    await room.work()

    assert before == ["IN_PROGRESS", "SUCCESS"]
    assert await room.dispatch() == ["SUCCESS", "SUCCESS"]
    assert await room.messages() == {"alimtalk": 2}


async def test_a_report_that_never_comes_is_waited_for_a_day_and_no_longer(room: Mailroom) -> None:
    await room.rates(unreported_percent=100)
    await room.place(COFFEE, to=phones(2))
    await room.work()
    room.clock.advance(hours=23, minutes=59, seconds=59)
    await room.work()
    before = (await room.dispatch(), (await room.order()).status)

    room.clock.advance(seconds=1)
    await room.work()

    assert before == (["IN_PROGRESS", "IN_PROGRESS"], "sending")
    assert (await room.dispatch(), (await room.order()).status) == (["FAILED", "FAILED"], "dispatched")
    assert await room.messages() == {"alimtalk": 2}


async def test_a_day_is_counted_from_when_the_provider_took_the_message_not_from_when_it_was_asked_for(
    room: Mailroom,
) -> None:
    await room.rates(unreported_percent=100)
    await room.place(COFFEE, CAKE, to=phones(1), kind="choice")
    await room.do(RequestMessages(room.order_id, 1, (0,)))
    room.clock.advance(days=3)
    await room.work()
    late = await room.dispatch()
    room.clock.advance(days=1)
    await room.work()

    assert (late, await room.dispatch()) == (["IN_PROGRESS"], ["FAILED"])


async def test_a_coupon_that_definitely_failed_gives_its_price_back_r_031(room: Mailroom) -> None:
    await room.place(COFFEE, line(990, sku="CAKE-FAIL"), to=phones(2))

    await room.work()

    assert await room.coupons() == ["ISSUED", "ISSUE_FAILED"] * 2
    assert await room.balance() == MONEY - 2 * 9_900
    assert (await room.order()).status == "dispatched"


async def test_recipients_without_any_coupon_are_errors_and_nothing_is_sent(room: Mailroom) -> None:
    await room.place(line(990, sku="CAKE-FAIL"), to=phones(2))

    await room.work()

    assert await room.dispatch() == ["ERROR", "ERROR"]
    assert await room.messages() == {}
    assert await room.balance() == MONEY


async def test_an_unknown_result_is_asked_for_and_never_treated_as_failed_r_031(room: Mailroom) -> None:
    await room.place(line(990, sku="CAKE-SLOW"), to=phones(2))
    await room.work()
    waiting = await room.coupons()

    room.clock.advance(seconds=3)
    await room.work()

    assert waiting == ["REQUESTED", "REQUESTED"]
    assert await room.coupons() == ["ISSUED", "ISSUED"]
    assert [row["asked"] for row in await counted(room.state, "coupons", room.order_id, "", 10)] == [1]


async def test_answers_that_are_lost_are_found_and_nothing_is_done_twice_r_045(room: Mailroom) -> None:
    await room.rates(issue_timeout_percent=100, message_timeout_percent=100)
    await room.place(COFFEE, CAKE, to=phones(3))

    await room.work()

    assert (await room.order()).status == "dispatched"
    assert [row["asked"] for row in await counted(room.state, "coupons", room.order_id, "", 10)] == [1, 1]
    assert await room.messages() == {"alimtalk": 3}


async def test_a_scheduled_order_waits_for_its_minute(room: Mailroom) -> None:
    await room.place(COFFEE, to=phones(2), scheduled_at=kst("2026-03-02 12:30"))
    room.clock.advance(minutes=29)
    idle = await room.work()
    early = await fire(START_DISPATCHES, room.bench.database, room.clock)

    room.clock.advance(minutes=1)
    fired, beside = await asyncio.gather(
        fire(START_DISPATCHES, room.bench.database, room.clock), fire(START_DISPATCHES, room.bench.database, room.clock)
    )
    again = await fire(START_DISPATCHES, room.bench.database, room.clock)
    await room.work()

    assert (idle, early.done, fired.done + beside.done, again.done, again.known) == (0, 0, 1, 0, 1)
    assert (await room.order()).status == "dispatched"
    assert await room.messages() == {"alimtalk": 2}


async def test_resends_go_out_once_each_and_may_turn_a_failure_into_a_success(room: Mailroom) -> None:
    await room.rates(undelivered_percent=100)
    await room.place(COFFEE, to=phones(2))
    await room.work()
    failed = await room.dispatch()
    await room.rates()

    await room.do(ResendMessages(room.order_id, (0, 1)))
    await room.work()

    assert failed == ["FAILED", "FAILED"]
    assert await room.dispatch() == ["SUCCESS", "SUCCESS"]
    assert await room.messages() == {"alimtalk": 4, "mms": 2}


async def test_a_void_gives_money_back_after_the_issuer_has_confirmed_it_r_034(room: Mailroom) -> None:
    await room.place(line(3_913), line(990, sku="CAKE-USED"), to=phones(1))
    await room.work()

    await room.void(0, 1)
    before = await room.balance()
    await room.work()

    assert before == MONEY - 4_903
    assert await room.balance() == MONEY - 990
    assert await room.coupons() == ["VOIDED", "ISSUED"]


async def test_a_void_without_an_answer_is_asked_for_again(room: Mailroom) -> None:
    await room.place(line(990, sku="CAKE-SLOW"), to=phones(1))
    await room.work()
    room.clock.advance(seconds=3)
    await room.work()

    await room.void(0)
    await room.work()

    assert await room.coupons() == ["VOIDED"]
    assert [row["asked"] for row in await counted(room.state, "voids", room.order_id, "", 10)] == [1]


async def test_erased_people_are_not_reached_and_keep_nobody_waiting(room: Mailroom) -> None:
    await room.place(COFFEE, to=phones(2))
    await room.bench.vault.people.erase((await room.tokens())[:1])

    await room.work()

    assert await room.dispatch() == ["FAILED", "SUCCESS"]
    assert len(await room.numbers()) == 1


async def test_a_resend_brings_a_new_link_where_the_first_one_is_locked_r_126(room: Mailroom) -> None:
    await room.place(COFFEE, to=phones(2))
    await room.work()
    first = await room.links()
    for _ in range(5):
        await room.bench.vault.links.check(first[0], "9999")

    await room.do(ResendMessages(room.order_id, (0, 1)))
    await room.work()

    second = await room.links()
    assert (second[0] == first[0], second[1] == first[1]) == (False, True)
    assert (await room.bench.vault.links.check(second[0], phones(1)[0][-4:])).ok


async def test_an_order_with_which_something_is_wrong_keeps_no_other_waiting(room: Mailroom) -> None:
    wrong = await room.place(COFFEE, to=phones(1))
    await room.bench.vault.coupons.put([((await room.tokens())[0], 0, "0000000000000000")])
    orders = [await room.place(COFFEE, to=phones(1)) for _ in range(6)]

    with structlog.testing.capture_logs() as lines:
        await room.work()

    states = []
    for room.order_id in (wrong, *orders):
        states.append((await room.order()).status)
    assert states == ["sending"] + ["dispatched"] * 6
    assert {line["order"] for line in lines if line["log_level"] == "error"} == {wrong}


async def test_two_workers_at_once_change_nothing_twice(room: Mailroom, other: Bench) -> None:
    await room.place(COFFEE, CAKE, to=phones(40))
    room.feed()

    for _ in range(12):
        await asyncio.gather(room.work(), room.work(other))

    assert (await room.order()).status == "dispatched"
    assert await room.messages() == {"alimtalk": 40}
    assert len(set(await room.numbers())) == 80

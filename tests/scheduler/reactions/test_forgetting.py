"""What is over is erased, and recipients whose request came to nothing are forgotten (SPEC R-003)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ledger.commands.orders import PlaceOrder
from ledger.vault import Party, Person, Reading
from scheduler.reactions.bench import Bench
from scheduler.reactions.forgetting import react, settle
from tests.aggregates.orders import line
from tests.ledger.desk import SetClock, account_with, do
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio

READING = Reading("test", "look")
NOW = timedelta()


async def put(bench: Bench, key: str) -> Party:
    return await bench.vault.people.put("key_test", key, [Person("01000000001"), Person("01000000002")], mark="m")


async def kept(bench: Bench, party: Party) -> int:
    return len(await bench.vault.people.get(party.tokens, READING))


async def test_recipients_left_behind_stay_when_they_are_on_an_order_and_go_when_they_are_not(
    bench: Bench, feed: Feed
) -> None:
    account_id = await account_with(bench.engine, 100_000)
    placed, lost = await put(bench, f"placed {account_id}"), await put(bench, f"lost {account_id}")
    order = PlaceOrder(
        account_id=account_id,
        member_id=None,
        name="autumn gift",
        kind="general",
        lines=(line(9_900, 10_000),),
        dispatch_title="감사합니다",
        recipients=placed.tokens,
        consent=True,
    )
    await do(bench.engine, order, "order-0001")
    feed()

    assert await settle(bench, timedelta(hours=1)) == 0
    assert (await kept(bench, placed), await kept(bench, lost)) == (2, 2)
    assert await settle(bench, NOW) >= 2

    assert (await kept(bench, placed), await kept(bench, lost)) == (2, 0)
    assert await settle(bench, NOW) == 0


async def test_a_day_after_the_years_are_over_recipients_are_erased_r_003(
    bench: Bench, feed: Feed, clock: SetClock
) -> None:
    party = await put(bench, "years")
    await bench.vault.people.settle("key_test", "years", placed=True)
    await bench.vault.people.final(party.tokens, date(2026, 3, 2))
    feed()

    clock.advance(days=365 * 5 + 1)
    await react(bench)
    assert await kept(bench, party) == 2
    clock.advance(days=1)
    await react(bench)

    assert await kept(bench, party) == 0

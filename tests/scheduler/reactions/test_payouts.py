"""Pay-outs at the bank: paid once, failed, lost and returned, and money that agrees at every end (SPEC R-081, 13)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from ledger.commands.refunds import RequestRefund, ReviewRefund, StartPayout
from ledger.ports.sandbox.payouts import awake
from ledger.ports.sandbox.scenarios import counted
from ledger.ports.sandbox.state import SandboxState
from projections import refund_requests
from scheduler.reactions.bench import Bench
from scheduler.reactions.payouts import react
from tests.ledger.desk import SetClock, account_with, do
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio


class Counter:
    """One account with money on it, one refund request at a time, and what became of it."""

    def __init__(self, bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> None:
        self.bench, self.feed, self.state, self.clock = bench, feed, state, clock
        self.account_id = ""
        self.refund_id = ""

    async def approve(self, number: str, amount_minor: int = 20_000) -> None:
        """File a refund of money charged long ago, review it and start its pay-out."""
        self.account_id = self.account_id or await account_with(self.bench.engine, 100_000, f"Blue Kite {uuid4()}")
        destination = await self.bench.vault.put_destination(
            "key_test", str(uuid4()), account_number=number, holder="Blue Kite"
        )
        requested = await do(
            self.bench.engine,
            RequestRefund(self.account_id, amount_minor, "Harbour Bank", destination, True, "no longer needed"),
            f"request {number}",
        )
        self.refund_id = requested["id"]
        await do(self.bench.engine, ReviewRefund(self.refund_id), f"review {number}")
        await do(self.bench.engine, StartPayout(self.refund_id), f"start {number}")

    async def react(self, rounds: int = 4) -> None:
        for _ in range(rounds):
            self.feed()
            await react(self.bench)
        self.feed()

    async def status(self) -> str:
        async with self.bench.see() as connection:
            return str((await refund_requests.one(connection, self.refund_id))["status"])

    async def pending(self) -> int:
        return (await self.bench.engine.account(self.account_id)).account.refund_pending_minor

    async def asked(self) -> list[dict[str, Any]]:
        return await counted(self.state, "payouts", "", "", 100)


@pytest.fixture
def counter(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Counter:
    return Counter(bench, feed, state, clock)


async def test_an_approved_payout_is_paid_once_and_completes_the_request(counter: Counter) -> None:
    await counter.approve("110220330440")

    await counter.react(rounds=6)

    assert (await counter.status(), await counter.pending()) == ("completed", 0)
    assert [(row["amount"], row["asked"], row["outcome"]) for row in await counter.asked()] == [(18_000, 1, "done")]


@pytest.mark.parametrize(("last", "code"), [("9999", "account_closed"), ("9998", "holder_mismatch")])
async def test_accounts_9999_and_9998_fail_and_the_money_stays_pending(counter: Counter, last: str, code: str) -> None:
    await counter.approve(f"11022033{last}")

    await counter.react()

    assert (await counter.status(), await counter.pending()) == ("payout_failed", 20_000)
    assert [row["code"] for row in await counter.asked()] == [code]


async def test_account_9997_is_paid_and_comes_back_the_next_day(counter: Counter) -> None:
    await counter.approve("110220339997")
    await counter.react()
    paid = await counter.status()
    counter.clock.advance(days=1)

    await counter.react()

    assert paid == "completed"
    assert (await counter.status(), await counter.pending()) == ("payout_returned", 20_000)


async def test_a_return_that_is_found_before_the_payment_was_recorded_is_recorded_after_it(counter: Counter) -> None:
    await counter.approve("110220339997")
    counter.feed()
    await react(counter.bench)
    counter.clock.advance(days=1)

    await counter.react()

    assert (await counter.status(), await counter.pending()) == ("payout_returned", 20_000)


async def test_a_transfer_whose_answer_is_lost_is_asked_for_and_not_repeated(counter: Counter) -> None:
    # 12,224 pays out 11,002, an amount that the sandbox's bank does not answer to.
    await counter.approve("110220330440", amount_minor=12_224)
    counter.feed()
    await react(counter.bench)
    counter.feed()
    lost = await counter.status()

    await counter.react()

    assert (lost, await counter.status()) == ("payout_unknown", "completed")
    assert [(row["amount"], row["asked"]) for row in await counter.asked()] == [(11_002, 1)]


async def test_the_bank_sleeps_at_night_and_pays_after_half_past_midnight(counter: Counter) -> None:
    counter.clock.at = datetime(2026, 3, 2, 14, 40, tzinfo=UTC)  # 23:40 in Seoul.
    await counter.approve("110220330440")
    await counter.react()
    at_night = await counter.status()
    counter.clock.at = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)

    await counter.react()

    assert (at_night, await counter.status()) == ("paying", "completed")


@pytest.mark.parametrize(
    ("at", "done"),
    [
        ("2026-03-02T23:29:59+09:00", "2026-03-02T23:29:59+09:00"),
        ("2026-03-02T23:30:00+09:00", "2026-03-03T00:30:00+09:00"),
        ("2026-03-03T00:29:59+09:00", "2026-03-03T00:30:00+09:00"),
        ("2026-03-03T00:30:00+09:00", "2026-03-03T00:30:00+09:00"),
    ],
)
def test_the_night_of_the_bank_lasts_from_2330_to_0030(at: str, done: str) -> None:
    assert awake(datetime.fromisoformat(at)) == datetime.fromisoformat(done)

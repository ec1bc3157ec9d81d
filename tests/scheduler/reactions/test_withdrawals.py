"""Collected money goes to the payee's bank account once, whatever the bank does (SPEC 13: pay-out port)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.commands.collecting.obligations import RefundCollection
from ledger.commands.collecting.withdrawals import ApproveWithdrawal, RequestWithdrawal
from ledger.ports.sandbox.scenarios import counted
from ledger.ports.sandbox.state import SandboxState
from projections import withdrawals
from scheduler.reactions.bench import Bench
from scheduler.reactions.withdrawals import react
from tests.ledger.desk import SetClock, body, call
from tests.scheduler.reactions.conftest import Feed
from tests.scheduler.reactions.test_collections import Counter

pytestmark = pytest.mark.anyio


class Teller(Counter):
    """A payee with 50,000 that were collected for it, and its withdrawal."""

    withdrawal_id = ""

    async def withdraw(self, amount_minor: int, number: str = "000-0000-000000") -> None:
        await self.ask(50_000)
        await self.pay(50_000)
        destination = await self.bench.vault.put_destination(
            "key_1", f"withdraw {self.account_id}", account_number=number, holder="Example Holder"
        )
        asked = await self.do(RequestWithdrawal(self.account_id, amount_minor, "Example Bank", destination))
        self.withdrawal_id = asked["id"]
        approved = await self.bench.engine.submit(
            ApproveWithdrawal(self.withdrawal_id), call(f"approve {self.withdrawal_id}", principal="key_operator")
        )
        assert body(approved)["status"] == "paying"

    async def work(self, rounds: int = 4) -> None:
        for _ in range(rounds):
            self.feed()
            await react(self.bench)
        self.feed()

    async def withdrawal(self) -> dict[str, Any]:
        async with self.bench.see() as connection:
            return (await withdrawals.one(connection, self.withdrawal_id))[0]


@pytest.fixture
def teller(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Teller:
    return Teller(bench, feed, state, clock)


async def test_collected_money_is_paid_to_the_bank_account_once(teller: Teller) -> None:
    await teller.withdraw(30_000)
    before = await teller.books()

    await teller.work()
    teller.clock.advance(minutes=10)
    await teller.work()
    await teller.work()

    assert before == (20_000, 0)
    assert (await teller.withdrawal())["status"] == "paid"
    assert await teller.books() == (20_000, 0)
    assert await teller.journal() == {
        "asset.bank": -30_000,
        "asset.gateway_receivable.card": 50_000,
        "liability.collections": -20_000,
    }
    assert [row["amount"] for row in await counted(teller.state, "payouts", "", "", 10)] == [30_000]


async def test_9999_is_closed_and_the_money_is_collected_money_again(teller: Teller) -> None:
    await teller.withdraw(30_000, "000-0000-009999")

    await teller.work()
    teller.clock.advance(minutes=10)
    await teller.work()

    shown = await teller.withdrawal()
    assert (shown["status"], shown["code"]) == ("failed", "account_closed")
    assert await teller.books() == (50_000, 0)
    assert "liability.withdrawal_payable" not in await teller.journal()


async def test_9997_is_returned_the_next_day_and_the_money_is_collected_money_again(teller: Teller) -> None:
    await teller.withdraw(30_000, "000-0000-009997")
    await teller.work()
    teller.clock.advance(minutes=10)
    await teller.work()
    paid = await teller.withdrawal()
    teller.clock.advance(days=2)

    await teller.work()

    assert paid["status"] == "paid"
    assert (await teller.withdrawal())["status"] == "returned"
    assert await teller.books() == (50_000, 0)
    assert "asset.bank" not in await teller.journal()


async def test_what_has_been_withdrawn_cannot_go_back_to_payers(teller: Teller) -> None:
    await teller.withdraw(30_000)
    payment_id = (await teller.shown())["payments"][0]["id"]

    refused = await teller.do(RefundCollection(teller.obligation_id, payment_id, 20_001, "closed"))
    started = await teller.do(RefundCollection(teller.obligation_id, payment_id, 15_000, "closed"))
    more = await teller.do(RequestWithdrawal(teller.account_id, 5_001, "Example Bank", "dst_1"))
    await teller.react()

    assert (refused["code"], refused["maximum"]) == ("refund_exceeds_collections", 20_000)
    assert (started["status"], more["code"]) == ("pending", "withdrawal_exceeds_collections")
    assert await teller.books() == (5_000, 0)
    account = (await teller.bench.engine.account(teller.account_id)).account
    assert account.refunding_minor == 0

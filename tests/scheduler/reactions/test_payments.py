"""Payments at the gateway: every magic amount ends in money that moved once, and a journal that balances (SPEC 13)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from ledger.commands.charges import CancelCharge
from ledger.commands.payments import StartPayment
from ledger.commands.standing import CloseAccount
from ledger.ports.sandbox.gateway import SandboxGateway
from ledger.ports.sandbox.scenarios import counted, set_rates
from ledger.ports.sandbox.state import SandboxState
from projections import charges, payments
from scheduler.reactions.bench import Bench
from scheduler.reactions.payments import NET_CANCEL_S, react
from tests.ledger.desk import SetClock, account_with, do, spend
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio


class Till:
    """One account, one payment at a time, and what the books and the gateway say of them."""

    def __init__(self, bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> None:
        self.bench, self.feed, self.state, self.clock = bench, feed, state, clock
        self.gateway = SandboxGateway(state)
        self.account_id = ""
        self.payment_id = ""

    async def start(self, amount_minor: int, method: str = "card") -> str:
        # A name of its own each time: the tests share a vault, and a virtual account's token follows from the id.
        self.account_id = self.account_id or await account_with(self.bench.engine, 0, f"Blue Kite {uuid4()}")
        started = await do(
            self.bench.engine,
            StartPayment(self.account_id, amount_minor, method, "SHOP-1"),
            f"start {amount_minor} {method}",
        )
        self.payment_id = started["id"]
        assert started["status"] == "pending"
        return self.payment_id

    async def react(self, rounds: int = 4) -> None:
        for _ in range(rounds):
            self.feed()
            await react(self.bench)
        self.feed()

    async def payment(self) -> dict[str, Any]:
        async with self.bench.see() as connection:
            return (await payments.one(connection, self.payment_id))[0]

    async def charge(self) -> dict[str, Any]:
        async with self.bench.see() as connection:
            return await charges.one(connection, (await self.payment())["charge_id"])

    async def balance(self) -> int:
        return (await self.bench.engine.account(self.account_id)).account.balance_minor

    async def journal(self) -> dict[str, int]:
        """Return ledger account -> balance; the sum of all is zero."""
        async with self.bench.see() as connection:
            cursor = await connection.execute("SELECT account, sum(amount_minor)::bigint FROM view_journal GROUP BY 1")
            sums = {row[0]: row[1] for row in await cursor.fetchall()}
        assert sum(sums.values()) == 0
        return {name: minor for name, minor in sums.items() if minor}

    async def asked(self, kind: str) -> list[dict[str, Any]]:
        return await counted(self.state, kind, "", "", 100)


@pytest.fixture
def till(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Till:
    return Till(bench, feed, state, clock)


@pytest.mark.parametrize("method", ["card", "transfer"])
async def test_a_payment_is_taken_at_the_gateway_and_is_a_charge_then(till: Till, method: str) -> None:
    await till.start(12_222, method)

    await till.react()

    payment = await till.payment()
    assert (payment["status"], payment["amount"], payment["reference"]) == ("paid", 12_222, "SHOP-1")
    charge = await till.charge()
    assert (charge["reference"], charge["method"], charge["remaining"]) == (till.payment_id, method, 12_222)
    assert await till.balance() == 12_222
    assert await till.journal() == {f"asset.gateway_receivable.{method}": 12_222, "liability.prepaid": -12_222}
    assert [(row["asked"], row["captured"]) for row in await till.asked("payments")] == [(1, 1)]


async def test_amount_001_is_declined(till: Till) -> None:
    await till.start(20_001)

    await till.react()

    payment = await till.payment()
    assert (payment["status"], payment["code"], payment["charge_id"]) == ("failed", "declined", None)
    assert await till.balance() == 0
    assert await till.journal() == {}


async def test_amount_002_times_out_and_was_really_done(till: Till) -> None:
    await till.start(20_002)

    await till.react(rounds=6)

    assert (await till.payment())["status"] == "paid"
    assert await till.balance() == 20_002
    assert [(row["asked"], row["captured"]) for row in await till.asked("payments")] == [(1, 1)]
    assert (await till.journal())["liability.prepaid"] == -20_002


async def test_amount_003_cannot_be_cancelled_in_part_and_its_lot_is_free_again(till: Till) -> None:
    await till.start(300_003)
    await till.react()
    till.clock.advance(days=20)
    charge_id = (await till.payment())["charge_id"]

    started = await do(till.bench.engine, CancelCharge(till.account_id, charge_id), "cancel-1")
    assert (started["status"], started["fee"]) == ("cancel_pending", 30_000)
    await till.react()

    charge = await till.charge()
    assert (charge["status"], charge["remaining"]) == ("paid", 300_003)
    assert await till.balance() == 300_003
    account = (await till.bench.engine.account(till.account_id)).account
    assert account.available_minor("2026-03") == 300_003
    assert [row["code"] for row in await till.asked("cancels")] == ["partial_cancel_unsupported"]


@pytest.mark.parametrize(("days", "fee"), [(7, 0), (8, 1_000), (20, 1_000)])
async def test_a_payment_is_cancelled_through_the_gateway(till: Till, days: int, fee: int) -> None:
    await till.start(10_000)
    await till.react()
    till.clock.advance(days=days)

    await do(till.bench.engine, CancelCharge(till.account_id, (await till.payment())["charge_id"]), "cancel-1")
    frozen = (await till.bench.engine.account(till.account_id)).account.available_minor("2026-03")
    await till.react()

    assert frozen == 0
    assert ((await till.charge())["status"], await till.balance()) == ("cancelled", 0)
    assert [(row["amount"], row["status"], row["asked"]) for row in await till.asked("cancels")] == [
        (10_000 - fee, "done", 1)
    ]
    expected = {"asset.gateway_receivable.card": fee, "revenue.refund_fee": -fee}
    assert await till.journal() == {name: minor for name, minor in expected.items() if minor}


async def test_a_cancellation_whose_answer_is_lost_is_found_and_done_once(till: Till) -> None:
    await till.start(30_000)
    await till.start(20_002)
    await till.react(rounds=6)

    await do(till.bench.engine, CancelCharge(till.account_id, (await till.payment())["charge_id"]), "cancel-1")
    await till.react()

    assert (await till.charge())["status"] == "cancelled"
    assert [(row["amount"], row["asked"]) for row in await till.asked("cancels")] == [(20_002, 1)]
    assert await till.balance() == 30_000


async def test_a_virtual_account_waits_for_its_deposit_and_is_credited_once(till: Till) -> None:
    await till.start(50_000, "virtual_account")
    await till.react()
    waiting = await till.payment()
    async with till.bench.see() as connection:
        destination = (await payments.one(connection, till.payment_id))[1]

    till.clock.advance(minutes=10)
    await till.react()

    assert (waiting["status"], waiting["expires_on"]) == ("waiting_for_deposit", "2026-03-09")
    assert destination is not None
    assert (await till.bench.vault.get(destination))["bank"] == "Sandbox Bank"
    assert (await till.payment())["status"] == "paid"
    assert await till.balance() == 50_000
    assert await till.journal() == {
        "asset.gateway_receivable.virtual_account": 50_000,
        "liability.prepaid": -50_000,
    }


async def test_amount_004_gets_too_little_and_the_money_is_parked(till: Till) -> None:
    await till.start(50_004, "virtual_account")
    await till.react()
    till.clock.advance(minutes=10)

    await till.react()

    assert (await till.payment())["status"] == "waiting_for_deposit"
    assert await till.balance() == 0
    assert await till.journal() == {
        "asset.gateway_receivable.virtual_account": 50_003,
        "clearing.unmatched_deposit": -50_003,
    }


async def test_amount_005_gets_its_money_after_it_has_expired(till: Till) -> None:
    await till.start(50_005, "virtual_account")
    await till.react()
    till.clock.advance(days=8)

    await till.react()

    account = (await till.bench.engine.account(till.account_id)).account
    assert [parked.amount_minor for parked in account.parked.values()] == [50_005]
    assert await till.balance() == 0
    assert (await till.journal())["clearing.unmatched_deposit"] == -50_005


async def test_a_deposit_that_was_in_time_is_booked_though_it_is_told_late(till: Till) -> None:
    await till.start(50_000, "virtual_account")
    await till.react()
    till.clock.advance(days=9)

    await till.react()

    assert (await till.charge())["charged_on"] == "2026-03-02"
    assert await till.balance() == 50_000


async def test_a_second_deposit_is_parked(till: Till) -> None:
    await till.start(50_000, "virtual_account")
    await till.react()
    till.clock.advance(minutes=10)
    await till.gateway.pay_in(till.payment_id, 7_000)

    await till.react()

    assert await till.balance() == 50_000
    assert (await till.journal())["clearing.unmatched_deposit"] == -7_000


async def test_a_declined_virtual_account_is_no_charge(till: Till) -> None:
    await till.start(50_001, "virtual_account")

    await till.react()

    account = (await till.bench.engine.account(till.account_id)).account
    assert (await till.payment())["code"] == "declined"
    assert not account.awaited


async def test_a_chargeback_takes_what_is_left_and_the_member_owes_the_rest(till: Till) -> None:
    """SPEC 14: chargeback of 10,000 where the lot has 6,000 left."""
    await till.start(10_000)
    await till.react()
    await do(till.bench.engine, spend(till.account_id, 4_000), "spend-1")
    await till.gateway.take_back(till.payment_id, 10_000, "chargeback")

    await till.react()
    await till.react()

    account = (await till.bench.engine.account(till.account_id)).account
    assert (account.balance_minor, account.member_receivable_minor) == (0, 4_000)
    journal = await till.journal()
    assert journal["asset.member_receivable"] == 4_000
    assert "asset.gateway_receivable.card" not in journal


async def test_two_chargebacks_of_one_payment_are_two(till: Till) -> None:
    await till.start(10_000)
    await till.react()
    await till.gateway.take_back(till.payment_id, 3_000, "chargeback")
    await till.react()
    await till.gateway.take_back(till.payment_id, 2_000, "gateway_cancel")

    await till.react()

    assert await till.balance() == 5_000


async def test_what_the_gateway_takes_back_waits_for_a_cancellation_that_is_open(till: Till) -> None:
    await till.start(300_003)
    await till.react()
    till.clock.advance(days=20)
    await till.gateway.take_back(till.payment_id, 1_000, "chargeback")
    await do(till.bench.engine, CancelCharge(till.account_id, (await till.payment())["charge_id"]), "cancel-1")

    await till.react()

    assert (await till.charge())["status"] == "paid"
    assert await till.balance() == 299_003


async def test_a_payment_that_cannot_be_booked_any_more_is_given_back(till: Till) -> None:
    await till.start(10_000)
    await do(till.bench.engine, CloseAccount(till.account_id, "moved away"), "close-1")

    await till.react()

    assert ((await till.payment())["status"], (await till.payment())["code"]) == ("failed", "not_bookable")
    assert [(row["amount"], row["status"]) for row in await till.asked("cancels")] == [(10_000, "done")]
    assert await till.journal() == {}


async def test_a_payment_without_a_result_for_an_hour_is_undone(till: Till) -> None:
    await till.start(10_000)
    await till.gateway.authorize(till.payment_id, 10_000, "KRW", "card")
    till.clock.at += timedelta(seconds=NET_CANCEL_S)

    await till.react()

    assert (await till.payment())["code"] == "unanswered"
    assert [row["status"] for row in await till.asked("payments")] == ["canceled"]
    assert await till.balance() == 0


async def test_a_payment_that_was_done_is_booked_however_late_it_is_found(till: Till) -> None:
    await till.start(10_000)
    await till.gateway.authorize(till.payment_id, 10_000, "KRW", "card")
    await till.gateway.capture(till.payment_id)
    till.clock.advance(days=2)

    await till.react()

    assert (await till.charge())["charged_on"] == "2026-03-02"


async def test_reacting_again_and_again_changes_nothing(till: Till, state: SandboxState) -> None:
    await set_rates(state, {"callback_copies": 3})
    await till.start(10_000)
    await till.react()
    head = (await till.bench.engine.account(till.account_id)).position

    await till.react(rounds=5)

    assert (await till.bench.engine.account(till.account_id)).position == head

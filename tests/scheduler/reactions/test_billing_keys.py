"""Registered cards from the request to the money on the account: kept in the vault, charged once, forgotten."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from aggregates.billing_key import BillingKeyNotFound
from ledger.commands.billing_keys import RemoveBillingKey, RequestBillingKey
from ledger.commands.payments import StartPayment
from ledger.ports.sandbox.state import SandboxState
from ledger.vault import SubjectNotFound
from projections import payments
from scheduler.reactions.bench import Bench
from scheduler.reactions.payments import react
from tests.ledger.desk import SetClock, account_with, do
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio


class Wallet:
    """One account, one card, and what the books and the vault say of them."""

    def __init__(self, bench: Bench, feed: Feed, clock: SetClock) -> None:
        self.bench, self.feed, self.clock = bench, feed, clock
        self.account_id = self.key_id = self.one_time = ""

    async def register(self, token: str = "one-time-token-7777") -> str:
        self.account_id = self.account_id or await account_with(self.bench.engine, 0, f"Blue Kite {uuid4()}")
        key = f"card-{uuid4()}"
        self.one_time = await self.bench.vault.put_one_time("test", key, token=token)
        self.key_id = (await do(self.bench.engine, RequestBillingKey(self.account_id, self.one_time, "Mine"), key))[
            "id"
        ]
        await self.react()
        return self.key_id

    async def react(self, rounds: int = 4) -> None:
        for _ in range(rounds):
            self.feed()
            await react(self.bench)
        self.feed()

    async def pay(self, amount_minor: int) -> dict[str, Any]:
        command = StartPayment(self.account_id, amount_minor, "card", billing_key_id=self.key_id)
        started = await do(self.bench.engine, command, f"pay-{uuid4()}")
        if "id" not in started:
            return started
        await self.react()
        async with self.bench.see() as connection:
            return (await payments.one(connection, started["id"]))[0]

    async def card(self) -> dict[str, Any]:
        async with self.bench.see() as connection:
            return await payments.billing_key(connection, self.key_id)

    async def balance(self) -> int:
        return (await self.bench.engine.account(self.account_id)).account.balance_minor


@pytest.fixture
def wallet(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Wallet:
    return Wallet(bench, feed, clock)


async def test_a_registered_card_is_charged_and_its_key_is_in_the_vault_alone(wallet: Wallet) -> None:
    await wallet.register()
    card = await wallet.card()

    paid = await wallet.pay(12_222)

    kept = await wallet.bench.vault.get(card["secret"])
    assert (card["status"], card["card"].startswith("Sandbox Card *")) == ("active", True)
    assert (paid["status"], paid["billing_key_id"]) == ("paid", wallet.key_id)
    assert await wallet.balance() == 12_222
    async with wallet.bench.see() as connection:
        stored = await connection.execute("SELECT string_agg(convert_from(state, 'UTF8'), '') FROM ledger_events")
        row = await stored.fetchone()
    assert row is not None
    assert (kept["billing_key"] in row[0], "one-time-token" in row[0]) == (False, False)
    with pytest.raises(SubjectNotFound):
        await wallet.bench.vault.get(wallet.one_time)


@pytest.mark.parametrize(("amount", "status", "code"), [(20_001, "failed", "declined"), (20_002, "paid", None)])
async def test_magic_amounts_of_a_registered_card(wallet: Wallet, amount: int, status: str, code: str | None) -> None:
    await wallet.register()

    paid = await wallet.pay(amount)

    assert (paid["status"], paid["code"], await wallet.balance()) == (status, code, amount if status == "paid" else 0)


async def test_a_card_that_the_gateway_refuses_cannot_be_charged(wallet: Wallet) -> None:
    await wallet.register("one-time-token-0001")

    refused = await wallet.pay(5_000)

    card = await wallet.card()
    assert (card["status"], card["code"]) == ("refused", "card_refused")
    assert refused["code"] == "billing_key_not_active"


async def test_a_registration_without_an_answer_is_found(wallet: Wallet) -> None:
    await wallet.register("one-time-token-0002")

    assert (await wallet.card())["status"] == "active"


async def test_a_token_whose_day_is_over_is_refused(wallet: Wallet) -> None:
    wallet.account_id = await account_with(wallet.bench.engine, 0, f"Blue Kite {uuid4()}")
    command = RequestBillingKey(wallet.account_id, f"otk_{uuid4().hex}")
    wallet.key_id = (await do(wallet.bench.engine, command, f"card-{uuid4()}"))["id"]

    await wallet.react()

    card = await wallet.card()
    assert (card["status"], card["code"]) == ("refused", "token_expired")


async def test_a_removed_card_is_forgotten_everywhere_and_charged_no_more(wallet: Wallet) -> None:
    await wallet.register()
    secret = (await wallet.card())["secret"]
    removed = await do(wallet.bench.engine, RemoveBillingKey(wallet.key_id), f"remove-{uuid4()}")
    refused = await wallet.pay(5_000)
    await wallet.react()

    again = await do(wallet.bench.engine, RemoveBillingKey(wallet.key_id), f"remove-{uuid4()}")

    assert (removed["status"], (await wallet.card())["status"]) == ("removed", "deleted")
    assert (refused["code"], again["code"]) == ("billing_key_not_active", "billing_key_not_active")
    assert (await wallet.bench.ports.gateway.billing_key.status(wallet.key_id)).status == "deleted"
    with pytest.raises(SubjectNotFound):
        await wallet.bench.vault.get(secret)


async def test_a_payment_that_was_started_before_the_card_was_removed_fails(wallet: Wallet) -> None:
    await wallet.register()
    command = StartPayment(wallet.account_id, 5_000, "card", billing_key_id=wallet.key_id)
    started = await do(wallet.bench.engine, command, f"pay-{uuid4()}")
    await do(wallet.bench.engine, RemoveBillingKey(wallet.key_id), f"remove-{uuid4()}")

    await wallet.react()

    async with wallet.bench.see() as connection:
        payment = (await payments.one(connection, started["id"]))[0]
    assert (payment["status"], payment["code"], await wallet.balance()) == ("failed", "billing_key_unknown", 0)


async def test_a_card_of_another_account_or_another_method_is_refused(wallet: Wallet) -> None:
    key_id = await wallet.register()
    other = await account_with(wallet.bench.engine, 0, f"Blue Kite {uuid4()}")

    by_transfer = StartPayment(wallet.account_id, 5_000, "transfer", billing_key_id=key_id)

    assert (await do(wallet.bench.engine, by_transfer, f"pay-{uuid4()}"))["code"] == "billing_key_for_cards"
    with pytest.raises(BillingKeyNotFound):
        await do(wallet.bench.engine, StartPayment(other, 5_000, "card", billing_key_id=key_id), f"pay-{uuid4()}")

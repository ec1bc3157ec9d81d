"""Calls of the operations that reach the world outside: payments, callbacks, the sandbox."""

from __future__ import annotations

from typing import Any

from api import shapes
from ledger.callbacks import body_of, signed
from ledger.commands.billing_keys import RegisterBillingKey
from ledger.database import Database
from ledger.sandbox_clock import SandboxClock
from scheduler.reactions.bench import call_of


async def payments(call: Any, account_id: str) -> None:
    """Start a payment, and read it."""
    started = await call("start_payment", {"account_id": account_id, "amount": 5_000, "method": "card"})
    assert started["status"] == "pending"
    assert (await call("get_payment", payment_id=started["id"]))["id"] == started["id"]
    assert (await call("list_payments", account_id=account_id))["items"]


async def billing_keys(call: Any, account_id: str) -> None:
    """Register a card, read it, and take it away."""
    requested = await call("register_billing_key", {"token": "one-time-token"}, account_id=account_id)
    own = {"billing_key_id": requested["id"]}
    assert (requested["status"], (await call("get_billing_key", **own))["status"]) == ("requested", "requested")
    assert (await call("list_billing_keys", account_id=account_id))["items"]
    registered = RegisterBillingKey(requested["id"], "bks_visit", "Sandbox Card *0001")
    await call.counter.house.engine.submit(registered, call_of("payments", f"{requested['id']}:registered"))
    assert (await call("remove_billing_key", **own))["status"] == "removed"


async def sandbox(call: Any, database: Database) -> None:
    """Move the clock, play a scenario, count, and take a callback."""
    house = call.counter.house
    usual = house.engine.clock
    with SandboxClock(database.app, database.schema) as clock:
        house.engine.clock = clock
        moved = await call("move_sandbox_clock", {"advance_seconds": 60})
        assert moved["ahead_seconds"] == (await call("get_sandbox_clock"))["ahead_seconds"] == 60
        house.engine.clock = usual
    await call("play_scenario", {"issue_failure_percent": 0}, scenario="rates")
    await call("list_sandbox_asked", query="?kind=messages")
    await call("list_sandbox_callbacks")
    body = body_of("gateway", "pay_1")
    headers = signed(house.vault.callback_secret("gateway"), "cb_visit", body)
    taken = await call.counter.client.post("/v1/callbacks/gateway", content=body, headers=headers)
    shapes.CallbackTaken.model_validate(taken.json(), strict=True)
    call.seen.add("take_callback")

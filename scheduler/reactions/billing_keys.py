"""Registered cards: the gateway keeps them, charges them for payments, and forgets them (SPEC 13).

The billing key goes from the gateway into the vault before the fact that there is one; facts and logs never hold it.
"""

from __future__ import annotations

from typing import Any

import structlog

from ledger.command import Command
from ledger.commands.billing_keys import DeleteBillingKey, RefuseBillingKey, RegisterBillingKey
from ledger.commands.charges import PAYMENTS_ACTOR
from ledger.ports.gateway import GatewayPayment
from ledger.vault import Reading, SubjectNotFound
from ledger.vault.door import RETAINED_UNTIL_ERASED
from projections import payments
from scheduler.reactions.bench import Bench

log = structlog.get_logger("reactions")

NAME = PAYMENTS_ACTOR.removeprefix("reaction:")
BASIS = "Credit Information Act art. 32: consent of the cardholder, until the card is removed"


async def register(bench: Bench, row: dict[str, Any]) -> bool:
    """Have the gateway keep a card; return whether something new was recorded. Raises: PortUnavailable."""
    billing_key_id = row["billing_key_id"]
    known = await bench.ports.gateway.billing_key.status(billing_key_id)
    if known.status == "absent":
        try:
            kept = await bench.vault.get(row["one_time"], Reading(PAYMENTS_ACTOR, "register a card"))
        except SubjectNotFound:
            return await _do(bench, f"{billing_key_id}:refused", RefuseBillingKey(billing_key_id, "token_expired"))
        known = await bench.ports.gateway.billing_key.register(billing_key_id, kept["token"])
    if known.status != "active":
        code = known.code or known.status
        return await _do(bench, f"{billing_key_id}:refused", RefuseBillingKey(billing_key_id, code))
    secret = f"bks_{billing_key_id[4:]}"
    assert known.billing_key is not None, "an active registration has its key"
    fields = {"billing_key": known.billing_key}
    await bench.vault.put(secret, fields, legal_basis=BASIS, retain_until=RETAINED_UNTIL_ERASED)
    command = RegisterBillingKey(billing_key_id, secret, known.card or "")
    new = await _do(bench, f"{billing_key_id}:registered", command)
    await bench.vault.erase(row["one_time"])
    return new


async def forget(bench: Bench, row: dict[str, Any]) -> bool:
    """Have the gateway forget a card, and forget its key; returns and raises as `register`."""
    billing_key_id = row["billing_key_id"]
    await bench.ports.gateway.billing_key.delete(billing_key_id)
    if row["secret"] is not None:
        await bench.vault.erase(row["secret"])
    return await _do(bench, f"{billing_key_id}:deleted", DeleteBillingKey(billing_key_id))


async def charge(bench: Bench, row: dict[str, Any]) -> GatewayPayment:
    """Take a payment from a registered card; of one that was removed meanwhile the gateway knows no key.

    Raises:
        PortUnavailable: no answer.
    """
    async with bench.see() as connection:
        card = await payments.billing_key(connection, row["billing_key_id"])
    secret = ""
    try:
        kept = await bench.vault.get(card["secret"] or "", Reading(PAYMENTS_ACTOR, "charge a registered card"))
        secret = kept["billing_key"]
    except SubjectNotFound:
        log.info("a card was removed before it was charged", payment=row["payment_id"])
    gateway = bench.ports.gateway.billing_key
    return await gateway.charge(row["payment_id"], secret, row["amount_minor"], row["currency"])


async def _do(bench: Bench, key: str, command: Command) -> bool:
    outcome = await bench.do(NAME, key, command)
    if outcome.status >= 400 and not outcome.replayed:
        log.error("a provider's answer was refused", key=key, status=outcome.status, answer=outcome.body.decode())
    return not outcome.replayed and outcome.status < 400

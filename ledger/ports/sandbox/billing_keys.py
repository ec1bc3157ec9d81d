"""The sandbox's billing keys.

Magic tokens, by their last four characters: 0001 the card is refused, 0002 registered but not answered the first time.
Magic amounts are those of every payment: 001 declined, 002 done but not answered the first time, 003 no partial
cancellation.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from psycopg.rows import DictRow

from ledger.ports.billing_keys import BillingKey
from ledger.ports.errors import PortRefused, PortUnavailable
from ledger.ports.gateway import GatewayPayment
from ledger.ports.sandbox.state import SandboxState, draw, find, one

if TYPE_CHECKING:
    from ledger.ports.sandbox.gateway import SandboxGateway

REFUSED, UNANSWERED = "0001", "0002"
"""Last four characters of magic tokens."""


class SandboxBillingKeys:
    """`BillingKeys` for tests and demos."""

    def __init__(self, state: SandboxState, gateway: SandboxGateway) -> None:
        self._state = state
        self._gateway = gateway

    async def register(self, key: str, token: str) -> BillingKey:
        """As `BillingKeys.register`."""
        refused = token.endswith(REFUSED)
        async with self._state.connected() as connection:
            row = await one(
                connection,
                "INSERT INTO billing_key (key, token_mark, mark, card, status, code) VALUES (%s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET asked = billing_key.asked + 1 RETURNING *",
                key, _mark(token), _mark(_billing_key(key)), f"Sandbox Card *{draw('card', key) % 10_000:04d}",
                "refused" if refused else "active", "card_refused" if refused else None,
            )  # fmt: skip
        if row["token_mark"] != _mark(token):
            raise PortRefused("the key stands for another token")
        if row["asked"] == 1 and token.endswith(UNANSWERED):
            raise PortUnavailable("the gateway did not answer; ask for the status", 1)
        return _shown(row)

    async def status(self, key: str) -> BillingKey:
        """As `BillingKeys.status`."""
        async with self._state.connected() as connection:
            row = await find(connection, "SELECT * FROM billing_key WHERE key = %s", key)
        return BillingKey(key, "absent") if row is None else _shown(row)

    async def charge(self, key: str, billing_key: str, amount_minor: int, currency: str) -> GatewayPayment:
        """As `BillingKeys.charge`."""
        async with self._state.connected() as connection:
            row = await find(connection, "SELECT status FROM billing_key WHERE mark = %s", _mark(billing_key))
        known = row is not None and row["status"] == "active"
        return await self._gateway.take_at_once(key, amount_minor, currency, None if known else "billing_key_unknown")

    async def delete(self, key: str) -> BillingKey:
        """As `BillingKeys.delete`."""
        async with self._state.connected() as connection:
            await connection.execute(
                "UPDATE billing_key SET status = 'deleted' WHERE key = %s AND status = 'active'", (key,)
            )
        return await self.status(key)


def _billing_key(key: str) -> str:
    """Return the billing key of a registration: made up again each time, so that it need not be kept."""
    return f"bk_{draw('billing key', key):032x}"


def _mark(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _shown(row: DictRow) -> BillingKey:
    active = row["status"] == "active"
    secret, card = (_billing_key(row["key"]), row["card"]) if active else (None, None)
    return BillingKey(row["key"], row["status"], secret, card, row["code"])

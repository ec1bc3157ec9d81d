"""Callbacks of providers: signed in the way of Standard Webhooks, taken once, and believed no further than as a hint.

A callback says that something has changed, never what: whoever reacts asks the provider. So one that is forged is
refused, one that comes twice, late or in another order changes nothing, and one that never comes is missed by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from aggregates.errors import Malformed

PROVIDERS = ("coupons", "direct_debits", "gateway", "messages", "payouts")
"""Who may call back."""

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
KEPT = "48 hours"
"""How long the ids of callbacks are kept: longer than the five minutes in which one is accepted, many times over."""

_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)

Connect = Callable[[], AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]]
"""Lends a connection that finds the ledger's tables by their bare names."""


class CallbackRefused(Malformed):
    """The callback is not signed as its provider signs, or its time is more than five minutes off."""

    code = "callback_refused"


class Callbacks:
    """Takes callbacks.

    Args:
        connect: to the ledger's database.
        secret_of: the secret that is shared with a provider, by the provider's name.
    """

    def __init__(self, connect: Connect, secret_of: Callable[[str], bytes]) -> None:
        self._connect = connect
        self._secret_of = secret_of

    async def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a callback; return whether its id is new. A new one ends the pause of those who wait for the provider.

        Args:
            provider: one of `PROVIDERS`.
            headers: those of `HEADERS` that came.
            body: as it came.

        Raises:
            CallbackRefused: its signature is missing or wrong, or it is too old.
            Unavailable: the database does not answer.
        """
        try:
            Webhook(self._secret_of(provider)).verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            raise CallbackRefused("the callback is not signed by its provider, or too old") from None
        name = headers["webhook-id"]
        if not _ID.fullmatch(name):
            raise CallbackRefused("webhook-id must be 1 to 100 letters, digits, dots, hyphens or underscores")
        async with self._connect() as connection, connection.transaction():
            await connection.execute("DELETE FROM ledger_callbacks WHERE received_at < now() - %s::interval", (KEPT,))
            taken = await connection.execute(
                "INSERT INTO ledger_callbacks (provider, id) VALUES (%s, %s) ON CONFLICT DO NOTHING", (provider, name)
            )
            if taken.rowcount:
                await connection.execute("SELECT pg_notify(current_schema() || '_ledger_callbacks', %s)", (provider,))
        return taken.rowcount == 1


def signed(secret: bytes, name: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    """Return the headers under which a provider sends a callback.

    Args:
        at: None = now, by the machine's clock: that is whose five minutes count.
    """
    moment = (at or datetime.now(UTC)).replace(microsecond=0)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, moment, body.decode()),
    }


def body_of(provider: str, key: str) -> bytes:
    """Return the body of a callback: which thing of ours has changed, and nothing of how."""
    return orjson.dumps({"type": f"{provider}.changed", "key": key})

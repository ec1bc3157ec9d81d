"""The sandbox's postman: delivers the providers' callbacks to the ledger's own address, as often as it takes.

Copies are delivered under one id, late ones late, and in reverse when a scenario says so: that is what callbacks do.
"""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from ledger.callbacks import body_of, signed
from ledger.ports.sandbox.state import SandboxState, rows

PAGE = 20
AGAIN_S = 5
TRIES_MAX = 10
TIMEOUT_S = 5.0


async def deliver(state: SandboxState, url: str, secret_of: Callable[[str], bytes]) -> int:
    """Deliver what is due, a page of it; return how many were taken.

    Args:
        url: where the ledger answers, e.g. "http://127.0.0.1:8000".
        secret_of: the secret that a provider shares with the ledger.
    """
    now = state.now()
    async with state.connected() as connection:
        order = "DESC" if (await state.rates(connection)).callbacks_reversed else "ASC"
        due = await rows(
            connection,
            "SELECT number, id, provider, key FROM callback WHERE sent_at IS NULL AND due_at <= %s AND tries < %s"
            f" ORDER BY number {order} LIMIT %s",
            now, TRIES_MAX, PAGE,
        )  # fmt: skip
    taken = 0
    for each in due:
        status = await asyncio.to_thread(_post, url, each, secret_of)
        async with state.connected() as connection:
            if 200 <= status < 300:
                taken += 1
                await connection.execute("UPDATE callback SET sent_at = %s WHERE number = %s", (now, each["number"]))
            else:
                await connection.execute(
                    "UPDATE callback SET tries = tries + 1, due_at = %s WHERE number = %s",
                    (now + timedelta(seconds=AGAIN_S), each["number"]),
                )
    return taken


async def queued(
    state: SandboxState, secret_of: Callable[[str], bytes], after: int, limit: int
) -> list[dict[str, Any]]:
    """Return callbacks as they are delivered, signed now, with numbers above `after`: for delivering them by hand."""
    async with state.connected() as connection:
        found = await rows(
            connection,
            "SELECT number, id, provider, key, due_at, sent_at FROM callback WHERE number > %s"
            " ORDER BY number LIMIT %s",
            after, limit,
        )  # fmt: skip
    return [
        {
            **row,
            "headers": signed(secret_of(row["provider"]), row["id"], body_of(row["provider"], row["key"])),
            "body": body_of(row["provider"], row["key"]).decode(),
        }
        for row in found
    ]


def _post(url: str, callback: dict[str, Any], secret_of: Callable[[str], bytes]) -> int:
    """Post one callback; return the status, 0 without an answer."""
    body = body_of(callback["provider"], callback["key"])
    headers = signed(secret_of(callback["provider"]), callback["id"], body) | {"content-type": "application/json"}
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
    try:
        connection.request("POST", f"/v1/callbacks/{callback['provider']}", body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()

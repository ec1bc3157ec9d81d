"""Scenarios: what somebody can have the sandbox's providers do, by name, and what they were asked so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ledger.ports.sandbox.callbacks import queue
from ledger.ports.sandbox.feeds import lock_feed
from ledger.ports.sandbox.state import SandboxState, one, rows

COUNTED = {
    "coupons": "SELECT key, asked, issued, quantity - issued AS failed FROM issue",
    "voids": "SELECT key, asked, status FROM void",
    "messages": "SELECT key, asked, channel, template, link, sender, accepted_at, outcome, code FROM message",
    "payments": "SELECT key, asked, captured, method, amount_minor AS amount, status FROM payment",
    "cancels": "SELECT key, asked, payment_key, amount_minor AS amount, status, code FROM cancel",
    "payouts": "SELECT key, asked, amount_minor AS amount, outcome, code FROM transfer",
    "codes": "SELECT key, asked, wrong, used FROM otp",
}
"""What was asked, by kind: one row for each key, and how often that key was sent."""

TOTALS = """
SELECT (SELECT count(*) FROM issue) AS coupon_calls,
       (SELECT coalesce(sum(issued), 0)::bigint FROM issue) AS coupons_issued,
       (SELECT coalesce(sum(quantity - issued), 0)::bigint FROM issue) AS coupons_failed,
       (SELECT count(*) FROM coupon WHERE state = 'voided') AS coupons_voided,
       (SELECT count(*) FROM message) AS messages_sent,
       (SELECT count(*) FROM message WHERE outcome = 'failed') AS messages_failed,
       (SELECT count(*) FROM payment WHERE status = 'done') AS payments_done,
       (SELECT count(*) FROM cancel WHERE status = 'done') AS cancels_done,
       (SELECT count(*) FROM transfer WHERE outcome = 'done') AS payouts_done
"""


async def set_rates(state: SandboxState, rates: Mapping[str, Any]) -> None:
    """Set all rates of failure anew; those that are not named go back to what they are by default."""
    async with state.connected() as connection:
        await connection.execute("UPDATE rates SET settings = %s::jsonb", (orjson.dumps(dict(rates)).decode(),))


async def change_catalog(
    state: SandboxState,
    *,
    sku: str,
    kind: str,
    list_minor: int | None = None,
    sale_minor: int | None = None,
    validity_days: int | None = None,
) -> int:
    """Change the coupon issuer's catalogue; return the number of the change."""
    now = state.now()
    async with state.connected() as connection, connection.transaction():
        await lock_feed(connection, "coupons")
        change = await one(
            connection,
            "INSERT INTO catalog (number, sku, kind, at, list_minor, sale_minor, validity_days)"
            " SELECT coalesce(max(number), 0) + 1, %s, %s, %s, %s, %s, %s FROM catalog RETURNING number",
            sku, kind, now, list_minor, sale_minor, validity_days,
        )  # fmt: skip
        number: int = change["number"]
        await queue(connection, await state.rates(connection), "coupons", f"catalog:{number}", now)
    return number


async def set_coupon_state(state: SandboxState, ref: str, to: str) -> bool:
    """Let a coupon be used or expire. Returns whether it was issued and neither used, expired nor voided before."""
    now = state.now()
    async with state.connected() as connection:
        made = await connection.execute(
            "INSERT INTO coupon (ref, state, at) SELECT %s, %s, %s FROM issue WHERE key = %s ON CONFLICT DO NOTHING",
            (ref, to, now, ref.rpartition("/")[0]),
        )
    return made.rowcount == 1


async def counted(state: SandboxState, kind: str, prefix: str, after: str, limit: int) -> list[dict[str, Any]]:
    """Return what was asked of one kind, in the order of keys.

    Args:
        kind: one of `COUNTED`.
        prefix: of the keys, e.g. an order's id.
        after: only keys above this one.
    """
    query = f"{COUNTED[kind]} WHERE starts_with(key, %s) AND key > %s ORDER BY key LIMIT %s"
    async with state.connected() as connection:
        return await rows(connection, query, prefix, after, limit)


async def totals(state: SandboxState) -> dict[str, int]:
    """Return how much of everything the providers have done."""
    async with state.connected() as connection:
        return await one(connection, TOTALS)

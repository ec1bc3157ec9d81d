"""Feeds of the sandbox's providers: keys of what changed, under numbers that grow in the order of their commits."""

from __future__ import annotations

from datetime import datetime

from ledger.ports.sandbox.callbacks import queue
from ledger.ports.sandbox.state import FEED_MAX, Connection, Rates, one, rows


async def lock_feed(connection: Connection, provider: str) -> None:
    """Let nobody else add to a feed until the end of this transaction: a reader must not see 8 before 7."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"feed {provider}",))


async def tell(connection: Connection, rates: Rates, provider: str, key: str, at: datetime) -> None:
    """Add a change to a feed, and have a callback delivered. In a transaction that has locked the feed."""
    await one(
        connection,
        "INSERT INTO change (provider, number, key)"
        " SELECT %s, coalesce(max(number), 0) + 1, %s FROM change WHERE provider = %s RETURNING number",
        provider, key, provider,
    )  # fmt: skip
    await queue(connection, rates, provider, key, at)


async def read(connection: Connection, provider: str, after: int) -> list[tuple[int, str]]:
    """Return numbers and keys above `after`, in order."""
    found = await rows(
        connection,
        "SELECT number, key FROM change WHERE provider = %s AND number > %s ORDER BY number LIMIT %s",
        provider, after, FEED_MAX,
    )  # fmt: skip
    return [(row["number"], row["key"]) for row in found]

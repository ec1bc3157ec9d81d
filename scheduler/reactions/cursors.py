"""How far the feeds of providers are read: kept in the ledger's database, moved once what they told is recorded.

Moved too late is no harm: what is told again is recorded under the same keys.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from scheduler.reactions.bench import Bench


class Change(Protocol):
    """One entry of a feed."""

    @property
    def number(self) -> int:
        """Its number, growing."""


C = TypeVar("C", bound=Change)


async def read(bench: Bench, name: str) -> int:
    """Return how far a feed is read; 0 = not begun."""
    async with bench.see() as connection:
        cursor = await connection.execute("SELECT number FROM ledger_cursors WHERE name = %s", (name,))
        row = await cursor.fetchone()
    return row[0] if row else 0


async def move(bench: Bench, name: str, number: int) -> None:
    """Say that a feed is read up to and including a number; never back."""
    async with bench.see() as connection:
        await connection.execute(
            "INSERT INTO ledger_cursors (name, number) VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET number = greatest(ledger_cursors.number, excluded.number)",
            (name, number),
        )


async def follow(
    bench: Bench, name: str, changes: Callable[[int], Awaitable[Sequence[C]]], take: Callable[[C], Awaitable[bool]]
) -> int:
    """Take the changes of a feed in order, as far as they can be taken now; return how many were.

    Args:
        name: of the cursor.
        changes: what the provider tells after a number.
        take: records one change; False = not yet, and nothing after it either.
    """
    taken, at = 0, await read(bench, name)
    start = at
    try:
        for change in await changes(at):
            if not await take(change):
                break
            taken, at = taken + 1, change.number
    finally:
        if at > start:
            await move(bench, name, at)
    return taken

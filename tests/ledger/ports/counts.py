"""What the sandbox's providers were asked, by their own count."""

from __future__ import annotations

from typing import Any

from ledger.ports.sandbox.scenarios import set_rates
from ledger.ports.sandbox.state import SandboxState, rows


async def asked(state: SandboxState, table: str) -> dict[str, int]:
    """Return how often each key was asked for."""
    async with state.connected() as connection:
        return {row["key"]: row["asked"] for row in await rows(connection, f"SELECT key, asked FROM {table}")}


async def with_rates(state: SandboxState, **rates: Any) -> None:
    """Set rates of failure."""
    await set_rates(state, rates)

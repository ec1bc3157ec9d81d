"""Callbacks of the sandbox's providers: hints that something has changed, queued here and delivered by the postman.

A callback says which key has changed and nothing of how; whoever gets it asks. Late, doubled and in any order is how
the world delivers them, and a scenario can ask for each.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.ports.sandbox.state import Connection, Rates, draw


async def queue(
    connection: Connection, rates: Rates, provider: str, key: str, due_at: datetime, copies: int = 1
) -> None:
    """Have a callback delivered.

    Args:
        provider: one of `ledger.callbacks.PROVIDERS`.
        key: ours, of what has changed.
        due_at: when it has; a scenario may deliver later.
        copies: how often it is delivered under its one id.
    """
    later = due_at + timedelta(seconds=rates.callback_delay_s)
    name = f"cb_{draw(rates.seed, provider, key, due_at.isoformat()):016x}"
    await connection.execute(
        "INSERT INTO callback (id, provider, key, due_at) SELECT %s, %s, %s, %s FROM generate_series(1, %s)",
        (name, provider, key, later, max(copies, rates.callback_copies)),
    )

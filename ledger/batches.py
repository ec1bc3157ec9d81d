"""Several commands in one request: all or nothing in one commit, or each for itself in the given order."""

from __future__ import annotations

from collections.abc import Sequence

from aggregates.errors import LedgerError
from ledger.command import Call, Command, Outcome
from ledger.commands.batches import ReceiveBatch
from ledger.engine import Engine

ITEMS_MAX = 1_000


async def submit_batch(
    engine: Engine, mode: str, items: Sequence[tuple[Command, Call]], call: Call
) -> list[Outcome | LedgerError]:
    """Do a request of several commands.

    Args:
        mode: "atomic" or "continue".
        items: commands, each with a call under a key of its own.
        call: the request itself, under its own key.

    Returns:
        What became of each item, in order. In atomic mode one single outcome (status 409 or 422) when an item was
        refused: nothing was done then. An error in the list is one that is not remembered (continue mode only).

    Raises:
        KeyReused: the request's key (atomic: or an item's) stands for another request. NotFound: atomic, of any item.
        Unavailable: nothing is known to be done; retry with the same keys.
    """
    if mode == "atomic":
        return list(await engine.submit_atomic(items, call))
    received, *outcomes = await engine.submit_in_order(
        [(ReceiveBatch(mode, len(items)), call), *items], look_up=False, led=True
    )
    if isinstance(received, LedgerError):
        raise received
    assert received.status == 200, "a batch is received without a rule"
    return outcomes

"""Memory: what one warm account takes, counted by tracemalloc over ten thousand, with all that keeps it warm."""

from __future__ import annotations

import gc
import tracemalloc
from typing import NamedTuple
from uuid import UUID

from aggregates import ids
from aggregates.account import Account
from bench.fill import Source
from bench.trial import Trial
from ledger.mapper import to_fact
from ledger.warm import WarmStreams

ACCOUNTS = 10_000
FACTS = 3
"""Opened, money put on it (one lot), one spend."""


class Stored(NamedTuple):
    """A row of the store, as a cold load reads it."""

    stream_id: bytes
    version: int
    topic: str
    state: bytes


def run(trial: Trial) -> None:
    """Fold accounts from stored facts, as a cold load does, and divide what stays in memory by their number."""
    rows = []
    for number in range(ACCOUNTS):
        source = Source(number, overdrawn=False)
        for version in range(1, FACTS + 1):
            topic, state = source.state(version, ids.encode(version).encode())
            rows.append(Stored(source.id, version, topic.decode(), state))
        del source
    _fold(rows[:FACTS])
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    warm = _fold(rows)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(warm) == ACCOUNTS, "all of them are warm"
    trial.note("warm_account_bytes", "bytes", (after - before) / ACCOUNTS)


def _fold(rows: list[Stored]) -> WarmStreams:
    warm = WarmStreams()
    for at in range(0, len(rows), FACTS):
        account = Account.blank(UUID(bytes=rows[at].stream_id))
        for row in rows[at : at + FACTS]:
            to_fact(account.id, row.version, row.topic, row.state).mutate(account)
        warm.put(account)
    return warm

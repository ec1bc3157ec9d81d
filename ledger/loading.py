"""Cold loads: a stream from its newest snapshot and the facts after it, in slices that let other work pass."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

import orjson

from aggregates.account import Account
from aggregates.account.snapshot import AccountSnapshot
from aggregates.errors import NotFound
from aggregates.fact import Fact, Stream
from ledger.mapper import to_fact
from ledger.recall import decoded
from ledger.store import Store

SLICE_FACTS = 500
"""Facts read and folded at a time between two turns of the event loop."""

SNAPSHOT_EVERY = 1_000
"""Facts between two snapshots of an account."""


TOGETHER_STREAMS = 500
"""Streams loaded by one query."""

SHORT_FACTS = 20
"""A stream of so many facts is loaded together with others; a longer one alone, in slices."""


class FactNotFound(NotFound):
    """Nothing was recorded under this id."""

    code = "not_found"


async def load_stream(store: Store, kind: type[Stream], stream_id: UUID, before: Stream | None = None) -> Stream:
    """Return a stream as committed; blank (version 0) when nothing is recorded on it.

    Args:
        before: the stream as it was committed once, to be brought up to date; None = from its snapshot or first fact.

    Raises:
        Unavailable: the database does not answer.
    """
    if before is None and kind is Account:
        before = await _from_snapshot(store, stream_id)
    stream: Stream = kind.blank(stream_id) if before is None else before
    if kind.TOLD_BY_LAST_FACT:
        _, last = await store.heads(stream_id)
        stream.version = max(0, last - 1)
    while True:
        slice_ = await store.facts_after(stream_id, stream.version, SLICE_FACTS)
        for stored in slice_:
            decoded(stored).mutate(stream)
        if len(slice_) < SLICE_FACTS:
            return stream
        await asyncio.sleep(0)


async def load_short_streams(store: Store, kinds: Mapping[UUID, type[Stream]]) -> list[Stream]:
    """Return streams as committed, by one query: at most `TOGETHER_STREAMS`, of which each is short.

    Args:
        kinds: stream -> its class; none that has snapshots.

    Raises:
        Unavailable: the database does not answer.
    """
    loaded = {stream_id: kind.blank(stream_id) for stream_id, kind in kinds.items()}
    for stored in await store.facts_of_streams(list(kinds)):
        decoded(stored).mutate(loaded[stored.originator_id])
    return list(loaded.values())


async def load_fact(store: Store, stream_id: UUID, version: int) -> Fact:
    """Return one fact by its version.

    Raises:
        FactNotFound: the stream has no such version. Unavailable: the database does not answer.
    """
    found = await store.facts_after(stream_id, version - 1, 1)
    if not found or found[0].version != version:
        raise FactNotFound("there is nothing under this id")
    stored = found[0]
    return to_fact(stored.originator_id, stored.version, stored.topic, stored.state)


def snapshot_row(account: Account) -> tuple[UUID, int, str, bytes]:
    """Return the snapshot of an account at its present version, as stored."""
    return account.id, account.version, AccountSnapshot.TOPIC, orjson.dumps(account.dump())


async def _from_snapshot(store: Store, stream_id: UUID) -> Account | None:
    found = await store.snapshot(stream_id)
    if found is None:
        return None
    version, _topic, stored = found
    state = orjson.loads(stored)
    return Account.restore(stream_id, version, state) if AccountSnapshot.is_current(state) else None

"""The commit side of the engine: one open batch, one in flight, and what happens when a batch is not stored.

A single flusher closes the open batch, commits it in one transaction, settles it and goes on. When a batch is not
stored, everything that was decided on it is undone: the streams that it touched are evicted, its keys are looked up,
and whoever waits is told to decide again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog

from aggregates.errors import Unavailable
from ledger.appender import Clash, Lost, StoreRefused
from ledger.keys import RecentKeys
from ledger.pending import PendingBatch, Verdict
from ledger.recall import recall
from ledger.store import Store
from ledger.unit import Unit
from ledger.warm import WarmStreams

log = structlog.get_logger("ledger.committer")

RECONNECT_LIMIT_S = 1.5
"""How long waiting commands are kept while a lost connection is made anew."""

RECONNECT_PAUSE_S = 0.1

CLASHES_BEFORE_LOCK = 2
"""After so many batches in a row that another writer spoiled, the next one is decided under the table lock."""

FEW_OF = 4
"""Less than one in so many of the callers of the last batch are few: the others are about to come."""

PIPELINE_OF = 2
"""Once one in so many of those just committed are decided anew, by others, these are sent before those are answered."""

LOCK_LIMIT_S = 0.05
"""How long the lock is held for commands that decide again."""

LOCK_GATHER_S = 0.005
"""How long the first of them waits for the others."""


class Committer:
    """Commits what is decided, batch by batch.

    Attributes:
        open: the batch that decisions join.
        in_flight: the batch whose commit is under way; None between commits.
        up: whether the last attempt to reach the database succeeded.
    """

    def __init__(self, store: Store, warm: WarmStreams, recent: RecentKeys) -> None:
        self.store = store
        self.warm = warm
        self.recent = recent
        self.up = True
        self.stopping = False
        self.committed_commands = 0
        self.committed_facts = 0
        self.committed_batches = 0
        self.undone_batches = 0
        self._clashes = 0
        self._wake = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start the flusher on the running loop."""
        self._loop = asyncio.get_running_loop()
        self.open = PendingBatch(self._loop)
        self.in_flight: PendingBatch | None = None
        self._flusher = self._loop.create_task(self._flush_for_ever(), name="ledger-flusher")

    async def stop(self) -> None:
        """Commit what is open, then stop."""
        self.stopping = True
        self._wake.set()
        await self._flusher
        for task in list(self._background):
            with suppress(Unavailable):
                await task

    @property
    def open_commands(self) -> int:
        """How many commands are decided and not committed."""
        return self.open.commands + (self.in_flight.commands if self.in_flight else 0)

    def wake(self) -> None:
        """Tell the flusher that the open batch holds something."""
        self._wake.set()

    def last_batch_of(self, stream_id: UUID) -> PendingBatch | None:
        """Return the uncommitted batch that touched a stream last; None when all of it is durable."""
        if stream_id.int in self.open.streams:
            return self.open
        if self.in_flight is not None and stream_id.int in self.in_flight.streams:
            return self.in_flight
        return None

    def spoil(self, unit: Unit) -> None:
        """Throw away what a broken decision touched in memory, and what was decided on it."""
        log.error("a decision broke half way", streams=[str(stream.id) for stream in unit.touched.values()])
        for stream in unit.touched.values():
            self.warm.evict(stream.id)
        if unit.touched.keys() & self.open.streams.keys():
            self._undo_open()

    async def _flush_for_ever(self) -> None:
        while True:
            if self.store.appender.locked and not await self._gathered():
                continue
            if not self.open.keys:
                if self.stopping:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            batch, self.open = self.open, PendingBatch(self._loop)
            self.in_flight = batch
            committed = batch.commands
            try:
                first = await self.store.appender.append(batch)
            except Clash:
                await self._after_clash(batch)
            except Lost as lost:
                await self._after_loss(batch, lost)
            except StoreRefused as refused:
                log.error("the database takes no writes", reason=str(refused))
                self._undo_all(batch, Verdict.REFUSED)
            except Exception:
                log.exception("a batch could not be stored")
                self._undo_all(batch, Verdict.UNKNOWN)
            else:
                if self.open.commands * PIPELINE_OF >= committed:
                    # The others are decided already: their commit goes out first, and these are answered beside it.
                    self._loop.call_soon(self._commit, batch, first)
                    continue
                self._commit(batch, first)
            self.in_flight = None
            # One turn for those whose answers have just gone out; one more when the first of them have just come back:
            # a batch of one would let all others wait for a commit of its own.
            await asyncio.sleep(0)
            if self.open.commands * FEW_OF < committed:
                await asyncio.sleep(0)

    def _commit(self, batch: PendingBatch, first: int) -> None:
        self.up = True
        self._clashes = 0
        self.committed_batches += 1
        self.committed_commands += batch.commands
        self.committed_facts += len(batch.rows)
        self.warm.weigh_all(batch.streams)
        if batch.snapshots:
            self._in_background(self._store_snapshots(batch.snapshots))
        under_way = self.in_flight if self.in_flight is not batch else None
        batch.settle(Verdict.COMMITTED, first, in_step=under_way is None)
        self.warm.shrink(self.open.streams, {} if under_way is None else under_way.streams)

    async def _after_clash(self, batch: PendingBatch) -> None:
        """Another writer was first, or a key is known: nothing was stored. Learn which keys, then decide again.

        When that happens again and again, the table lock is taken first, so that what is loaded to decide on stays true
        until the append: two writers on one account both get on.
        """
        keys = batch.keys
        self._clashes += 1
        self._undo_streams(batch)
        try:
            if self._clashes >= CLASHES_BEFORE_LOCK:
                await self.store.appender.lock()
            await self._learn(keys, batch)
        except (Unavailable, Lost):
            self._undo_all(batch, Verdict.UNKNOWN)
        else:
            self._undo_all(batch, Verdict.UNDONE)

    async def _gathered(self) -> bool:
        """With the lock held, wait for the commands that decide again; say whether there are any."""
        if not self.open.keys:
            self._wake.clear()
            try:
                async with asyncio.timeout(LOCK_LIMIT_S):
                    await self._wake.wait()
            except TimeoutError:
                await self.store.appender.unlock()
                return False
        await asyncio.sleep(LOCK_GATHER_S)
        return True

    async def _after_loss(self, batch: PendingBatch, lost: Lost) -> None:
        """The reply was lost: once the old connection is surely dead, the keys tell "stored" from "not stored"."""
        log.warning("the connection was lost during a commit", reason=str(lost), commands=batch.commands)
        keys = batch.keys
        self._undo_streams(batch)
        give_up_at = self._loop.time() + RECONNECT_LIMIT_S
        while True:
            try:
                await self.store.appender.settle_lost()
                await self._learn(keys, batch)
            except (Lost, Unavailable):
                if self._loop.time() < give_up_at:
                    await asyncio.sleep(RECONNECT_PAUSE_S)
                    continue
                if self.up:
                    log.error("the database is away", commands=self.open_commands)
                self.up = False
                self._undo_all(batch, Verdict.UNKNOWN)
                await self._reconnect()
            else:
                self.up = True
                self._undo_all(batch, Verdict.UNDONE)
            return

    async def _reconnect(self) -> None:
        """Try until the database is back; meanwhile every request is told so at once."""
        while not self.stopping:
            try:
                await self.store.appender.settle_lost()
            except Lost:
                await asyncio.sleep(RECONNECT_PAUSE_S)
            else:
                log.info("the database is back")
                self.up = True
                return

    async def _learn(self, keys: list[bytes], batch: PendingBatch) -> None:
        """Replace what is remembered of an unstored batch by what the database has under its keys."""
        found = await recall(self.store, keys)
        self.recent.forget(keys, batch)
        for key, remembered in found.items():
            self.recent.put(key, remembered)

    def _undo_streams(self, batch: PendingBatch) -> None:
        """Evict what an unstored batch has touched, and undo what was decided on it since."""
        for stream in batch.streams.values():
            self.warm.evict(stream.id)
        for at in batch.unmoved:
            self.warm.evict(UUID(int=at))
        self._undo_open()

    def _undo_open(self) -> None:
        batch, self.open = self.open, PendingBatch(self._loop)
        for stream in batch.streams.values():
            self.warm.evict(stream.id)
        self._undo(batch, Verdict.UNDONE)

    def _undo_all(self, batch: PendingBatch, verdict: Verdict) -> None:
        self._undo_streams(batch)
        self._undo(batch, verdict)

    def _undo(self, batch: PendingBatch, verdict: Verdict) -> None:
        self.undone_batches += 1
        self.recent.forget(batch.keys, batch)
        batch.settle(verdict)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _store_snapshots(self, snapshots: list[tuple[UUID, int, str, bytes]]) -> None:
        with suppress(Unavailable):
            await self.store.put_snapshots(snapshots)

"""The commit side of the engine: one open batch, up to two on their way, and what happens when a batch is not stored.

A single flusher closes the open batch, sends it, settles it when its answer is here, and goes on. With many callers
the next batch is sent behind the one that is being committed, and is stored only if that one is. When a batch is not
stored, everything that was decided on it is undone: the streams that it touched are evicted, its keys are looked up,
and whoever waits is told to decide again.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog

from aggregates.errors import Unavailable
from ledger.append_errors import Clash, Lost, StoreRefused
from ledger.keys import RecentKeys
from ledger.pending import WAKE_TOGETHER_MAX, PendingBatch, Verdict
from ledger.pipeline import Sent
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

UNDER_WAY_MAX = 2
"""So many batches may be on their way: PostgreSQL has the next one at hand when it is done with one."""

CROWD_FADES_BY = 8
"""With each batch that is sent, one in so many of the callers that were seen at once is forgotten."""

LOCK_LIMIT_S = 0.05
"""How long the lock is held for commands that decide again."""

LOCK_GATHER_S = 0.005
"""How long the first of them waits for the others."""


class Committer:
    """Commits what is decided, batch by batch.

    Attributes:
        open: the batch that decisions join.
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
        self._under_way: deque[Sent] = deque()
        self._commands_under_way = 0
        self._crowd = 0
        self._wake_from = 1
        self._wake = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start the flusher on the running loop."""
        self._loop = asyncio.get_running_loop()
        self.open = PendingBatch(self._loop)
        self.store.appender.tell = self._wake.set
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
        return self.open.commands + self._commands_under_way

    def wake(self) -> None:
        """Tell the flusher that the open batch holds one command more."""
        if self.open.commands >= self._wake_from:
            self._wake.set()

    def last_batch_of(self, stream_id: UUID) -> PendingBatch | None:
        """Return the uncommitted batch that touched a stream last; None when all of it is durable."""
        return self.open if stream_id.int in self.open.streams else self.under_way_batch_of(stream_id)

    def under_way_batch_of(self, stream_id: UUID) -> PendingBatch | None:
        """Return the last batch on its way that touched a stream."""
        for sent in reversed(self._under_way):
            if stream_id.int in sent.batch.streams:
                return sent.batch
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
            if self._under_way and self._under_way[0].answered:
                await self._take_answer()
            elif self.open.commands >= self._send_from() and (self._send() or await self._append_alone()):
                continue
            elif self.stopping and not self._under_way and not self.open.keys:
                return
            else:
                self._wake_from = self._send_from()
                self._wake.clear()
                await self._wake.wait()

    def _send_from(self) -> int:
        """Return how many commands the open batch must hold to be sent now."""
        if not self._under_way:
            return 1
        # Behind another one only half of the callers at a time: smaller batches cost PostgreSQL more than they gain.
        few = len(self._under_way) == UNDER_WAY_MAX or self._crowd <= WAKE_TOGETHER_MAX
        return sys.maxsize if few else self._crowd // 2

    def _send(self) -> bool:
        """Send the open batch, behind those under way; say whether it could be."""
        sent = self.store.appender.send(self.open)
        if sent is not None:
            self._close_open(sent)
        return sent is not None

    async def _append_alone(self) -> bool:
        """Store the open batch as nothing else is under way; say whether that is so."""
        if self._under_way:
            return False
        alone = Sent(self.open)
        self._close_open(alone)
        try:
            alone.first = await self.store.appender.append(alone.batch)
        except Exception as error:
            alone.error = error
        alone.answered = True
        return True

    def _close_open(self, sent: Sent) -> None:
        self._under_way.append(sent)
        self._commands_under_way += self.open.commands
        self.open = PendingBatch(self._loop)
        self._crowd = max(self.open_commands, self._crowd - self._crowd // CROWD_FADES_BY)

    async def _take_answer(self) -> None:
        """Settle the oldest batch under way, or mend what its failure left."""
        sent = self._under_way[0]
        if sent.error is not None:
            await self._mend(sent.error)
            return
        batch = sent.batch
        assert sent.first is not None, "an answer says where the batch is stored"
        self._under_way.popleft()
        self._commands_under_way -= batch.commands
        if not self._under_way and self.open.commands * PIPELINE_OF >= batch.commands:
            # The others are decided already: their commit goes out first, and these are answered beside it.
            self._send()
        self._commit(batch, sent.first)
        if not self._under_way:
            # One turn for those whose answers have just gone out; one more when the first of them have just come back:
            # a batch of one would let all others wait for a commit of its own.
            committed = batch.commands
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
        batch.settle(Verdict.COMMITTED, first, in_step=not self._under_way)
        self.warm.shrink(self.open.streams, *[sent.batch.streams for sent in self._under_way])

    async def _mend(self, error: Exception) -> None:
        """Undo the oldest batch under way, which was not stored or may not be, with all that was sent behind it."""
        for sent in self._under_way:
            while not sent.answered:
                self._wake.clear()
                await self._wake.wait()
        batches = [sent.batch for sent in self._under_way]
        if any(sent.first is not None for sent in self._under_way):
            log.critical("a batch was stored without the one before it", reason=str(error))
            error = Lost(str(error))
        if isinstance(error, Clash):
            await self._after_clash(batches)
        elif isinstance(error, Lost):
            await self._after_loss(batches, error)
        elif isinstance(error, StoreRefused):
            log.error("the database takes no writes", reason=str(error))
            self._undo_all(batches, Verdict.REFUSED)
        else:
            log.error("a batch could not be stored", exc_info=error)
            self._undo_all(batches, Verdict.UNKNOWN)

    async def _after_clash(self, batches: Sequence[PendingBatch]) -> None:
        """Another writer was first, or a key is known: nothing was stored. Learn which keys, then decide again.

        When that happens again and again, the table lock is taken first, so that what is loaded to decide on stays true
        until the append: two writers on one account both get on.
        """
        self._clashes += 1
        self._undo_streams(batches)
        try:
            if self._clashes >= CLASHES_BEFORE_LOCK:
                await self.store.appender.lock()
            await self._learn(batches)
        except (Unavailable, Lost):
            self._undo_all(batches, Verdict.UNKNOWN)
        else:
            self._undo_all(batches, Verdict.UNDONE)

    async def _gathered(self) -> bool:
        """With the lock held, wait for the commands that decide again; say whether there are any."""
        if not self.open.keys:
            self._wake_from = 1
            self._wake.clear()
            try:
                async with asyncio.timeout(LOCK_LIMIT_S):
                    await self._wake.wait()
            except TimeoutError:
                await self.store.appender.unlock()
                return False
        await asyncio.sleep(LOCK_GATHER_S)
        return True

    async def _after_loss(self, batches: Sequence[PendingBatch], lost: Lost) -> None:
        """The reply was lost: once the old connection is surely dead, the keys tell "stored" from "not stored"."""
        log.warning("the connection was lost during a commit", reason=str(lost), commands=self.open_commands)
        self._undo_streams(batches)
        give_up_at = self._loop.time() + RECONNECT_LIMIT_S
        while True:
            try:
                await self.store.appender.settle_lost()
                await self._learn(batches)
            except (Lost, Unavailable):
                if self._loop.time() < give_up_at:
                    await asyncio.sleep(RECONNECT_PAUSE_S)
                    continue
                if self.up:
                    log.error("the database is away", commands=self.open_commands)
                self.up = False
                self._undo_all(batches, Verdict.UNKNOWN)
                await self._reconnect()
            else:
                self.up = True
                self._undo_all(batches, Verdict.UNDONE)
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

    async def _learn(self, batches: Sequence[PendingBatch]) -> None:
        """Replace what is remembered of unstored batches by what the database has under their keys."""
        found = await recall(self.store, [key for batch in batches for key in batch.keys])
        for batch in batches:
            self.recent.forget(batch.keys, batch)
        for key, remembered in found.items():
            self.recent.put(key, remembered)

    def _undo_streams(self, batches: Sequence[PendingBatch]) -> None:
        """Evict what unstored batches have touched, and undo what was decided on them since."""
        for batch in batches:
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

    def _undo_all(self, batches: Sequence[PendingBatch], verdict: Verdict) -> None:
        self._undo_streams(batches)
        for batch in batches:
            self._undo(batch, verdict)
        self._under_way.clear()
        self._commands_under_way = 0

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

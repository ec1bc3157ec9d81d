"""The engine: decides commands in memory on arrival, commits them in groups, answers after the commit.

`submit` finds the key, takes warm aggregates, decides, puts the facts into the open batch and waits for that batch's one
future. A single flusher closes the open batch, commits it in one transaction, settles it and goes on; while one commit is
in flight the next batch fills. Nothing else is queued: the commit is the window. When a batch is not stored, everything
that was decided on it is undone: its aggregates are evicted, its keys looked up, and each command decides again, bounded.
No rule lives here, and no port is called from here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from aggregates import ids
from aggregates.account import Account
from aggregates.dates import AHEAD_MAX, rfc3339
from aggregates.errors import Conflict, LedgerError, Rejected, Unavailable
from aggregates.fact import Fact, Mark, Stamp, Stream, set_mark
from aggregates.postings import check_balanced
from ledger.clock import Clock
from ledger.command import Call, Command, Outcome
from ledger.keys import RecentKeys, Remembered, command_key
from ledger.loading import SNAPSHOT_EVERY, load_fact, load_stream, snapshot_row
from ledger.mapper import STATE_BYTES_MAX, pack
from ledger.pending import PendingBatch, Verdict
from ledger.recall import check_same_request, format_answer, recall, refusal_record
from ledger.seal import Refusal, Row
from ledger.store import Clash, Lost, Store, StoreRefused
from ledger.unit import AccountNotFound, Cold, CopyUnit, Unit
from ledger.warm import WarmStreams

log = structlog.get_logger("ledger.engine")

OPEN_COMMANDS_MAX = 4_000
"""Decided and uncommitted commands; beyond it the answer is 503 at once."""

ROUNDS_MAX = 8
"""How often one command decides before its caller is told to come back."""

COLD_LOADS_MAX = 64
"""How many different things one command may wait to have loaded."""

RECONNECT_LIMIT_S = 1.5
"""How long waiting commands are kept while a lost connection is made anew."""


class Overloaded(Unavailable):
    """More work is open than the ledger can commit soon; nothing of this request was done."""

    code = "overloaded"


class OutcomeUnknown(Unavailable):
    """The database went away during the commit; the same request with the same key tells what became of it."""

    code = "outcome_unknown"


class OccurredAhead(Rejected):
    """Business time lies too far in the future of the ledger's clock."""

    code = "occurred_at_ahead"


class Current(NamedTuple):
    """An account as of now, durable, and the last position of the ledger when it was read."""

    account: Account
    position: int


class Engine:
    """The one door for writing, one per process and ledger.

    Args:
        store: the database, opened by `start`. clock: the only source of time. ledger_number: in all public ids.
    """

    def __init__(self, store: Store, clock: Clock, ledger_number: int = 1) -> None:
        self.store = store
        self.clock = clock
        self.warm = WarmStreams()
        self._ledger_number = ledger_number
        self._recent = RecentKeys()
        self._loading: dict[tuple[UUID, int], asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._up = True
        self._stopping = False
        self.committed_commands = 0
        self.committed_facts = 0
        self.committed_batches = 0

    async def start(self) -> None:
        """Connect and start the flusher. Call once, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._open = PendingBatch(self._loop)
        self._in_flight: PendingBatch | None = None
        await self.store.open()
        self._flusher = self._loop.create_task(self._flush_for_ever(), name="ledger-flusher")

    async def stop(self) -> None:
        """Commit what is open, then let go of the database."""
        self._stopping = True
        self._wake.set()
        await self._flusher
        for task in list(self._background):
            with suppress(Exception):
                await task
        await self.store.close()

    @property
    def up(self) -> bool:
        """Whether the last attempt to reach the database succeeded."""
        return self._up

    @property
    def open_commands(self) -> int:
        """How many commands are decided and not committed."""
        return self._open.commands + (self._in_flight.commands if self._in_flight else 0)

    # -- commands ----------------------------------------------------------------------------------------------

    async def submit(self, command: Command, call: Call) -> Outcome:
        """Do one command once; return its answer after its commit.

        Returns:
            The answer, or a remembered refusal (status 409 or 422).

        Raises:
            NotFound, Malformed: said by the decision; not remembered.
            KeyReused: the key stands for another request.
            Unavailable: nothing is known to be done; retry with the same key.
        """
        key = command_key(call)
        return await self._until_committed(key, call, lambda: self._decide(command, call, key))

    async def submit_atomic(self, items: Sequence[tuple[Command, Call]], first: Command, call: Call) -> list[Outcome]:
        """Do several commands in one commit, all or nothing; `first` stands for the request itself under `call`.

        Returns:
            One answer per item, in order. A single outcome with status 409 or 422 when an item was refused: nothing
            of any item was done; its body names the item.

        Raises:
            As `submit`; KeyReused also when an item's key stands for another request.
        """
        key = command_key(call)
        item_keys = [command_key(item_call) for _, item_call in items]
        await self._remember_stored([key, *item_keys])
        known = self._recent.get(key)
        outcome = await self._until_committed(
            key, call, lambda: self._decide_atomic(items, item_keys, first, call, key)
        )
        if outcome.status >= 400 or (known and known.status >= 400):
            return [outcome]
        answers = []
        for item_key, (_, item_call) in zip(item_keys, items, strict=True):
            remembered = self._recent.get(item_key)
            if remembered is None:
                await self._remember_stored([item_key])
                remembered = self._recent.get(item_key)
            if remembered is None:
                raise Unavailable("an answer of the batch could not be read; send it again with the same key")
            check_same_request(remembered, item_call)
            answers.append(remembered.outcome(replayed=outcome.replayed))
        return answers

    async def _until_committed(self, key: bytes, call: Call, decide: Any) -> Outcome:
        """Decide, wait for the commit, and again while the decision was undone; bounded."""
        rounds = cold_loads = 0
        while True:
            self._admit()
            remembered = self._recent.get(key)
            replayed = remembered is not None
            if remembered is None:
                try:
                    remembered = decide()
                except Cold as cold:
                    cold_loads += 1
                    if cold_loads > COLD_LOADS_MAX:
                        raise Overloaded("the command needs more of the ledger than fits into memory", 1) from cold
                    await self._load_for(cold, key)
                    continue
                except LedgerError:
                    # What is not remembered may still stand under this key from an earlier attempt: that answer wins.
                    await self._remember_stored([key])
                    if self._recent.get(key) is None:
                        raise
                    continue
            else:
                check_same_request(remembered, call)
            verdict = await asyncio.shield(remembered.batch.future)
            if verdict is Verdict.COMMITTED:
                return remembered.outcome(replayed=replayed)
            if verdict is Verdict.UNKNOWN:
                raise OutcomeUnknown("the database went away; send the same request with the same key again", 1)
            rounds += 1
            if rounds >= ROUNDS_MAX:
                raise Overloaded("other writers were first each time; send the same request again", 1)
            await asyncio.sleep(random.uniform(0, 0.002 * rounds))

    def _admit(self) -> None:
        if self._stopping:
            raise Unavailable("the ledger is stopping; send the same request again", 1)
        if not self._up:
            raise Unavailable("the ledger's database does not answer; try again", 1)
        if self.open_commands >= OPEN_COMMANDS_MAX:
            raise Overloaded("too much work is open; send the same request again", 1)

    def _stamp(self, call: Call) -> Stamp:
        now = self.clock.now()
        return Stamp(call.occurred_at or now, now, call.principal, call.request_id, call.owner)

    def _decide(self, command: Command, call: Call, key: bytes) -> Remembered:
        """Decide one command on the warm streams; its facts, or its refusal, join the open batch."""
        unit = Unit(self.warm, key, self._ledger_number)
        stamp = self._stamp(call)
        try:
            _check_occurred(stamp)
            command.decide(unit, stamp)
        except (Rejected, Conflict) as refusal:
            if unit.has_recorded():
                self._spoil(unit)
                raise RuntimeError(f"{type(command).__name__} refused after it had recorded") from refusal
            return self._refuse(refusal, type(command).__name__, call, key, stamp)
        except BaseException:
            if unit.has_recorded():
                self._spoil(unit)
            raise
        try:
            return self._join(unit.collect(), unit, command.ANSWER, call, key)
        except BaseException:
            self._spoil(unit)
            raise

    def _decide_atomic(
        self, items: Sequence[tuple[Command, Call]], item_keys: list[bytes], first: Command, call: Call, key: bytes
    ) -> Remembered:
        """Decide all items on copies; join the open batch only when all of them said yes."""
        unit = CopyUnit(self.warm, key, self._ledger_number)
        stamp = self._stamp(call)
        first.decide(unit, stamp)
        decided = [(unit.collect(), first.ANSWER, call, key)]
        for index, ((command, item_call), item_key) in enumerate(zip(items, item_keys, strict=True)):
            known = self._recent.get(item_key)
            if known is not None:
                check_same_request(known, item_call)
                continue
            unit.seed(item_key)
            item_stamp = self._stamp(item_call)
            try:
                _check_occurred(item_stamp)
                command.decide(unit, item_stamp)
            except (Rejected, Conflict) as refusal:
                refusal.figures["item"] = index
                return self._refuse(refusal, "Batch", call, key, stamp)
            decided.append((unit.collect(), command.ANSWER, item_call, item_key))
        for facts, _, _, _ in decided:
            _check_storable(facts)
        unit.install()
        remembered = [self._join(facts, unit, *rest) for facts, *rest in decided]
        self._open.commands -= len(remembered) - 1
        return remembered[0]

    def _join(self, facts: list[Fact], unit: Unit, answer: str, call: Call, key: bytes) -> Remembered:
        """Put a command's facts into the open batch; return its answer, which waits for that batch."""
        batch = self._open
        set_mark(facts[0], Mark(call.request_hash, answer, len(facts)))
        states = _check_storable(facts)
        status, body = format_answer(answer, facts)
        row_key: bytes | None = key
        for fact, state in zip(facts, states, strict=True):
            batch.rows.append(Row(fact.originator_id.bytes, fact.originator_version, fact.TOPIC.encode(), state, row_key))
            row_key = None
            stream = unit.touched[fact.originator_id]
            batch.streams[stream.id] = stream
            if fact.originator_version % SNAPSHOT_EVERY == 0 and isinstance(stream, Account):
                if stream.version == fact.originator_version:
                    batch.snapshots.append(snapshot_row(stream))
        return self._remember(batch, key, call, status, body, len(batch.rows) - 1)

    def _refuse(self, error: LedgerError, command: str, call: Call, key: bytes, stamp: Stamp) -> Remembered:
        """Put a refusal into the open batch: it, too, waits for all that it was decided on."""
        batch = self._open
        offset = len(batch.rows)
        recorded_at = rfc3339(stamp.recorded_at)
        status, body, record = refusal_record(error, command, call, recorded_at, offset)
        batch.refusals.append(Refusal(key, record))
        return self._remember(batch, key, call, status, body, offset - 1)

    def _remember(
        self, batch: PendingBatch, key: bytes, call: Call, status: int, body: bytes, offset: int
    ) -> Remembered:
        remembered = Remembered(call.request_hash, status, body, offset, call.request_id, batch)
        self._recent.put(key, remembered)
        batch.keys.append(key)
        batch.commands += 1
        self._wake.set()
        return remembered

    def _spoil(self, unit: Unit) -> None:
        """A decision broke half way: what it touched in memory is no longer true, nor is what was decided on it."""
        log.error("a decision broke half way", streams=[str(stream_id) for stream_id in unit.touched])
        for stream_id in unit.touched:
            self.warm.evict(stream_id)
        if unit.touched.keys() & self._open.streams.keys():
            batch, self._open = self._open, PendingBatch(self._loop)
            self._undo(batch, Verdict.UNDONE)

    # -- loading -----------------------------------------------------------------------------------------------

    async def _load_for(self, cold: Cold, key: bytes) -> None:
        """Load what a decision missed; whoever needs the same waits for the same load.

        A key that this process does not know costs no look-up of its own as long as everything is warm; a command that
        has to wait for the database anyway looks its key up on the way.
        """
        name = (cold.stream_id, cold.version)
        task = self._loading.get(name)
        if task is None:
            task = self._loop.create_task(self._load(cold))
            self._loading[name] = task
            task.add_done_callback(lambda _: self._loading.pop(name, None))
        await asyncio.shield(task)
        await self._remember_stored([key])

    async def _load(self, cold: Cold) -> None:
        in_flight = self._in_flight
        if in_flight is not None and cold.stream_id in in_flight.streams:
            await asyncio.shield(in_flight.future)
        if issubclass(cold.kind, Fact):
            self.warm.put_fact(await load_fact(self.store, cold.stream_id, cold.version))
        else:
            assert issubclass(cold.kind, Stream)
            stream = await load_stream(self.store, cold.kind, cold.stream_id)
            if self.warm.get(cold.stream_id) is None:
                self.warm.put(stream)

    async def _remember_stored(self, keys: list[bytes]) -> None:
        """Look up those of `keys` that are not in memory and remember what they stand for."""
        unknown = [key for key in keys if self._recent.get(key) is None]
        for key, remembered in (await recall(self.store, unknown)).items():
            if self._recent.get(key) is None:
                self._recent.put(key, remembered)

    # -- reading -----------------------------------------------------------------------------------------------

    async def account(self, account_id: str) -> Current:
        """Return an account as of now: durable, and not behind what other processes have written.

        Raises:
            NotFound `account_not_found`; Unavailable: the database does not answer.
        """
        ids.parse(account_id, "acc")
        stream_id = ids.stream_id(account_id)
        for _ in range(ROUNDS_MAX):
            position, version = await self.store.heads(stream_id)
            stream = self.warm.get(stream_id)
            if stream is not None and stream.version < version and stream_id not in self._uncommitted():
                self.warm.evict(stream_id)
                stream = None
            if stream is None:
                await self._load_for(Cold(Account, stream_id), b"")
                continue
            if not stream.version:
                raise AccountNotFound("there is no account with this id")
            assert isinstance(stream, Account)
            account = stream.copy()
            batch = self._last_batch_of(stream_id)
            if batch is None or await asyncio.shield(batch.future) is Verdict.COMMITTED:
                return Current(account, position)
        raise Unavailable("the account changes faster than it can be read; try again", 1)

    def _uncommitted(self) -> set[UUID]:
        in_flight = self._in_flight.streams.keys() if self._in_flight else ()
        return {*self._open.streams, *in_flight}

    def _last_batch_of(self, stream_id: UUID) -> PendingBatch | None:
        if stream_id in self._open.streams:
            return self._open
        if self._in_flight is not None and stream_id in self._in_flight.streams:
            return self._in_flight
        return None

    # -- committing --------------------------------------------------------------------------------------------

    async def _flush_for_ever(self) -> None:
        while True:
            if not self._open.keys:
                if self._stopping:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            batch, self._open = self._open, PendingBatch(self._loop)
            self._in_flight = batch
            try:
                first = await self.store.append(batch)
            except Clash:
                await self._after_clash(batch)
            except Lost as lost:
                await self._after_loss(batch, lost)
            except StoreRefused as refused:
                log.error("the database takes no writes", reason=str(refused))
                self._undo_all(batch, Verdict.UNKNOWN)
            except Exception:
                log.exception("a batch could not be stored")
                self._undo_all(batch, Verdict.UNKNOWN)
            else:
                self._commit(batch, first)
            self._in_flight = None
            await asyncio.sleep(0)

    def _commit(self, batch: PendingBatch, first: int) -> None:
        self._up = True
        self.committed_batches += 1
        self.committed_commands += batch.commands
        self.committed_facts += len(batch.rows)
        for stream in batch.streams.values():
            self.warm.weigh(stream)
        if batch.snapshots:
            self._in_background(self._store_snapshots(batch.snapshots))
        batch.settle(Verdict.COMMITTED, first)
        self.warm.shrink(self._open.streams)

    async def _after_clash(self, batch: PendingBatch) -> None:
        """Another writer was first, or a key is known: nothing was stored. Learn which keys, then decide again."""
        keys = batch.keys
        self._undo_streams(batch)
        try:
            await self._learn(keys, batch)
        except Unavailable:
            self._undo_all(batch, Verdict.UNKNOWN)
        else:
            self._undo_all(batch, Verdict.UNDONE)

    async def _after_loss(self, batch: PendingBatch, lost: Lost) -> None:
        """The reply was lost: once the old connection is surely dead, the keys tell "stored" from "not stored"."""
        log.warning("the connection was lost during a commit", reason=str(lost), commands=batch.commands)
        keys = batch.keys
        self._undo_streams(batch)
        give_up_at = self._loop.time() + RECONNECT_LIMIT_S
        while True:
            try:
                await self.store.settle_lost()
                await self._learn(keys, batch)
            except (Lost, Unavailable):
                if self._loop.time() < give_up_at:
                    await asyncio.sleep(0.1)
                    continue
                if self._up:
                    log.error("the database is away", commands=self.open_commands)
                self._up = False
                self._undo_all(batch, Verdict.UNKNOWN)
                await self._reconnect()
            else:
                self._up = True
                self._undo_all(batch, Verdict.UNDONE)
            return

    async def _reconnect(self) -> None:
        """Try until the database is back; meanwhile every request is told so at once."""
        while not self._stopping:
            try:
                await self.store.settle_lost()
            except Lost:
                await asyncio.sleep(0.2)
            else:
                log.info("the database is back")
                self._up = True
                return

    async def _learn(self, keys: list[bytes], batch: PendingBatch) -> None:
        """Replace what is remembered of an unstored batch by what the database has under its keys."""
        found = await recall(self.store, keys)
        self._recent.forget(keys, batch)
        for key, remembered in found.items():
            self._recent.put(key, remembered)

    def _undo_streams(self, batch: PendingBatch) -> None:
        """Evict what an unstored batch has touched, and undo what was decided on it since."""
        for stream_id in (*batch.streams, *self._open.streams):
            self.warm.evict(stream_id)
        later, self._open = self._open, PendingBatch(self._loop)
        self._undo(later, Verdict.UNDONE)

    def _undo_all(self, batch: PendingBatch, verdict: Verdict) -> None:
        self._undo_streams(batch)
        self._undo(batch, verdict)

    def _undo(self, batch: PendingBatch, verdict: Verdict) -> None:
        self._recent.forget(batch.keys, batch)
        batch.settle(verdict)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _store_snapshots(self, snapshots: list[tuple[UUID, int, str, bytes]]) -> None:
        with suppress(Unavailable):
            await self.store.put_snapshots(snapshots)


def _check_occurred(stamp: Stamp) -> None:
    """Refuse business time ahead of the clock (DESIGN 2.3: at most 5 minutes)."""
    if stamp.occurred_at > stamp.recorded_at + AHEAD_MAX:
        raise OccurredAhead(
            "occurred_at may lie at most 5 minutes ahead of the ledger's clock", latest=rfc3339(stamp.recorded_at + AHEAD_MAX)
        )


def _check_storable(facts: Sequence[Fact]) -> list[bytes]:
    """Return the facts packed; assert what must hold of every fact, in production, too: balanced and bounded."""
    states = []
    for fact in facts:
        check_balanced(fact)
        state = pack(fact)
        if len(state) > STATE_BYTES_MAX:
            raise RuntimeError(f"{fact.TOPIC} of {len(state)} bytes exceeds {STATE_BYTES_MAX}")
        states.append(state)
    return states

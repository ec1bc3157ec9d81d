"""The engine: decides commands in memory on arrival, commits them in groups, answers after the commit.

`submit` finds the key, takes warm aggregates, decides, puts the facts into the open batch and waits for that batch's
one future. A single flusher closes the open batch, commits it in one transaction, settles it and goes on; while one
batch or two are on their way the next one fills. Nothing else is queued: the commit is the window. When a batch is not
stored, everything that was decided on it is undone: its aggregates are evicted, its keys looked up, and each command
decides again, bounded. No rule lives here, and no port is called from here.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from aggregates import ids
from aggregates.account import Account
from aggregates.errors import LedgerError, Unavailable
from aggregates.fact import Fact, Stream
from ledger.clock import Clock
from ledger.command import Call, Command, Outcome
from ledger.commands.batches import ReceiveBatch
from ledger.committer import Committer
from ledger.copies import CleanCopies
from ledger.decider import Decider, Doubtful
from ledger.keys import RecentKeys, Remembered, command_key
from ledger.loading import SHORT_FACTS, TOGETHER_STREAMS, load_fact, load_short_streams, load_stream
from ledger.pending import Verdict
from ledger.recall import KeyReused, check_same_request, recall
from ledger.store import Store
from ledger.unit import AccountNotFound, Cold
from ledger.warm import WarmStreams

Decide = Callable[[], Remembered]

OPEN_COMMANDS_MAX = 4_000
"""Decided and uncommitted commands; beyond it the answer is 503 at once."""

ROUNDS_MAX = 8
"""How often one command decides before its caller is told to come back."""

BACK_OFF_S = 0.001
"""Half of the longest pause after the first round that was undone; doubled each round (0.26 s after the eighth)."""

COLD_LOADS_MAX = 64
"""How many different things one command may wait to have loaded."""


class Overloaded(Unavailable):
    """More work is open than the ledger can commit soon; nothing of this request was done."""

    code = "overloaded"


class OutcomeUnknown(Unavailable):
    """The database went away during the commit; the same request with the same key tells what became of it."""

    code = "outcome_unknown"


class WritesRefused(Unavailable):
    """The database answers and takes no writes (disk full, read-only); nothing of this request was done."""

    code = "writes_refused"


class Current(NamedTuple):
    """An account as of now, durable, and the last position of the ledger when it was read."""

    account: Account
    position: int


class Engine:
    """The one door for writing, one per process and ledger.

    Args:
        store: the database, opened by `start`. clock: the only source of time.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.warm = WarmStreams()
        self._copies = CleanCopies()
        self._recent = RecentKeys()
        self.committer = Committer(store, self.warm, self._recent)
        self._decider = Decider(self.committer, clock)
        self._loading: dict[tuple[UUID, int], asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Connect and start to commit. Call once, on the running loop."""
        self._loop = asyncio.get_running_loop()
        await self.store.open()
        self.committer.start()

    async def stop(self) -> None:
        """Commit what is open, then let go of the database."""
        await self.committer.stop()
        await self.store.close()

    @property
    def up(self) -> bool:
        """Whether the last attempt to reach the database succeeded."""
        return self.committer.up

    @property
    def open_commands(self) -> int:
        """How many commands are decided and not committed."""
        return self.committer.open_commands

    @property
    def remembered_keys(self) -> int:
        """How many keys this process answers without a look-up; bounded by `RECENT_MAX`."""
        return len(self._recent)

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
        remembered = self._at_once(command, call, key)
        if remembered is not None:
            verdict = await remembered.batch.settled()
            if verdict is Verdict.COMMITTED:
                return remembered.outcome(replayed=False)
            if verdict is not Verdict.UNDONE:
                raise _unavailable(verdict)
        return await self._until_committed(key, call, self._deciding(command, call, key))

    def decide_at_once(self, command: Command, call: Call) -> Remembered | None:
        """Decide a new command without waiting for anything; None = this is not the usual case, `submit` it.

        Returns:
            Its answer, to be given once the verdict of its `batch` is COMMITTED; after another verdict, `submit` it.
        """
        return self._at_once(command, call, command_key(call))

    async def submit_atomic(self, items: Sequence[tuple[Command, Call]], call: Call) -> list[Outcome]:
        """Do several commands in one commit, all or nothing; `call` is the request itself, under a key of its own.

        Returns:
            One answer per item, in order. A single outcome with status 409 or 422 when an item was refused: nothing
            of any item was done; its body names the item.

        Raises:
            As `submit`; KeyReused also when an item's key stands for another request.
        """
        first = ReceiveBatch("atomic", len(items))
        key = command_key(call)
        item_keys = [command_key(item_call) for _, item_call in items]
        await self._remember_stored([key, *item_keys])
        outcome = await self._until_committed(
            key, call, lambda: self._decider.decide_atomic(items, item_keys, first, call, key)
        )
        if outcome.status >= 400:
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

    async def submit_in_order(
        self, items: Sequence[tuple[Command, Call]], *, look_up: bool = True, led: bool = False
    ) -> list[Outcome | LedgerError]:
        """Do several commands, each for itself, decided in the given order; return what became of each.

        An error in the result is one that is not remembered (see `submit`).

        Args:
            look_up: look the keys up in bulk beforehand, so that doing the same items again costs one query. Without
                it a key that only the database knows spoils its batch, is learned from that, and is answered then.
            led: the first item is the request that brings the others: where it is not done, none of them is.

        Raises:
            LedgerError: the first item's, when it leads.
        """
        keys = [command_key(call) for _, call in items]
        if look_up:
            await self._remember_stored(keys)
        results: dict[int, Outcome | LedgerError] = {}
        waiting = list(range(len(items)))
        for round_ in range(1, ROUNDS_MAX + 1):
            begun: list[tuple[int, Remembered, bool]] = []
            left = deque(waiting)
            undone_before = self.committer.undone_batches
            # What was undone during a load is decided again before anything that comes after it.
            while left and self.committer.undone_batches == undone_before:
                (command, call), key = items[left[0]], keys[left[0]]
                leads = led and left[0] == 0
                try:
                    try:
                        known = self._known(key, call)
                        remembered = known or self._decider.decide(command, call, key)
                        begun.append((left[0], remembered, known is not None))
                    except Cold as cold:
                        await self._load_for(cold)
                        continue
                except LedgerError as error:
                    if leads:
                        raise
                    results[left[0]] = error
                left.popleft()
                if leads and begun[-1][2]:
                    # The request is known, so are the items: better learned at once than by a spoiled batch.
                    await self._remember_stored(keys)
            waiting = []
            for index, remembered, replayed in begun:
                verdict = remembered.batch.verdict or await remembered.batch.settled()
                if verdict is Verdict.COMMITTED:
                    results[index] = remembered.outcome(replayed=replayed)
                elif verdict is Verdict.UNDONE:
                    waiting.append(index)
                else:
                    results[index] = _unavailable(verdict)
            waiting += left
            if not waiting:
                break
            await self._back_off(round_)
        results |= dict.fromkeys(waiting, _contended())
        return [results[index] for index in range(len(items))]

    async def _until_committed(self, key: bytes, call: Call, decide: Decide) -> Outcome:
        """Decide, wait for the commit, and again while the decision was undone; bounded."""
        for round_ in range(1, ROUNDS_MAX + 1):
            remembered, replayed = await self._begin(key, call, decide)
            verdict = await remembered.batch.settled()
            if verdict is Verdict.COMMITTED:
                return remembered.outcome(replayed=replayed)
            if verdict is not Verdict.UNDONE:
                raise _unavailable(verdict)
            await self._back_off(round_)
        raise _contended()

    def _at_once(self, command: Command, call: Call, key: bytes) -> Remembered | None:
        """Decide a new command when everything is warm and nothing is wrong: the usual case, without a detour."""
        committer = self.committer
        if not committer.up or committer.stopping or committer.open_commands >= OPEN_COMMANDS_MAX:
            return None
        if self._recent.get(key) is not None:
            return None
        try:
            return self._decider.decide(command, call, key)
        except (Cold, LedgerError):
            return None

    async def _begin(self, key: bytes, call: Call, decide: Decide) -> tuple[Remembered, bool]:
        """Return what is remembered under the key, or decide, loading what is cold; and whether it was known before."""
        for _ in range(COLD_LOADS_MAX):
            try:
                return self._begin_now(key, call, decide)
            except Cold as cold:
                await self._load_for(cold, key)
            except KeyReused:
                raise
            except LedgerError:
                # What is not remembered may still stand under this key from an earlier attempt: that answer wins.
                await self._remember_stored([key])
                if self._recent.get(key) is None:
                    raise
        raise Overloaded("the command needs more of the ledger than fits into memory", 1)

    def _begin_now(self, key: bytes, call: Call, decide: Decide) -> tuple[Remembered, bool]:
        """Do what `_begin` does without waiting. Raises: Cold, LedgerError."""
        known = self._known(key, call)
        return (decide(), False) if known is None else (known, True)

    def _known(self, key: bytes, call: Call) -> Remembered | None:
        """Return what is remembered under a key, as far as anything may be begun now. Raises: LedgerError."""
        self._admit()
        known = self._recent.get(key)
        if known is not None:
            check_same_request(known, call)
        return known

    def _deciding(self, command: Command, call: Call, key: bytes) -> Decide:
        return lambda: self._decider.decide(command, call, key)

    async def _back_off(self, round_: int) -> None:
        """Wait a moment, longer and more at random each round, unless our turn is kept by the lock."""
        if not self.store.appender.locked:
            await asyncio.sleep(random.uniform(0, BACK_OFF_S * 2**round_))  # noqa: S311 (it need not be unguessable)

    def _admit(self) -> None:
        if self.committer.stopping:
            raise Unavailable("the ledger is stopping; send the same request again", 1)
        if not self.committer.up:
            raise Unavailable("the ledger's database does not answer; try again", 1)
        if self.open_commands >= OPEN_COMMANDS_MAX:
            raise Overloaded("too much work is open; send the same request again", 1)

    # -- loading -----------------------------------------------------------------------------------------------

    async def _load_for(self, cold: Cold, *keys: bytes) -> None:
        """Load what a decision missed; whoever needs the same waits for the same load.

        A key that this process does not know costs no look-up of its own as long as everything is warm; a command that
        has to wait for the database anyway looks its key up on the way.
        """
        if isinstance(cold, Doubtful):
            await self._evict_stale(cold.streams)
            self._decider.be_sure(cold.key)
            return
        name = (cold.stream_id, cold.version)
        task = self._loading.get(name)
        if task is None:
            task = self._loop.create_task(self._load(cold))
            self._loading[name] = task
            task.add_done_callback(lambda _: self._loading.pop(name, None))
        await asyncio.shield(task)
        await self._remember_stored(list(keys))

    async def _load(self, cold: Cold) -> None:
        under_way = self.committer.under_way_batch_of(cold.stream_id)
        if under_way is not None:
            await under_way.settled()
        if issubclass(cold.kind, Fact):
            self.warm.put_fact(await load_fact(self.store, cold.stream_id, cold.version))
        else:
            assert issubclass(cold.kind, Stream)
            stream = await load_stream(self.store, cold.kind, cold.stream_id, self._copies.take(cold.stream_id))
            self._copies.keep(stream)
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
            batch = self.committer.last_batch_of(stream_id)
            if stream is not None and stream.version < version and batch is None:
                self.warm.evict(stream_id)
                stream = None
            if stream is None:
                await self._load_for(Cold(Account, stream_id))
                continue
            if not stream.version:
                self.warm.evict(stream_id)
                raise AccountNotFound("there is no account with this id")
            assert isinstance(stream, Account)
            account = stream.copy()
            if batch is None or await batch.settled() is Verdict.COMMITTED:
                return Current(account, position)
        raise Unavailable("the account changes faster than it can be read; try again", 1)

    async def freshen(self, *public_ids: str) -> None:
        """Forget what other processes have since written to, of streams that the next decision reads.

        (What a decision writes to is fenced by its version; what it only reads, or refuses by, is not.)

        Raises:
            Unavailable: the database does not answer.
        """
        await self._evict_stale([ids.stream_id(public_id) for public_id in public_ids])

    async def warm_up(self, wanted: Iterable[tuple[type[Stream], str]]) -> None:
        """Load the streams of these public ids that are not in memory: one decision alone may wait for few.

        Short ones come together, many by one query.

        Raises:
            Unavailable: the database does not answer.
        """
        kinds = {ids.stream_id(public_id): kind for kind, public_id in wanted}
        cold = [stream_id for stream_id in kinds if self.warm.get(stream_id) is None]
        short: list[UUID] = []
        for stream_id, version in (await self.store.versions(cold)).items():
            kind = kinds[stream_id]
            if not version:
                if self.warm.get(stream_id) is None:
                    self.warm.put(kind.blank(stream_id))
            elif version > SHORT_FACTS or kind is Account or kind.TOLD_BY_LAST_FACT:
                await self._load_for(Cold(kind, stream_id))
            else:
                short.append(stream_id)
        for start in range(0, len(short), TOGETHER_STREAMS):
            await self._load_short({one: kinds[one] for one in short[start : start + TOGETHER_STREAMS]})

    async def _load_short(self, kinds: dict[UUID, type[Stream]]) -> None:
        """Load short streams together; as `_load` does one."""
        for stream_id in kinds:
            under_way = self.committer.under_way_batch_of(stream_id)
            if under_way is not None:
                await under_way.settled()
        for stream in await load_short_streams(self.store, kinds):
            if self.warm.get(stream.id) is None:
                self.warm.put(stream)

    async def _evict_stale(self, stream_ids: Sequence[UUID]) -> None:
        """Forget those streams that are further in the database than here. Raises: Unavailable."""
        versions = await self.store.versions([each for each in stream_ids if self.warm.get(each) is not None])
        for stream_id, version in versions.items():
            stream = self.warm.get(stream_id)
            if stream is not None and stream.version < version and self.committer.last_batch_of(stream_id) is None:
                self.warm.evict(stream_id)


def _unavailable(verdict: Verdict) -> Unavailable:
    if verdict is Verdict.REFUSED:
        return WritesRefused("the database takes no writes now; nothing was done, send the same request again", 5)
    return OutcomeUnknown("the database went away; send the same request with the same key again", 1)


def _contended() -> Overloaded:
    return Overloaded("other writers were first each time; send the same request again", 1)

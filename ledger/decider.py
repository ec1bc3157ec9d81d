"""The deciding side of the engine: a command meets warm streams, and its facts, or its refusal, join the open batch.

All of it is synchronous: between the first line of a decision and its place in the batch nothing else runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aggregates.account import Account
from aggregates.dates import AHEAD_MAX, rfc3339
from aggregates.errors import Conflict, LedgerError, NotFound, Rejected
from aggregates.fact import Fact, Mark, Stamp, Stream, set_mark
from ledger.clock import Clock
from ledger.command import Call, Command
from ledger.committer import Committer
from ledger.keys import Remembered
from ledger.loading import SNAPSHOT_EVERY, snapshot_row
from ledger.pending import PendingBatch
from ledger.periods import check_period
from ledger.recall import check_same_request, format_answer, refusal_record
from ledger.rows import LateRow, rows_of
from ledger.seal import Refusal, Row
from ledger.unit import Cold, CopyUnit, Unit

SURE_MAX = 10_000
"""Keys whose next refusal stands without another look; one that was forgotten is only looked at once more."""


class OccurredAhead(Rejected):
    """Business time lies too far in the future of the ledger's clock."""

    code = "occurred_at_ahead"


class Doubtful(Cold):
    """A decision refuses by streams that other processes may have written to since; the engine looks, and asks again.

    (What a decision writes to is fenced by its version; what it only refuses by is not.)

    Attributes:
        key: of the command. streams: ids of the warm streams that the refusal was read from.
    """

    def __init__(self, key: bytes, streams: list[UUID]) -> None:
        super().__init__(Stream, streams[0])
        self.key = key
        self.streams = streams


class Decider:
    """Decides commands into the committer's open batch.

    Args:
        clock: the only source of time.
    """

    def __init__(self, committer: Committer, clock: Clock) -> None:
        self._committer = committer
        self._clock = clock
        self._sure: set[bytes] = set()

    def be_sure(self, key: bytes) -> None:
        """Let the next refusal under a key stand: the streams that it was read from are those of the database."""
        if len(self._sure) >= SURE_MAX:
            self._sure.clear()
        self._sure.add(key)

    def _stamp(self, call: Call) -> Stamp:
        now = self._clock.now()
        return Stamp(call.occurred_at or now, now, call.principal, call.request_id, call.owner)

    def decide(self, command: Command, call: Call, key: bytes) -> Remembered:
        """Decide one command on the warm streams; its facts, or its refusal, join the open batch."""
        committer = self._committer
        unit = Unit(committer.warm, key, committer.store.ledger_number)
        stamp = self._stamp(call)
        try:
            if call.occurred_at is not None:
                _check_occurred(stamp)
                check_period(unit, stamp)
            command.decide(unit, stamp)
        except (Rejected, Conflict) as refusal:
            if unit.has_recorded():
                self._committer.spoil(unit)
                raise RuntimeError(f"{type(command).__name__} refused after it had recorded") from refusal
            self._check_sure(unit, key)
            return self._refuse(refusal, type(command).__name__, call, key, stamp)
        except BaseException as error:
            if unit.has_recorded():
                self._committer.spoil(unit)
            elif isinstance(error, NotFound):
                self._check_sure(unit, key)
            raise
        if self._sure:
            self._sure.discard(key)
        try:
            facts = _marked(unit.collect(), call, command.ANSWER)
            remembered = self._join(facts, rows_of(facts, key), unit.recorded, command.ANSWER, call, key)
            if unit.unmoved:
                committer.open.unmoved = unit.unmoved | committer.open.unmoved
        except BaseException:
            self._committer.spoil(unit)
            raise
        unit.keep_fresh()
        return remembered

    def decide_atomic(
        self, items: Sequence[tuple[Command, Call]], item_keys: list[bytes], first: Command, call: Call, key: bytes
    ) -> Remembered:
        """Decide all items on copies; join the open batch only when all of them said yes."""
        unit = CopyUnit(self._committer.warm, key, self._committer.store.ledger_number)
        stamp = self._stamp(call)
        first.decide(unit, stamp)
        decided = [(unit.collect(), unit.recorded, first.ANSWER, call, key)]
        for index, ((command, item_call), item_key) in enumerate(zip(items, item_keys, strict=True)):
            known = self._committer.recent.get(item_key)
            if known is not None:
                check_same_request(known, item_call)
                continue
            unit.seed(item_key)
            item_stamp = self._stamp(item_call)
            try:
                _check_occurred(item_stamp)
                if item_call.occurred_at is not None:
                    check_period(unit, item_stamp)
                command.decide(unit, item_stamp)
            except (Rejected, Conflict) as refusal:
                self._check_sure(unit, key)
                refusal.figures["item"] = index
                return self._refuse(refusal, "Batch", call, key, stamp)
            decided.append((unit.collect(), unit.recorded, command.ANSWER, item_call, item_key))
        if self._sure:
            self._sure.discard(key)
        rows = [rows_of(_marked(facts, of, answer), under) for facts, _, answer, of, under in decided]
        unit.install()
        remembered = [
            self._join(facts, made, recorded, answer, of, under)
            for (facts, recorded, answer, of, under), made in zip(decided, rows, strict=True)
        ]
        if unit.unmoved:
            self._committer.open.unmoved = unit.unmoved | self._committer.open.unmoved
        self._committer.open.commands -= len(remembered) - 1
        return remembered[0]

    def _check_sure(self, unit: Unit, key: bytes) -> None:
        """Let a refusal pass once the streams that it was read from are known to be current. Raises: Doubtful."""
        if key in self._sure:
            self._sure.discard(key)
            return
        warm = self._committer.warm
        read = [stream.id for stream in unit.touched.values() if warm.get(stream.id) is not None]
        if read:
            raise Doubtful(key, read)

    def _join(
        self,
        facts: list[Fact],
        rows: list[Row | LateRow],
        recorded: list[Stream],
        answer: str,
        call: Call,
        key: bytes,
    ) -> Remembered:
        """Put a command's facts into the open batch; return its answer, which waits for that batch."""
        batch = self._committer.open
        status, body = format_answer(answer, facts)
        batch.rows += rows
        for stream in recorded:
            batch.streams[stream.id.int] = stream
            if stream.version % SNAPSHOT_EVERY < len(facts) and isinstance(stream, Account) and _passed(stream, facts):
                batch.snapshots.append(snapshot_row(stream))
        return self._remember(batch, key, call, status, body, len(batch.rows) - 1)

    def _refuse(self, error: LedgerError, command: str, call: Call, key: bytes, stamp: Stamp) -> Remembered:
        """Put a refusal into the open batch: it, too, waits for all that it was decided on."""
        batch = self._committer.open
        offset = len(batch.rows)
        recorded_at = rfc3339(stamp.recorded_at)
        status, body, record = refusal_record(error, command, call, recorded_at, offset)
        batch.refusals.append(Refusal(key, record))
        return self._remember(batch, key, call, status, body, offset - 1)

    def _remember(
        self, batch: PendingBatch, key: bytes, call: Call, status: int, body: bytes, offset: int
    ) -> Remembered:
        remembered = Remembered(call.request_hash, status, body, offset, call.request_id, batch)
        self._committer.recent.put(key, remembered)
        batch.keys.append(key)
        batch.commands += 1
        self._committer.wake()
        return remembered


def _passed(account: Account, facts: Sequence[Fact]) -> bool:
    """Say whether a command's facts took an account to, or past, the version of a snapshot."""
    return account.version % SNAPSHOT_EVERY < sum(fact.originator_id == account.id for fact in facts)


def _check_occurred(stamp: Stamp) -> None:
    """Refuse business time ahead of the clock (at most 5 minutes)."""
    if stamp.occurred_at > stamp.recorded_at + AHEAD_MAX:
        raise OccurredAhead(
            "occurred_at may lie at most 5 minutes ahead of the ledger's clock",
            latest=rfc3339(stamp.recorded_at + AHEAD_MAX),
        )


def _marked(facts: list[Fact], call: Call, answer: str) -> list[Fact]:
    """Write on a command's first fact what its request was and how its facts are answered."""
    set_mark(facts[0], Mark(call.request_hash, answer, len(facts)))
    return facts

"""A ledger without a database: commands decide on streams in memory, in the engine's own words but one at a time.

What it checks on the way holds for every command: a refusal leaves every stream as it was, nothing unbalanced is
recorded, every fact survives being stored, and the answer can be made again from stored facts, byte for byte.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Self, TypeVar
from uuid import UUID

import orjson

from aggregates import ids
from aggregates.account import Account
from aggregates.batch import Batch
from aggregates.errors import LedgerError, NotFound
from aggregates.fact import Fact, Stamp, Stream
from aggregates.postings import check_balanced
from ledger.command import ANSWERS, Answer, Command
from ledger.mapper import pack, to_fact
from tests.aggregates.scenario import kst

S = TypeVar("S", bound=Stream)


class Book:
    """Streams, the facts recorded on them in order, and a clock.

    Attributes:
        facts: all facts, in the order of their commits.
        now: instant of the next command.
    """

    def __init__(self, at: str = "2024-10-28 10:00") -> None:
        self.now = kst(at)
        self.actor, self.owner = "key_tester", ""
        self.facts: list[Fact] = []
        self.streams: dict[UUID, Stream] = {}
        self._touched: dict[UUID, Stream] = {}
        self._commands = 0

    def at(self, text: str) -> Self:
        """Set the clock to a time of Seoul."""
        self.now = kst(text)
        return self

    def pass_time(self, **step: float) -> Self:
        """Move the clock by days, hours, ..."""
        self.now += timedelta(**step)
        return self

    def by(self, actor: str, owner: str = "") -> Self:
        """Let another principal act from now on."""
        self.actor, self.owner = actor, owner
        return self

    def do(self, command: Command, occurred_at: datetime | None = None) -> Answer:
        """Decide a command and commit its facts. Returns its answer. Raises: LedgerError, then nothing has changed."""
        self._commands += 1
        self._touched = {}
        stamp = Stamp(occurred_at or self.now, self.now, self.actor, f"req_{self._commands}", self.owner)
        try:
            command.decide(self, stamp)
        except LedgerError:
            assert not any(stream.pending for stream in self._touched.values()), "a refusal has recorded a fact"
            raise
        made = [fact for stream in self._touched.values() for fact in stream.collect_events()]
        assert made, "a command that is not refused records a fact"
        stored = [stored_again(fact) for fact in made]
        for fact in made:
            check_balanced(fact)
        self.streams.update(self._touched)
        self.facts += made
        answer = ANSWERS[command.ANSWER](made)
        assert orjson.dumps(answer.body) == orjson.dumps(ANSWERS[command.ANSWER](stored).body)
        return answer

    def ask(self, command: Command, occurred_at: datetime | None = None) -> dict[str, Any]:
        """Decide a command and return the body of its answer."""
        return self.do(command, occurred_at).body

    def refusal(self, command: Command) -> LedgerError:
        """Decide a command that must be refused, and return why."""
        try:
            self.do(command)
        except LedgerError as refused:
            return refused
        raise AssertionError(f"{command} was not refused")

    def account(self, account_id: str) -> Account:
        """As `Streams.account`."""
        ids.parse(account_id, "acc")
        account = self.stream(Account, account_id)
        if not account.version:
            raise NotFound("there is no account with this id")
        return account

    def new_account(self, seed: bytes = b"") -> tuple[str, Account]:
        """As `Streams.new_account`."""
        account_id = ids.account_id(0, self._commands.to_bytes(4, "big") + seed + b"padding-to-ten")
        return account_id, self.stream(Account, account_id)

    def new_batch(self) -> Batch:
        """As `Streams.new_batch`."""
        return self.stream(Batch, f"batch:{self._commands}")

    def stream(self, kind: type[S], public_id: str) -> S:
        """As `Streams.stream`."""
        stream_id = ids.stream_id(public_id)
        found = self._touched.setdefault(stream_id, self.streams.get(stream_id) or kind.blank(stream_id))
        assert isinstance(found, kind)
        return found

    def held(self, kind: type[S], public_id: str) -> S:
        """As `Streams.held`; nobody else writes here."""
        return self.stream(kind, public_id)

    def named(self, kind: type[S], prefix: str, name: str) -> tuple[str, S]:
        """As `Streams.named`."""
        public_id = ids.root_id(prefix, 0, sha256(name.encode()).digest())
        return public_id, self.stream(kind, public_id)

    def new_child(self, kind: type[S], prefix: str, account_id: str, index: int = 0) -> tuple[str, S]:
        """As `Streams.new_child`."""
        seed = sha256(f"{self._commands}:{prefix}:{index}".encode()).digest()
        public_id = ids.drawn_child_id(prefix, account_id, seed)
        return public_id, self.stream(kind, public_id)

    def born(self, kind: type[S], child_id: str) -> S:
        """As `Streams.born`."""
        blank = self.stream(kind, child_id)
        assert not blank.version, "what is being born is there already"
        return blank

    def known(self, kind: type[S], public_id: str, missing: type[NotFound]) -> S:
        """As `Streams.known`."""
        found = self.stream(kind, public_id)
        if not found.version:
            raise missing("there is nothing under this id")
        return found

    def origin(self, public_id: str, prefix: str) -> Fact:
        """As `Streams.origin`."""
        parsed = ids.parse(public_id, prefix)
        return self.fact_of(parsed.account_id, parsed.version)

    def fact_of(self, public_id: str, version: int) -> Fact:
        """As `Streams.fact_of`."""
        stream_id = ids.stream_id(public_id)
        for fact in self.facts:
            if (fact.originator_id, fact.originator_version) == (stream_id, version):
                return fact
        raise NotFound("nothing was born there")


def stored_again(fact: Fact) -> Fact:
    """Return a fact after a way through the store; it is equal to what went in."""
    again = to_fact(fact.originator_id, fact.originator_version, fact.TOPIC, pack(fact))
    assert again == fact
    return again

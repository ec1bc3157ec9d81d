"""What one command sees while it decides: the warm streams of the engine, or private copies that may be thrown away."""

from __future__ import annotations

from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from aggregates import ids
from aggregates.account import Account
from aggregates.batch import Batch
from aggregates.errors import NotFound
from aggregates.fact import Fact, Stream
from ledger.warm import WarmStreams

S = TypeVar("S", bound=Stream)


class Cold(Exception):
    """A stream or a fact that the decision needs is not in memory; the engine loads it and decides from the first line.

    Attributes:
        kind: class of the stream; Fact for a single fact.
        stream_id: what to load. version: 0 for a whole stream, else the version of the one fact.
    """

    def __init__(self, kind: type[Stream] | type[Fact], stream_id: UUID, version: int = 0) -> None:
        super().__init__(f"{kind.__name__} {stream_id} is not in memory")
        self.kind = kind
        self.stream_id = stream_id
        self.version = version


class AccountNotFound(NotFound):
    """No account has this id."""

    code = "account_not_found"


class Unit:
    """The streams of one decision, in the order in which they were asked for.

    Attributes:
        touched: streams asked for, by the integer of their ids.
        recorded: those of them whose facts the last `collect` has handed over.
        unmoved: versions, by the integer of their ids, of streams that the decision holds good with and no others.
    """

    __slots__ = ("_ledger_number", "_new", "_seed", "_warm", "recorded", "touched", "unmoved")

    def __init__(self, warm: WarmStreams, seed: bytes, ledger_number: int) -> None:
        self._warm = warm
        self._seed = seed
        self._ledger_number = ledger_number
        self._new: list[Stream] = []
        self.touched: dict[int, Stream] = {}
        self.recorded: list[Stream] = []
        self.unmoved: dict[int, int] = {}

    def account(self, account_id: str) -> Account:
        """Return the account. Raises: NotFound `account_not_found`."""
        stream_id = ids.account_stream(account_id)
        account = self.touched.get(stream_id.int)
        if account is None:
            account = self.touched[stream_id.int] = self._get(Account, stream_id)
        assert isinstance(account, Account), "an account's id names its stream"
        if not account.version:
            # Another process may open it any moment: that nothing is there must not be remembered.
            self._warm.evict(account.id)
            raise AccountNotFound("there is no account with this id")
        return account

    def new_account(self, seed: bytes = b"") -> tuple[str, Account]:
        """Return a fresh account id, drawn from the command key, and its blank account."""
        account_id = ids.account_id(self._ledger_number, _drawn(self._seed, seed))
        return account_id, self._fresh(Account, ids.stream_id(account_id))

    def new_batch(self) -> Batch:
        """Return the blank stream of the request itself, named after the command key."""
        return self._fresh(Batch, ids.stream_id(f"batch:{self._seed.hex()}"))

    def stream(self, kind: type[S], public_id: str) -> S:
        """Return the stream of a public id; blank when nothing is recorded on it."""
        stream_id = ids.stream_id(public_id)
        found = self.touched.get(stream_id.int)
        if found is None:
            found = self._get(kind, stream_id)
            self.touched[stream_id.int] = found
        assert isinstance(found, kind), f"{public_id} is a {type(found).__name__}, not a {kind.__name__}"
        return found

    def held(self, kind: type[S], public_id: str) -> S:
        """Return a stream that is only read, and let the commit fail unless it still stands where it stands now.

        (What a decision writes to is fenced by its version; this fences what it lets itself be told.)
        """
        stream = self.stream(kind, public_id)
        self.unmoved.setdefault(stream.id.int, stream.version)
        return stream

    def named(self, kind: type[S], prefix: str, name: str) -> tuple[str, S]:
        """Return public id and stream of what this ledger knows by a name of its own; blank when it does not."""
        public_id = ids.named_id(prefix, self._ledger_number, name)
        return public_id, self.stream(kind, public_id)

    def new_child(self, kind: type[S], prefix: str, account_id: str, index: int = 0) -> tuple[str, S]:
        """Return a fresh id of what belongs to an account, drawn from the command key, and its blank stream."""
        name = f"{prefix}:{account_id}:{index}" if index else f"{prefix}:{account_id}"
        public_id = ids.drawn_child_id(prefix, account_id, _drawn(self._seed, name.encode()))
        return public_id, self._fresh(kind, ids.stream_id(public_id))

    def born(self, kind: type[S], child_id: str) -> S:
        """Return the blank stream of what the next fact of an account, recorded in this decision, gives birth to."""
        return self._fresh(kind, ids.stream_id(child_id))

    def known(self, kind: type[S], public_id: str, missing: type[NotFound]) -> S:
        """Return a stream on which something is recorded. Raises: NotFound: `missing`."""
        stream = self.stream(kind, public_id)
        if not stream.version:
            # As with accounts: that nothing is there must not be remembered.
            self._warm.evict(stream.id)
            raise missing("there is nothing under this id")
        return stream

    def origin(self, public_id: str, prefix: str) -> Fact:
        """Return the fact that gave birth to a child id. Raises: NotFound: no such thing."""
        parsed = ids.parse(public_id, prefix)
        return self.fact_of(parsed.account_id, parsed.version)

    def fact_of(self, public_id: str, version: int) -> Fact:
        """Return one fact of the stream of a public id. Raises: NotFound: no such fact."""
        stream_id = ids.stream_id(public_id)
        fact = self._warm.fact(stream_id, version)
        if fact is None:
            raise Cold(Fact, stream_id, version)
        return fact

    def collect(self) -> list[Fact]:
        """Hand over what was recorded: stream by stream, in the order in which the streams were asked for."""
        self.recorded = recorded = [stream for stream in self.touched.values() if stream.pending]
        if len(recorded) == 1:
            return list(recorded[0].collect_events())
        return [fact for stream in recorded for fact in stream.collect_events()]

    def has_recorded(self) -> bool:
        """Whether any fact was recorded since the last `collect`."""
        return any(stream.pending for stream in self.touched.values())

    def keep_fresh(self) -> None:
        """Make the new streams warm, once their first facts are in the open batch."""
        for stream in self._new:
            self._warm.put(stream)

    def _fresh(self, kind: type[S], stream_id: UUID) -> S:
        """Return a blank stream that nobody else can have written to: its name is drawn from this command's key.

        (If it is not blank in the database, the key is known there, too, and the commit will say so. Or its name is
        that of an account's next fact: if it is not blank, then that fact is not the next one, and the commit says so.)
        """
        made = kind.blank(stream_id)
        self.touched[stream_id.int] = made
        self._new.append(made)
        return made

    def _get(self, kind: type[S], stream_id: UUID) -> Stream:
        found = self._warm.get(stream_id)
        if found is None:
            raise Cold(kind, stream_id)
        return found


def _drawn(key: bytes, seed: bytes) -> bytes:
    return key if not seed else sha256(key + seed).digest()


class CopyUnit(Unit):
    """Decides on copies: nothing of it is seen by others until `install`."""

    __slots__ = ()

    def _get(self, kind: type[S], stream_id: UUID) -> Stream:
        return super()._get(kind, stream_id).copy()

    def seed(self, seed: bytes) -> None:
        """Draw new account ids from another command key from here on."""
        self._seed = seed

    def install(self) -> None:
        """Make the copies the warm streams."""
        for stream in self.touched.values():
            self._warm.put(stream)

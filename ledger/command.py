"""What a command is, what it may touch while it decides, and how its facts become its answer.

A command decides on aggregates that are already in memory and records facts; it does no I/O and reads no clock. Its
answer is a pure function of the facts it recorded, by a formatter whose name is stored with them: a replay of the key
formats the same facts again and gives the same bytes, years later. Old formatters stay; a new shape is a new name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from aggregates.account import Account
from aggregates.batch import Batch
from aggregates.errors import NotFound
from aggregates.fact import Fact, Stamp, Stream

S = TypeVar("S", bound=Stream)


class Call(NamedTuple):
    """Who asks, and under which key.

    Attributes:
        principal: scope of the key, e.g. "key_5k2..." or "cli:import".
        owner: the person behind the principal where known, else "".
        key: the caller's idempotency key; None = the same request again is another command.
        request_hash: HMAC of the request; the same key with another hash is refused.
        request_id: "req_...", in the facts and in every answer.
        occurred_at: business time that the caller gave; None = now.
    """

    principal: str
    owner: str
    key: str | None
    request_hash: str
    request_id: str
    occurred_at: datetime | None = None


class Outcome(NamedTuple):
    """What became of a command.

    Attributes:
        status: HTTP-like status of the answer (200, 201; 409, 422 for a remembered refusal).
        body: the answer's exact bytes, JSON.
        position: position of the command's last fact; of a refusal, the last position it was decided on.
        replayed: the key was known: this is the first answer again and nothing happened.
        request_id: of the request that was answered first.
    """

    status: int
    body: bytes
    position: int
    replayed: bool
    request_id: str


class Answer(NamedTuple):
    """A formatter's result: status and a JSON-ready body."""

    status: int
    body: dict[str, Any]


class Streams(Protocol):
    """What a command may look at while it decides. Ask for everything before the first decision.

    (A stream that is not in memory interrupts the decision, is loaded, and the decision starts again from its first
    line.)
    """

    def account(self, account_id: str) -> Account:
        """Return an open-or-closed account. Raises: NotFound `account_not_found`."""

    def new_account(self, seed: bytes = b"") -> tuple[str, Account]:
        """Return a fresh public account id, drawn from the command's key (and `seed`), and its blank account."""

    def new_batch(self) -> Batch:
        """Return the blank stream of a request of several commands."""

    def stream(self, kind: type[S], public_id: str) -> S:
        """Return the stream that belongs to a public id; blank (version 0) when nothing is recorded on it."""

    def held(self, kind: type[S], public_id: str) -> S:
        """Return a stream that is only read; what is decided is stored only while nobody has written to it since."""

    def named(self, kind: type[S], prefix: str, name: str) -> tuple[str, S]:
        """Return public id and stream of what this ledger knows by a name (a product by its sku); blank when new."""

    def new_child(self, kind: type[S], prefix: str, account_id: str, index: int = 0) -> tuple[str, S]:
        """Return a fresh public id of what belongs to an account, drawn from the command's key, and its blank stream.

        (For what no fact on the account gives birth to; what one does is named by `ids.child_id`. Another index gives
        another id: of several things of a kind that one command makes.)
        """

    def born(self, kind: type[S], child_id: str) -> S:
        """Return the blank stream of a child id that this decision's next fact on the account gives birth to."""

    def known(self, kind: type[S], public_id: str, missing: type[NotFound]) -> S:
        """Return a stream on which something is recorded. Raises: NotFound: `missing`."""

    def origin(self, public_id: str, prefix: str) -> Fact:
        """Return the fact that gave birth to a child id ("chg_...", "spd_..."). Raises: NotFound."""

    def fact_of(self, public_id: str, version: int) -> Fact:
        """Return one fact of the stream of a public id. Raises: NotFound."""


class Command(Protocol):
    """One thing to do. `ANSWER` names the formatter of its facts."""

    ANSWER: ClassVar[str]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record facts on streams, or raise `Rejected`, `Conflict` or `NotFound` before the first one."""


Formatter = Callable[[Sequence[Fact]], Answer]

ANSWERS: dict[str, Formatter] = {}
"""Name -> formatter of every answer that any stored fact may name."""


def answer(name: str) -> Callable[[Formatter], Formatter]:
    """Register a formatter under the name that facts store, e.g. "spend/1"."""

    def decorate(formatter: Formatter) -> Formatter:
        if name in ANSWERS:
            raise ValueError(f"answer {name} is taken")
        ANSWERS[name] = formatter
        return formatter

    return decorate

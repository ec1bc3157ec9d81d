"""The fact: what an aggregate records and a fold applies. And the aggregate: what facts add up to.

Both satisfy the protocols of the eventsourcing library (`DomainEventProtocol`, `CanMutateProtocol`,
`MutableAggregateProtocol`, `CollectEventsProtocol`) without its base classes, because slotted classes cost a tenth.
A fold (`apply`) never refuses, never asks a clock and never does I/O: a fact that happened cannot be argued with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple, Self, TypeVar, cast, dataclass_transform
from uuid import UUID

from aggregates.plain import direct

F = TypeVar("F", bound="Fact")
A = TypeVar("A", bound="Stream")

FACTS: dict[str, type[Fact]] = {}
"""Topic -> class of every fact that can be stored."""

STREAM_CLASSES: dict[str, type[Stream]] = {}
"""First word of a topic ("account") -> the aggregate its facts belong to."""


class Stamp(NamedTuple):
    """Who did a thing, when it happened and when it was recorded; the first argument of every decision.

    Attributes:
        occurred_at: business time, aware UTC; may lie in the past.
        recorded_at: the ledger's own clock, aware UTC.
        actor: opaque name of the principal, e.g. "key_1f3..." or "job:expire-holds".
        request_id: id of the request that caused it, e.g. "req_...".
        owner: the person behind the principal where known (four-eyes checks compare it), else the actor.
    """

    occurred_at: datetime
    recorded_at: datetime
    actor: str
    request_id: str
    owner: str = ""


class Mark(NamedTuple):
    """What the first fact of a command remembers of its request.

    Attributes:
        request: HMAC-SHA-256 of the request, hex, cut to 32 characters.
        answer: name of the formatter that turns the command's facts into its answer, e.g. "spend/1".
        facts: how many facts, from this one on, the command recorded.
    """

    request: str
    answer: str
    facts: int


class _Recorded:
    """Where a fact stands in its stream; not part of the stored state, the row's own columns hold it."""

    __slots__ = ("mark", "originator_id", "originator_version")

    originator_id: UUID
    originator_version: int
    mark: Mark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(_Recorded):
    """Base of every fact: when, by whom, on whose request.

    Attributes:
        occurred_at: business time, aware UTC.
        recorded_at: the ledger's clock, aware UTC; never decreases in a stream.
        actor: opaque name of who did it.
        request_id: the request that caused it.
    """

    TOPIC: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    MAKE: ClassVar[Callable[..., Fact]]

    occurred_at: datetime
    recorded_at: datetime
    actor: str
    request_id: str

    def apply(self, stream: Any) -> None:
        """Fold this fact into its aggregate: assignments only."""
        raise TypeError(f"{type(self).__name__} has no fold")

    def mutate(self, aggregate: Any) -> Any:
        """Return the aggregate after this fact (None before the first one): the library's mutator."""
        if aggregate is None:
            aggregate = STREAM_CLASSES[self.TOPIC.partition(".")[0]].blank(self.originator_id)
        aggregate.version = self.originator_version
        aggregate.recorded_at = self.recorded_at
        self.apply(aggregate)
        return aggregate


set_mark: Callable[[Fact, Mark | None], None] = vars(_Recorded)["mark"].__set__


def open_twin(kind: type[Any]) -> type[Any]:
    """Return a subclass of a frozen, slotted kind whose instances can be set, and then take the kind as their class.

    A frozen dataclass sets each field by a call of `object.__setattr__`: at twenty fields this is most of what making
    a fact costs. Only with both methods here does the interpreter see that setting an attribute is nothing special.
    """
    return type(
        kind.__name__,
        (kind,),
        {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__},
    )


def _maker(cls: type[Fact]) -> Callable[..., Fact]:
    """Return what `Stream.record` makes a fact with: its place in the stream, then its fields by name.

    (A field of a fact has no default: what was not recorded is for an upcast to say.)
    """
    placed = ("originator_id", "originator_version", "occurred_at", "recorded_at", "actor", "request_id")
    own = [field.name for field in fields(cls) if field.name not in placed]
    names = [*placed, *own]
    space: dict[str, Any] = {"new": object.__new__, "Kind": cls, "Twin": open_twin(cls)}
    lines = [
        f"def make({', '.join([*placed, '*', *own] if own else placed)}):",
        "    made = new(Twin)",
        *[f"    made.{name} = {name}" for name in names],
        "    made.mark = None",
        "    made.__class__ = Kind",
        "    return made",
    ]
    exec("\n".join(lines), space)  # noqa: S102 (made of our own field names, as dataclasses makes its own)
    made: Callable[..., Fact] = space["make"]
    return made


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fact(topic: str) -> Callable[[type[F]], type[F]]:
    """Make a class a stored fact under an explicit topic: a frozen, slotted dataclass, known by that topic."""

    def decorate(cls: type[F]) -> type[F]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        direct(made)
        made.TOPIC = topic
        made.MAKE = staticmethod(_maker(made))
        if topic in FACTS:
            raise ValueError(f"topic {topic} is taken by {FACTS[topic].__qualname__}")
        FACTS[topic] = made
        return made

    return decorate


_NONE = cast("list[Fact]", ())
"""What an aggregate has pending most of its time, shared by all."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stream:
    """Base of every aggregate: an id, a version, and the facts recorded since they were last collected."""

    TOLD_BY_LAST_FACT: ClassVar[bool] = False
    """Whether the last fact alone tells the whole state: then nothing before it is ever loaded."""

    __slots__ = ("id", "pending", "recorded_at", "version")

    def __init__(self, id: UUID) -> None:
        self.id = id
        self.version = 0
        self.recorded_at = EPOCH
        self.pending: list[Fact] = _NONE

    @classmethod
    def blank(cls, id: UUID) -> Self:
        """Return the aggregate before its first fact (version 0)."""
        return cls(id)

    def record(self, kind: type[Fact], stamp: Stamp, /, **fields: Any) -> Any:
        """Record a fact: number it, fold it, keep it for the commit. Returns the fact."""
        recorded_at = stamp.recorded_at
        if recorded_at < self.recorded_at:
            recorded_at = self.recorded_at
        version = self.version + 1
        made = kind.MAKE(self.id, version, stamp.occurred_at, recorded_at, stamp.actor, stamp.request_id, **fields)
        self.version = version
        self.recorded_at = recorded_at
        made.apply(self)
        if self.pending:
            self.pending.append(made)
        else:
            self.pending = [made]
        return made

    def collect_events(self) -> Sequence[Fact]:
        """Hand over the facts recorded since the last call, in order."""
        facts, self.pending = self.pending, _NONE
        return facts

    def copy(self) -> Self:
        """Return an independent copy, for a command that may have to be undone as a whole."""
        raise TypeError(f"{type(self).__name__} cannot be copied")


def stream_class(name: str) -> Callable[[type[A]], type[A]]:
    """Register an aggregate as the owner of the facts whose topic starts with `name`."""

    def decorate(cls: type[A]) -> type[A]:
        STREAM_CLASSES[name] = cls
        return cls

    return decorate

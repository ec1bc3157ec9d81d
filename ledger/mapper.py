"""Between facts and stored rows: orjson for the state, explicit topics, upcasting, and nothing hidden.

The state of a row is the JSON object of the fact's fields; the first fact of a command also carries `command` (its
`Mark`). `FactMapper` is the same for the eventsourcing library: give it as MAPPER_TOPIC and the library's own
Application, Repository and notification log read this store.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, MapperDeserialisationError, StoredEvent

import aggregates.account
import aggregates.batch
import aggregates.charge
import aggregates.refund
import aggregates.spend  # noqa: F401  (importing a noun registers its facts)
from aggregates.fact import FACTS, Fact, Mark, set_mark, set_originator_id, set_originator_version

Convert = Callable[[Any], Any]

STATE_BYTES_MAX = 65_536
"""Largest stored state; the table checks it too."""


def pack(fact: Fact) -> bytes:
    """Return the stored state of a fact: its fields as JSON, the version of its shape if above 1, its mark if it has one."""
    state = orjson.dumps(fact)
    if fact.VERSION > 1:
        state = state[:-1] + b',"class_version":%d}' % fact.VERSION
    mark = fact.mark
    if mark is not None:
        state = state[:-1] + b',"command":' + orjson.dumps(mark._asdict()) + b"}"
    return state


def to_fact(originator_id: UUID, originator_version: int, topic: str, state: bytes) -> Fact:
    """Return the fact that a stored row holds, upcast to its present shape.

    Raises:
        MapperDeserialisationError: the topic is unknown or the state does not fit it.
    """
    try:
        cls = FACTS[topic]
        stored = orjson.loads(state)
        mark = stored.pop("command", None)
        version = stored.pop("class_version", 1)
        while version < cls.VERSION:
            getattr(cls, f"upcast_v{version}_v{version + 1}")(stored)
            version += 1
        for name, convert in _converters(cls):
            stored[name] = convert(stored[name])
        fact = cls(**stored)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MapperDeserialisationError(
            f"stored fact {originator_id} version {originator_version} under topic {topic!r} cannot be read: {error!r}"
        ) from error
    set_originator_id(fact, originator_id)
    set_originator_version(fact, originator_version)
    set_mark(fact, None if mark is None else Mark(**mark))
    return fact


class FactMapper(Mapper[UUID]):
    """The library's mapper over `pack` and `to_fact`; facts are neither compressed nor encrypted."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Return the library's row for a fact (or a snapshot, which packs itself)."""
        fact = cast("Fact", domain_event)
        return StoredEvent(fact.originator_id, fact.originator_version, fact.TOPIC, pack(fact))

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """Return the fact (or snapshot) of one of the library's rows."""
        originator_id = cast("UUID", stored_event.originator_id)
        return cast(
            "DomainEventProtocol[UUID]",
            to_fact(originator_id, stored_event.originator_version, stored_event.topic, stored_event.state),
        )


_CONVERTERS: dict[type, tuple[tuple[str, Convert], ...]] = {}


def _converters(cls: type) -> tuple[tuple[str, Convert], ...]:
    """Return (field, conversion from JSON) for the fields of a dataclass that JSON does not carry as they are."""
    try:
        return _CONVERTERS[cls]
    except KeyError:
        hints = get_type_hints(cls)
        found = ((field.name, _converter(hints[field.name])) for field in fields(cls))
        _CONVERTERS[cls] = tuple((name, convert) for name, convert in found if convert is not None)
        return _CONVERTERS[cls]


def _converter(hint: Any) -> Convert | None:
    """Return how to make a value of type `hint` from JSON; None when JSON already carries it."""
    if hint is datetime:
        return datetime.fromisoformat
    if hint is date:
        return date.fromisoformat
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = next((found for arg in get_args(hint) if (found := _converter(arg)) is not None), None)
        return None if inner is None else _optional(inner)
    if origin is tuple:
        item = _converter(get_args(hint)[0])
        return tuple if item is None else _tuple_of(item)
    if isinstance(hint, type) and is_dataclass(hint):
        return _nested(hint)
    return None


def _optional(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _tuple_of(convert: Convert) -> Convert:
    return lambda values: tuple(map(convert, values))


def _nested(cls: type) -> Convert:
    converters = _converters(cls)

    def convert(value: dict[str, Any]) -> Any:
        for name, inner in converters:
            value[name] = inner(value[name])
        return cls(**value)

    return convert

"""Between facts and stored rows: orjson for the state, explicit topics, upcasting, and nothing hidden.

The state of a row is the JSON object of the fact's fields; the first fact of a command also carries `command` (its
`Mark`). `FactMapper` is the same for the eventsourcing library: give it as MAPPER_TOPIC and the library's own
Application, Repository and notification log read this store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, cast, get_type_hints
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, MapperDeserialisationError, StoredEvent

import aggregates.account
import aggregates.batch
import aggregates.charge
import aggregates.refund
import aggregates.spend  # noqa: F401  (importing a noun registers its facts)
from aggregates.account.snapshot import AccountSnapshot
from aggregates.fact import FACTS, Fact, Mark, set_mark, set_originator_id, set_originator_version
from aggregates.plain import as_is, reader

STATE_BYTES_MAX = 65_536
"""Largest stored state; the table checks it too."""


def pack(fact: Fact) -> bytes:
    """Return the stored state of a fact: its fields as JSON, its shape's version if above 1, its mark if it has one."""
    state = orjson.dumps(fact)
    if fact.VERSION > 1:
        state = state[:-1] + b',"class_version":%d}' % fact.VERSION
    mark = fact.mark
    if mark is not None:
        words = mark.request.encode(), mark.answer.encode(), mark.facts
        state = state[:-1] + b',"command":{"request":"%b","answer":"%b","facts":%d}}' % words
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
        for name, read in _readers(topic):
            stored[name] = read(stored[name])
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
        """Return the library's row for a fact or a snapshot."""
        made = cast("Fact | AccountSnapshot", domain_event)
        state = orjson.dumps(made.state) if isinstance(made, AccountSnapshot) else pack(made)
        return StoredEvent(made.originator_id, made.originator_version, made.TOPIC, state)

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """Return the fact or snapshot of one of the library's rows. Raises: MapperDeserialisationError."""
        originator_id = cast("UUID", stored_event.originator_id)
        version, topic, state = stored_event.originator_version, stored_event.topic, stored_event.state
        if topic == AccountSnapshot.TOPIC:
            snapshot = AccountSnapshot(
                originator_id=originator_id, originator_version=version, state=orjson.loads(state)
            )
            return cast("DomainEventProtocol[UUID]", snapshot)
        return cast("DomainEventProtocol[UUID]", to_fact(originator_id, version, topic, state))


@cache
def _readers(topic: str) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Return (field, reader) for the fields of a fact that JSON does not carry as they are."""
    cls = FACTS[topic]
    hints = get_type_hints(cls)
    found = ((field.name, reader(hints[field.name])) for field in fields(cls))
    return tuple((name, read) for name, read in found if read is not as_is)

"""Between facts and stored rows: orjson for the state, explicit topics, upcasting, and nothing hidden.

The state of a row is the JSON object of the fact's fields; the first fact of a command also carries `command` (its
`Mark`). `FactMapper` is the same for the eventsourcing library: give it as MAPPER_TOPIC and the library's own
Application, Repository and notification log read this store.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, MapperDeserialisationError, StoredEvent

import aggregates.account
import aggregates.anniversary
import aggregates.batch
import aggregates.billing_key
import aggregates.books
import aggregates.catalogue_feed
import aggregates.charge
import aggregates.collecting.bill
import aggregates.collecting.bill_customer
import aggregates.collecting.buildings
import aggregates.collecting.debit
import aggregates.collecting.debit_batch
import aggregates.collecting.debit_plan
import aggregates.collecting.mandate
import aggregates.collecting.new_links
import aggregates.collecting.obligation
import aggregates.collecting.onboarding
import aggregates.collecting.payment_link
import aggregates.collecting.payment_request
import aggregates.collecting.payout_link
import aggregates.collecting.telling
import aggregates.collecting.withdrawal
import aggregates.document
import aggregates.notice
import aggregates.numbers
import aggregates.order
import aggregates.payment
import aggregates.product
import aggregates.quote
import aggregates.reconciliation
import aggregates.refund
import aggregates.sender_profile
import aggregates.spend  # noqa: F401  (importing a noun registers its facts)
from aggregates.account.snapshot import AccountSnapshot
from aggregates.fact import FACTS, Fact, Mark
from ledger.compiled import fact_reader, fact_writer

STATE_BYTES_MAX = 65_536
"""Largest stored state; the table checks it too."""


def pack(fact: Fact) -> bytes:
    """Return the stored state of a fact: its fields as JSON, its shape's version if above 1, its mark if it has one."""
    kind: Any = type(fact)
    state = fact_writer(kind)(fact)
    if fact.VERSION > 1:
        state["class_version"] = fact.VERSION
    mark = fact.mark
    if mark is not None:
        state["command"] = {"request": mark.request, "answer": mark.answer, "facts": mark.facts}
    return orjson.dumps(state)


def to_fact(originator_id: UUID, originator_version: int, topic: str, state: bytes) -> Fact:
    """Return the fact that a stored row holds, upcast to its present shape.

    Raises:
        MapperDeserialisationError: the topic is unknown or the state does not fit it.
    """
    try:
        cls: Any = FACTS[topic]
        stored = orjson.loads(state)
        command = stored.pop("command", None)
        version = stored.pop("class_version", 1)
        while version < cls.VERSION:
            getattr(cls, f"upcast_v{version}_v{version + 1}")(stored)
            version += 1
        mark = None if command is None else _mark(command)
        return fact_reader(cls)(stored, originator_id, originator_version, mark)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MapperDeserialisationError(
            f"stored fact {originator_id} version {originator_version} under topic {topic!r} cannot be read: {error!r}"
        ) from error


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


_new_mark: Callable[[type[Mark], tuple[Any, ...]], Mark] = tuple.__new__
"""What `Mark(...)` comes down to, without its detour: most stored facts have one."""


def _mark(command: dict[str, Any]) -> Mark:
    if len(command) != len(Mark._fields):
        raise ValueError("its command has fields that are unknown")
    return _new_mark(Mark, (command["request"], command["answer"], command["facts"]))

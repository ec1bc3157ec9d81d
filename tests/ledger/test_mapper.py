"""Stored rows to facts: what is read is what the kind itself would have made, and nothing is read that does not fit."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import orjson
import pytest
from eventsourcing.persistence import MapperDeserialisationError

import ledger.catalogue  # noqa: F401  (registers every fact)
from aggregates.account.lots import LotPart
from aggregates.fact import FACTS, Mark, set_mark
from ledger.mapper import pack, to_fact
from tests.aggregates.samples import STREAM, sample

MARK = Mark("0123456789abcdef0123456789abcdef", "spent/1", 3)


def state_of(topic: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of a sample as stored, with some of them changed."""
    return {**orjson.loads(pack(sample(FACTS[topic]))), **changes}


def refused(topic: str, state: Any) -> str:
    """Read a state that does not fit; return what is said."""
    with pytest.raises(MapperDeserialisationError) as raised:
        to_fact(STREAM, 7, topic, state if isinstance(state, bytes) else orjson.dumps(state))
    return str(raised.value)


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_a_fact_that_was_read_cannot_be_told_from_one_that_was_made(topic: str) -> None:
    made = sample(FACTS[topic])
    set_mark(made, MARK)

    read = to_fact(STREAM, 7, topic, pack(made))

    assert type(read) is type(made)
    assert (read, repr(read)) == (made, repr(made))
    assert (read.originator_id, read.originator_version, read.mark) == (STREAM, 7, MARK)
    with pytest.raises(FrozenInstanceError):
        read.actor = "somebody else"  # type: ignore[misc]


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_a_field_too_few_is_refused(topic: str) -> None:
    for name in state_of(topic):
        if name == "class_version":
            # Without it the state is one of the first version; what that lacks is for an upcast to say.
            continue
        state = state_of(topic)
        del state[name]

        assert f"KeyError({name!r})" in refused(topic, state)


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_a_field_too_many_is_refused(topic: str) -> None:
    assert "fields that are unknown" in refused(topic, state_of(topic, colour="blue"))


@pytest.mark.parametrize(
    "change",
    [
        {"occurred_at": "yesterday"},
        {"recorded_at": None},
        {"spent_on": "2026-02-30"},
        {"spent_on": None},
        {"expires_at": "never"},
        {"lots": None},
        {"lots": ["chg_1"]},
        {"lots": [{"charge_id": "chg_1"}]},
        {"command": {"request": "00"}},
        {"command": {"request": "00", "answer": "spent/1", "facts": 1, "colour": "blue"}},
    ],
)
def test_a_value_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    assert f"stored fact {STREAM} version 7" in refused("account.spent", state_of("account.spent", **change))


def test_what_is_no_json_object_and_topics_that_are_unknown_are_refused() -> None:
    for state in (b"", b"{", b"[]", b"null", b'"spent"'):
        refused("account.spent", state)
    refused("account.teleported", {})


def test_instants_are_kept_apart_when_something_is_recorded_later_than_it_happened() -> None:
    state = state_of("account.spent", occurred_at="2026-03-01T03:00:00+00:00", recorded_at="2026-03-02T03:00:00+00:00")

    read = to_fact(STREAM, 7, "account.spent", orjson.dumps(state))

    assert (read.occurred_at.day, read.recorded_at.day) == (1, 2)


def test_parts_that_were_read_are_frozen_values_like_those_that_were_made() -> None:
    read: Any = to_fact(STREAM, 7, "account.spent", orjson.dumps(state_of("account.spent")))

    (part,) = read.lots
    assert type(part) is LotPart
    assert hash(part) == hash(sample(FACTS["account.spent"]).lots[0])
    with pytest.raises(FrozenInstanceError):
        part.amount_minor = 0  # type: ignore[misc]

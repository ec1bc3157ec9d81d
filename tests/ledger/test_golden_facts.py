"""The stored shape of every fact, one golden line each: it cannot change by accident.

`python -m tests.ledger.test_golden_facts` writes new lines after a change that is meant, which the changelog must name.
Old lines are history: a line that is replaced needs an upcast, so that what is stored can still be read.
"""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

import ledger.catalogue  # noqa: F401  (registers every fact)
from aggregates.fact import FACTS
from ledger.mapper import pack, to_fact
from tests.aggregates.samples import STREAM, sample

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "facts.jsonl"


def line(topic: str) -> str:
    """Return the golden line of a kind of fact: topic, a space, the stored bytes."""
    return f"{topic} {pack(sample(FACTS[topic])).decode()}"


def golden() -> dict[str, str]:
    """Return topic -> line, as written down."""
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    return {line.partition(" ")[0]: line for line in lines}


def test_every_kind_of_fact_has_a_golden_line() -> None:
    assert list(golden()) == sorted(FACTS)


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_the_stored_shape_of_a_fact_is_as_it_was(topic: str) -> None:
    assert line(topic) == golden()[topic]


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_a_golden_line_reads_back_as_the_fact_it_was(topic: str) -> None:
    state = golden()[topic].partition(" ")[2].encode()

    read = to_fact(STREAM, 7, topic, state)

    assert read == sample(FACTS[topic])
    assert pack(read) == state == orjson.dumps(json.loads(state))


if __name__ == "__main__":
    GOLDEN.write_text("".join(f"{line(topic)}\n" for topic in sorted(FACTS)), encoding="utf-8")

"""The stored shape of every fact, one golden line each: it cannot change by accident.

`python -m tests.ledger.test_golden_facts` writes new lines after a change that is meant, which the changelog must name.
Old lines are history and stay above the new one of their topic: each older shape needs an upcast, so that what is
stored can still be read.
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


def history() -> dict[str, list[str]]:
    """Return topic -> its lines as written down, the oldest shape first."""
    lines: dict[str, list[str]] = {}
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        lines.setdefault(line.partition(" ")[0], []).append(line)
    return lines


def golden() -> dict[str, str]:
    """Return topic -> line of its present shape."""
    return {topic: lines[-1] for topic, lines in history().items()}


def told(line: str) -> str:
    """Return the stored bytes in a line."""
    return line.partition(" ")[2]


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


OLDER = [older for lines in history().values() for older in lines[:-1]]


@pytest.mark.parametrize(
    "older", OLDER, ids=[f"{older.partition(' ')[0]}-{place}" for place, older in enumerate(OLDER)]
)
def test_an_older_shape_is_read_as_the_present_one_and_says_what_it_said(older: str) -> None:
    topic = older.partition(" ")[0]

    stored = json.loads(told(older))
    read = json.loads(pack(to_fact(STREAM, 7, topic, told(older).encode())))

    assert read["class_version"] == FACTS[topic].VERSION
    kept = set(stored) - {"spend", "class_version"}
    assert {name: read[name] for name in kept} == {name: stored[name] for name in kept}


if __name__ == "__main__":
    before = history()
    with GOLDEN.open("w", encoding="utf-8") as file:
        for topic in sorted(FACTS):
            known, now = before.get(topic, []), line(topic)
            # The same shape with other samples replaces its line; another shape stands below the older one.
            same = known and set(json.loads(told(known[-1]))) == set(json.loads(told(now)))
            file.writelines(f"{each}\n" for each in [*(known[:-1] if same else known), now])

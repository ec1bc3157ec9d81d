"""From facts to rows: checked and packed, at once for a usual command, while they are sent for a very large one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aggregates.fact import Fact
from aggregates.postings import check_balanced
from ledger.mapper import STATE_BYTES_MAX, pack
from ledger.seal import Row

LATE_FROM_FACTS = 1_024
"""A command of so many facts is packed slice by slice while PostgreSQL takes in what was packed before it."""


class LateRow:
    """A row that is packed when it is sent; it has no other use, and only one.

    Attributes:
        fact: what it holds. key: the command key on a command's first fact, else None.
    """

    __slots__ = ("fact", "key")

    def __init__(self, fact: Fact, key: bytes | None) -> None:
        self.fact = fact
        self.key = key

    def __iter__(self) -> Iterator[object]:
        return iter(row_of(self.fact, self.key))


def row_of(fact: Fact, key: bytes | None) -> Row:
    """Return a fact as a row; assert what must hold of every fact, in production, too: balanced and bounded."""
    check_balanced(fact)
    state = pack(fact)
    if len(state) > STATE_BYTES_MAX:
        raise RuntimeError(f"{fact.TOPIC} of {len(state)} bytes exceeds {STATE_BYTES_MAX}")
    return Row(fact.originator_id.bytes, fact.originator_version, fact.TOPIC.encode(), state, key)


def rows_of(facts: Sequence[Fact], key: bytes) -> list[Row | LateRow]:
    """Return a command's facts as rows, with its key on the first."""
    if len(facts) == 1:
        return [row_of(facts[0], key)]
    make = row_of if len(facts) < LATE_FROM_FACTS else LateRow
    return [make(facts[0], key), *[make(fact, None) for fact in facts[1:]]]

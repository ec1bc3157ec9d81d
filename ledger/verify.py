"""Verify: read every stored byte again and say what is not as it was sealed.

Reads facts, refusals and blocks in one repeatable-read snapshot and needs nothing but them, the ledger's id and the
anchors kept outside the database. Finds a changed byte, two swapped rows, a missing row or stream, a cut-off tail, a
broken or forged block and facts that came in by another door. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from eventsourcing.persistence import MapperDeserialisationError
from psycopg import sql

from ledger.anchor import Anchor
from ledger.mapper import to_fact
from ledger.seal import Block, Refusal, batch_digest, block_hash, genesis
from ledger.stream import HEAD, MIN, PACKED_AT, TOPIC_AT, sealed_rows

FINDINGS_MAX = 1_000
"""After this many findings the rest is only counted."""

FETCH_ROWS = 5_000

_LENGTH = Struct("!i").unpack_from


class Finding(NamedTuple):
    """One thing that is not as it was sealed.

    Attributes:
        code: missing_fact, changed_batch, unsealed_fact, unreadable_fact, broken_chain, forged_block, missing_block,
            refusal_count, unsealed_refusal, version_gap, anchor_missing, anchor_differs, view_ahead.
        position: position of the first fact concerned; 0 where none is.
        detail: one sentence with the numbers.
    """

    code: str
    position: int
    detail: str


class Report(NamedTuple):
    """What was read and what was found.

    Attributes:
        head: hash of the last block, hex; of the genesis when there is none.
        findings: at most FINDINGS_MAX of them; findings_total counts all.
    """

    ledger_id: str
    position: int
    head: str
    blocks: int
    facts: int
    refusals: int
    anchors: int
    findings: list[Finding]
    findings_total: int

    @property
    def ok(self) -> bool:
        """Whether everything is as it was sealed."""
        return not self.findings_total


class _Sink:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.total = 0

    def add(self, code: str, position: int, detail: str) -> None:
        self.total += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(code, position, detail))


class _Ahead:
    """Stored rows in their order, one look ahead."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self.next: tuple[Any, ...] | None = next(rows, None)

    def pop(self) -> tuple[Any, ...]:
        assert self.next is not None, "popped past the end"
        row, self.next = self.next, next(self._rows, None)
        return row


class _Facts:
    """The rows of the events table as they come, in the order of their positions."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._rows = sealed_rows(connection, MIN, FETCH_ROWS)
        self._at = 0

    def up_to(self, last: int) -> list[bytes]:
        """Take the rows that are next, up to and with the one at position `last`."""
        taken: list[bytes] = []
        while self._rows and HEAD(self._rows[-1])[0] <= last:
            taken += self._rows[self._at :]
            self._go_on()
        begin = at = self._at
        while at < len(self._rows) and HEAD(self._rows[at])[0] <= last:
            at += 1
        self._at = at
        return taken + self._rows[begin:at]

    def rest(self) -> Iterator[bytes]:
        """Yield all rows that are left."""
        while self._rows:
            yield from self._rows[self._at :]
            self._go_on()

    def _go_on(self) -> None:
        self._rows, self._at = sealed_rows(self._connection, HEAD(self._rows[-1])[0] + 1, FETCH_ROWS), 0


def verify(
    connection: psycopg.Connection[Any],
    schema: str,
    anchors: Sequence[Anchor] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Check the whole ledger in `schema` against its seal.

    Args:
        connection: of a role that may select; not inside a transaction.
        anchors: heads written down outside the database.
        progress: told (facts read, facts in all) now and then.
    """
    sink = _Sink()
    with connection.transaction():
        connection.execute(f"SET LOCAL search_path = {sql.Identifier(schema).as_string()}, pg_catalog".encode())
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        ledger_id: UUID = _one(connection, "SELECT ledger_id FROM ledger_identity")[0]
        total = _one(connection, "SELECT coalesce(max(last_position), 0) FROM ledger_blocks")[0]
        facts = _Facts(connection)
        wanted = {anchor.number: anchor for anchor in anchors if anchor.ledger_id == str(ledger_id)}
        refusals = _Ahead(_stream(connection, "refusals", _REFUSALS))
        blocks, head, last, refused = 0, genesis(ledger_id), 0, 0
        for values in _stream(connection, "blocks", _BLOCKS):
            block = Block(*values)
            _check_link(sink, block, blocks + 1, head, last)
            stored_rows = facts.up_to(block.last_position)
            _check_rows(sink, stored_rows, last + 1, block)
            mine = [Refusal(row[0].bytes, row[3]) for row in _refusals_of(sink, refusals, block)]
            if len(mine) != block.refusals:
                text = f"block {block.number} sealed {block.refusals} refusals, {len(mine)} are stored"
                sink.add("refusal_count", block.first_position, text)
            digest = batch_digest(ledger_id, (row[PACKED_AT:] for row in stored_rows), mine)
            if digest != block.digest:
                text = (
                    f"what is stored at positions {block.first_position}..{block.last_position} is not what was sealed"
                )
                sink.add("changed_batch", block.first_position, f"{text} in block {block.number}")
            anchor = wanted.pop(block.number, None)
            if anchor is not None and (anchor.hash != block.hash.hex() or anchor.position != block.last_position):
                text = f"block {block.number} is not the one that was written down at {anchor.at}"
                sink.add("anchor_differs", block.first_position, text)
            blocks, head, last = block.number, block.hash, block.last_position
            refused += len(mine)
            progress(last, total)
        for position in (HEAD(row)[0] for row in facts.rest()):
            sink.add("unsealed_fact", position, f"the fact at position {position} stands after the last block")
        while refusals.next is not None:
            number = refusals.pop()[1]
            sink.add("unsealed_refusal", 0, f"a refusal names block {number}, which does not stand")
        for anchor in wanted.values():
            text = f"block {anchor.number} (position {anchor.position}), written down at {anchor.at}, is gone"
            sink.add("anchor_missing", anchor.position, text)
        _check_versions(sink, connection)
        _check_views(sink, connection, last)
        stored = _one(connection, "SELECT count(*) FROM ledger_events")[0]
    return Report(str(ledger_id), last, head.hex(), blocks, stored, refused, len(anchors), sink.findings, sink.total)


_REFUSALS = "SELECT command_key, block, ordinal, record FROM ledger_refusals ORDER BY block, ordinal"
_BLOCKS = (
    "SELECT number, first_position, last_position, facts, refusals, digest, previous, hash"
    " FROM ledger_blocks ORDER BY number"
)


def _one(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None, f"no row: {query}"
    return row


def _stream(connection: psycopg.Connection[Any], name: str, query: str) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name=f"verify_{name}") as cursor:
        cursor.itersize = FETCH_ROWS
        cursor.execute(query.encode())
        yield from cursor


def _check_link(sink: _Sink, block: Block, number: int, head: bytes, last: int) -> None:
    if block.number != number:
        sink.add("missing_block", last + 1, f"block {number} is missing before block {block.number}")
    if block.previous != head:
        sink.add("broken_chain", block.first_position, f"block {block.number} does not follow the block before it")
    if block.first_position != last + 1 or block.last_position - block.first_position + 1 != block.facts:
        text = f"block {block.number} counts {block.facts} facts at {block.first_position}..{block.last_position}"
        sink.add("forged_block", block.first_position, f"{text} after position {last}")
    made = block_hash(
        block.previous, block.first_position, block.last_position, block.facts, block.refusals, block.digest
    )
    if made != block.hash:
        sink.add("forged_block", block.first_position, f"the hash of block {block.number} is not made from its fields")


def _check_rows(sink: _Sink, stored: list[bytes], expected: int, block: Block) -> None:
    """Say which positions of a block are missing and which of its rows cannot be read."""
    for row in stored:
        position, key, version, topic_bytes = HEAD(row)
        topic_end = TOPIC_AT + topic_bytes
        state_at = topic_end + 4
        (length,) = _LENGTH(row, topic_end)
        if position > expected:
            text = f"positions {expected}..{position - 1} are missing"
            sink.add("missing_fact", expected, text)
        expected = position + 1
        try:
            to_fact(_stream_id(key), version, row[TOPIC_AT:topic_end].decode(), row[state_at : state_at + length])
        except MapperDeserialisationError as error:
            sink.add("unreadable_fact", position, f"the fact at position {position} cannot be read: {error}")
    if expected <= block.last_position:
        sink.add("missing_fact", expected, f"positions {expected}..{block.last_position} are missing")


@lru_cache(maxsize=FETCH_ROWS)
def _stream_id(key: bytes) -> UUID:
    return UUID(bytes=key)


def _refusals_of(sink: _Sink, refusals: _Ahead, block: Block) -> Iterator[tuple[Any, ...]]:
    while refusals.next is not None and refusals.next[1] <= block.number:
        row = refusals.pop()
        if row[1] == block.number:
            yield row
        else:
            sink.add("unsealed_refusal", 0, f"a refusal names block {row[1]}, which does not stand")


def _check_versions(sink: _Sink, connection: psycopg.Connection[Any]) -> None:
    query = (
        "SELECT originator_id, count(*), min(originator_version), max(originator_version), min(notification_id)"
        " FROM ledger_events GROUP BY originator_id"
        " HAVING min(originator_version) <> 1 OR max(originator_version) <> count(*)"
    )
    for stream_id, count, first, last, position in connection.execute(query.encode()):
        sink.add("version_gap", position, f"stream {stream_id} has {count} facts with versions {first}..{last}")


def _check_views(sink: _Sink, connection: psycopg.Connection[Any], last: int) -> None:
    query = "SELECT application_name, notification_id FROM ledger_tracking WHERE application_name <> '__migration__'"
    for name, position in connection.execute(query.encode()):
        if position > last:
            sink.add("view_ahead", last + 1, f"view {name} has seen position {position}; the ledger ends at {last}")

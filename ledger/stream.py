"""Stored facts in bulk: rows of the events table by COPY, in the order of their positions, as the bytes that came.

COPY costs the server and the driver a fraction of what a cursor does. What comes for each row is one message:

    fields i16 | 8 i32 | position i64 | 16 i32 | stream 16 bytes | 8 i32 | version i64
    | length i32 | topic | length i32 | state
    | 16 i32, command key; or -1 i32 for none    (of `sealed_rows` alone)

With the key it is, from the stream's id on and byte for byte, what `ledger.seal.packed` makes of the row.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncGenerator, Generator
from typing import Any

from psycopg import AsyncConnection, Connection
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many
from psycopg.pq.abc import PGconn
from psycopg.waiting import Wait

BLOCK_ROWS = 500
"""Rows handed over at a time: about a third of a megabyte."""

HEAD = struct.Struct("!6xq4x16s4xqi").unpack_from
"""Row -> (position, stream id as bytes, version, length of the topic)."""

TOPIC_AT = 50
"""Where the topic begins. The state begins 4 bytes after its end."""

PACKED_AT = 14
"""Where the bytes begin that are sealed."""

MIN, MAX = -(2**63), 2**63 - 1
"""Bounds of what the table could hold as a position, were its own check gone."""

_HEADER_BYTES = 19
_END = b"\xff\xff"
_COPY = b"""COPY (
    SELECT notification_id, originator_id, originator_version, topic, state%b FROM ledger_events
    WHERE notification_id >= (%d)::bigint AND notification_id <= %d%b ORDER BY notification_id LIMIT %d
) TO STDOUT (FORMAT binary)"""


async def row_blocks(
    connection: AsyncConnection[Any], first: int, last: int, part: tuple[int, int] = (0, 1)
) -> AsyncGenerator[list[bytes], None]:
    """Yield the rows from position `first` to `last`, both included, without keys, in blocks.

    The connection can do nothing else until the last block was taken or the generator closed (`aclosing`).

    Args:
        part: (number, parts): only the streams of one part (`part_of`).

    Raises:
        psycopg.Error: what the server or the connection broke off with.
    """
    async with connection.cursor() as cursor, cursor.copy(_copy(first, last, part=part)) as copy:
        skip, more = _HEADER_BYTES, True
        while more:
            rows, more = await connection.wait(_block(connection.pgconn, skip))
            skip = 0
            yield rows
        await copy.read()


def row_blocks_here(
    connection: Connection[Any], first: int, last: int, part: tuple[int, int] = (0, 1)
) -> Generator[list[bytes], None, None]:
    """Yield what `row_blocks` yields, in a process without an event loop."""
    yield from _blocks(connection, _copy(first, last, part=part))


def sealed_rows(connection: Connection[Any], first: int, limit: int) -> list[bytes]:
    """Return up to `limit` rows with their keys, from position `first` on. Raises: psycopg.Error."""
    if first > MAX:
        return []
    return [row for rows in _blocks(connection, _copy(first, MAX, limit, keys=True)) for row in rows]


def part_of(stream_id: bytes, parts: int) -> int:
    """Return the number of the part, of several of about the same size, to which a stream belongs."""
    return stream_id[-1] % parts


def _copy(first: int, last: int, limit: int = MAX, *, part: tuple[int, int] = (0, 1), keys: bool = False) -> bytes:
    number, parts = part
    mine = b" AND get_byte(uuid_send(originator_id), 15) %% %d = %d" % (parts, number) if parts > 1 else b""
    return _COPY % (b", command_key" if keys else b"", first, last, mine, limit)


def _blocks(connection: Connection[Any], query: bytes) -> Generator[list[bytes], None, None]:
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        skip, more = _HEADER_BYTES, True
        while more:
            rows, more = connection.wait(_block(connection.pgconn, skip))
            skip = 0
            yield rows
        copy.read()


def _block(connection: PGconn, skip: int) -> PQGen[tuple[list[bytes], bool]]:
    """Take the rows that are there, at least one, at most BLOCK_ROWS; and whether there may be more.

    Waits (as the driver does, for whoever runs it) only with empty hands: the server works on while rows are folded.

    Args:
        skip: bytes of the format's header before the first row.
    """
    found: list[bytes] = []
    take = connection.get_copy_data
    asked = False
    while len(found) < BLOCK_ROWS:
        size, message = take(1)
        if size > 0:
            row = bytes(message)
            if skip:
                row, skip = row[skip:], 0
            if row == _END:
                return found, False
            found.append(row)
            asked = False
        elif size < 0:
            result, *_ = yield from fetch_many(connection)
            raise error_from_result(result)
        elif found and asked:
            break
        else:
            if asked:
                while not (yield Wait.R):
                    continue
            connection.consume_input()
            asked = True
    return found, True

"""Fills the new table of a view that is only ever appended to, as fast as PostgreSQL takes rows in.

One COPY out of the store runs into one COPY into the table: no row waits in memory, the two ends and this process work
at the same time. A stored fact becomes a row without becoming an object first. What is not of the present shape of its
kind takes the long way: it is read as a fact, which upcasts or refuses it, and is packed anew.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Connection, sql

from aggregates.fact import FACTS
from ledger.mapper import pack, to_fact
from projections import reader
from projections.packing import FILE_END, FILE_HEADER, row_start
from projections.rows import NEW, Table
from projections.view import View, ViewRefusedError

CHUNK_ROWS = 1000
"""So many rows go to PostgreSQL at a time."""


class Packer(NamedTuple):
    """How the stored facts of one topic become rows.

    Attributes:
        width: how many fields a fact of it has.
        pack: from the stored object of its fields to the packed values of a row, behind those of its place; raises
            where a field is missing or not of its type.
    """

    width: int
    pack: Callable[[dict[str, Any]], bytes]


class Appended(View):
    """A view of one table that is only ever appended to: each row is made of one fact alone, and by its place.

    The table's first three columns are position, stream and version, as bigint, uuid and bigint.
    """

    @property
    def table(self) -> Table:
        """Its one table."""
        (table,) = self.TABLES
        return table

    @abstractmethod
    def packers(self) -> dict[str, Packer]:
        """Return a packer for the topic of every fact that the view takes."""


def load(reading: Connection[Any], writing: Connection[Any], view: Appended, after: int, up_to: int) -> None:
    """Copy the rows of the facts behind `after`, up to and with `up_to`, into a view's new table: all or none.

    Raises:
        ViewRefusedError: the view cannot take one of the facts.
        PositionMissingError: the store has lost a position.
    """
    table = view.table
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(sql.Identifier(table.name + NEW), columns)
    with (
        closing(reader.stored(reading, after, up_to)) as rows,
        writing.cursor() as cursor,
        cursor.copy(query) as copy,
    ):
        copy.write(FILE_HEADER)
        for chunk in _chunks(view, rows):
            copy.write(chunk)
        copy.write(FILE_END)


def _chunks(view: Appended, rows: Iterator[reader.Stored]) -> Iterator[bytes]:
    """Yield rows, packed, many at a time."""
    packers = {topic.encode(): packer for topic, packer in view.packers().items()}
    start = row_start(len(view.table.columns))
    loads = orjson.loads
    parts: list[bytes] = []
    for position, place, topic, state in rows:
        packer = packers.get(topic)
        if packer is None:
            if topic.decode() not in FACTS:
                raise ViewRefusedError(view.NAME, topic.decode(), position, "nobody knows this topic")
            continue
        try:
            stored = loads(state)
            if len(stored) - ("command" in stored) - ("class_version" in stored) != packer.width:
                raise ValueError("the stored object is not of the present shape")
            values = packer.pack(stored)
        except Exception:
            values = _long_way(view, packer, position, place, topic, state)
        parts += (start, place, values)
        if len(parts) >= 3 * CHUNK_ROWS:
            yield b"".join(parts)
            parts.clear()
    yield b"".join(parts)


def _long_way(view: Appended, packer: Packer, position: int, place: bytes, topic: bytes, state: bytes) -> bytes:
    """Pack a fact of any shape that can be read at all."""
    try:
        stream, version = UUID(bytes=place[16:32]), int.from_bytes(place[36:44], "big")
        return packer.pack(orjson.loads(pack(to_fact(stream, version, topic.decode(), state))))
    except Exception as error:
        raise ViewRefusedError(view.NAME, topic.decode(), position, str(error)) from error

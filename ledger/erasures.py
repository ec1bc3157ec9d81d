"""Erasures, written down outside the database: what a backup made before them would undo is done again.

The vault notes every subject that is deleted (`erased`). A file beside the anchors carries that list out of the
database, so that an older backup, brought back, forgets whom the ledger had forgotten. Tokens and times alone.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, LiteralString, NamedTuple

import orjson
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from aggregates.dates import rfc3339

FILE_NAME = "erased.ndjson"
AT_A_TIME = 5_000


class Erasure(NamedTuple):
    """One subject that was erased.

    Attributes:
        number: of the erasure in its vault; a vault that was brought back counts anew.
        token: of the subject. created_at: when it was made. erased_at: when it was erased. Both RFC 3339.
    """

    number: int
    token: str
    created_at: str
    erased_at: str


class Reapplied(NamedTuple):
    """What became of a list of erasures.

    Attributes:
        listed: how many erasures the vault knows now. erased: how many subjects had come back and are gone again.
        kept: folders and groups to be erased that still hold something; somebody has to empty them first.
    """

    listed: int
    erased: int
    kept: int


def carry_out(connection: Connection, schema: str, folder: Path) -> int:
    """Append to the file of a folder what was erased since its last line; return how many lines that were.

    Args:
        connection: to the vault, in autocommit mode.
        schema: of its tables.
    """
    query = SQL("SELECT number, token, created_at, erased_at FROM {}.erased WHERE number > %s ORDER BY number LIMIT %s")
    statement = query.format(Identifier(schema))
    added = 0
    with os.fdopen(os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # A backup and a service may both be at it.
        last, end = _last_whole_line(file)
        file.truncate(end)
        file.seek(end)
        while rows := connection.execute(statement, (last, AT_A_TIME)).fetchall():
            for number, token, *times in rows:
                file.write(orjson.dumps(Erasure(number, token, *map(rfc3339, times))._asdict()) + b"\n")
            added, last = added + len(rows), rows[-1][0]
        if added:
            file.flush()
            os.fsync(file.fileno())
    return added


def read(file: Path) -> Iterator[Erasure]:
    """Yield the erasures of a file, oldest first. A last line that was cut off by a crash is passed over."""
    with file.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield Erasure(**orjson.loads(line))


def reapply(connection: Connection, schema: str, known: Iterable[Erasure]) -> Reapplied:
    """Erase whoever is on a list and in the vault, also under a legal hold: it was lifted before they were erased.

    Args:
        connection: to the vault, in autocommit mode.
        schema: of its tables.
        known: erasures of this ledger, in any order, repeats too.
    """
    rest, names = iter(known), {"s": Identifier(schema)}

    def one(query: LiteralString) -> int:
        (number,) = connection.execute(SQL(query).format(**names)).fetchone() or (0,)
        return int(number)

    with connection.transaction():
        while some := list(islice(rest, AT_A_TIME)):
            columns = [[each[index] for each in some] for index in (1, 2, 3)]
            connection.execute(SQL(_NOTE).format(**names), columns)
        # Contacts go before their groups, and groups before their folders: each of these holds on to what it lies in.
        gone = sum(connection.execute(SQL(_ERASE + which).format(**names)).rowcount for which in _IN_ORDER)
        return Reapplied(
            one("SELECT count(*) FROM {s}.erased"), gone, one("SELECT count(*) FROM {s}.subject" + _LISTED)
        )


def _last_whole_line(file: BinaryIO) -> tuple[int, int]:
    """Return the number on the last whole line of a file, 0 if there is none, and where that line ends."""
    last = end = 0
    for line in file:
        if line.endswith(b"\n"):
            last, end = orjson.loads(line)["number"], end + len(line)
    return last, end


_NOTE: LiteralString = (
    "INSERT INTO {s}.erased (token, created_at, erased_at)"
    " SELECT * FROM unnest(%b::text[], %b::timestamptz[], %b::timestamptz[]) ON CONFLICT DO NOTHING"
)
_LISTED: LiteralString = " WHERE (token, created_at) IN (SELECT token, created_at FROM {s}.erased)"
_ERASE: LiteralString = "DELETE FROM {s}.subject" + _LISTED
_IN_ORDER: tuple[LiteralString, ...] = (
    " AND token NOT IN (SELECT token FROM {s}.folder UNION ALL SELECT token FROM {s}.contact_group)",
    " AND token NOT IN (SELECT token FROM {s}.folder UNION ALL SELECT grp FROM {s}.contact)",
    " AND token NOT IN (SELECT folder FROM {s}.contact_group UNION ALL SELECT grp FROM {s}.contact)",
)

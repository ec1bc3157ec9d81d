"""The floor: what PostgreSQL alone takes for the very rows that the engine has just stored, and for one commit.

The rows lie ready in COPY's own binary form before the clock starts. The tables have the columns, checks and indexes of
the ledger's; each transaction takes the lock and notifies, as a tailing reader needs. No seal, no decision, no answer.
"""

from __future__ import annotations

import itertools
import os
import statistics
import struct
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from bench.trial import Side, Trial
from ledger.database import Database

COPY_ROWS = 512
COLUMNS = "originator_id, originator_version, topic, state, notification_id, command_key"
HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
END = b"\xff\xff"
BEGIN = "BEGIN; LOCK TABLE floor.{table} IN EXCLUSIVE MODE; NOTIFY floor"


class Floor:
    """Tables like the ledger's in a schema beside it.

    Args:
        database: of the engine whose rows are taken.
    """

    def __init__(self, trial: Trial, database: Database) -> None:
        self._trial = trial
        self._connection = trial.lab.owner(database)
        self._connection.execute("CREATE SCHEMA floor")
        for table in ("copied", "inserted", "single"):
            self._connection.execute(f"CREATE TABLE floor.{table} (LIKE ledger_events INCLUDING ALL)")
        self._singles = itertools.count(1)
        self.last = (0, 0)
        trial.sizes["COPY floor"] = f"{COPY_ROWS} rows per transaction"

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def sides(self) -> list[Side]:
        """Return what is measured. `last` must name the positions of the engine's run before."""
        return [
            Side("copy_floor_rows_per_s", "rows/s", self._copied_per_s),
            Side("raw_insert_rows_per_s", "rows/s", self._inserted_per_s),
            Side("raw_commit_p50_ms", "ms", self._commit_p50_ms),
        ]

    def _copied_per_s(self) -> float:
        first, last = self.last
        rows = binary_rows(self._connection, first, min(last, first + self._trial.count(40_000, 15_000)))
        return len(rows) / copy_seconds(self._connection, "copied", rows)

    def _inserted_per_s(self) -> float:
        """INSERT ... VALUES of 512 rows, one transaction each: what a careful application without COPY does."""
        first, last = self.last
        query = f"SELECT {COLUMNS} FROM ledger_events WHERE notification_id > %s AND notification_id <= %s"
        limit = first + self._trial.count(10_000, 5_000)
        rows = self._connection.execute(query, (first, min(last, limit))).fetchall()
        chunks = [rows[at : at + COPY_ROWS] for at in range(0, len(rows), COPY_ROWS)]
        started = time.perf_counter()
        for chunk in chunks:
            marks = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(chunk))
            with self._connection.transaction():
                self._connection.execute(
                    f"INSERT INTO floor.inserted ({COLUMNS}) VALUES {marks}".encode(), [*itertools.chain(*chunk)]
                )
        return len(rows) / (time.perf_counter() - started)

    def _commit_p50_ms(self) -> float:
        """One row of a fact's size, one durable commit, one after the other."""
        state = b"x" * 700
        taken_ms = []
        insert = f"INSERT INTO floor.single ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)".encode()
        for number in itertools.islice(self._singles, self._trial.count(1_000, 300)):
            values = (UUID(int=1), number, "account.spent", state, number, UUID(bytes=os.urandom(16)))
            started = time.perf_counter()
            self._connection.execute(insert, values, prepare=True)
            taken_ms.append((time.perf_counter() - started) * 1000)
        return statistics.median(taken_ms)


def binary_rows(connection: psycopg.Connection[Any], first: int, last: int) -> list[bytes]:
    """Return the stored facts after `first` up to `last` as rows of COPY's binary form."""
    chosen = f"notification_id > {first} AND notification_id <= {last}"
    facts = f"SELECT {COLUMNS} FROM ledger_events WHERE {chosen} ORDER BY notification_id"
    rows = []
    with connection.cursor() as cursor, cursor.copy(f"COPY ({facts}) TO STDOUT (FORMAT binary)".encode()) as copy:
        for piece in copy:
            row = bytes(piece).removeprefix(HEADER)
            if row and row != END:
                rows.append(row)
    return rows


def copy_seconds(
    connection: psycopg.Connection[Any], table: str, rows: Sequence[bytes], *, atomic: bool = False
) -> float:
    """Return how long it takes to copy rows into a table of the floor: 512 a COPY, each a transaction or all one."""
    payloads = [HEADER + b"".join(rows[at : at + COPY_ROWS]) + END for at in range(0, len(rows), COPY_ROWS)]
    begin = BEGIN.format(table=table).encode()
    copy_in = f"COPY floor.{table} ({COLUMNS}) FROM STDIN (FORMAT binary)".encode()
    cursor = connection.cursor()
    started = time.perf_counter()
    for at, payload in enumerate(payloads):
        if not atomic or at == 0:
            cursor.execute(begin)
        with cursor.copy(copy_in) as copy:
            copy.write(payload)
        if not atomic or at == len(payloads) - 1:
            cursor.execute(b"COMMIT")
    return time.perf_counter() - started

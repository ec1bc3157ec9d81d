"""The appending side of the engine's database: one connection, one batch at a time, every wait bounded.

A batch is appended in ONE transaction that takes the library's table lock, notifies its channel, stores facts, refusals
and the block, and returns after the commit: by one function call with binary arrays (one round trip) when it is small,
by binary COPY when it is large. Function calls may be sent one behind the other (`send`); each of them is stored only
after the one before it. What goes wrong is told apart in three: `Clash` (surely not stored), `Lost` (nobody knows) and
`StoreRefused` (surely not stored, and trying again at once would not help).
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain, repeat
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import generators, sql
from psycopg.pq import ExecStatus

from ledger.append_errors import Clash, Lost, told_apart
from ledger.pending import PendingBatch
from ledger.pipeline import Pipeline, Sent, first_position
from ledger.rows import LATE_FROM_FACTS
from ledger.seal import BatchDigest, Refusal, batch_digest, packed

log = structlog.get_logger("ledger.appender")

COPY_FROM_ROWS = LATE_FROM_FACTS
"""From this many rows on they go by COPY, in slices, packed while they are sent. Fewer go by one function call with
arrays: waiting for COPY's two round trips more, between other work, costs more than it saves."""

SLICE_ROWS = 512
"""Rows packed and sent at a time; more than these are packed while the ones before are being stored."""

APPEND_LIMIT_S = 2.5
CONNECT_LIMIT_S = 1

_ARRAY = struct.Struct("!iiiii").pack
_EMPTY_ARRAY = struct.Struct("!iii").pack
_INT8_ITEM = struct.Struct("!iq").pack
_INT4 = struct.Struct("!i").pack
_NULL_ITEM = b"\xff\xff\xff\xff"
_UUID_LENGTH = b"\x00\x00\x00\x10"
_UUID, _INT8_OID, _TEXT, _BYTEA = 2950, 20, 25, 17
_APPEND = b"ledger_append"
_APPEND_CALL = b"SELECT * FROM ledger_append($1,$2,$3,$4,$5,$6,$7,$8,$9)"
_APPEND_OIDS = (2951, 1016, 1009, 1001, 2951, 2951, 1001, _BYTEA, _BYTEA)
_GOOD = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.COPY_IN})
_BEGIN = "BEGIN"
_LOCK = "LOCK TABLE ledger_events IN EXCLUSIVE MODE"
_NOTIFY_AND_COPY = (
    "NOTIFY ledger_events; SELECT last_position FROM ledger_blocks ORDER BY number DESC LIMIT 1;"
    " COPY ledger_events (originator_id, originator_version, topic, state, command_key, notification_id)"
    " FROM STDIN (FORMAT binary)"
)
_BEGIN_AND_COPY = f"{_BEGIN}; {_LOCK}; {_NOTIFY_AND_COPY}"
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_COPY_FIELDS = b"\x00\x06"
_COPY_POSITION = struct.Struct("!iq").pack
_COPY_END = b"\xff\xff"


_VERSIONS = (
    "SELECT id, coalesce((SELECT max(originator_version) FROM ledger_events WHERE originator_id = id), 0)"
    " FROM unnest(%s::uuid[]) AS id"
)


def _array(oid: int, count: int, items: bytes, *, nulls: int = 0) -> bytes:
    """Return a binary one-dimensional array of so many length-prefixed items."""
    return _ARRAY(1, nulls, oid, count, 1) + items if count else _EMPTY_ARRAY(0, 0, oid)


def _sized(values: Sequence[bytes]) -> bytes:
    """Return values one after the other, each behind its length."""
    return b"".join(chain.from_iterable(zip(map(_INT4, map(len, values)), values, strict=True)))


def _uuids(values: Sequence[bytes]) -> bytes:
    """Return the bytes of UUIDs, at least one, each behind its length."""
    return _UUID_LENGTH + _UUID_LENGTH.join(values)


class Appender:
    """The one connection that appends.

    Args:
        conninfo: of the app role. options: of the connection, with the search path.
        table: the ledger's facts, to lock.

    Attributes:
        ledger_id: pins the seal to this ledger; known once the store is open.
        locked: the table lock is held for the next append: until then nobody else can commit.
        tell: called when batches that were sent are answered.
    """

    def __init__(self, conninfo: str, options: str, table: sql.Identifier) -> None:
        self._conninfo = conninfo
        self._options = options
        self._table = table
        self.ledger_id = UUID(int=0)
        self.locked = False
        self.tell: Callable[[], None] = lambda: None
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._pipeline: Pipeline | None = None
        self._backend_pid = 0

    async def close(self) -> None:
        """Let go of the connection."""
        self._abandon()

    def send(self, batch: PendingBatch) -> Sent | None:
        """Send a batch behind those under way, on which it may stand; None = only `append` may store it.

        It is stored only if the one before it is. Its answer is told by `tell`; an error in it is one of those that
        `append` raises.
        """
        connection = self._connection
        if connection is None or connection.closed or self.locked or batch.unmoved or len(batch.rows) >= COPY_FROM_ROWS:
            return None
        under_way = self._pipeline.under_way if self._pipeline is not None else ()
        arguments, digest = self._arguments(batch, under_way[-1].digest if under_way else None)
        sent = Sent(batch, digest)
        try:
            if self._pipeline is None:
                self._pipeline = Pipeline(connection, self.tell, self._break, APPEND_LIMIT_S)
            self._pipeline.send(sent, _APPEND, arguments)
        except psycopg.Error as error:
            self._break(error)
            sent.lose(type(error).__name__)
        return sent

    async def append(self, batch: PendingBatch) -> int:
        """Store a batch and return the position of its first row, after the commit; nothing may be under way.

        Raises:
            Clash, Lost, StoreRefused: see the module.
        """
        try:
            async with asyncio.timeout(APPEND_LIMIT_S):
                connection = await self._writer()
                if batch.unmoved:
                    await self._hold(connection, batch)
                if len(batch.rows) < COPY_FROM_ROWS:
                    return await self._append_by_function(connection, batch)
                return await self._append_by_copy(connection, batch)
        except asyncio.CancelledError:
            self._abandon()
            raise
        except (psycopg.Error, OSError) as error:
            told = told_apart(error)
            if isinstance(told, Lost):
                self._abandon()
            else:
                await self._roll_back()
            if told is error:
                raise
            raise told from error

    async def _hold(self, connection: psycopg.AsyncConnection[Any], batch: PendingBatch) -> None:
        """Take the lock, and see that what was only read stands where it stood: nobody can move it before the commit.

        Raises:
            Clash: somebody has written to one of these streams since; the lock is let go of.
        """
        # What the batch itself adds to is fenced by the versions of its rows.
        wanted = {UUID(int=at): version for at, version in batch.unmoved.items() if at not in batch.streams}
        if not wanted:
            return
        if not self.locked:
            await connection.execute(f"{_BEGIN}; {_LOCK}".encode())
            self.locked = True
        found = await connection.execute(_VERSIONS.encode(), (list(wanted),))
        if dict(await found.fetchall()) != wanted:
            await self._roll_back()
            raise Clash("what a decision has read has moved")

    async def lock(self) -> None:
        """Take the table lock ahead of the next append, which will release it; what is read meanwhile stays true.

        Raises:
            Lost: the database cannot be reached, or another writer holds the lock too long.
        """
        try:
            async with asyncio.timeout(APPEND_LIMIT_S):
                connection = await self._writer()
                await connection.execute(f"{_BEGIN}; {_LOCK}".encode())
                self.locked = True
        except (psycopg.Error, OSError, TimeoutError) as error:
            self._abandon()
            raise Lost(type(error).__name__) from error

    async def unlock(self) -> None:
        """Let go of a lock that turned out not to be needed."""
        await self._roll_back()

    async def settle_lost(self) -> None:
        """Make sure that nothing of an earlier connection can still be committed: afterwards a look-up is the truth.

        Raises:
            Lost: the database cannot be reached.
        """
        try:
            async with asyncio.timeout(APPEND_LIMIT_S):
                pid = self._backend_pid
                connection = await self._writer()
                if pid and pid != self._backend_pid:
                    await connection.execute("SELECT pg_terminate_backend(%s, 1000)", (pid,))
                async with connection.transaction():
                    await connection.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(self._table))
        except (psycopg.Error, OSError, TimeoutError) as error:
            self._abandon()
            raise Lost(type(error).__name__) from error

    async def _writer(self) -> psycopg.AsyncConnection[Any]:
        """Return the writing connection, made anew when there is none, for one use at a time."""
        if self._pipeline is not None:
            self._pipeline.leave()
            self._pipeline = None
        if self._connection is None or self._connection.closed:
            connection = await psycopg.AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=CONNECT_LIMIT_S,
                options=self._options,
                # What psycopg prepares by itself it takes back after a rollback, by DEALLOCATE ALL, and with it ours.
                prepare_threshold=None,
            )
            connection.pgconn.send_prepare(_APPEND, _APPEND_CALL, _APPEND_OIDS)
            _checked(await connection.wait(generators.execute(connection.pgconn)), connection)
            self._connection = connection
            self._backend_pid = connection.info.backend_pid
        return self._connection

    def _arguments(self, batch: PendingBatch, behind: bytes | None) -> tuple[list[bytes | None], bytes]:
        """Return a batch as the arguments of `ledger_append`, and its digest."""
        digest = batch_digest(self.ledger_id, map(packed, batch.rows), batch.refusals)
        ids, versions, topics, states, keys = zip(*batch.rows, strict=True) if batch.rows else ((),) * 5
        count, nulls = len(batch.rows), int(None in keys)
        if nulls:
            key_items = b"".join([_NULL_ITEM if key is None else _UUID_LENGTH + key for key in keys])
        else:
            key_items = _uuids(keys)
        arguments = [
            _array(_UUID, count, _uuids(ids)),
            _array(_INT8_OID, count, b"".join(map(_INT8_ITEM, repeat(8), versions))),
            _array(_TEXT, count, _sized(topics)),
            _array(_BYTEA, count, _sized(states)),
            _array(_UUID, count, key_items, nulls=nulls),
            *_refusal_arrays(batch.refusals),
            digest,
            behind,
        ]
        return arguments, digest

    async def _append_by_function(self, connection: psycopg.AsyncConnection[Any], batch: PendingBatch) -> int:
        arguments, _ = self._arguments(batch, None)
        connection.pgconn.send_query_prepared(_APPEND, arguments, [1] * len(arguments), 1)
        result = _checked(await connection.wait(generators.execute(connection.pgconn)), connection)
        first = first_position(result)
        if self.locked:
            await self._commit(connection)
        return first

    async def _append_by_copy(self, connection: psycopg.AsyncConnection[Any], batch: PendingBatch) -> int:
        """Three round trips: begin, lock, ask for the head and enter COPY; the rows; the seal and the commit.

        Rows are packed slice by slice; while one is packed, PostgreSQL takes in the one before it, and other work of
        this process gets its turn.
        """
        pgconn = connection.pgconn
        digest = BatchDigest(self.ledger_id)
        slice_ = [packed(row) for row in batch.rows[:SLICE_ROWS]]
        pgconn.send_query((_NOTIFY_AND_COPY if self.locked else _BEGIN_AND_COPY).encode())
        *_, head, _ = [_checked([result], connection) for result in await connection.wait(generators.execute(pgconn))]
        first = int((head.get_value(0, 0) if head.ntuples else None) or 0) + 1
        at, parts = 0, [_COPY_HEADER]
        while slice_:
            digest.add(slice_)
            positions = map(_COPY_POSITION, repeat(8), range(first + at, first + at + len(slice_)))
            parts += chain.from_iterable(zip(repeat(_COPY_FIELDS), slice_, positions, strict=False))
            at += len(slice_)
            if at == len(batch.rows):
                parts.append(_COPY_END)
            await connection.wait(generators.copy_to(pgconn, b"".join(parts), True))
            slice_, parts = [packed(row) for row in batch.rows[at : at + SLICE_ROWS]], []
        await connection.wait(generators.copy_end(pgconn, None))
        pgconn.send_query(_seal_and_commit(batch, digest.close(batch.refusals)).encode())
        sealed, *_ = [_checked([result], connection) for result in await connection.wait(generators.execute(pgconn))]
        assert sealed.get_value(0, 0) == b"%d" % first, "rows and block disagree about the first position"
        self.locked = False
        return first

    async def _commit(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute("COMMIT")
        self.locked = False

    async def _roll_back(self) -> None:
        """Leave a failed transaction, if there is one."""
        self.locked = False
        try:
            if self._connection is not None and not self._connection.closed:
                async with asyncio.timeout(1.0):
                    await self._connection.execute("ROLLBACK")
        except (psycopg.Error, OSError, TimeoutError):
            self._abandon()

    def _break(self, error: Exception) -> None:
        """Give the connection up: what is under way on it is lost."""
        told = told_apart(error)
        log.warning("the writing connection broke", reason=str(told))
        self._abandon(str(told))

    def _abandon(self, reason: str = "the connection was given up") -> None:
        """Drop the writing connection without waiting for it."""
        self.locked = False
        connection, self._connection = self._connection, None
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.fail(reason)
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                connection.pgconn.finish()


def _seal_and_commit(batch: PendingBatch, digest: bytes) -> str:
    """Return the closing statements of a COPY; every value is hexadecimal, so nothing has to be quoted."""
    refused = [refusal.key for refusal in batch.refusals]
    apart = frozenset(refused)
    keys = _hexadecimal([key for key in batch.keys if key not in apart] if apart else batch.keys)
    refusal_keys = _hexadecimal(refused)
    records = ",".join([f"'\\x{refusal.record.hex()}'::bytea" for refusal in batch.refusals])
    return (
        f"SELECT first_position FROM ledger_seal({len(batch.rows)}, '{{{keys}}}', '{{{refusal_keys}}}',"
        f" ARRAY[{records}]::bytea[], '\\x{digest.hex()}'); COMMIT"
    )


def _hexadecimal(keys: Sequence[bytes]) -> str:
    """Return command keys with commas between them."""
    return b"".join(keys).hex(",", 16)


def _refusal_arrays(refusals: Sequence[Refusal]) -> tuple[bytes, bytes]:
    keys = _array(_UUID, len(refusals), _uuids([refusal.key for refusal in refusals]))
    return keys, _array(_BYTEA, len(refusals), _sized([refusal.record for refusal in refusals]))


def _checked(results: Sequence[Any], connection: psycopg.AsyncConnection[Any]) -> Any:
    """Return the one result, or raise it as psycopg's error."""
    result = results[-1]
    if result.status not in _GOOD:
        raise psycopg.errors.error_from_result(result, connection.info.encoding)
    return result

"""Batches sent one behind the other on one connection (libpq's pipeline mode), their answers taken as they come.

PostgreSQL begins with the next batch the moment it is done with the one before, without waiting for this process to
read one answer and to send again. Each batch is a transaction of its own, closed by a sync: it counts as stored only
when the answer to the sync is here, which PostgreSQL gives after the commit.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg.pq import ExecStatus

from ledger.append_errors import Lost, told_apart
from ledger.pending import PendingBatch

_INT8 = struct.Struct("!q")
_READY = ExecStatus.PIPELINE_SYNC
_ROWS = ExecStatus.TUPLES_OK


def first_position(result: Any) -> int:
    """Return the position of a batch's first row, which `ledger_append` has answered in binary."""
    first: int = _INT8.unpack(result.get_value(0, 0))[0]
    return first


class Sent:
    """A batch on its way.

    Attributes:
        batch: what was sent. digest: of it, by which the one sent behind it names it.
        first: position of its first row, once it is stored.
        error: why it is not: `Clash`, `Lost`, `StoreRefused`, or what should not happen.
        answered: whether the outcome is known.
        due: time of the loop by which an answer must be here.
    """

    __slots__ = ("answered", "batch", "digest", "due", "error", "first")

    def __init__(self, batch: PendingBatch, digest: bytes = b"", due: float = 0.0) -> None:
        self.batch = batch
        self.digest = digest
        self.due = due
        self.first: int | None = None
        self.error: Exception | None = None
        self.answered = False

    def lose(self, reason: str) -> None:
        """Nobody knows what became of it."""
        self.first, self.error, self.answered = None, Lost(reason), True


class Pipeline:
    """Pipeline mode on one connection, from now until `leave`; nobody else may use the connection meanwhile.

    Args:
        connection: idle, outside of a transaction.
        tell: called when answers have come. broken: called when the connection is of no use any more.
        limit_s: how long an answer may take.

    Attributes:
        under_way: what was sent and not answered, oldest first.
    """

    def __init__(
        self,
        connection: psycopg.AsyncConnection[Any],
        tell: Callable[[], None],
        broken: Callable[[Exception], None],
        limit_s: float,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._pgconn = connection.pgconn
        self._encoding = connection.info.encoding
        self._socket = self._pgconn.socket
        self._tell = tell
        self._broken = broken
        self._limit_s = limit_s
        self._watch: asyncio.TimerHandle | None = None
        self._flushing = False
        self.under_way: deque[Sent] = deque()
        self._pgconn.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._read)

    def send(self, sent: Sent, statement: bytes, arguments: Sequence[bytes | None]) -> None:
        """Send one call of a prepared statement that returns one row, behind those under way; binary both ways.

        Raises:
            psycopg.Error: the connection is of no use any more.
        """
        self._pgconn.send_query_prepared(statement, arguments, [1] * len(arguments), 1)
        self._pgconn.pipeline_sync()
        sent.due = self._loop.time() + self._limit_s
        self.under_way.append(sent)
        self._flush()
        if self._watch is None:
            self._watch = self._loop.call_at(sent.due, self._look)

    def leave(self) -> None:
        """Give the connection back; nothing may be under way."""
        assert not self.under_way, "batches are under way"
        self._let_go()
        self._pgconn.exit_pipeline_mode()

    def fail(self, reason: str) -> None:
        """Let go of the connection, which its owner gives up; nobody knows what became of what is under way."""
        self._let_go()
        for sent in self.under_way:
            sent.lose(reason)
        if self.under_way:
            self.under_way.clear()
            self._tell()

    def _let_go(self) -> None:
        self._loop.remove_reader(self._socket)
        if self._flushing:
            self._loop.remove_writer(self._socket)
            self._flushing = False
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _flush(self) -> None:
        """Write what the socket takes now, and the rest when it takes more."""
        left = bool(self._pgconn.flush())
        if left != self._flushing:
            self._flushing = left
            if left:
                self._loop.add_writer(self._socket, self._write)
            else:
                self._loop.remove_writer(self._socket)

    def _write(self) -> None:
        try:
            self._flush()
        except psycopg.Error as error:
            self._broken(error)

    def _read(self) -> None:
        try:
            self._pgconn.consume_input()
            if self._flushing:
                self._flush()
            answered = False
            while self.under_way and not self._pgconn.is_busy():
                answered = self._take(self._pgconn.get_result()) or answered
        except psycopg.Error as error:
            self._broken(error)
        else:
            if answered:
                self._tell()

    def _take(self, result: Any) -> bool:
        """Take in one result; say whether it was the last one of a batch."""
        if result is None:
            # The end of a call's results; its sync is still to come. Of a connection that is gone nothing comes.
            if self._pgconn.status != psycopg.pq.ConnStatus.OK:
                raise psycopg.OperationalError("the connection is gone")
            return False
        sent = self.under_way[0]
        if result.status == _READY:
            assert sent.first is not None or sent.error is not None, "neither stored nor refused"
            sent.answered = True
            self.under_way.popleft()
            return True
        if result.status == _ROWS:
            sent.first = first_position(result)
            return False
        error = psycopg.errors.error_from_result(result, self._encoding)
        sent.first, sent.error = None, told_apart(error)
        if isinstance(sent.error, Lost):
            raise error
        return False

    def _look(self) -> None:
        """See that the oldest has its answer in time."""
        self._watch = None
        if not self.under_way:
            return
        due = self.under_way[0].due
        if self._loop.time() >= due:
            self._broken(TimeoutError("no answer in time"))
        else:
            self._watch = self._loop.call_at(due, self._look)

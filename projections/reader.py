"""Reads the facts of the store by position, in batches, and waits for new ones.

Positions are dense, so a missing one is a loss, never a delay: it stops the reader loudly. New facts are announced on
the store's channel; a poll every half second catches what an announcement missed.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from itertools import chain
from typing import Any

from psycopg import Connection

from ledger.mapper import to_fact
from ledger.stream import HEAD, TOPIC_AT, row_blocks_here
from projections.view import Positioned

CHANNEL = "ledger_events"
BATCH_FACTS = 2000
POLL_S = 0.5

SELECT_AFTER = b"""
    SELECT notification_id, originator_id, originator_version, topic, state FROM ledger_events
    WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id LIMIT %s
"""


Stored = tuple[int, bytes, bytes, bytes]
"""A stored row: position; position, stream and version as binary COPY writes them; topic; state."""

PLACE_BYTES = 12 + 20 + 12
"""Length of a row's position, stream and version as binary COPY writes them."""


class PositionMissingError(Exception):
    """A position is missing between facts that stand: the store has lost something, and no view may pass over it."""


def read(connection: Connection[Any], after: int, limit: int = BATCH_FACTS, up_to: int = 2**63 - 1) -> list[Positioned]:
    """Return up to `limit` facts after a position (and up to another one), in order.

    A row that cannot be read as a fact comes as its error: each view decides what that means to it.

    Raises:
        PositionMissingError: a position is missing.
    """
    with connection.cursor(binary=True) as cursor:
        cursor.execute(SELECT_AFTER, [after, up_to, limit], prepare=True)
        rows = cursor.fetchall()
    batch: list[Positioned] = []
    for expected, (position, originator_id, version, topic, state) in enumerate(rows, start=after + 1):
        if position != expected:
            raise PositionMissingError(f"position {expected} is missing: after {expected - 1} the store has {position}")
        try:
            batch.append(Positioned(position, topic, to_fact(originator_id, version, topic, state)))
        except Exception as error:
            batch.append(Positioned(position, topic, error))
    return batch


def stored(connection: Connection[Any], after: int, up_to: int) -> Generator[Stored, None, None]:
    """Yield the rows behind `after`, up to and with `up_to`, in order, none of them read as a fact.

    Raises:
        PositionMissingError: a position is missing.
    """
    expected = after + 1
    with closing(row_blocks_here(connection, after + 1, up_to)) as blocks:
        for row in chain.from_iterable(blocks):
            position, _, _, topic_bytes = HEAD(row)
            if position != expected:
                break
            expected += 1
            end = TOPIC_AT + topic_bytes
            yield position, row[2 : TOPIC_AT - 4], row[TOPIC_AT:end], row[end + 4 :]
    if expected <= up_to:
        raise PositionMissingError(f"position {expected} is missing")


def head(connection: Connection[Any]) -> int:
    """Return the last position of the store; 0 before the first fact."""
    row = connection.execute("SELECT coalesce(max(notification_id), 0) FROM ledger_events").fetchone()
    return 0 if row is None else row[0]


def listen(connection: Connection[Any]) -> None:
    """Ask to be told of new facts on this connection (in autocommit mode)."""
    connection.execute(f"LISTEN {CHANNEL}".encode())


def wait(connection: Connection[Any], timeout_s: float = POLL_S) -> None:
    """Return when new facts were announced, or after `timeout_s` seconds."""
    for _ in connection.notifies(timeout=timeout_s, stop_after=1):
        return

"""The seal: each batch's digest, chained into a block in the batch's own transaction.

A digest covers every byte that a batch stores, length-prefixed and in order, under a format name and the ledger's id;
a block chains it to all blocks before it: block = sha256(previous || first, last, facts, refusals || digest). Positions
are dense, so first, last and the order inside the digest pin each row's position as well. What changes a stored byte,
swaps two rows or takes any away breaks a digest, a count or the chain. Verifying needs only this file and the rows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

FORMAT = b"payments-ledger-batch/1"

_FIXED = struct.Struct("!i16siqi").pack
_LENGTH = struct.Struct("!i").pack
_RANGE = struct.Struct("!qqqq").pack
_NO_KEY = b"\xff\xff\xff\xff"
_KEY_LENGTH = b"\x00\x00\x00\x10"


class Row(NamedTuple):
    """One fact as stored, without its position.

    Attributes:
        originator_id: 16 bytes. topic: ASCII. state: JSON bytes.
        key: 16 bytes of the command key on a command's first fact, else None.
    """

    originator_id: bytes
    version: int
    topic: bytes
    state: bytes
    key: bytes | None


RowLike = Iterable[Any]
"""A `Row`, or what yields the five fields of one only when it is packed."""


class Refusal(NamedTuple):
    """One remembered refusal as stored: its command key (16 bytes) and its record (JSON bytes)."""

    key: bytes
    record: bytes


class Block(NamedTuple):
    """One link of the chain, as stored in `ledger_blocks`."""

    number: int
    first_position: int
    last_position: int
    facts: int
    refusals: int
    digest: bytes
    previous: bytes
    hash: bytes


def packed(row: RowLike) -> bytes:
    """Return a row as length-prefixed fields: the bytes that are hashed, and that COPY sends, too."""
    originator_id, version, topic, state, key = row
    tail = _NO_KEY if key is None else _KEY_LENGTH + key
    return b"".join((_FIXED(16, originator_id, 8, version, len(topic)), topic, _LENGTH(len(state)), state, tail))


class BatchDigest:
    """The SHA-256 digest of one batch, taken while its rows pass by."""

    def __init__(self, ledger_id: UUID) -> None:
        self._digest = sha256(FORMAT + ledger_id.bytes)

    def add(self, packed_rows: Iterable[bytes]) -> None:
        """Take in the next rows, in order."""
        self._digest.update(b"".join(packed_rows))

    def close(self, refusals: Sequence[Refusal]) -> bytes:
        """Take in the refusals, after all rows, and return the digest."""
        self._digest.update(b"refusals")
        for refusal in refusals:
            self._digest.update(refusal.key + _LENGTH(len(refusal.record)) + refusal.record)
        return self._digest.digest()


def batch_digest(ledger_id: UUID, packed_rows: Iterable[bytes], refusals: Sequence[Refusal]) -> bytes:
    """Return the digest of a whole batch: its packed rows, then its refusals, in order."""
    digest = BatchDigest(ledger_id)
    digest.add(packed_rows)
    return digest.close(refusals)


def genesis(ledger_id: UUID) -> bytes:
    """Return what the first block names as its previous one."""
    return sha256(ledger_id.bytes).digest()


def block_hash(previous: bytes, first: int, last: int, facts: int, refusals: int, digest: bytes) -> bytes:
    """Return the hash of a block. A batch of refusals alone has first = last + 1."""
    return sha256(previous + _RANGE(first, last, facts, refusals) + digest).digest()

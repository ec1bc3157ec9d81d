"""Command keys: what makes a blind retry harmless, and the ones this process still has in memory.

A key is the hash of principal and idempotency key; it stands on the command's first fact (or on its refusal) in the
same transaction. `RecentKeys` answers the usual retry without a look-up; the database answers all others.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING
from uuid import uuid4

from ledger.command import Call, Outcome

if TYPE_CHECKING:
    from ledger.pending import PendingBatch

RECENT_MAX = 10_000
"""How many answers a process remembers beside the database, each about 700 bytes. More would not fit the processor's
cache: with 50,000 a command cost a fifth more."""


def command_key(call: Call) -> bytes:
    """Return the 16 bytes under which a command is stored; a call without a key gets one that nobody can repeat."""
    if call.key is None:
        return uuid4().bytes
    return blake2b(f"{call.principal}\0{call.key}".encode(), digest_size=16).digest()


class Remembered:
    """The answer under one key: durable once `batch` is committed.

    Attributes:
        offset: position of the command's last fact, counted from the batch's first position.
    """

    __slots__ = ("batch", "body", "offset", "request_hash", "request_id", "status")

    def __init__(self, request_hash: str, status: int, body: bytes, offset: int, request_id: str, batch: PendingBatch):
        self.request_hash = request_hash
        self.status = status
        self.body = body
        self.offset = offset
        self.request_id = request_id
        self.batch = batch

    def outcome(self, *, replayed: bool) -> Outcome:
        """Return the answer; the batch must have been committed."""
        return Outcome(self.status, self.body, self.batch.first_position + self.offset, replayed, self.request_id)


class RecentKeys:
    """A bounded memory of keys in two halves: a full young half becomes the old one, and the old one is forgotten."""

    def __init__(self, size_max: int = RECENT_MAX) -> None:
        self._half_max = size_max // 2
        self._young: dict[bytes, Remembered] = {}
        self._old: dict[bytes, Remembered] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: bytes) -> Remembered | None:
        """Return what is remembered under a key."""
        return self._young.get(key) or self._old.get(key)

    def put(self, key: bytes, remembered: Remembered) -> None:
        """Remember an answer; forget the older half past the bound, unless one of it still waits for its commit."""
        young = self._young
        young[key] = remembered
        if len(young) >= self._half_max and self._old_is_done():
            self._old, self._young = young, {}

    def forget(self, keys: list[bytes], batch: PendingBatch) -> None:
        """Forget the keys of a batch that was not committed."""
        for key in keys:
            for half in (self._young, self._old):
                known = half.get(key)
                if known is not None and known.batch is batch:
                    del half[key]

    def _old_is_done(self) -> bool:
        """Batches end in the order in which they began: the last one tells of all before it."""
        return not self._old or self._old[next(reversed(self._old))].batch.done

"""Anchors: the head of the chain, written down outside the database.

Whoever owns the database could cut off the end of facts and blocks together and leave a chain that holds. A line in
this file names a block and its hash as they were; `ledger verify` wants every one of them back. The file is appended
and synced, never rewritten; copy it elsewhere to bind whoever owns the machine as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import orjson

from aggregates.dates import rfc3339

FILE_NAME = "anchors.ndjson"


class Anchor(NamedTuple):
    """A block as it was when it was the head: number, last position, hash (hex), and when it was written down."""

    ledger_id: str
    number: int
    position: int
    hash: str
    at: str


def append(folder: Path, ledger_id: UUID, number: int, position: int, block_hash: bytes, at: datetime) -> bool:
    """Write the head down unless the last line already says so. Returns whether a line was added."""
    anchor = Anchor(str(ledger_id), number, position, block_hash.hex(), rfc3339(at))
    last = max(read(folder), key=lambda known: known.number, default=None)
    if last is not None and last.ledger_id == anchor.ledger_id and last.number == number and last.hash == anchor.hash:
        return False
    line = orjson.dumps(anchor._asdict()) + b"\n"
    descriptor = os.open(folder / FILE_NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def read(folder: Path) -> Iterator[Anchor]:
    """Yield the anchors of a folder, oldest first. A last line that was cut off by a crash is passed over."""
    path = folder / FILE_NAME
    if path.exists():
        yield from read_file(path)


def read_file(path: Path) -> Iterator[Anchor]:
    """Yield the anchors of a file; as `read`."""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield Anchor(**orjson.loads(line))

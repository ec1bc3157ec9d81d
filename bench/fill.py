"""Large stores in seconds: valid facts with keys, blocks and snapshots, copied in past the engine.

The first facts of each account are decided by the house; the spends after them are its last fact again with the figures
that change (id, balance). `ledger verify` and a cold load find nothing to say against the result.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from aggregates import ids
from aggregates.account import Account
from aggregates.fact import Mark, Stamp, set_mark
from bench.desk import AMOUNT_MINOR, BALANCE_MINOR, REQUEST_HASH
from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from ledger.commands.transfers import ImportMovement
from ledger.loading import SNAPSHOT_EVERY, snapshot_row
from ledger.mapper import pack
from ledger.seal import batch_digest, block_hash, genesis

BLOCK_FACTS = 2_000
STAMP = Stamp(datetime(2026, 3, 2, 3, 0, tzinfo=UTC), datetime(2026, 3, 2, 3, 0, tzinfo=UTC), "key_bench", "req_fill")
COLUMNS = "originator_id, originator_version, topic, state, command_key, notification_id"
HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
END = b"\xff\xff"
_FIELDS = b"\x00\x06"
_POSITION = struct.Struct("!iq").pack
_FIXED = struct.Struct("!i16siqi").pack
_LENGTH = struct.Struct("!i").pack
_KEY_LENGTH = b"\x00\x00\x00\x10"


class Filled(NamedTuple):
    """What a store was filled with. `accounts`: in the order of the plan, as their last facts left them."""

    facts: int
    accounts: list[Account]

    @property
    def account_ids(self) -> list[str]:
        """Public ids of the accounts."""
        return [account.account_id for account in self.accounts]


class Source:
    """One account's facts, by version.

    Args:
        number: of the account, unique in its store.
        overdrawn: no money is put on it; it may overdraw without limit, so that even its second fact can be a spend.
    """

    def __init__(self, number: int, *, overdrawn: bool) -> None:
        account_id = ids.account_id(1, b"bench%05d" % number)
        account = Account.blank(ids.stream_id(account_id))
        account.open(
            STAMP,
            account_id=account_id,
            name=f"Account {number}",
            mode="prepaid",
            currency="KRW",
            credit_limit_minor=None,
            overdraft_limit_minor=None if overdrawn else 0,
        )
        answers = [OpenAccount.ANSWER]
        if not overdrawn:
            account.import_movement(STAMP, amount_minor=BALANCE_MINOR, booked_on=date(2026, 1, 5), reference="opening")
            answers.append(ImportMovement.ANSWER)
        self._born = account.copy()
        self._born.pending = []
        spent = account.spend(STAMP, amount_minor=AMOUNT_MINOR)
        answers.append(Spend.ANSWER)
        facts = account.collect_events()
        for made, answer in zip(facts, answers, strict=True):
            set_mark(made, Mark(REQUEST_HASH, answer, 1))
        self._first = [(made.TOPIC.encode(), pack(made)) for made in facts[:-1]]
        self._topic = spent.TOPIC.encode()
        stem = spent.spend_id.removesuffix(ids.encode(account.version))
        before, _, after = pack(spent).partition(spent.spend_id.encode())
        middle, _, end = after.partition(b'"balance_minor":%d' % spent.balance_minor)
        self._template = (before + stem.encode(), middle + b'"balance_minor":', end)
        self._balance_minor = self._born.balance_minor
        self.id = account.id.bytes

    def state(self, version: int, encoded: bytes) -> tuple[bytes, bytes]:
        """Return topic and stored state of the fact of a version; `encoded` is the version as ids write it."""
        spends = version - len(self._first)
        if spends <= 0:
            return self._first[version - 1]
        head, middle, end = self._template
        balance_minor = self._balance_minor - AMOUNT_MINOR * spends
        return self._topic, b"%b%b%b%d%b" % (head, encoded, middle, balance_minor, end)

    def packed(self, version: int, encoded: bytes, key: bytes) -> bytes:
        """Return the fact of a version as `ledger.seal.packed` would, in a third of its time."""
        topic, state = self.state(version, encoded)
        fixed = _FIXED(16, self.id, 8, version, len(topic))
        return b"".join((fixed, topic, _LENGTH(len(state)), state, _KEY_LENGTH, key))

    def account(self, version: int) -> Account:
        """Return the account after the fact of a version."""
        account = self._born.copy()
        spent_minor = AMOUNT_MINOR * max(0, version - account.version)
        account.version = version
        account.balance_minor -= spent_minor
        for lot in account.lots:
            lot.remaining_minor -= spent_minor
            account.lots.total_minor -= spent_minor
        if not len(account.lots):
            account.overdrawn_minor += spent_minor
        return account


def fill(connection: psycopg.Connection[Any], plan: Sequence[int], *, overdrawn: bool = False) -> Filled:
    """Fill an empty ledger: account i gets plan[i] facts, the accounts taking turns.

    Args:
        connection: of the database's owner, with the ledger's schema in front; in autocommit mode.
        plan: facts per account, most first.
    """
    row = connection.execute("SELECT ledger_id FROM ledger_identity").fetchone()
    assert row is not None, "a migrated ledger has an identity"
    ledger_id: UUID = row[0]
    sources = [Source(number, overdrawn=overdrawn) for number in range(len(plan))]
    blocks: list[tuple[int, int, int, int, int, bytes, bytes, bytes]] = []
    previous, position = genesis(ledger_id), 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ledger_events ({COLUMNS}) FROM STDIN (FORMAT binary)".encode()) as copy,
    ):
        copy.write(HEADER)
        for rows in _in_blocks(_rows(sources, plan)):
            first, last = position + 1, position + len(rows)
            numbered = [_FIELDS + one + _POSITION(8, at) for at, one in enumerate(rows, start=first)]
            copy.write(b"".join(numbered))
            digest = batch_digest(ledger_id, rows, [])
            hash_ = block_hash(previous, first, last, len(rows), 0, digest)
            blocks.append((len(blocks) + 1, first, last, len(rows), 0, digest, previous, hash_))
            previous, position = hash_, last
        copy.write(END)
    with connection.cursor() as cursor, cursor.copy(b"COPY ledger_blocks FROM STDIN") as copy:
        for block in blocks:
            copy.write_row(block)
    with connection.cursor() as cursor, cursor.copy(b"COPY ledger_snapshots FROM STDIN") as copy:
        for source, facts in zip(sources, plan, strict=True):
            for version in range(SNAPSHOT_EVERY, facts + 1, SNAPSHOT_EVERY):
                copy.write_row(snapshot_row(source.account(version)))
    return Filled(position, [source.account(facts) for source, facts in zip(sources, plan, strict=True)])


def _rows(sources: Sequence[Source], plan: Sequence[int]) -> Iterator[bytes]:
    taking = len(sources)
    keys = _keys()
    for version in range(1, max(plan) + 1):
        while plan[taking - 1] < version:
            taking -= 1
        encoded = ids.encode(version).encode()
        for number in range(taking):
            yield sources[number].packed(version, encoded, next(keys))


def _keys() -> Iterator[bytes]:
    """Return command keys without end, as random as the real ones are."""
    while True:
        drawn = os.urandom(16 * BLOCK_FACTS)
        for at in range(0, len(drawn), 16):
            yield drawn[at : at + 16]


def _in_blocks(rows: Iterator[bytes]) -> Iterator[list[bytes]]:
    block: list[bytes] = []
    for row in rows:
        block.append(row)
        if len(block) == BLOCK_FACTS:
            yield block
            block = []
    if block:
        yield block

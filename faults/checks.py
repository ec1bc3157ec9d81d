"""The checkers: each counts one kind of damage; all counts must be zero, and each is told how much it looked at.

They read the store and the history of the clients, nothing in between, and fold everything themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from psycopg.sql import SQL, Identifier

from aggregates.account import Account
from aggregates.fact import Fact, Stream
from aggregates.postings import postings_of
from faults.history import History
from ledger.command import Call
from ledger.keys import command_key
from ledger.mapper import to_fact
from ledger.verify import verify


class Count(NamedTuple):
    """What one checker found.

    Attributes:
        code: C1.. as listed in docs/faults.md. damage: must be 0. looked_at: how many things were checked.
    """

    code: str
    meaning: str
    damage: int
    looked_at: int


class Stored(NamedTuple):
    """The store as read in one snapshot: facts with their keys in order of position, and refusals by key."""

    facts: list[tuple[int, UUID | None, Fact]]
    refusals: dict[UUID, dict[str, Any]]
    snapshots: list[tuple[UUID, int, dict[str, Any]]]


def read_store(connection: psycopg.Connection[Any], schema: str) -> Stored:
    """Read everything at one moment."""
    events, refusals, snapshots = (Identifier(schema, f"ledger_{name}") for name in ("events", "refusals", "snapshots"))
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        columns = SQL("notification_id, command_key, originator_id, originator_version, topic, state")
        rows = connection.execute(SQL("SELECT {} FROM {} ORDER BY notification_id").format(columns, events)).fetchall()
        refused = connection.execute(SQL("SELECT command_key, record FROM {}").format(refusals)).fetchall()
        taken = connection.execute(
            SQL("SELECT originator_id, originator_version, state FROM {}").format(snapshots)
        ).fetchall()
    return Stored(
        [(position, key, to_fact(*row)) for position, key, *row in rows],
        {key: orjson.loads(record) for key, record in refused},
        [(stream_id, version, orjson.loads(state)) for stream_id, version, state in taken],
    )


def check_store(stored: Stored, *histories: History) -> list[Count]:
    """Count damage of the kinds C1 to C6, C9 and C11; `histories` are those of all who wrote."""
    return [*_keys(stored, histories), *_money(stored), _order(stored), _snapshots(stored), _answers(histories)]


def check_seal(connection: psycopg.Connection[Any], schema: str) -> Count:
    """Count what `verify` finds."""
    report = verify(connection, schema)
    return Count("C8", "findings of ledger verify", report.findings_total, report.facts + report.refusals)


def _keys(stored: Stored, histories: Sequence[History]) -> Iterator[Count]:
    by_key = {
        UUID(bytes=command_key(Call(history.principal, "", key, "", ""))): (history.principal, key)
        for history in histories
        for key in history.keys
    }
    effects = Counter(by_key[key] for _, key, _ in stored.facts if key in by_key)
    refused = {by_key[key] for key in stored.refusals if key in by_key}
    acknowledged = {
        (history.principal, key): seen for history in histories for key, seen in history.acknowledged.items()
    }
    lost = sum(1 for key, seen in acknowledged.items() if not (effects[key] if seen.status < 300 else key in refused))
    yield Count("C1", "acknowledged and not stored", lost, len(acknowledged))
    spends = [key for _, key, fact in stored.facts if fact.TOPIC == "account.spent"]
    invented = sum(1 for key in spends if key not in by_key)
    yield Count("C2", "stored and never asked for", invented, len(spends))
    twice = sum(1 for key, times in effects.items() if times > 1 or key in refused)
    unkeyed = sum(1 for key in spends if key is None)
    yield Count("C3", "keys with more than one effect", twice + unkeyed, len(by_key))


def _money(stored: Stored) -> Iterator[Count]:
    sums: dict[str, int] = defaultdict(int)
    unbalanced = under_floor = looked_at = 0
    streams: dict[UUID, Stream] = {}
    for _, _, fact in stored.facts:
        for posting in postings_of(fact):
            sums[posting.currency] += posting.amount_minor
        unbalanced += sum(1 for total in sums.values() if total)
        stream = fact.mutate(streams.get(fact.originator_id))
        streams[fact.originator_id] = stream
        if isinstance(stream, Account):
            looked_at += 1
            under_floor += _is_under_floor(stream)
    yield Count("C4", "positions at which debits and credits differ", unbalanced, len(stored.facts))
    yield Count("C5", "versions at which an account breaks its floor or its lots", under_floor, looked_at)


def _is_under_floor(account: Account) -> bool:
    floor = account.overdraft_limit_minor
    below = floor is not None and account.balance_minor < -floor
    untied = account.lots.total_minor - account.overdrawn_minor != account.balance_minor
    return below or untied or min(account.held_minor, account.refund_pending_minor) < 0


def _order(stored: Stored) -> Count:
    wrong = sum(1 for expected, (position, _, _) in enumerate(stored.facts, 1) if position != expected)
    versions: dict[UUID, int] = defaultdict(int)
    for _, _, fact in stored.facts:
        versions[fact.originator_id] += 1
        wrong += versions[fact.originator_id] != fact.originator_version
    return Count("C6", "gaps and repeats in positions and versions", wrong, len(stored.facts))


def _snapshots(stored: Stored) -> Count:
    wanted = {(stream_id, version): state for stream_id, version, state in stored.snapshots}
    streams: dict[UUID, Stream] = {}
    differing = 0
    for _, _, fact in stored.facts:
        stream = fact.mutate(streams.get(fact.originator_id))
        streams[fact.originator_id] = stream
        state = wanted.get((stream.id, stream.version))
        if state is not None:
            assert isinstance(stream, Account), "only accounts have snapshots"
            differing += orjson.loads(orjson.dumps(stream.dump())) != state
    return Count("C9", "snapshots that differ from the fold", differing, len(wanted))


def _answers(histories: Sequence[History]) -> Count:
    seen = [seen for history in histories for seen in history.keys.values()]
    return Count("C11", "answers to one key that differ", sum(s.differing for s in seen), sum(s.sent for s in seen))

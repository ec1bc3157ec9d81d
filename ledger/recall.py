"""Answers again: what is stored under a key, turned back into the first answer, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson

from aggregates.errors import LedgerError, Rejected
from aggregates.fact import Fact
from ledger.command import ANSWERS, Call
from ledger.keys import Remembered
from ledger.mapper import to_fact
from ledger.pending import PendingBatch, Verdict
from ledger.problems import problem
from ledger.store import Store, StoredFact


class KeyReused(Rejected):
    """The same idempotency key came with another request; nothing was done and nothing is remembered of it."""

    code = "idempotency_key_reused"


def check_same_request(remembered: Remembered, call: Call) -> None:
    """Let a replay through only when it is the same request.

    Raises:
        KeyReused: the key stands for another request.
    """
    if remembered.request_hash != call.request_hash:
        raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")


def format_answer(name: str, facts: Sequence[Fact]) -> tuple[int, bytes]:
    """Return status and bytes of the answer `name` over a command's facts."""
    status, body = ANSWERS[name](facts)
    return status, orjson.dumps(body)


def refusal_record(
    error: LedgerError, command: str, call: Call, recorded_at: str, offset: int
) -> tuple[int, bytes, bytes]:
    """Return (status, body, record) of a refusal; the record is what is stored and sealed.

    Args:
        command: name of the command's class.
        recorded_at: RFC 3339 instant of the decision.
        offset: how many facts stand before it in its batch; pins the position it was decided on.
    """
    status, body = problem(error, call.request_id)
    record: dict[str, Any] = {
        "command": command,
        "actor": call.principal,
        "request_id": call.request_id,
        "request": call.request_hash,
        "recorded_at": recorded_at,
        "code": error.code,
        "status": status,
        "offset": offset,
        "body": body.decode(),
    }
    return status, body, orjson.dumps(record)


def decoded(stored: StoredFact) -> Fact:
    """Return the fact of a stored row."""
    return to_fact(stored.originator_id, stored.version, stored.topic, stored.state)


async def recall(store: Store, keys: Sequence[bytes]) -> dict[bytes, Remembered]:
    """Look keys up in the database and return what they stand for, ready to be answered again.

    Raises:
        Unavailable: the database does not answer.
    """
    found: dict[bytes, Remembered] = {}
    if not keys:
        return found
    loop = asyncio.get_running_loop()
    for stored in await store.facts_of_keys(keys):
        assert stored.key is not None, "a fact was found by its key"
        first = decoded(stored)
        mark = first.mark
        assert mark is not None, "a command's first fact carries its mark"
        rest = (
            await store.facts_between(stored.position + 1, stored.position + mark.facts - 1) if mark.facts > 1 else []
        )
        status, body = format_answer(mark.answer, [first, *map(decoded, rest)])
        batch = _committed(loop, stored.position)
        found[stored.key] = Remembered(mark.request, status, body, mark.facts - 1, first.request_id, batch)
    for key, record, first_position in await store.refusals_of_keys(keys):
        refusal = orjson.loads(record)
        batch = _committed(loop, first_position)
        found[key] = Remembered(
            refusal["request"],
            refusal["status"],
            refusal["body"].encode(),
            refusal["offset"] - 1,
            refusal["request_id"],
            batch,
        )
    return found


def _committed(loop: asyncio.AbstractEventLoop, first_position: int) -> PendingBatch:
    batch = PendingBatch(loop)
    batch.settle(Verdict.COMMITTED, first_position)
    return batch

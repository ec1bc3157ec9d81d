"""What was answered to requests that change personal data: the same request again is answered the same, and no more.

Kept in the vault's database, in the transaction of the change itself. Answers hold ids and counts, never what they are
about: an answer stays when the person behind it has been forgotten.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import psycopg

from aggregates.errors import Conflict, Rejected
from ledger.command import Call, Outcome
from ledger.keys import command_key
from ledger.problems import problem
from ledger.recall import KeyReused
from ledger.vault.door import Door

Work = Callable[[psycopg.AsyncConnection], Awaitable[tuple[int, dict[str, Any]]]]
"""Does what was asked, on a connection inside a transaction; returns status and body of the answer."""


class Answered:
    """The answers in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def once(self, call: Call, position: int, work: Work) -> Outcome:
        """Do a request's work once and remember its answer, or its refusal, under the request's key.

        Args:
            call: who asks, under which key; None = the same request again is done again.
            position: of the ledger, for the answer.
            work: may raise `Rejected` or `Conflict`, which are remembered, or anything else, which is not.

        Raises:
            KeyReused: the key stands for another request. VaultUnavailable.
        """
        door = self._door
        async with door.transaction() as connection:
            if call.key is None:
                status, answer = await work(connection)
                return Outcome(status, orjson.dumps(answer), position, False, call.request_id)
            mark = command_key(call)
            # Whoever comes with the same key at the same time waits here for the first one's answer.
            lock = int.from_bytes(mark[:8], "big", signed=True)
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (lock,))
            known = await self._known(connection, mark, call)
            if known is not None:
                return known
            try:
                async with connection.transaction():
                    status, answer = await work(connection)
                body = orjson.dumps(answer)
            except (Rejected, Conflict) as refusal:
                status, body = problem(refusal, call.request_id)
            await connection.execute(
                door.sql(
                    "INSERT INTO {s}.answered (key, request, status, body, request_id, position, answered_at)"
                    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
                ),
                (mark, call.request_hash, status, body, call.request_id, position, door.clock.now()),
            )
            return Outcome(status, body, position, False, call.request_id)

    async def _known(self, connection: psycopg.AsyncConnection, mark: bytes, call: Call) -> Outcome | None:
        found = await connection.execute(
            self._door.sql("SELECT request, status, body, request_id, position FROM {s}.answered WHERE key = %s"),
            (mark,),
        )
        row = await found.fetchone()
        if row is None:
            return None
        request, status, body, request_id, position = row
        if request != call.request_hash:
            raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")
        return Outcome(status, bytes(body), position, True, request_id)

"""What a reaction works with, and what it is."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from psycopg import AsyncConnection, sql

from aggregates.books import PeriodIsClosed
from ledger.clock import Clock
from ledger.command import Call, Command, Outcome
from ledger.database import Database, connect_async
from ledger.engine import Engine
from ledger.ports import Ports
from ledger.settings import FALLBACK_NUMBER
from ledger.vault import Vault
from projections.tracking import wait_for

VIEW_LIMIT_S = 10.0
"""How long a reaction waits for a view to have seen what it just did."""

IDLE_MAX = 4
"""Connections kept open between looks at views."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every reaction shares: one engine, one set of ports.

    Attributes:
        engine: started. ports: of the world outside. vault: personal data.
        database: addresses. clock: the engine's own.
        public_url: address of the service as people reach it, e.g. "https://gifts.example"; "" = links are paths alone.
        fallback_number: from which MMS and SMS are shown to come.
        expired_refund_rate: percent of the price of an expired coupon that go back (settings; SPEC R-035).
    """

    engine: Engine
    ports: Ports
    vault: Vault
    database: Database
    clock: Clock
    expired_refund_rate: int = 0
    public_url: str = ""
    fallback_number: str = FALLBACK_NUMBER
    _idle: list[AsyncConnection[Any]] = field(default_factory=list)

    @asynccontextmanager
    async def see(self, view: str | None = None, at_least: int = 0) -> AsyncIterator[AsyncConnection[Any]]:
        """Lend a connection that finds views by their names, once a view has reached a position.

        Args:
            view: None = whatever they have reached.
            at_least: position of the last command of one's own that the view must show.

        Raises:
            ViewBehind: it has not within 10 seconds.
            psycopg.Error: the database is away.
        """
        connection = self._idle.pop() if self._idle else await self._connect()
        try:
            if view is not None:
                await wait_for(connection, view, at_least=at_least, timeout_s=VIEW_LIMIT_S)
            yield connection
        except BaseException:
            await connection.close()
            raise
        if len(self._idle) < IDLE_MAX and not connection.closed:
            self._idle.append(connection)
        else:
            await connection.close()

    async def _connect(self) -> AsyncConnection[Any]:
        connection = await connect_async(self.database.app)
        path = sql.SQL("SET search_path = {}, pg_catalog").format(sql.Identifier(self.database.schema))
        await connection.execute(path)
        return connection

    async def do(self, reaction: str, key: str, command: Command, **more: Any) -> Outcome:
        """Do a command under a key that is derived from the thing it is about: again and again, it is done once.

        Args:
            reaction: name of the reaction; "reaction:" + name is the actor of the facts.
            key: 8 to 255 visible characters, e.g. "ord_...:issue:7".
            more: of `Call`, e.g. `occurred_at` as the provider tells it.

        What a provider tells so late that its day is closed is booked on the day on which it is told (SPEC 14): the
        money is there already, and only a person can do without it.

        Returns:
            The answer, or a refusal (status 409 or 422), the first time and every time after.

        Raises:
            LedgerError: as of `Engine.submit`.
        """
        outcome = await self.engine.submit(command, call_of(reaction, key, **more))
        if outcome.status == 422 and more.get("occurred_at") is not None and _is_period_closed(outcome):
            return await self.engine.submit(command, call_of(reaction, f"{key}:late"))
        return outcome

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await self._idle.pop().close()


def _is_period_closed(outcome: Outcome) -> bool:
    """Say whether a refusal is that of a closed period."""
    code: str = orjson.loads(outcome.body)["code"]
    return code == PeriodIsClosed.code


def call_of(reaction: str, key: str, **more: Any) -> Call:
    """Return the call of a reaction's command: the same request for the same key, whoever makes it, whenever."""
    request_hash = sha256(key.encode()).hexdigest()[:32]
    return Call(f"reaction:{reaction}", "", key, request_hash, f"req_{secrets.token_hex(10)}", **more)


Step = Callable[[Bench], Awaitable[int]]
"""One look at what is open, and what follows from it. Returns how much was done; 0 = nothing is left to do now."""


class Reaction(NamedTuple):
    """One kind of thing that follows facts.

    Attributes:
        name: "reaction:" + name is the actor of its facts.
        every_s: pause after a step that has done nothing; after one that has done something, the next begins at once.
        step: bounded work (a page, not all); may be killed at any line.
        hinted_by: provider whose callbacks end the pause early; "" = none.
    """

    name: str
    every_s: float
    step: Step
    hinted_by: str = ""

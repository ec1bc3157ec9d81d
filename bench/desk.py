"""An engine with accounts on it, and callers that spend as fast as they are answered."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import orjson

from aggregates import ids
from aggregates.account import Account
from aggregates.errors import LedgerError
from bench.lab import Lab
from ledger.clock import SystemClock
from ledger.collector import calm
from ledger.command import Call, Command
from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from ledger.commands.transfers import ImportMovement
from ledger.database import Database
from ledger.engine import Engine
from ledger.store import Store

BALANCE_MINOR = 100_000_000_000_000
"""Put on every account: no run comes to its end."""

AMOUNT_MINOR = 100
"""What one spend takes."""

REQUEST_HASH = "0123456789abcdef0123456789abcdef"
SLICE = 1_000
STRIDE = 7_919
"""A prime: visits all accounts, neighbours far apart."""

_numbers = itertools.count(1)


class Load(NamedTuple):
    """What a number of callers got done. `latencies_ms`: of each command, in no order."""

    commands: int
    seconds: float
    latencies_ms: list[float]

    @property
    def per_s(self) -> float:
        """Commands a second."""
        return self.commands / self.seconds


def call() -> Call:
    """Return a call under a key that nobody has used."""
    number = next(_numbers)
    return Call("key_bench", "", f"bench-{number:012d}", REQUEST_HASH, f"req_{number:012d}")


class Desk:
    """A started engine over one database."""

    def __init__(self, lab: Lab, database: Database) -> None:
        self.lab = lab
        self.database = database
        self.engine = Engine(Store(database.app, database.schema), SystemClock())
        lab.run(self.engine.start())
        calm()

    def close(self) -> None:
        """Commit what is open and let go."""
        self.lab.run(self.engine.stop())

    def open_accounts(self, count: int) -> list[str]:
        """Open accounts with money on them, all of it one lot; return their ids."""
        return self.lab.run(self._open_accounts(count))

    async def _open_accounts(self, count: int) -> list[str]:
        account_ids: list[str] = []
        for start in range(0, count, SLICE):
            names = [f"Account {number}" for number in range(start, min(count, start + SLICE))]
            opened = await self._all([OpenAccount(name, "prepaid", "KRW", None, 0) for name in names])
            fresh = [body["id"] for body in opened]
            await self._all([ImportMovement(one, BALANCE_MINOR, date(2026, 1, 5), "opening", None) for one in fresh])
            account_ids += fresh
        return account_ids

    async def _all(self, commands: Sequence[Command]) -> list[dict[str, Any]]:
        bodies = []
        for outcome in await self.engine.submit_in_order([(command, call()) for command in commands]):
            if isinstance(outcome, LedgerError):
                raise outcome
            assert outcome.status == 201, outcome.body
            bodies.append(orjson.loads(outcome.body))
        return bodies

    def warm_up(self, accounts: Sequence[Account]) -> None:
        """Put accounts into memory as a cold load would, without one."""
        for account in accounts:
            self.engine.warm.put(account.copy())

    def spend(self, account_ids: Sequence[str], submitters: int, seconds: float) -> Load:
        """Let `submitters` callers spend for some seconds, each waiting for its answer before the next one."""
        return self.lab.run(self._spend(account_ids, submitters, seconds, None))

    def spend_count(self, account_ids: Sequence[str], submitters: int, commands: int) -> Load:
        """Let callers do a number of spends between them."""
        return self.lab.run(self._spend(account_ids, submitters, 60.0, commands))

    def refuse(self, account_ids: Sequence[str], submitters: int, seconds: float) -> Load:
        """As `spend`, but every spend asks for more than the account has, so that all are refused."""
        return self.lab.run(self._spend(account_ids, submitters, seconds, None, amount_minor=2 * BALANCE_MINOR))

    async def _spend(
        self,
        account_ids: Sequence[str],
        submitters: int,
        seconds: float,
        commands: int | None,
        amount_minor: int = AMOUNT_MINOR,
    ) -> Load:
        latencies_ms: list[float] = []
        size = len(account_ids)
        expected = 201 if amount_minor == AMOUNT_MINOR else 422
        turns = iter(range(2**62 if commands is None else commands))
        submit, clock = self.engine.submit, time.perf_counter
        started = clock()
        until = started + seconds

        async def submitter() -> None:
            for turn in turns:
                began = clock()
                if began >= until:
                    return
                outcome = await submit(Spend(account_ids[turn * STRIDE % size], amount_minor), call())
                if outcome.status != expected:
                    raise RuntimeError(f"a spend was answered otherwise: {outcome.body.decode()}")
                latencies_ms.append((clock() - began) * 1000)

        await asyncio.gather(*(submitter() for _ in range(submitters)))
        return Load(len(latencies_ms), clock() - started, latencies_ms)

    def head(self) -> int:
        """Return the last position of the store."""
        return self.lab.run(self.engine.store.heads(ids.stream_id("acc_none")))[0]

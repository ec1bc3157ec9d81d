"""A small desk to work an engine from: calls with fresh request ids, and an account with money on it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import orjson

from ledger.command import Call, Command, Outcome
from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from ledger.commands.transfers import ImportMovement
from ledger.engine import Engine
from ledger.pending import PendingBatch
from ledger.pipeline import Sent

_requests = count(1)


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return where it stands."""
        return self.at

    def advance(self, **by: int) -> None:
        """Put it forward."""
        self.at += timedelta(**by)


def call(key: str | None, request_hash: str = "same", principal: str = "key_test") -> Call:
    """Return a call with a request id of its own."""
    return Call(principal, "", key, request_hash, f"req_{next(_requests)}")


def spend(account_id: str, amount_minor: int) -> Spend:
    """Return a spend that is captured at once."""
    return Spend(account_id, amount_minor, None, None, True, None, 0)


async def do(engine: Engine, command: Command, key: str) -> dict[str, Any]:
    """Submit a command and return its answer's body."""
    return body(await engine.submit(command, call(key)))


def body(outcome: Outcome) -> dict[str, Any]:
    """Return the answer as JSON says it."""
    loaded: dict[str, Any] = orjson.loads(outcome.body)
    return loaded


async def account_with(engine: Engine, amount_minor: int, name: str = "Blue Kite Trading") -> str:
    """Open a prepaid account, put money on it as imported history, and return its id."""
    opened = await do(engine, OpenAccount(name, "prepaid", "KRW", None, 0), f"open {name}")
    account_id: str = opened["id"]
    if amount_minor:
        await do(engine, ImportMovement(account_id, amount_minor, date(2026, 1, 5), "r1", None), f"import {name}")
    return account_id


def append_alone(engine: Engine) -> None:
    """Have an engine store each batch by `append`, one after the other, which a test can replace."""

    def never(batch: PendingBatch) -> Sent | None:
        return None

    engine.store.appender.send = never  # type: ignore[method-assign]

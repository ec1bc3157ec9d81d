"""The comparator: the eventsourcing library's own Aggregate and Application, default settings, with the same decision.

The decision is the house's very function; what differs is everything around it: aggregate, event, mapper, recorder, one
commit for each command, and what becomes of two callers on one account. No key, no answer and no seal is asked of it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError
from psycopg.conninfo import conninfo_to_dict

from aggregates import ids
from aggregates.account import spends
from aggregates.account.lots import LotPart, Lots
from aggregates.fact import Stamp
from bench.desk import AMOUNT_MINOR, BALANCE_MINOR
from bench.trial import Side, Trial
from ledger.database import Database

THREADS = 16
HOT_FACTS = 1_000
SPREAD_ACCOUNTS = 1_000
SAVE_EVENTS = 200
"""Saved at a time; the library's save of some thousand events at once waits for ever."""

_numbers = itertools.count(1)


class PlainAccount(Aggregate):
    """An account as the library's example would write it, with the state that the decision reads."""

    class Spent(Aggregate.Event):
        """A purchase took money; the fields of `Account.Spent`, lots and dates in JSON's own types."""

        recorded_at: datetime
        actor: str
        request_id: str
        spend_id: str
        amount_minor: int
        currency: str
        mode: str
        held_minor: int
        captured_minor: int
        lots: list[list[Any]]
        overdrawn_minor: int
        member_id: str | None
        cash_minor: int
        spent_on: str
        month: str
        expires_at: datetime | None
        reference: str | None
        balance_minor: int
        month_used_minor: int | None
        member_used_minor: int | None

        def apply(self, aggregate: Any) -> None:
            aggregate.balance_minor = self.balance_minor
            aggregate.overdrawn_minor += self.overdrawn_minor
            aggregate.lots.take(LotPart(one[0], date.fromisoformat(one[1]), one[2], one[3]) for one in self.lots)

    @event("Opened")
    def __init__(self, *, account_id: str, balance_minor: int) -> None:
        self.account_id = account_id
        self.mode = "prepaid"
        self.currency = "KRW"
        self.status = "open"
        self.balance_minor = balance_minor
        self.overdrawn_minor = 0
        self.overdraft_limit_minor = 0
        self.member_receivable_minor = 0
        self.lots = Lots()
        self.lots.put_back([LotPart(ids.child_id("imp", account_id, 1), date(2026, 1, 5), "imported", balance_minor)])

    def now(self, stamp: Stamp) -> datetime:
        """Return the instant of the decision."""
        return stamp.recorded_at

    def spend(self, stamp: Stamp) -> None:
        """Decide as the house does."""
        spends.spend(self, stamp, amount_minor=AMOUNT_MINOR)  # type: ignore[arg-type]

    def record(self, kind: type[Any], stamp: Stamp, **fields: Any) -> None:
        """Record what was decided as the library records."""
        fields["lots"] = [
            [part.charge_id, part.charged_on.isoformat(), part.method, part.amount_minor] for part in fields["lots"]
        ]
        fields["spent_on"] = fields["spent_on"].isoformat()
        self.trigger_event(
            PlainAccount.Spent,
            recorded_at=stamp.recorded_at,
            actor=stamp.actor,
            request_id=stamp.request_id,
            **fields,
        )


class PlainLedger(Application[UUID]):
    """Get, decide, save."""

    def spend(self, account_id: UUID) -> None:
        """Spend; raises IntegrityError when another caller was first."""
        account: PlainAccount = self.repository.get(account_id)
        account.spend(_stamp())
        self.save(account)


class CachedLedger(PlainLedger):
    """The same with the library's cache of aggregates."""

    env = {"AGGREGATE_CACHE_MAXSIZE": "100000"}  # noqa: RUF012 (the library asks for a plain mapping)


class Plain:
    """The library's applications on a database of the lab, in a schema of their own."""

    def __init__(self, trial: Trial, database: Database) -> None:
        parts = conninfo_to_dict(database.migrate)
        environment = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts["dbname"]),
            "POSTGRES_HOST": str(parts["host"]),
            "POSTGRES_PORT": str(parts["port"]),
            "POSTGRES_USER": str(parts["user"]),
            "POSTGRES_PASSWORD": str(parts["password"]),
            "POSTGRES_SCHEMA": "plain",
        }
        with trial.lab.owner(database) as connection:
            connection.execute("CREATE SCHEMA plain")
        self._trial = trial
        self._applications = (PlainLedger(environment), CachedLedger(environment))
        self._spread = [self._open(one, SPREAD_ACCOUNTS, 1) for one in self._applications]

    def close(self) -> None:
        """Let go of the connections."""
        for application in self._applications:
            application.close()

    def sides(self) -> list[Side]:
        """Return what is measured: one account and many, without and with the cache."""
        plain, cached = self._applications
        seconds = self._trial.pick(1.0, 0.4)
        return [
            Side("plain_hot_16", "commands/s", lambda: self._hot(plain)),
            Side("plain_hot_16_cached", "commands/s", lambda: self._hot(cached)),
            Side("plain_spread_16", "commands/s", lambda: _per_s(plain, self._spread[0], seconds)),
            Side("plain_spread_16_cached", "commands/s", lambda: _per_s(cached, self._spread[1], seconds)),
        ]

    def _hot(self, application: PlainLedger) -> float:
        """Measure 1 s on a fresh account that has its first facts behind it."""
        return _per_s(application, self._open(application, 1, HOT_FACTS), 1.0)

    def _open(self, application: PlainLedger, count: int, facts: int) -> list[UUID]:
        opened = []
        for _ in range(count):
            seed = next(_numbers).to_bytes(10, "big")
            account = PlainAccount(account_id=ids.account_id(1, seed), balance_minor=BALANCE_MINOR)
            for done in range(1, facts):
                account.spend(_stamp())
                if done % SAVE_EVENTS == 0:
                    application.save(account)
            opened.append(account)
        for start in range(0, count, SAVE_EVENTS):
            application.save(*opened[start : start + SAVE_EVENTS])
        return [account.id for account in opened]


def _per_s(application: PlainLedger, account_ids: Sequence[UUID], seconds: float) -> float:
    """Return how many spends a second 16 threads get stored; who was not first tries again, one at least is."""
    done = [0] * THREADS
    errors: list[BaseException] = []
    started = time.perf_counter()
    until = started + seconds

    def spend_on(thread: int) -> None:
        mine = itertools.cycle(account_ids[thread::THREADS] or account_ids)
        try:
            for account_id in mine:
                stored = False
                while not stored:
                    if time.perf_counter() >= until and any(done):
                        return
                    try:
                        application.spend(account_id)
                        stored = True
                    except IntegrityError:
                        continue
                done[thread] += 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=spend_on, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return sum(done) / (time.perf_counter() - started)


def _stamp() -> Stamp:
    now = datetime.now(UTC)
    return Stamp(now, now, "key_bench", f"req_{next(_numbers):012d}")

"""The library's own classes read this store, given our mapper and nothing else, and write only through its door."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import IntegrityError

from aggregates import ids
from aggregates.account import Account
from aggregates.fact import Stamp
from ledger.database import Database
from ledger.engine import Engine
from ledger.verify import verify
from tests.ledger.desk import SetClock, account_with, call, spend

pytestmark = pytest.mark.anyio


class Ledger(Application[UUID]):
    """The library's application; its name gives the names of the tables."""

    name = "ledger"


def library(database: Database, **settings: str) -> Ledger:
    return Ledger({**database.library_environment(), "MAPPER_TOPIC": "ledger.mapper:FactMapper", **settings})


async def test_the_library_reads_aggregates_and_the_log(engine: Engine, ledger_database: Database) -> None:
    account_id = await account_with(engine, 1_000)
    await engine.submit(spend(account_id, 300), call("spend-0001"))

    with library(ledger_database) as application:
        account: Any = application.repository.get(ids.stream_id(account_id))
        log = application.notification_log.select(start=1, limit=10)
        facts = [application.mapper.to_domain_event(notification) for notification in log]

    assert (account.version, account.balance_minor, account.name) == (3, 700, "Blue Kite Trading")
    assert account.dump() == (await engine.account(account_id)).account.dump()
    assert [notification.id for notification in log] == [1, 2, 3]
    assert [notification.topic for notification in log] == ["account.opened", "account.imported", "account.spent"]
    assert [fact.originator_version for fact in facts] == [1, 2, 3]


async def test_the_library_writes_through_the_same_door(
    engine: Engine, ledger_database: Database, clock: SetClock
) -> None:
    account_id = await account_with(engine, 1_000)
    stamp = Stamp(clock.now(), clock.now(), "library", "req_library")

    with library(ledger_database, APPLICATION_RECORDER_TOPIC="ledger.recorder:LedgerRecorder") as application:
        account: Account = application.repository.get(ids.stream_id(account_id))
        account.freeze(stamp, reason="asked by the bank")
        recordings = application.save(account)
        stale: Account = application.repository.get(ids.stream_id(account_id), version=2)
        stale.freeze(stamp, reason="again")
        with pytest.raises(IntegrityError):
            application.save(stale)

    assert [recording.notification.id for recording in recordings] == [3]
    assert (await engine.account(account_id)).account.status == "frozen"
    with psycopg.connect(ledger_database.app) as connection:
        assert verify(connection, ledger_database.schema).findings == []


async def test_the_librarys_plain_recorder_cannot_append(
    engine: Engine, ledger_database: Database, clock: SetClock
) -> None:
    account_id = await account_with(engine, 1_000)

    with library(ledger_database) as application:
        account: Account = application.repository.get(ids.stream_id(account_id))
        account.freeze(Stamp(clock.now(), clock.now(), "library", "req_library"), reason="past the door")
        with pytest.raises(IntegrityError):
            application.save(account)

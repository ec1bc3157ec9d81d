"""Reading: the replay of all facts beside the library's subscription, a rebuild beside the library's projection runner.

Both sides of the first pair decode every fact, fold it into its `Account` and end in one digest. Both sides of the
second write the rows of the `transactions` view; the library's tracks each event in a transaction of its own, as it is
made to.
"""

from __future__ import annotations

import time
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

import orjson
from eventsourcing.application import Application
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import ApplicationSubscription, Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Composed

from bench.fill import fill
from bench.trial import Side, Trial
from ledger.database import Database, connect_async
from ledger.replay import Replay, frozen
from projections.connections import connect_to
from projections.movements import movement
from projections.rebuild import rebuild_views
from projections.registry import chosen
from projections.runner import Runner
from projections.transactions import TRANSACTIONS
from projections.view import business_date_of

ACCOUNTS = 500
PLAIN = "plain"


class Ledger(Application[UUID]):
    """The library's application over the ledger's store; its name gives the names of the tables."""

    name = "ledger"


class TransactionsTable(PostgresTrackingRecorder):
    """The rows of `transactions` as the library's example keeps a view: row and tracking in one transaction."""

    INSERT = f"INSERT INTO {PLAIN}.transactions VALUES ({', '.join(['%s'] * len(TRANSACTIONS.columns))})".encode()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ddl = TRANSACTIONS.ddl.format(table="transactions").replace("TABLE transactions", f"TABLE {PLAIN}.transactions")
        self.sql_create_statements.append(Composed([SQL(cast("Any", ddl))]))

    def add(self, values: tuple[Any, ...] | None, tracking: Tracking) -> None:
        """Add a row, if there is one, and move on."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            if values is not None:
                cursor.execute(self.INSERT, values, prepare=True)


class TransactionsProjection(Projection[TransactionsTable]):
    """The projection of `transactions`, one fact at a time."""

    name = "bench"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Write what a fact moved."""
        moved = movement(domain_event)
        if moved is None:
            self.view.add(None, tracking)
            return
        fact = domain_event
        row = (
            tracking.notification_id,
            fact.originator_id,
            fact.originator_version,
            fact.occurred_at,
            business_date_of(fact),
        )
        detail = orjson.dumps(moved.detail).decode()
        self.view.add((*row, *moved[:5], detail, *moved[6:]), tracking)


class Reading:
    """The four sides, over one filled store."""

    def __init__(self, trial: Trial, database: Database) -> None:
        self._trial = trial
        self._database = database
        self._facts = trial.count(100_000, 60_000)
        with trial.lab.owner(database) as connection:
            fill(connection, [self._facts // ACCOUNTS] * ACCOUNTS)
            connection.execute(f"CREATE SCHEMA {PLAIN}".encode())
        trial.lab.settle(database)
        with connect_to(database)() as connection:
            Runner(connect_to(database)).prepare(connection)
        trial.sizes["replay and rebuild"] = f"{self._facts:,} facts of {ACCOUNTS} accounts"

    def sides(self) -> list[Side]:
        """Return what is measured."""
        return [
            Side("library_subscription_per_s", "facts/s", self._subscription),
            Side("replay_facts_per_s", "facts/s", lambda: self._trial.lab.run(self._replay())),
            Side("projection_runner_per_s", "facts/s", self._projection_runner),
            Side("rebuild_facts_per_s", "facts/s", self._rebuild),
        ]

    async def _replay(self) -> float:
        started = time.perf_counter()
        async with await connect_async(self._database.app) as connection, frozen(connection, self._database.schema):
            replay = Replay(connection)
            await replay.fold()
            report = replay.report()
        assert (report.facts, report.ok) == (self._facts, True), report.findings[:1]
        return report.facts / (time.perf_counter() - started)

    def _subscription(self) -> float:
        accounts: dict[UUID, Any] = {}
        with Ledger(self._environment()) as application, ApplicationSubscription(application, gt=0) as subscription:
            started = time.perf_counter()
            for fact, tracking in subscription:
                made: Any = fact
                accounts[made.originator_id] = made.mutate(accounts.get(made.originator_id))
                if tracking.notification_id == self._facts:
                    break
            digest = sha256()
            for account in sorted(accounts.values(), key=lambda account: account.account_id):
                digest.update(orjson.dumps({**account.dump(), "version": account.version}, option=orjson.OPT_SORT_KEYS))
            digest.hexdigest()
            return self._facts / (time.perf_counter() - started)

    def _rebuild(self) -> float:
        started = time.perf_counter()
        (rebuilt,) = rebuild_views(connect_to(self._database), chosen(("transactions",)))
        assert rebuilt.position == self._facts, "the whole store was read"
        return self._facts / (time.perf_counter() - started)

    def _projection_runner(self) -> float:
        with self._trial.lab.owner(self._database) as connection:
            connection.execute(f"DROP SCHEMA {PLAIN} CASCADE; CREATE SCHEMA {PLAIN}".encode())
        started = time.perf_counter()
        with ProjectionRunner(
            application_class=Ledger,
            projection_class=TransactionsProjection,
            view_class=TransactionsTable,
            env=self._environment(),
        ) as runner:
            runner.run_forever(self._trial.pick(3.0, 1.0))
            done = runner.view.max_tracking_id("ledger") or 0
            seconds = time.perf_counter() - started
        return done / seconds

    def _environment(self) -> dict[str, str]:
        """Return the library's settings on this store; the view's tables are its own, in a schema beside."""
        owner = conninfo_to_dict(self._database.migrate)
        return {
            **self._database.library_environment(),
            "POSTGRES_USER": str(owner["user"]),
            "POSTGRES_PASSWORD": str(owner["password"]),
            "MAPPER_TOPIC": "ledger.mapper:FactMapper",
            "BENCH_POSTGRES_SCHEMA": PLAIN,
            "BENCH_CREATE_TABLE": "y",
        }


def run(trial: Trial) -> None:
    """Measure reading in turns."""
    database = trial.lab.ledger("bench_replay")
    trial.take_turns(Reading(trial, database).sides())
    trial.lab.drop("bench_replay")

"""Facts reach a view once, in order, whole; a view that cannot take one stops alone, and what is lost is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import AsyncConnection, Connection
from psycopg.errors import UndefinedTable
from structlog.testing import capture_logs

from ledger.database import Database, connect
from ledger.mapper import pack
from projections import reader, status, tracking, view
from projections import runner as running
from projections.accounts import Accounts
from projections.connections import Connect
from projections.reader import PositionMissingError
from projections.registry import ALL_VIEWS
from projections.rows import Rows
from projections.runner import Runner
from projections.spends import Spends
from projections.status import RUNNING, STOPPED
from projections.tracking import VIEWS, OutOfOrderError, ViewBehind
from projections.transactions import Transactions
from projections.view import Positioned, ViewRefusedError
from tests.projections.conftest import Feed, live_rows
from tests.projections.town import Town, busy_town, kst

pytestmark = pytest.mark.anyio

TRANSACTIONS = Transactions()


def stands_at(project: Connection[Any]) -> dict[str, int]:
    positions = {name: tracking.standing(project, tracking.tracking_name(name)) for name in VIEWS}
    return {name: position for name, position in positions.items() if position is not None}


def all_stand_at(project: Connection[Any], position: int) -> Callable[[], bool]:
    return lambda: stands_at(project) == dict.fromkeys(VIEWS, position)


def until(happened: Callable[[], bool], within_s: float = 60.0) -> float:
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < within_s, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - began


def tamper(ledger_database: Database, statement: str, *values: Any) -> None:
    """Do as a superuser what no role of the ledger may."""
    with connect(ledger_database.migrate) as superuser:
        superuser.execute("SET ledger.maintenance = on")
        superuser.execute("ALTER TABLE ledger.ledger_events DISABLE TRIGGER USER")
        superuser.execute(statement.encode(), values)


def test_a_batch_that_is_fed_twice_raises_and_applies_once(
    app: Connection[Any], project: Connection[Any], feed: Feed
) -> None:
    busy_town().store(app)
    batch = reader.read(project, 0)
    feed()
    rows = live_rows(project)

    for each in ALL_VIEWS:
        with pytest.raises(OutOfOrderError):
            view.apply(project, [each], batch)

    assert live_rows(project) == rows


@pytest.mark.parametrize("begin", [0, 2, 5, 7])
def test_a_batch_may_only_follow_the_position_of_its_view(
    begin: int, app: Connection[Any], project: Connection[Any], runner: Runner
) -> None:
    busy_town().store(app)
    batch = reader.read(project, 0)
    view.apply(project, [TRANSACTIONS], batch[:6])

    with pytest.raises(OutOfOrderError):
        view.apply(project, [TRANSACTIONS], batch[begin:9])

    assert stands_at(project)["transactions"] == 6
    view.apply(project, [TRANSACTIONS], batch[6:9])
    assert stands_at(project)["transactions"] == 9


def test_rows_and_position_are_written_together_or_not_at_all(
    app: Connection[Any], project: Connection[Any], runner: Runner
) -> None:
    busy_town().store(app)
    batch = reader.read(project, 0)
    poisoned = [*batch[:20], Positioned(21, "account.charged", ValueError("unreadable"))]

    with pytest.raises(ViewRefusedError):
        view.apply(project, [Accounts()], poisoned)

    assert stands_at(project)["accounts"] == 0
    assert project.execute("SELECT count(*) FROM view_accounts").fetchone() == (0,)


def test_a_poison_fact_stops_the_views_that_take_it_right_before_it_and_no_other(
    app: Connection[Any], project: Connection[Any], runner: Runner, feed: Feed, ledger_database: Database
) -> None:
    town = busy_town()
    town.store(app)
    position = next(n for n, fact in enumerate(town.facts, 1) if fact.TOPIC == "account.deposit_expired")
    stored = app.execute("SELECT state FROM ledger_events WHERE notification_id = %s", [position]).fetchone()
    update = "UPDATE ledger.ledger_events SET state = %s WHERE notification_id = %s"
    tamper(ledger_database, update, b'{"recorded_at": 5}', position)

    with capture_logs() as logs:
        feed()

    stopped = {"accounts", "charges", "journal", "payments"}
    assert stands_at(project) == {name: position - 1 if name in stopped else len(town.facts) for name in VIEWS}
    alarms = [line for line in logs if line["log_level"] == "critical"]
    assert {(line["view"], line["position"]) for line in alarms} == {(name, position) for name in stopped}

    assert stored is not None
    tamper(ledger_database, update, stored[0], position)
    for fed in runner.fed:
        fed.retry_at = 0.0
    feed()

    assert set(stands_at(project).values()) == {len(town.facts)}
    assert {fed.error for fed in runner.fed} == {None}


def test_a_topic_that_nobody_knows_stops_every_view(
    app: Connection[Any], project: Connection[Any], runner: Runner, feed: Feed
) -> None:
    town = busy_town()
    last = town.store(app, up_to=10)
    fact = town.facts[last]
    rows: list[list[Any]] = [[fact.originator_id], [fact.originator_version], ["account.levitated"], [pack(fact)]]
    append = "SELECT ledger_append(%s, %s::bigint[], %s, %s, %s::uuid[], %s::uuid[], %s::bytea[], %s)"
    app.execute(append, [*rows, [None], [], [], bytes(32)])

    feed()

    assert set(stands_at(project).values()) == {10}
    assert all("position 11" in (fed.error or "") for fed in runner.fed)


def test_what_the_database_will_not_take_stops_one_view(
    app: Connection[Any], project: Connection[Any], runner: Runner, feed: Feed
) -> None:
    town = busy_town()
    town.store(app)
    project.execute("ALTER TABLE view_spends ADD CHECK (amount_minor <> 5000)")
    position = next(n for n, fact in enumerate(town.facts, 1) if getattr(fact, "amount_minor", 0) == 5_000)

    feed()

    assert stands_at(project) == {name: position - 1 if name == "spends" else len(town.facts) for name in VIEWS}
    row = project.execute("SELECT state, error FROM view_status WHERE view = 'spends'").fetchone()
    assert row is not None
    assert row[0] == STOPPED
    assert row[1].startswith(f"position {position}: CheckViolation")
    assert "acc_" not in row[1]


def test_a_figure_that_contradicts_the_facts_before_it_stops_the_view_of_accounts(
    app: Connection[Any], project: Connection[Any], runner: Runner, feed: Feed, ledger_database: Database
) -> None:
    town = Town()
    town.charge(town.open(), 20_000)
    town.store(app)
    tamper(
        ledger_database,
        "UPDATE ledger.ledger_events SET state = replace(convert_from(state, 'UTF8'),"
        " '\"balance_minor\":20000', '\"balance_minor\":90000')::bytea WHERE notification_id = 2",
    )

    feed()

    assert stands_at(project)["accounts"] == 1
    assert "balance_minor is 90000 in the fact, but 20000 by all facts up to it" in (runner.fed[0].error or "")


def test_a_stopped_view_is_tried_again_with_growing_pauses(
    app: Connection[Any], project: Connection[Any], runner: Runner, feed: Feed
) -> None:
    town = Town()
    town.spend(town.open(overdraft=None), 500)
    town.store(app)
    project.execute("ALTER TABLE view_spends ADD CHECK (amount_minor <> 500)")
    fed = next(fed for fed in runner.fed if fed.view.NAME == "spends")

    pauses = []
    for _ in range(7):
        fed.retry_at = 0.0
        pauses.append(fed.pause_s)
        feed()

    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_missing_position_stops_every_view_loudly(
    app: Connection[Any], project: Connection[Any], runner: Runner, feed: Feed, ledger_database: Database
) -> None:
    busy_town().store(app)
    tamper(ledger_database, "DELETE FROM ledger.ledger_events WHERE notification_id = 5")

    with pytest.raises(PositionMissingError):
        reader.read(project, 0)
    with capture_logs() as logs:
        feed()

    assert set(stands_at(project).values()) == {0}
    assert sum(line["log_level"] == "critical" for line in logs) == len(VIEWS)


async def test_a_read_waits_until_its_views_have_reached_the_position(
    app: Connection[Any], conn: AsyncConnection[Any], feed: Feed
) -> None:
    last = busy_town().store(app)

    with pytest.raises(ViewBehind) as behind:
        await tracking.wait_for(conn, "accounts", at_least=last, timeout_s=0.05)
    feed()

    assert behind.value.figures == {"position": 0}
    assert await tracking.wait_for(conn, "accounts", "journal", at_least=last) == last
    assert await tracking.wait_for(conn, *VIEWS) == last


async def test_status_says_how_far_each_view_is_behind_and_why(
    app: Connection[Any], project: Connection[Any], conn: AsyncConnection[Any], runner: Runner, feed: Feed
) -> None:
    town = busy_town()
    first = town.facts[0].recorded_at
    last = town.store(app)
    before = await status.status(conn, now=first)

    project.execute("ALTER TABLE view_spends ADD CHECK (false)")
    feed()
    after = {row["view"]: row for row in await status.status(conn, now=kst("2024-12-02 09:00"))}

    assert [(row["view"], row["position"], row["lag_facts"], row["state"]) for row in before] == [
        (name, 0, last, RUNNING) for name in VIEWS
    ]
    assert {row["lag_seconds"] for row in before} == {0.0}
    assert [after[name]["lag_facts"] for name in VIEWS if name != "spends"] == [0] * (len(VIEWS) - 1)
    assert [after[name]["lag_seconds"] for name in VIEWS if name != "spends"] == [0.0] * (len(VIEWS) - 1)
    behind = after["spends"]
    oldest = town.facts[behind["position"]].recorded_at
    assert behind["state"] == STOPPED
    assert behind["lag_facts"] == last - behind["position"]
    assert behind["lag_seconds"] == (kst("2024-12-02 09:00") - oldest).total_seconds()


async def test_before_the_first_start_every_view_is_absent(conn: AsyncConnection[Any]) -> None:
    shown = await status.status(conn, now=kst("2024-12-02"))

    assert {row["state"] for row in shown} == {status.ABSENT}
    assert await tracking.position(conn, *VIEWS) == 0


def test_the_reading_role_can_read_every_view_and_change_none(
    app: Connection[Any], project: Connection[Any], runner: Runner
) -> None:
    for each in ALL_VIEWS:
        for table in each.TABLES:
            app.execute(f"SELECT * FROM {table.name}".encode())
            with pytest.raises(Exception, match="permission denied"):
                app.execute(f"DELETE FROM {table.name}".encode())


class Feeding:
    """A runner in a thread of its own."""

    def __init__(self, connect_project: Connect) -> None:
        self.stop = threading.Event()
        self.runner = Runner(connect_project)
        self.thread = threading.Thread(target=self.runner.run, args=[self.stop])
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(timeout=60)
        assert not self.thread.is_alive()


def test_new_facts_are_shown_within_a_quarter_of_a_second(
    app: Connection[Any], project: Connection[Any], connect_project: Connect
) -> None:
    town = busy_town()
    feeding = Feeding(connect_project)
    try:
        until(lambda: len(stands_at(project)) == len(VIEWS))
        lags = []
        for position in range(1, 21):
            town.store(app, up_to=position)
            lags.append(until(all_stand_at(project, position)))
    finally:
        feeding.end()

    assert sorted(lags)[len(lags) // 2] < 0.25


def test_a_second_feeder_stands_by_until_the_first_one_is_gone(
    app: Connection[Any], project: Connection[Any], connect_project: Connect
) -> None:
    town = busy_town()
    first, second = Feeding(connect_project), None
    try:
        until(lambda: len(stands_at(project)) == len(VIEWS))
        second = Feeding(connect_project)
        town.store(app, up_to=30)
        until(all_stand_at(project, 30))
        assert second.runner.fed == []

        first.end()
        last = town.store(app)
        until(all_stand_at(project, last))
        assert len(second.runner.fed) == len(VIEWS)
    finally:
        first.end()
        if second is not None:
            second.end()


def test_feeding_goes_on_within_ten_seconds_when_its_connections_are_cut(
    app: Connection[Any], project: Connection[Any], connect_project: Connect, ledger_database: Database
) -> None:
    town = busy_town()
    feeding = Feeding(connect_project)
    try:
        for cut in range(1, 6):
            last = town.store(app, up_to=10 * cut)
            until(all_stand_at(project, last))
            with connect(ledger_database.migrate) as superuser:
                superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND usename = %s AND pid <> %s",
                    ["ledger_project", project.info.backend_pid],
                )
        last = town.store(app)
        until(all_stand_at(project, last))
    finally:
        feeding.end()


def test_a_view_of_another_version_is_built_anew_at_the_next_start(
    app: Connection[Any], project: Connection[Any], connect_project: Connect, runner: Runner, feed: Feed
) -> None:
    class NewSpends(Spends):
        VERSION = Spends.VERSION + 1

    last = busy_town().store(app)
    feed()
    project.execute("UPDATE view_spends SET reference = 'as an older version had it'")

    newer = Runner(connect_project, [NewSpends()])
    newer.prepare(project)

    assert newer.fed[0].position == last
    marked = "SELECT count(*) FROM view_spends WHERE reference = 'as an older version had it'"
    assert project.execute(marked.encode()).fetchone() == (0,)
    assert status.built_version(project, "spends") == NewSpends.VERSION


def test_a_view_that_cannot_be_built_anew_stops_and_no_other(
    app: Connection[Any], project: Connection[Any], connect_project: Connect, runner: Runner, feed: Feed
) -> None:
    class StrictSpends(Spends):
        VERSION = Spends.VERSION + 1

        def project(self, fact: Any, position: int, rows: Rows) -> None:
            raise ValueError("no spend is good enough")

    last = busy_town().store(app, up_to=30)
    feed()

    newer = Runner(connect_project, [StrictSpends(), TRANSACTIONS])
    newer.prepare(project)
    while newer.feed(project, project):
        pass

    assert "no spend is good enough" in (newer.fed[0].error or "")
    assert stands_at(project)["transactions"] == last
    assert status.built_version(project, "spends") == Spends.VERSION


def test_a_runner_that_was_overtaken_goes_on_from_where_the_view_stands(
    app: Connection[Any], project: Connection[Any], runner: Runner, feed: Feed
) -> None:
    last = busy_town().store(app)
    view.apply(project, [TRANSACTIONS], reader.read(project, 0, 9))

    feed()

    assert set(stands_at(project).values()) == {last}


def test_the_pause_before_a_new_connection_is_bounded() -> None:
    assert running.RECONNECT_S[1] <= 2.0
    assert reader.POLL_S <= 0.5


def test_no_view_is_left_half_made(project: Connection[Any], runner: Runner) -> None:
    for each in ALL_VIEWS:
        view.drop(project, each, "")
        with pytest.raises(UndefinedTable):
            project.execute(f"TABLE {each.TABLES[0].name}".encode())

"""Views are built anew beside the live ones while writes and reads go on; a check tells every row that differs."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from psycopg import Connection

from ledger.database import Database, connect
from projections import tracking
from projections.connections import Connect
from projections.rebuild import check_views, rebuild_views
from projections.registry import ALL_VIEWS, chosen
from projections.runner import Runner
from projections.tracking import VIEWS
from projections.view import ViewRefusedError
from tests.projections.conftest import Feed, live_rows
from tests.projections.test_feeding import Feeding, all_stand_at, stands_at, tamper, until
from tests.projections.town import Town, busy_town, chance_town


def names_in(project: Connection[Any], like: str) -> list[str]:
    query = "SELECT relname FROM pg_class WHERE relname LIKE %s AND relnamespace = 'ledger'::regnamespace ORDER BY 1"
    return [row[0] for row in project.execute(query, [like]).fetchall()]


@pytest.fixture
def town(app: Connection[Any], feed: Feed) -> Town:
    made = busy_town()
    made.store(app)
    feed()
    return made


def test_a_rebuild_heals_rows_that_were_damaged(town: Town, project: Connection[Any], connect_project: Connect) -> None:
    rows, names = live_rows(project), names_in(project, "view%")
    project.execute("UPDATE view_accounts SET balance_minor = balance_minor + 1")
    project.execute("DELETE FROM view_journal WHERE line = 2")
    told: list[tuple[int, int]] = []

    rebuilt = rebuild_views(connect_project, ALL_VIEWS, lambda position, head: told.append((position, head)))

    assert [(each.view, each.position) for each in rebuilt] == [(name, len(town.facts)) for name in VIEWS]
    assert told == [(len(town.facts), len(town.facts))]
    assert live_rows(project) == rows
    assert names_in(project, "view%") == names
    assert set(stands_at(project).values()) == {len(town.facts)}


def test_a_check_tells_every_row_that_differs_and_changes_nothing(
    town: Town, project: Connection[Any], connect_project: Connect
) -> None:
    project.execute("UPDATE view_spends SET held_minor = 607, amount_minor = amount_minor + 7 WHERE held_minor = 600")
    project.execute("DELETE FROM view_transactions WHERE position = (SELECT min(position) FROM view_transactions)")
    damaged, names = live_rows(project), names_in(project, "view%")

    checked = {each.view: each for each in check_views(connect_project, ALL_VIEWS)}

    assert {name: each.differences for name, each in checked.items() if each.differences} == {
        "spends": 2,
        "transactions": 1,
    }
    sides = [(example["side"], example["row"]["held_minor"]) for example in checked["spends"].examples]
    assert sides == [("live", 607), ("rebuilt", 600)]
    assert [example["side"] for example in checked["transactions"].examples] == ["rebuilt"]
    assert live_rows(project) == damaged
    assert names_in(project, "view%") == names
    assert set(stands_at(project)) == set(VIEWS)


def test_a_check_compares_at_the_position_of_the_live_view(
    app: Connection[Any], project: Connection[Any], connect_project: Connect, runner: Runner
) -> None:
    town = busy_town()
    town.store(app, up_to=30)
    runner.feed(project, project)
    town.store(app)

    checked = check_views(connect_project, chosen(("journal",)))

    assert [(each.position, each.differences) for each in checked] == [(30, 0)]


def test_views_can_be_built_and_checked_before_anything_has_fed_them(
    app: Connection[Any], project: Connection[Any], connect_project: Connect
) -> None:
    last = busy_town().store(app)

    untouched = check_views(connect_project, ALL_VIEWS)
    rebuild_views(connect_project, ALL_VIEWS)
    built = check_views(connect_project, ALL_VIEWS)

    assert {(each.position, each.rows, each.differences) for each in untouched} == {(0, 0, 0)}
    assert {(each.position, each.differences) for each in built} == {(last, 0)}


def test_views_are_rebuilt_and_checked_by_name(town: Town, connect_project: Connect) -> None:
    rebuilt = rebuild_views(connect_project, chosen(("spends", "limits")))

    assert [each.view for each in rebuilt] == ["spends", "limits"]
    with pytest.raises(LookupError, match="the views are accounts, transactions"):
        chosen(("spend",))


def test_a_rebuild_that_meets_a_poison_fact_leaves_the_live_view_as_it_is(
    town: Town, project: Connection[Any], connect_project: Connect, ledger_database: Database
) -> None:
    rows, names = live_rows(project), names_in(project, "view%")
    tamper(ledger_database, "UPDATE ledger.ledger_events SET state = '{}' WHERE notification_id = 9")

    with pytest.raises(ViewRefusedError) as refused:
        rebuild_views(connect_project, ALL_VIEWS)

    assert refused.value.position == 9
    assert live_rows(project) == rows
    assert names_in(project, "view%") == names


def test_a_rebuild_while_facts_are_written_and_rows_are_read_loses_nothing_and_fails_no_read(
    app: Connection[Any], project: Connection[Any], connect_project: Connect, ledger_database: Database
) -> None:
    town = chance_town(11, 900)
    feeding = Feeding(connect_project)
    done = threading.Event()
    failures: list[Exception] = []
    reads: list[Any] = []

    def write() -> None:
        for position in range(1, len(town.facts) + 1):
            town.store(app, up_to=position)
        done.set()

    def read() -> None:
        with connect(ledger_database.app) as reading:
            reading.execute("SET search_path TO ledger")
            while not done.is_set():
                try:
                    reads.append(reading.execute("SELECT max(position) FROM view_transactions").fetchone())
                except Exception as error:
                    failures.append(error)

    try:
        until(lambda: len(stands_at(project)) == len(VIEWS))
        threads = [threading.Thread(target=write), threading.Thread(target=read)]
        for thread in threads:
            thread.start()
        rebuilds = 0
        while not done.is_set():
            rebuild_views(connect_project, ALL_VIEWS)
            rebuilds += 1
        for thread in threads:
            thread.join()
        until(all_stand_at(project, len(town.facts)))
    finally:
        feeding.end()

    assert failures == []
    assert rebuilds >= 1
    assert len(reads) > 10
    assert [each.differences for each in check_views(connect_project, ALL_VIEWS)] == [0] * len(VIEWS)
    assert tracking.standing(project, "view_transactions__new") is None
    assert [name for name in names_in(project, "view%") if "__new" in name] == []

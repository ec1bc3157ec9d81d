"""A list that is only appended to is built in bulk: rows as feeding gives them, in several processes, all or none."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing import Pipe, get_context
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from ledger import forks
from ledger.database import Database
from projections import building, processes, reader
from projections.bulk import Packer
from projections.connections import Connect
from projections.movements import MOVING
from projections.reader import PositionMissingError
from projections.rebuild import check_views, rebuild_views
from projections.registry import ALL_VIEWS, chosen
from projections.transactions import TRANSACTIONS, Transactions
from projections.view import ViewRefusedError
from tests.projections.conftest import Feed, live_rows, rows_of
from tests.projections.test_feeding import tamper, until
from tests.projections.test_rebuild import names_in
from tests.projections.town import Town, busy_town

VIEWS = chosen(("transactions",))


class LongWay(Transactions):
    """Takes no stored object for one of the present shape."""

    def packers(self) -> dict[str, Packer]:
        return {topic: packer._replace(width=0) for topic, packer in super().packers().items()}


@pytest.fixture
def town(app: Connection[Any], feed: Feed) -> Town:
    made = busy_town()
    made.store(app)
    feed()
    return made


@pytest.fixture
def three_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "processes", lambda: 3)
    monkeypatch.setattr(building, "SLICE_FACTS_MIN", 4)
    monkeypatch.setattr(building, "PARTED_FROM_FACTS", 1)


def test_every_movement_is_copied_as_it_is_fed(town: Town, project: Connection[Any], connect_project: Connect) -> None:
    fed = rows_of(project, TRANSACTIONS)

    rebuild_views(connect_project, VIEWS)

    assert {type(fact) for fact in town.facts} >= MOVING
    assert rows_of(project, TRANSACTIONS) == fed


def test_a_fact_of_another_shape_is_read_as_a_fact_first(
    town: Town, project: Connection[Any], connect_project: Connect
) -> None:
    fed = rows_of(project, TRANSACTIONS)

    rebuild_views(connect_project, [LongWay()])

    assert rows_of(project, TRANSACTIONS) == fed


def test_rows_are_the_same_whichever_process_copies_them(
    three_processes: None,
    town: Town,
    project: Connection[Any],
    connect_project: Connect,
) -> None:
    told: list[tuple[int, int]] = []

    checked = check_views(connect_project, VIEWS, lambda position, head: told.append((position, head)))
    rebuilt = rebuild_views(connect_project, VIEWS)

    assert [(each.position, each.differences) for each in checked] == [(len(town.facts), 0)]
    assert [each.position for each in rebuilt] == [len(town.facts)]
    assert sorted(told) == told
    assert told[-1] == (len(town.facts), len(town.facts))


def test_views_are_the_same_however_they_are_parted_among_processes(
    three_processes: None, town: Town, connect_project: Connect
) -> None:
    rebuilt = rebuild_views(connect_project, ALL_VIEWS)
    built_in_parts = [each.differences for each in check_views(connect_project, ALL_VIEWS)]

    assert {each.position for each in rebuilt} == {len(town.facts)}
    assert built_in_parts == [0] * len(ALL_VIEWS)


def test_a_view_that_refuses_in_another_process_is_told(
    three_processes: None, town: Town, project: Connection[Any], connect_project: Connect, ledger_database: Database
) -> None:
    rows, names = live_rows(project), names_in(project, "view%")
    tamper(ledger_database, "UPDATE ledger.ledger_events SET state = '{}' WHERE notification_id = 9")

    with pytest.raises(ViewRefusedError) as refused:
        rebuild_views(connect_project, ALL_VIEWS)

    assert refused.value.position == 9
    assert live_rows(project) == rows
    assert names_in(project, "view%") == names


@pytest.mark.parametrize(
    "state", ["{}", "[]", '{"amount_minor": 1', "\\xff"], ids=["no field", "no object", "cut off", "no text"]
)
def test_a_fact_that_cannot_be_read_is_told_from_whichever_process_meets_it(
    state: str,
    three_processes: None,
    town: Town,
    project: Connection[Any],
    connect_project: Connect,
    ledger_database: Database,
) -> None:
    rows, names = rows_of(project, TRANSACTIONS), names_in(project, "view%")
    position = max(place for place, fact in enumerate(town.facts, 1) if type(fact) in MOVING)
    tamper(
        ledger_database, "UPDATE ledger.ledger_events SET state = %s::bytea WHERE notification_id = %s", state, position
    )

    with pytest.raises(ViewRefusedError, match=f"view transactions cannot take .* at position {position}: ") as refused:
        rebuild_views(connect_project, VIEWS)

    assert refused.value.position == position
    assert rows_of(project, TRANSACTIONS) == rows
    assert names_in(project, "view%") == names


def test_a_field_that_nobody_knows_is_refused(town: Town, connect_project: Connect, ledger_database: Database) -> None:
    position = next(place for place, fact in enumerate(town.facts, 1) if type(fact) in MOVING)
    tamper(
        ledger_database,
        "UPDATE ledger.ledger_events SET state = overlay(state placing '{\"colour\": 1,'::bytea from 1 for 1)"
        " WHERE notification_id = %s",
        position,
    )

    with pytest.raises(ViewRefusedError) as refused:
        rebuild_views(connect_project, VIEWS)

    assert refused.value.position == position


def test_a_topic_that_nobody_knows_is_refused(town: Town, connect_project: Connect, ledger_database: Database) -> None:
    tamper(ledger_database, "UPDATE ledger.ledger_events SET topic = 'account.levitated' WHERE notification_id = 7")

    with pytest.raises(ViewRefusedError, match=r"account\.levitated at position 7"):
        rebuild_views(connect_project, VIEWS)


@pytest.mark.parametrize("missing", [1, 5, 40])
def test_a_missing_position_is_told_and_the_connection_goes_on(
    missing: int, town: Town, project: Connection[Any], ledger_database: Database
) -> None:
    tamper(ledger_database, "DELETE FROM ledger.ledger_events WHERE notification_id = %s", missing)

    with pytest.raises(PositionMissingError, match=f"position {missing} is missing"):
        list(reader.stored(project, 0, 40))

    assert [row[0] for row in reader.stored(project, missing, missing + 3)] == [missing + 1, missing + 2, missing + 3]


def test_an_empty_ledger_is_rebuilt(connect_project: Connect) -> None:
    assert [each.position for each in rebuild_views(connect_project, VIEWS)] == [0]


def test_a_process_that_was_killed_is_told() -> None:
    def die(tasks: Iterator[int]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ChildProcessError):
        processes.share(4, lambda tasks: None, die, 2)


def test_a_process_does_not_outlive_the_one_that_waits_for_it() -> None:
    receiving, sending = Pipe(duplex=False)

    def wait(tasks: Iterator[int]) -> None:
        sending.send(os.getpid())
        time.sleep(60)

    waiting = get_context("fork").Process(target=processes.share, args=[2, lambda tasks: time.sleep(60), wait, 2])
    waiting.start()
    other = receiving.recv()

    waiting.kill()
    waiting.join()

    until(lambda: not Path(f"/proc/{other}").exists() or " Z " in Path(f"/proc/{other}/stat").read_text())


def test_every_task_is_taken_once() -> None:
    receiving, sending = Pipe(duplex=False)
    done: list[int] = []

    processes.share(500, done.extend, lambda tasks: sending.send(list(tasks)), 2)

    assert sorted([*done, *receiving.recv()]) == list(range(500))


def test_a_process_is_never_forked_beside_another_thread() -> None:
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    try:
        parts = forks.processes()
    finally:
        ended.set()
        thread.join()

    assert parts == 1

"""Views come back by themselves when PostgreSQL was killed: no fact missed, none applied twice."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ledger.database import connect, embedded_database, migrate
from ledger.embedded import EmbeddedServer
from projections.connections import connect_to
from projections.rebuild import check_views
from projections.registry import ALL_VIEWS
from projections.tracking import VIEWS
from tests.projections.test_feeding import Feeding, all_stand_at, until
from tests.projections.town import busy_town

KILLS = 3


@pytest.fixture
def own_server(folder: Path) -> EmbeddedServer:
    return EmbeddedServer(folder / "killed")


def kill(server: EmbeddedServer) -> None:
    """Kill the server as a power cut would."""
    with connect(server.url(server.superuser, "postgres")) as connection:
        row = connection.execute("SELECT current_setting('data_directory')").fetchone()
    assert row is not None
    os.kill(int((Path(row[0]) / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    until(lambda: not server.is_alive())


def test_views_are_current_again_after_each_kill_of_postgresql(own_server: EmbeddedServer) -> None:
    town = busy_town()
    with own_server as server:
        database = embedded_database(server, "ledger")
        migrate(database)
        feeding = Feeding(connect_to(database))
        try:
            for kills in range(1, KILLS + 1):
                with connect(database.app) as app, connect_to(database)() as project:
                    app.execute("SET search_path TO ledger")
                    last = town.store(app, up_to=kills * 20)
                    until(all_stand_at(project, last))
                    town.store(app, up_to=kills * 20 + 10)
                kill(server)
                server.ensure_running()
                with connect_to(database)() as project:
                    until(all_stand_at(project, kills * 20 + 10))
        finally:
            feeding.end()

        checked = check_views(connect_to(database), ALL_VIEWS)

    assert [(each.position, each.differences) for each in checked] == [(KILLS * 20 + 10, 0)] * len(VIEWS)

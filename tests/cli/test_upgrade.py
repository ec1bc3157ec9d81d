"""`ledger migrate` brings a ledger of the first release up to date: nothing recorded then is lost or read otherwise.

`foundation/` is a dump of such a ledger, made by that release itself: every kind of fact it knew, snapshots of
accounts, views, keys and a sealed destination; `known.json` is what it answered and what its own replay said.
"""

from __future__ import annotations

import asyncio
import gzip
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from aggregates.fact import FACTS
from api.cli.runtime import newest_versions, versions
from ledger.command import Call, Command, Outcome
from ledger.commands.spends import CaptureSpend, ReturnSpend, Spend
from ledger.database import connect, open_database
from ledger.embedded import EmbeddedServer
from ledger.embedded.place import programs
from ledger.engine import Engine
from ledger.sandbox_clock import open_clock
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from projections.tracking import VIEWS
from tests.cli.conftest import ledger

FOUNDATION = Path(__file__).parent / "foundation"
KNOWN: dict[str, Any] = orjson.loads((FOUNDATION / "known.json").read_bytes())
ROLES = ("ledger_owner", "ledger_app", "ledger_project", "ledger_vault")


class Upgraded(NamedTuple):
    """A data folder that was brought up to date.

    Attributes:
        before: versions of its tables as they were found. first, second: what `ledger migrate` said, twice.
        rebuilt, checked, replayed, verified: what the commands said then, before anything new was written.
    """

    data_dir: Path
    before: dict[str, str | None]
    first: dict[str, Any]
    second: dict[str, Any]
    rebuilt: dict[str, Any]
    checked: dict[str, Any]
    replayed: dict[str, Any]
    verified: dict[str, Any]


@pytest.fixture(scope="module")
def upgraded(cli_folder: Path) -> Iterator[Upgraded]:
    data_dir = cli_folder / "old"
    settings = Settings(data_dir=data_dir)
    with EmbeddedServer(data_dir) as server:
        load(server)
        shutil.copy(FOUNDATION / "anchors.ndjson", data_dir)
        shutil.copy(FOUNDATION / "kek", data_dir / "secrets")
        with connect(server.url(server.superuser, "ledger")) as admin:
            # The release of the dump gave its roles their passwords; here they get those of the new folder.
            for role in ROLES[1:]:
                statement = SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(Identifier(role), server.secret(role))
                admin.execute(statement)
        with open_database(settings) as database:
            before = versions(database)
            first, second = ledger(data_dir, "migrate"), ledger(data_dir, "migrate")
            commands = (["rebuild"], ["rebuild", "--check"], ["replay", "--check"], ["verify"])
            yield Upgraded(data_dir, before, first, second, *(ledger(data_dir, *command) for command in commands))


def load(server: EmbeddedServer) -> None:
    """Put the dumps of the old release into a new server."""
    with connect(server.url(server.superuser, "postgres")) as admin:
        for role in ROLES:
            admin.execute(SQL("CREATE ROLE {}").format(Identifier(role)))
        for name in ("ledger", "vault"):
            admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
            admin.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(name)))
            admin.execute(SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO ledger_app").format(Identifier(name)))
            admin.execute(SQL("GRANT CONNECT ON DATABASE {} TO ledger_project, ledger_vault").format(Identifier(name)))
    for name in ("ledger", "vault"):
        parts = conninfo_to_dict(server.url(server.superuser, name))
        dump = gzip.decompress((FOUNDATION / f"{name}.sql.gz").read_bytes())
        command = [str(programs() / "psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        command += [f"--host={parts['host']}", f"--username={parts['user']}", f"--port={parts['port']}", name]
        subprocess.run(command, input=dump, env={"PGPASSWORD": str(parts["password"])}, check=True)


def done(upgraded: Upgraded, *commands: tuple[str, Command]) -> list[Outcome]:
    """Do commands under their keys, as the old release's caller did; return what became of them."""
    settings = Settings(data_dir=upgraded.data_dir)
    with open_database(settings) as database, open_clock(settings, database) as clock:
        vault = open_vault(settings, database, clock)

        async def work() -> list[Outcome]:
            engine = Engine(Store(database.app, database.schema), clock)
            await engine.start()
            try:
                return [await engine.submit(command, call(key)) for key, command in commands]
            finally:
                await engine.stop()

        def call(key: str) -> Call:
            return Call("upgrade", "", key, vault.request_hash("CLI", "upgrade", key.encode()), "req_upgraded")

        return asyncio.run(work())


def test_migrate_brings_every_line_of_tables_to_its_newest_version_and_twice_is_as_good_as_once(
    upgraded: Upgraded,
) -> None:
    with open_database(Settings(data_dir=upgraded.data_dir)) as database:
        newest = newest_versions(database)
    assert upgraded.before == {"ledger": "0001", "vault": "0001", "sandbox": None}
    assert upgraded.first["changed"]
    assert not upgraded.second["changed"]
    assert {line: upgraded.second[line] for line in newest} == newest


def test_facts_written_by_the_first_release_are_as_they_were_sealed(upgraded: Upgraded) -> None:
    said = upgraded.verified

    assert (said["ok"], said["findings"], said["anchors"]) == (True, [], 1)
    assert said["facts"] == KNOWN["replay"]["facts"]


def test_they_fold_to_the_same_balances_and_the_same_trial_balance(upgraded: Upgraded) -> None:
    said, wanted = upgraded.replayed, KNOWN["replay"]

    assert (said["ok"], said["findings"]) == (True, [])
    assert (said["facts"], said["accounts"]) == (wanted["facts"], wanted["accounts"])
    for currency, sums in wanted["totals"].items():
        assert sums.items() <= said["totals"][currency].items()
    assert said["trial_balance"] == wanted["trial_balance"]


def test_all_views_are_built_anew_and_agree(upgraded: Upgraded) -> None:
    assert {row["view"] for row in upgraded.rebuilt["views"]} >= set(VIEWS)
    assert (upgraded.checked["ok"], upgraded.checked["differences"]) == (True, 0)
    assert upgraded.replayed["views_compared_at"] == dict.fromkeys(("accounts", "journal"), KNOWN["replay"]["position"])


def test_the_old_facts_are_of_every_kind_that_the_first_release_knew(upgraded: Upgraded) -> None:
    with open_database(Settings(data_dir=upgraded.data_dir)) as database, connect(database.app) as connection:
        topics = {topic for (topic,) in connection.execute("SELECT DISTINCT topic FROM ledger.ledger_events")}

    assert len(topics) == KNOWN["topics"]
    assert topics <= set(FACTS)


def test_an_old_key_gives_the_old_answer(upgraded: Upgraded) -> None:
    answers = KNOWN["answers"]
    account_id = answers["open"]["body"]["id"]

    spent, refused = done(
        upgraded,
        ("spend-3", Spend(account_id, 1_103, "ORDER-3", None, True, None, 0)),
        ("too-much", Spend(account_id, 9_000_000, None, None, True, None, 0)),
    )

    assert (spent.replayed, refused.replayed) == (True, True)
    assert (spent.status, refused.status) == (answers["spend-3"]["status"], answers["too-much"]["status"])
    assert orjson.loads(spent.body) == answers["spend-3"]["body"]
    assert orjson.loads(refused.body)["code"] == answers["too-much"]["body"]["code"]


def test_life_goes_on_over_what_the_first_release_began(upgraded: Upgraded) -> None:
    answers = KNOWN["answers"]
    prepaid, postpaid = answers["open"]["body"]["id"], answers["open-postpaid"]["body"]["id"]
    spends = {key: answers[key]["body"]["id"] for key in ("hold", "hold-postpaid", "spend-2", "postpaid-1")}

    outcomes = done(
        upgraded,
        ("new-1", CaptureSpend(prepaid, spends["hold"], 3_000, None)),
        ("new-2", CaptureSpend(postpaid, spends["hold-postpaid"], 7_000, None)),
        ("new-3", ReturnSpend(prepaid, spends["spend-2"], 102, None)),
        ("new-4", ReturnSpend(postpaid, spends["postpaid-1"], 2_001, None)),
        ("new-5", Spend(postpaid, 1_000, None, None, True, None, 0)),
    )
    replayed = ledger(upgraded.data_dir, "replay")

    assert [outcome.status for outcome in outcomes] == [200, 200, 200, 200, 201]
    assert (replayed["ok"], replayed["findings"]) == (True, [])


def test_what_was_sealed_in_the_vault_opens_under_its_key(upgraded: Upgraded) -> None:
    settings = Settings(data_dir=upgraded.data_dir)
    with open_database(settings) as database:
        found = asyncio.run(open_vault(settings, database).get(KNOWN["answers"]["destination"]))

    assert found == {"account_number": "000-12-345678", "holder": "Demo Holder"}

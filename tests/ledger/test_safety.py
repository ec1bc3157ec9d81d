"""A9: the ledger does not write where an acknowledged fact could be lost or altered."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ledger.database import Database, UnsafeDatabase, check_safety, connect, embedded_database, migrate
from ledger.embedded import EmbeddedServer

PASSWORD = "a-password-of-a-stranger"


def findings(connection: psycopg.Connection) -> list[str]:
    try:
        check_safety(connection, "ledger")
    except UnsafeDatabase as unsafe:
        return unsafe.findings
    return []


@pytest.fixture(scope="module")
def unsafe_folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="payledger-"))
    with EmbeddedServer(path) as server:
        migrate(embedded_database(server, "ledger"))
    yield path
    shutil.rmtree(path)


def test_the_app_role_on_a_safe_server_may_write(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        assert findings(app) == []


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_may_lose_commits_is_refused(unsafe_folder: Path, setting: str) -> None:
    with (
        EmbeddedServer(unsafe_folder, options={setting: "off"}) as server,
        connect(embedded_database(server, "ledger").app) as app,
    ):
        assert findings(app) == [f"{setting} is off; it must be on"]


def test_a_session_that_does_not_wait_for_the_disk_is_refused(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        app.execute("SET synchronous_commit = off")

        assert findings(app) == ["synchronous_commit is off; it must be on"]


def test_a_server_without_checksums_is_refused(unsafe_folder: Path) -> None:
    with EmbeddedServer(unsafe_folder) as server:
        place = server.place

    def checksums(wanted: str) -> None:
        command = [str(place.bin / "pg_checksums"), wanted, "--no-sync", "-D", str(place.cluster)]
        subprocess.run(command, check=True, capture_output=True, **place.user.process())

    checksums("--disable")
    with EmbeddedServer(unsafe_folder) as server, connect(embedded_database(server, "ledger").app) as app:
        assert findings(app) == ["data_checksums is off; it must be on"]
    checksums("--enable")


@pytest.mark.parametrize("value", ["y", "Y", "yes", "true", "1"])
def test_the_librarys_function_mode_is_refused(
    ledger_database: Database, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", value)

    with connect(ledger_database.app) as app:
        assert findings(app) == ["POSTGRES_ENABLE_DB_FUNCTIONS is on; it must be n or absent, or readers miss facts"]


def test_a_superuser_is_refused_also_behind_another_role(ledger_database: Database) -> None:
    for options in ("", "-c role=ledger_app"):
        with connect(make_conninfo(ledger_database.migrate, options=options)) as superuser:
            (finding,) = findings(superuser)
            assert finding.startswith("role postgres is a superuser")


@pytest.mark.parametrize("grant", ["INHERIT TRUE, SET FALSE", "INHERIT FALSE, SET TRUE"])
def test_a_role_that_may_act_as_the_tables_owner_is_refused(ledger_database: Database, grant: str) -> None:
    with connect(ledger_database.migrate) as superuser:
        superuser.execute(f"GRANT ledger_owner TO ledger_app WITH {grant}".encode())
        try:
            with connect(ledger_database.app) as app:
                (finding,) = findings(app)
        finally:
            superuser.execute("REVOKE ledger_owner FROM ledger_app")

    assert "ledger_app owns the tables or may act as ledger_owner" in finding


def test_a_role_that_was_never_let_in_is_told_so_before_it_waits_for_anything(ledger_database: Database) -> None:
    with connect(ledger_database.migrate) as superuser:
        superuser.execute(f"CREATE ROLE stranger LOGIN PASSWORD '{PASSWORD}'".encode())
        superuser.execute(f"GRANT CONNECT ON DATABASE {superuser.info.dbname} TO stranger".encode())
        try:
            with connect(make_conninfo(ledger_database.app, user="stranger", password=PASSWORD)) as outside:
                (finding,) = findings(outside)
        finally:
            superuser.execute(f"REVOKE CONNECT ON DATABASE {superuser.info.dbname} FROM stranger".encode())
            superuser.execute("DROP ROLE stranger")

    assert finding.startswith("role stranger has no rights on the ledger; `ledger migrate`")


def test_each_finding_is_said(ledger_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "y")

    with connect(ledger_database.migrate) as superuser:
        superuser.execute("SET synchronous_commit = off")

        assert len(findings(superuser)) == 3


def test_a_database_without_a_ledger_is_told_apart_from_an_unsafe_one(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app, pytest.raises(LookupError, match="ledger migrate"):
        check_safety(app, "another")

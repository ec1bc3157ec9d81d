"""A ledger on a server of the operator's own: made by one role, written by another, which can do no harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from ledger.database import Database, UnsafeDatabase, check_safety, connect, migrate, open_database
from ledger.embedded import EmbeddedServer
from ledger.settings import Settings


@pytest.fixture
def own_server(postgres: EmbeddedServer) -> Iterator[psycopg.Connection]:
    """Give a database and a migrating role, as an operator would make them; afterwards nothing of them is left."""
    with connect(postgres.url(postgres.superuser, "postgres")) as admin:
        admin.execute("CREATE ROLE migrator LOGIN CREATEROLE CREATEDB PASSWORD 'm'")
        admin.execute("CREATE DATABASE shop OWNER migrator")
        yield admin
        for database in ("shop", "vault"):
            admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())
        roles = admin.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^(shop_|clerk|migrator)' ORDER BY 1 DESC")
        for (role,) in roles.fetchall():
            admin.execute(f"DROP ROLE {role}".encode())


def settings(postgres: EmbeddedServer, folder: Path, writer: str, migrator: str | None) -> Settings:
    host = conninfo_to_dict(postgres.url("postgres", "postgres"))["host"]

    def url(role: str, password: str) -> SecretStr:
        return SecretStr(f"postgresql://{role}:{password}@/shop?host={host}")

    superuser = (postgres.superuser, postgres.secret(postgres.superuser))
    migrate_url = {"superuser": url(*superuser), "migrator": url("migrator", "m"), None: None}[migrator]
    return Settings(
        database_url=url(writer, "m" if writer == "migrator" else "w"),
        migrate_url=migrate_url,
        data_dir=folder,
        schema_name="shop",
    )


def writes_and_reads(database: Database) -> None:
    """Use the ledger as its processes do."""
    with connect(database.app) as app:
        check_safety(app, database.schema)
        app.execute("BEGIN; LOCK TABLE shop.ledger_events IN EXCLUSIVE MODE; COMMIT")
        app.execute(
            "SELECT * FROM shop.ledger_append('{}', '{}', '{}', '{}', '{}', ARRAY[gen_random_uuid()], '{x}',"
            " sha256('batch'))"
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("DELETE FROM shop.ledger_refusals")
    with connect(database.project) as project, connect(database.app) as app:
        project.execute("CREATE TABLE shop.seen AS SELECT count(*) AS n FROM shop.ledger_refusals")
        assert app.execute("SELECT n FROM shop.seen").fetchone() == (1,)
        assert project.execute("SELECT current_user").fetchone() == ("shop_project",)
    with connect(database.vault) as vault:
        vault.execute("SELECT * FROM shop.item")


@pytest.mark.parametrize("migrator", ["superuser", "migrator"])
@pytest.mark.parametrize("writer", ["shop_app", "clerk"])
def test_the_migrating_role_makes_a_ledger_that_another_role_writes(
    postgres: EmbeddedServer, own_server: psycopg.Connection, tmp_path: Path, writer: str, migrator: str
) -> None:
    with open_database(settings(postgres, tmp_path, writer, migrator)) as database:
        migrate(database)
        migrate(database)

        assert database.server is None
        writes_and_reads(database)


def test_a_role_that_migrates_and_writes_gives_the_owners_rights_back_in_between(
    postgres: EmbeddedServer, own_server: psycopg.Connection, tmp_path: Path
) -> None:
    with open_database(settings(postgres, tmp_path, "migrator", None)) as database:
        migrate(database)

        writes_and_reads(database)


def test_a_superuser_makes_the_ledger_and_may_not_write_to_it(
    postgres: EmbeddedServer, own_server: psycopg.Connection, tmp_path: Path
) -> None:
    chosen = settings(postgres, tmp_path, "clerk", "superuser")
    only = chosen.model_copy(update={"database_url": chosen.migrate_url, "migrate_url": None})

    with open_database(only) as database:
        migrate(database)

        with connect(database.app) as app, pytest.raises(UnsafeDatabase, match="LEDGER_DATABASE_URL"):
            check_safety(app, database.schema)


def test_an_older_server_is_refused_before_anything_is_made(
    postgres: EmbeddedServer, own_server: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.database.SERVER_VERSION_MIN", 99)

    with (
        open_database(settings(postgres, tmp_path, "clerk", "superuser")) as database,
        pytest.raises(UnsafeDatabase, match="must be 99 or later"),
    ):
        migrate(database)

    assert own_server.execute("SELECT FROM pg_roles WHERE rolname = 'shop_owner'").fetchone() is None


def test_two_ledgers_of_one_server_share_nothing(
    postgres: EmbeddedServer, own_server: psycopg.Connection, tmp_path: Path
) -> None:
    first = settings(postgres, tmp_path, "shop_app", "superuser")
    second = first.model_copy(update={"schema_name": "shop_two"})

    with open_database(first) as one, open_database(second) as two:
        migrate(one)
        address = make_conninfo(two.app, user="shop_two_app", password="t")
        migrate(Database(two.schema, address, two.project, two.migrate, two.vault, two.vault_migrate, two.passwords))

        with connect(one.app) as app, connect(address) as other:
            assert app.execute("SELECT FROM shop.ledger_events").fetchall() == []
            assert other.execute("SELECT FROM shop_two.ledger_events").fetchall() == []
            for connection, schema in ((app, "shop_two"), (other, "shop")):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"SELECT FROM {schema}.ledger_events".encode())


def test_addresses_do_not_show_themselves(ledger_database: Database, postgres: EmbeddedServer) -> None:
    shown = repr(ledger_database)

    assert postgres.secret("ledger_app") not in shown
    assert postgres.secret("postgres") not in shown

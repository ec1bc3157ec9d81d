"""Facts, blocks and refusals can be added and read, and nothing else; the append functions number and seal them."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import psycopg
import pytest
from psycopg.errors import (
    ArraySubscriptError,
    CheckViolation,
    DataException,
    InsufficientPrivilege,
    IntegrityError,
    UniqueViolation,
)

from ledger.database import Database, connect, migrate
from ledger.migrations import newest

STREAM = uuid.UUID(int=7)
DIGEST = hashlib.sha256(b"a batch").digest()
APPEND = (
    "SELECT * FROM ledger.ledger_append("
    "%s::uuid[], %s::bigint[], %s::text[], %s::bytea[], %s::uuid[], %s::uuid[], %s::bytea[], %s)"
)
SEAL = "SELECT * FROM ledger.ledger_seal(%s, %s::uuid[], %s::uuid[], %s::bytea[], %s)"
TABLES = ("ledger_events", "ledger_blocks", "ledger_refusals")


def append(
    connection: psycopg.Connection,
    versions: list[int],
    keys: list[uuid.UUID | None] | None = None,
    refusals: list[uuid.UUID] | None = None,
    state: bytes = b"{}",
) -> tuple[Any, ...] | None:
    """Append facts of one stream, and refusals."""
    count = len(versions)
    facts = [[STREAM] * count, versions, ["account.charged"] * count, [state] * count, keys or [None] * count]
    refused = refusals or []
    return connection.execute(APPEND, [*facts, refused, [b"{}"] * len(refused), DIGEST]).fetchone()


def positions(connection: psycopg.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT notification_id FROM ledger.ledger_events ORDER BY 1")]


def test_positions_begin_at_1_and_are_dense_over_batches(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        assert append(app, [1, 2, 3]) == (1, 1)
        assert append(app, [4, 5]) == (4, 2)

        assert positions(app) == [1, 2, 3, 4, 5]
        assert app.execute("SELECT last_position, block FROM ledger.ledger_head()").fetchone() == (5, 2)


def test_a_batch_that_fails_leaves_no_gap(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        append(app, [1])
        with pytest.raises(UniqueViolation):
            append(app, [2, 2])

        assert append(app, [2]) == (2, 2)
        assert positions(app) == [1, 2]


def test_a_batch_of_refusals_alone_takes_no_position(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        append(app, [1])

        assert append(app, [], refusals=[uuid.uuid4(), uuid.uuid4()]) == (2, 2)

        block = app.execute(
            "SELECT first_position, last_position, facts, refusals FROM ledger.ledger_blocks WHERE number = 2"
        )
        assert block.fetchone() == (2, 1, 0, 2)
        assert app.execute("SELECT block, ordinal FROM ledger.ledger_refusals ORDER BY 2").fetchall() == [
            (2, 1),
            (2, 2),
        ]
        assert append(app, [2]) == (2, 3)


def test_each_block_is_chained_to_the_one_before_and_the_first_to_the_ledgers_id(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        append(app, [1, 2], refusals=[uuid.uuid4()])
        append(app, [3])

        (ledger_id,) = app.execute("SELECT ledger_id FROM ledger.ledger_identity").fetchone() or ()
        previous = hashlib.sha256(ledger_id.bytes).digest()
        blocks = app.execute("SELECT * FROM ledger.ledger_blocks ORDER BY number").fetchall()
        for _, first, last, facts, refusals, digest, before, block_hash in blocks:
            numbers = b"".join(number.to_bytes(8, "big") for number in (first, last, facts, refusals))
            assert before == previous
            assert block_hash == hashlib.sha256(previous + numbers + digest).digest()
            previous = block_hash
        assert len(blocks) == 2


def test_a_version_can_be_recorded_once(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        append(app, [1])

        with pytest.raises(UniqueViolation):
            append(app, [1])


@pytest.mark.parametrize(
    ("first", "second"), [("fact", "fact"), ("fact", "refusal"), ("refusal", "fact"), ("refusal", "refusal")]
)
def test_a_command_key_is_taken_once_by_a_fact_or_a_refusal(ledger_database: Database, first: str, second: str) -> None:
    key = uuid.uuid4()

    def take(kind: str, version: int) -> None:
        append(app, [version], keys=[key]) if kind == "fact" else append(app, [], refusals=[key])

    with connect(ledger_database.app) as app:
        take(first, 1)

        with pytest.raises(UniqueViolation, match=r"command_key|ledger_refusals_pkey"):
            take(second, 2)


def test_a_command_key_cannot_be_a_facts_and_a_refusals_within_one_batch(ledger_database: Database) -> None:
    key = uuid.uuid4()

    with connect(ledger_database.app) as app, pytest.raises(UniqueViolation, match="command_key"):
        append(app, [1], keys=[key], refusals=[key])


def test_a_fact_of_64_kib_is_taken_and_one_byte_more_is_not(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        append(app, [1], state=b" " * 65536)

        with pytest.raises(CheckViolation):
            append(app, [2], state=b" " * 65537)


def test_arrays_of_unequal_length_are_refused(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        with pytest.raises(ArraySubscriptError):
            append(app, [1, 2], keys=[None])
        with pytest.raises(ArraySubscriptError):
            app.execute(APPEND, [[], [], [], [], [], [uuid.uuid4()], [], DIGEST])


def test_an_empty_batch_is_refused(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app, pytest.raises(IntegrityError):
        append(app, [])


def copy(app: psycopg.Connection, rows: list[tuple[int, int, uuid.UUID | None]]) -> None:
    """Copy facts in: (version, position, key)."""
    with app.cursor().copy("COPY ledger.ledger_events FROM STDIN (FORMAT binary)") as into:
        into.set_types(["uuid", "int8", "text", "bytea", "int8", "uuid"])
        for version, position, key in rows:
            into.write_row((STREAM, version, "account.charged", b"{}", position, key))


def copy_and_seal(
    app: psycopg.Connection, rows: list[tuple[int, int, uuid.UUID | None]], refusals: int = 0
) -> tuple[Any, ...] | None:
    """Copy facts in and seal them as two, in one transaction."""
    keys = [key for _, _, key in rows if key is not None]
    with app.transaction():
        app.execute("LOCK TABLE ledger.ledger_events IN EXCLUSIVE MODE; NOTIFY ledger_events")
        copy(app, rows)
        refused = [uuid.uuid4() for _ in range(refusals)]
        return app.execute(SEAL, (2, keys, refused, [b"{}"] * refusals, DIGEST)).fetchone()


def test_copied_facts_are_sealed_as_one_block(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        append(app, [1])

        assert copy_and_seal(app, [(2, 2, None), (3, 3, None)], refusals=1) == (2, 2)

        query = "SELECT first_position, last_position, facts, refusals FROM ledger.ledger_blocks WHERE number = 2"
        assert app.execute(query).fetchone() == (2, 3, 2, 1)


@pytest.mark.parametrize("positions", [[3, 4], [2], [2, 3, 4], [2, 4]])
def test_copied_facts_that_do_not_follow_the_head_are_not_sealed(
    ledger_database: Database, positions: list[int]
) -> None:
    with connect(ledger_database.app) as app:
        append(app, [1])

        with pytest.raises(DataException):
            copy_and_seal(app, [(position, position, None) for position in positions])


def test_copied_facts_whose_key_was_refused_are_not_sealed(ledger_database: Database) -> None:
    key = uuid.uuid4()

    with connect(ledger_database.app) as app:
        append(app, [], refusals=[key])

        with pytest.raises(UniqueViolation, match="command_key"):
            copy_and_seal(app, [(1, 1, key), (2, 2, None)])


FORBIDDEN = (
    "UPDATE {} SET {column} = {column}",
    "DELETE FROM {}",
    "TRUNCATE {}",
    "ALTER TABLE {} ADD COLUMN extra int",
    "DROP TABLE {}",
    "ALTER TABLE {} DISABLE TRIGGER ALL",
    "DROP TRIGGER append_only_rows ON {}",
    "CREATE RULE hide AS ON INSERT TO {} DO INSTEAD NOTHING",
    "ALTER TABLE {} OWNER TO ledger_app",
    "SET session_replication_role = replica",
    "SELECT * FROM {} FOR UPDATE",
    "COPY {} TO PROGRAM 'cat'",
    "COPY {} FROM '/etc/hostname'",
    "SET ROLE ledger_owner",
    "ALTER FUNCTION ledger.ledger_append OWNER TO ledger_app",
    "CREATE OR REPLACE FUNCTION ledger.ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
)


@pytest.mark.parametrize("role", ["app", "project"])
@pytest.mark.parametrize("table", TABLES)
def test_no_role_of_the_ledger_can_change_what_is_recorded(ledger_database: Database, role: str, table: str) -> None:
    column = {"ledger_events": "topic", "ledger_blocks": "digest", "ledger_refusals": "record"}[table]

    with connect(getattr(ledger_database, role)) as connection:
        for statement in FORBIDDEN:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(statement.format(f"ledger.{table}", column=column).encode())


def test_the_app_role_cannot_make_tables(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app, pytest.raises(InsufficientPrivilege):
        app.execute("CREATE TABLE ledger.more (id int)")


def test_the_project_role_makes_views_that_the_app_role_reads_and_records_no_facts(ledger_database: Database) -> None:
    with connect(ledger_database.project) as project, connect(ledger_database.app) as app:
        project.execute("CREATE TABLE ledger.balances (id int); INSERT INTO ledger.balances VALUES (5)")
        project.execute(
            "UPDATE ledger.ledger_tracking SET notification_id = 1 WHERE application_name = '__migration__'"
        )

        assert app.execute("SELECT id FROM ledger.balances").fetchone() == (5,)
        with pytest.raises(InsufficientPrivilege):
            app.execute("DELETE FROM ledger.balances")
        with pytest.raises(InsufficientPrivilege):
            append(project, [1])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("replication_role", ["origin", "replica"])
def test_triggers_hold_even_a_superuser_that_replays_as_a_replica(
    ledger_database: Database, table: str, replication_role: str
) -> None:
    with connect(ledger_database.app) as app:
        append(app, [1], refusals=[uuid.uuid4()])
    with connect(ledger_database.migrate) as superuser:
        superuser.execute(f"SET session_replication_role = {replication_role}".encode())

        for statement in ("DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with pytest.raises(InsufficientPrivilege, match="append-only"):
                superuser.execute(statement.format(f"ledger.{table}").encode())


FROZEN = (
    "ALTER TABLE ledger.ledger_events DISABLE TRIGGER ALL",
    "ALTER TABLE ledger.ledger_blocks ADD COLUMN extra int",
    "DROP TRIGGER append_only_rows ON ledger.ledger_events",
    "DROP TABLE ledger.ledger_refusals",
    "DROP SCHEMA ledger CASCADE",
    "DROP FUNCTION ledger.ledger_append_only CASCADE",
    "DROP INDEX ledger.ledger_events_notification_id_idx",
    "ALTER FUNCTION ledger.ledger_append RENAME TO ledger_append_more",
)


@pytest.mark.parametrize("role", ["ledger_owner", "postgres"])
def test_ddl_on_the_ledgers_tables_is_frozen_outside_a_maintenance_window(ledger_database: Database, role: str) -> None:
    with connect(ledger_database.migrate) as superuser:
        superuser.execute(f"SET ROLE {role}".encode())

        for statement in FROZEN:
            with pytest.raises(InsufficientPrivilege, match="append-only"):
                superuser.execute(statement.encode())

        superuser.execute("SET ledger.maintenance = on; ALTER TABLE ledger.ledger_events ADD COLUMN extra int")


def test_an_api_key_can_be_revoked_and_otherwise_not_changed(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        app.execute(
            "INSERT INTO ledger.ledger_api_keys (id, secret_hash, role, owner, environment, created_at, created_by) "
            "VALUES ('key_1', %s, 'auditor', 'kim', 'sandbox', now(), 'key_0')",
            (DIGEST,),
        )

        app.execute("UPDATE ledger.ledger_api_keys SET revoked_at = now(), revoked_by = 'key_0' WHERE id = 'key_1'")

        for forbidden in ("UPDATE ledger.ledger_api_keys SET role = 'admin'", "DELETE FROM ledger.ledger_api_keys"):
            with pytest.raises(InsufficientPrivilege):
                app.execute(forbidden.encode())


def test_migrating_twice_changes_nothing(ledger_database: Database) -> None:
    with connect(ledger_database.app) as app:
        append(app, [1])
        identity = app.execute("SELECT * FROM ledger.ledger_identity").fetchone()

        migrate(ledger_database)

        assert app.execute("SELECT * FROM ledger.ledger_identity").fetchone() == identity
        assert app.execute("SELECT version_num FROM ledger.ledger_version").fetchone() == (newest("ledger"),)
        assert positions(app) == [1]

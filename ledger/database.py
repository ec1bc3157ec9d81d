"""The ledger's databases: addresses for each role, how to connect, how tables are brought up to date, what is unsafe.

`open_database` gives the addresses, and starts the embedded server where no address was set. Writing is refused over a
connection that `check_safety` does not pass. No SQL of the ledger's own work is here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import DuplicateDatabase, UniqueViolation
from psycopg.sql import SQL, Identifier

from ledger.embedded import EmbeddedServer, EmbeddedServerError
from ledger.embedded.cluster import secret
from ledger.settings import Settings

LEDGER_DATABASE = "ledger"
VAULT_DATABASE = "vault"
SANDBOX_DATABASE = "sandbox"
CONNECT_SECONDS_MAX = 3
SERVER_VERSION_MIN = 17

RESTORING = "restoring"
"""File in a data folder that was restored and has not passed its checks: nobody opens that ledger."""


class UnsafeDatabase(RuntimeError):
    """The ledger does not write here: what it acknowledges might be lost or altered.

    Attributes:
        findings: one sentence for each thing that is wrong, with the value wanted.
    """

    def __init__(self, findings: list[str]) -> None:
        super().__init__("; ".join(findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Database:
    """Addresses of one ledger (strings for libpq, with passwords: not for logs).

    Attributes:
        schema: name of the ledger's schema.
        app: for writing facts and for all reading.
        project: for building views and moving their tracking.
        migrate: for `migrate` alone.
        vault: for personal data.
        vault_migrate: for `migrate` alone.
        sandbox: for the sandbox's providers; None = the sandbox is off.
        sandbox_migrate: for `migrate` alone; None likewise.
        passwords: role -> password of the roles that `migrate` has to make.
        server: the embedded server, or None.
    """

    schema: str
    app: str = field(repr=False)
    project: str = field(repr=False)
    migrate: str = field(repr=False)
    vault: str = field(repr=False)
    vault_migrate: str = field(repr=False)
    passwords: dict[str, str | None] = field(repr=False)
    server: EmbeddedServer | None = field(default=None, repr=False)
    sandbox: str | None = field(default=None, repr=False)
    sandbox_migrate: str | None = field(default=None, repr=False)

    def library_environment(self, role: str = "app") -> dict[str, str]:
        """Return the settings under which the eventsourcing library's own classes work on this ledger.

        Args:
            role: "app" or "project".
        """
        parts = conninfo_to_dict(self.app if role == "app" else self.project)
        return {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts.get("dbname", "")),
            "POSTGRES_HOST": str(parts.get("host", "")),
            "POSTGRES_PORT": str(parts.get("port", 5432)),
            "POSTGRES_USER": str(parts.get("user", "")),
            "POSTGRES_PASSWORD": str(parts.get("password", "")),
            "POSTGRES_SCHEMA": self.schema,
            "POSTGRES_ENABLE_DB_FUNCTIONS": "n",
            "ORIGINATOR_ID_TYPE": "uuid",
            "SINGLE_ROW_TRACKING": "y",
            "CREATE_TABLE": "n",
        }


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Give the addresses of the ledger; on the embedded server, run it for as long as the `with` lasts.

    Raises:
        EmbeddedServerError: the embedded server cannot be started, or what was restored here has not passed its checks.
    """
    if settings.database_url is not None:
        yield _external(settings, settings.database_url.get_secret_value())
        return
    if (settings.data_folder / RESTORING).exists():
        text = f"{settings.data_folder} was restored from a backup and has not passed its checks"
        raise EmbeddedServerError(f"{text}; restore into a new folder")
    with EmbeddedServer(settings.data_folder) as server:
        yield embedded_database(server, settings.schema_name, settings)


def embedded_database(
    server: EmbeddedServer, schema: str, settings: Settings | None = None, name: str = ""
) -> Database:
    """Return the addresses of a ledger on a running embedded server.

    Args:
        settings: None = as by default, with a sandbox.
        name: of the ledger's database; "" = `ledger`. Vault and sandbox lie beside it.
    """
    ledger, vault = (name, f"{name}_vault") if name else (LEDGER_DATABASE, VAULT_DATABASE)
    sandbox = f"{name}_sandbox" if name else SANDBOX_DATABASE
    own_vault = settings.vault_database_url if settings else None
    sandbox_on = settings is None or settings.sandbox_on
    roles = [f"{schema}_{purpose}" for purpose in ("app", "project", "vault", *(("sandbox",) if sandbox_on else ()))]
    return Database(
        schema=schema,
        app=server.url(f"{schema}_app", ledger),
        project=server.url(f"{schema}_project", ledger),
        migrate=server.url(server.superuser, ledger),
        vault=own_vault.get_secret_value() if own_vault else server.url(f"{schema}_vault", vault),
        vault_migrate=own_vault.get_secret_value() if own_vault else server.url(server.superuser, vault),
        passwords={role: server.secret(role) for role in roles},
        server=server,
        sandbox=server.url(f"{schema}_sandbox", sandbox) if sandbox_on else None,
        sandbox_migrate=server.url(server.superuser, sandbox) if sandbox_on else None,
    )


def _external(settings: Settings, url: str) -> Database:
    schema = settings.schema_name
    migrate_url = settings.migrate_url.get_secret_value() if settings.migrate_url else url
    options = f"{conninfo_to_dict(url).get('options', '')} -c role={schema}_project".strip()
    passwords: dict[str, str | None] = {}

    def beside(name: str, role: str) -> tuple[str, str]:
        """Return the addresses of a database beside the ledger's: under a role of its own, and to migrate."""
        settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        passwords[role] = secret(settings.data_folder / "secrets", role)
        return make_conninfo(url, dbname=name, user=role, password=passwords[role]), make_conninfo(
            migrate_url, dbname=name
        )

    if settings.vault_database_url:
        vault = vault_migrate = settings.vault_database_url.get_secret_value()
    else:
        vault, vault_migrate = beside(VAULT_DATABASE, f"{schema}_vault")
    sandbox, sandbox_migrate = beside(SANDBOX_DATABASE, f"{schema}_sandbox") if settings.sandbox_on else (None, None)
    return Database(
        schema=schema,
        app=url,
        project=make_conninfo(url, options=options),
        migrate=migrate_url,
        vault=vault,
        vault_migrate=vault_migrate,
        passwords=passwords,
        sandbox=sandbox,
        sandbox_migrate=sandbox_migrate,
    )


def connect(address: str) -> psycopg.Connection:
    """Connect, in autocommit mode, or fail within 3 seconds.

    Raises:
        psycopg.OperationalError: the server does not answer or refuses.
    """
    return psycopg.connect(address, autocommit=True, connect_timeout=CONNECT_SECONDS_MAX, application_name="ledger")


async def connect_async(address: str) -> psycopg.AsyncConnection:
    """Connect for asyncio, in autocommit mode, or fail within 3 seconds.

    Raises:
        psycopg.OperationalError: the server does not answer or refuses.
    """
    return await psycopg.AsyncConnection.connect(
        address, autocommit=True, connect_timeout=CONNECT_SECONDS_MAX, application_name="ledger"
    )


def migrate(database: Database) -> None:
    """Make or bring up to date the ledger's roles, schema and tables, the vault, and a sandbox that is on.

    Twice is as good as once.

    Raises:
        UnsafeDatabase: the server is older than PostgreSQL 17.
        psycopg.Error: the migrating role lacks a right, or the server does not answer.
    """
    # Imported here: Alembic and SQLAlchemy take a third of a second that no other command needs to wait for.
    from ledger.migrations.migrate import migrate_ledger, migrate_sandbox, migrate_vault

    if database.server is not None:
        _make_database(database.migrate)
    with connect(database.migrate) as connection:
        if findings := _version_findings(connection):
            raise UnsafeDatabase(findings)
    migrate_ledger(database.migrate, database.schema, database.app, database.passwords)
    own_role = f"{database.schema}_vault" in database.passwords and database.vault != database.vault_migrate
    if own_role:
        _make_database(database.vault_migrate)
    migrate_vault(database.vault_migrate, database.schema, own_role=own_role)
    if database.sandbox_migrate is not None:
        _make_database(database.sandbox_migrate)
        migrate_sandbox(database.sandbox_migrate, database.schema)


def _make_database(address: str) -> None:
    """Make the database that an address names, closed to everybody who is not let in."""
    name = Identifier(str(conninfo_to_dict(address)["dbname"]))
    try:
        connect(address).close()
    except psycopg.OperationalError:
        with connect(make_conninfo(address, dbname="postgres")) as connection:
            try:
                connection.execute(SQL("CREATE DATABASE {}").format(name))
            except (DuplicateDatabase, UniqueViolation):  # Another process was first.
                return
            connection.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))


def check_safety(connection: psycopg.Connection, schema: str) -> None:
    """Refuse to write where an acknowledged fact could be lost or altered.

    Args:
        connection: the one that shall write, or another under the same role.
        schema: name of the ledger's schema.

    Raises:
        UnsafeDatabase: with a sentence for each finding.
        LookupError: the ledger's tables are not there; `migrate` makes them.
    """
    findings = _version_findings(connection)
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
        if row is None or row[0] == "off":
            findings.append(f"{setting} is off; it must be on")
    if os.environ.get("POSTGRES_ENABLE_DB_FUNCTIONS", "n").strip().lower() in ("y", "yes", "t", "true", "on", "1"):
        findings.append("POSTGRES_ENABLE_DB_FUNCTIONS is on; it must be n or absent, or readers miss facts")
    findings += _role_findings(connection, schema)
    if findings:
        raise UnsafeDatabase(findings)


def _version_findings(connection: psycopg.Connection) -> list[str]:
    version = connection.info.server_version // 10000
    if version >= SERVER_VERSION_MIN:
        return []
    return [f"the server is PostgreSQL {version}; it must be {SERVER_VERSION_MIN} or later"]


def _role_findings(connection: psycopg.Connection, schema: str) -> list[str]:
    row = connection.execute(
        """
        SELECT session_user, s.rolsuper OR c.rolsuper, owner.rolname,
               pg_has_role(s.oid, owner.oid, 'USAGE') OR pg_has_role(s.oid, owner.oid, 'SET'),
               has_schema_privilege(s.oid, n.oid, 'USAGE') AND has_table_privilege(s.oid, t.oid, 'SELECT')
          FROM pg_class t
          JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = %s
          JOIN pg_roles owner ON owner.oid = t.relowner, pg_roles s, pg_roles c
         WHERE t.relname = 'ledger_events' AND s.rolname = session_user AND c.rolname = current_user
        """,
        (schema,),
    ).fetchone()
    if row is None:
        raise LookupError(f"schema {schema} holds no ledger; run `ledger migrate`")
    role, superuser, owner, owns, let_in = row
    wanted = f"LEDGER_DATABASE_URL must name a role that is neither, such as {schema}_app"
    if superuser:
        return [f"role {role} is a superuser; {wanted}"]
    if owns:
        return [f"role {role} owns the tables or may act as {owner}, who does; {wanted}"]
    return (
        []
        if let_in
        else [f"role {role} has no rights on the ledger; `ledger migrate` gives them to the role that writes"]
    )

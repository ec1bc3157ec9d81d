"""One migration: roles, schema, scripts and freeze in a single transaction, so that it happens whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
import sqlalchemy
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from ledger.migrations import roles, upgrade
from ledger.migrations.freeze import freeze, open_window

VAULT_RIGHTS = SQL("""
GRANT USAGE ON SCHEMA {s} TO {vault};
GRANT SELECT, INSERT, DELETE ON {s}.subject, {s}.item TO {vault};
GRANT UPDATE (dek_wrapped, nonce, kek_id) ON {s}.subject TO {vault};
GRANT UPDATE (retain_until, hold) ON {s}.item TO {vault};
GRANT UPDATE (ciphertext, nonce) ON {s}.item TO {vault};
GRANT SELECT, INSERT, DELETE ON {s}.phone, {s}.party, {s}.link, {s}.upload TO {vault};
GRANT SELECT, INSERT, DELETE ON {s}.folder, {s}.contact_group, {s}.contact TO {vault};
GRANT SELECT, INSERT, DELETE ON {s}.document TO {vault};
GRANT SELECT, INSERT, DELETE ON {s}.public_link TO {vault};
GRANT UPDATE (mark) ON {s}.phone TO {vault};
GRANT UPDATE (settled, asked_at) ON {s}.party TO {vault};
GRANT UPDATE (settled, asked_at, issue) ON {s}.document TO {vault};
GRANT UPDATE (generation, mark, wrong) ON {s}.link TO {vault};
GRANT UPDATE (generation, mark, asks, wrong) ON {s}.public_link TO {vault};
GRANT UPDATE (folder) ON {s}.contact_group TO {vault};
GRANT UPDATE (grp) ON {s}.contact TO {vault};
GRANT SELECT, INSERT ON {s}.reading, {s}.answered, {s}.erased TO {vault};
GRANT SELECT ON {s}.vault_version TO {vault};
""")

SANDBOX_RIGHTS = SQL("""
GRANT USAGE ON SCHEMA {s} TO {sandbox};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {s} TO {sandbox};
""")


def migrate_ledger(address: str, schema: str, app: str, passwords: Mapping[str, str | None]) -> None:
    """Bring a ledger's roles, schema and tables up to date.

    Args:
        address: under a role that may create roles.
        schema: name of the ledger's schema.
        app: address under which the ledger will write; its role is let in.
        passwords: role -> password of the ledger's own roles that log in.
    """
    writer = conninfo_to_dict(app)
    with _transaction(address) as (connection, raw):
        roles.make_roles(raw, schema, passwords)
        _let_connect(raw, f"{schema}_app", f"{schema}_project")
        roles.make_schema(raw, schema)
        open_window(raw)
        raw.execute(SQL("SET LOCAL ROLE {}").format(Identifier(f"{schema}_owner")))
        upgrade(connection, "ledger", schema)
        roles.act_no_more(raw, f"{schema}_owner", f"{schema}_project")
        if f"{schema}_app" not in passwords:
            roles.let_write(raw, schema, str(writer.get("user") or raw.info.user), _text(writer.get("password")))
        if roles.is_superuser(raw):
            freeze(raw)


def migrate_vault(address: str, schema: str, *, own_role: bool) -> None:
    """Bring a vault's tables up to date.

    Args:
        address: of the vault's database.
        schema: name of the ledger's schema; the vault's has the same.
        own_role: the ledger's owner shall own the tables and its vault role use them; False = the address's role does
            both.
    """
    vault = f"{schema}_vault"
    with _transaction(address) as (connection, raw):
        if not own_role:
            raw.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(schema)))
            upgrade(connection, "vault", schema)
            return
        with _owning(raw, schema, vault):
            upgrade(connection, "vault", schema)
            raw.execute(VAULT_RIGHTS.format(s=Identifier(schema), vault=Identifier(vault)))


def migrate_sandbox(address: str, schema: str) -> None:
    """Bring the tables of the sandbox's providers up to date; the ledger's owner owns them, its sandbox role uses them.

    Args:
        address: of the sandbox's database.
        schema: name of the ledger's schema; the sandbox's has the same.
    """
    sandbox = f"{schema}_sandbox"
    with _transaction(address) as (connection, raw), _owning(raw, schema, sandbox):
        upgrade(connection, "sandbox", schema)
        raw.execute(SANDBOX_RIGHTS.format(s=Identifier(schema), sandbox=Identifier(sandbox)))


@contextmanager
def _owning(raw: psycopg.Connection, schema: str, user: str) -> Iterator[None]:
    """Act as the ledger's owner, in a schema that is its own and in a database that `user` may connect to."""
    owner = f"{schema}_owner"
    roles.be_able_to_act(raw, owner)
    _let_connect(raw, user)
    raw.execute(SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(Identifier(schema), Identifier(owner)))
    raw.execute(SQL("SET LOCAL ROLE {}").format(Identifier(owner)))
    yield
    roles.act_no_more(raw, owner)


@contextmanager
def _transaction(address: str) -> Iterator[tuple[sqlalchemy.Connection, psycopg.Connection]]:
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(address), poolclass=sqlalchemy.NullPool
    )
    with engine.begin() as connection:
        raw = connection.connection.driver_connection
        if not isinstance(raw, psycopg.Connection):
            raise TypeError("migrations need psycopg")
        raw.execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger migration', 0))")
        yield connection, raw


def _let_connect(raw: psycopg.Connection, *names: str) -> None:
    grant = SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}")
    for name in names:
        raw.execute(grant.format(Identifier(raw.info.dbname), Identifier(name)))


def _text(value: object) -> str | None:
    return None if value is None else str(value)

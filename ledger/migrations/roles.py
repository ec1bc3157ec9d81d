"""The roles of one ledger, and what makes them unable to do harm.

`<schema>_owner` owns the tables and cannot log in; `<schema>_app` adds facts and reads; `<schema>_project` reads facts
and builds views; `<schema>_vault` alone reaches the vault, `<schema>_sandbox` the sandbox's providers. Nothing here is
asked of a role that already is as it should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal

# Milliseconds. A write takes a few; whoever holds the table's lock longer than this stops everybody else.
TIMEOUTS: dict[LiteralString, dict[LiteralString, int]] = {
    "app": {"statement_timeout": 30_000, "idle_in_transaction_session_timeout": 5_000, "lock_timeout": 10_000},
    "project": {"idle_in_transaction_session_timeout": 300_000, "lock_timeout": 30_000},
    "vault": {"statement_timeout": 30_000, "idle_in_transaction_session_timeout": 5_000, "lock_timeout": 10_000},
    "sandbox": {"statement_timeout": 30_000, "idle_in_transaction_session_timeout": 5_000, "lock_timeout": 10_000},
}


def make_roles(connection: Connection, schema: str, passwords: Mapping[str, str | None]) -> None:
    """Make the ledger's roles, and let this session make things in the owner's name.

    Args:
        connection: under a role that may create roles; in a transaction.
        schema: name of the ledger's schema.
        passwords: role -> password of those that log in; others cannot, unless somebody else has let them.
    """
    # Roles belong to the whole server, and this lock to one database: two databases are not migrated at once.
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger roles ' || %s, 0))", (schema,))
    purposes = ["owner", "app", "project", "vault"]
    if f"{schema}_sandbox" in passwords:
        purposes.append("sandbox")
    for purpose in purposes:
        make_role(connection, f"{schema}_{purpose}", passwords.get(f"{schema}_{purpose}"), TIMEOUTS.get(purpose, {}))
    be_able_to_act(connection, f"{schema}_owner", f"{schema}_project")


def make_role(connection: Connection, role: str, password: str | None, timeouts: Mapping[LiteralString, int]) -> None:
    """Make one role and bring its password and timeouts up to date."""
    name = Identifier(role)
    if not role_exists(connection, role):
        connection.execute(SQL("CREATE ROLE {} NOLOGIN").format(name))
    if password is not None:
        # The server is given the verifier, so that the password cannot appear in its log.
        verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        connection.execute(SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, Literal(verifier)))
    for setting, milliseconds in timeouts.items():
        connection.execute(SQL("ALTER ROLE {} SET {} = {}").format(name, Identifier(setting), Literal(milliseconds)))


def let_write(connection: Connection, schema: str, login: str, password: str | None) -> None:
    """Let a login role of the operator's own choice act for the ledger: write as it is, build views after SET ROLE.

    Args:
        login: role of `LEDGER_DATABASE_URL`; made when there is none.
        password: of a role that has to be made.
    """
    app, project, name = Identifier(f"{schema}_app"), Identifier(f"{schema}_project"), Identifier(login)
    if login == f"{schema}_app" or not role_exists(connection, login):
        make_role(connection, login, password, TIMEOUTS["app"])
    if login != f"{schema}_app":
        connection.execute(SQL("GRANT {} TO {} WITH INHERIT TRUE").format(app, name))
    connection.execute(SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(project, name))


def make_schema(connection: Connection, schema: str) -> None:
    """Make the schema, in the owner's name; tables that views are made of can be read by the app role."""
    names = {part: Identifier(f"{schema}_{part}") for part in ("owner", "app", "project")}
    if connection.execute("SELECT to_regnamespace(quote_ident(%s))", (schema,)).fetchone() == (None,):
        connection.execute(SQL("CREATE SCHEMA {} AUTHORIZATION {owner}").format(Identifier(schema), **names))
    statement = SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {project} IN SCHEMA {} GRANT SELECT ON TABLES TO {app}")
    connection.execute(statement.format(Identifier(schema), **names))


def be_able_to_act(connection: Connection, *roles: str) -> None:
    """Let this session make and change things in the name of other roles; a superuser can anyway."""
    if not is_superuser(connection):
        for role in roles:
            connection.execute(SQL("GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE").format(Identifier(role)))


def act_no_more(connection: Connection, *roles: str) -> None:
    """Become oneself again, and take back what `be_able_to_act` gave."""
    connection.execute("RESET ROLE")
    if not is_superuser(connection):
        for role in roles:
            connection.execute(SQL("GRANT {} TO CURRENT_USER WITH INHERIT FALSE, SET FALSE").format(Identifier(role)))


def is_superuser(connection: Connection) -> bool:
    """Whether the role that logged in may do everything."""
    return connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = session_user").fetchone() == (True,)


def role_exists(connection: Connection, role: str) -> bool:
    """Whether the server knows a role."""
    return connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None

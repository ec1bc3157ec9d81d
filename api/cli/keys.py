"""`ledger keys`: API keys, made and revoked by whoever owns the machine."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import psycopg
import typer

from aggregates.errors import NotFound
from api import auth
from api.access import ROLES
from api.app import environment_of
from api.bodies import KeyBody
from api.cli.console import USAGE, AsJson, DataDir, answer, remark, table
from api.cli.runtime import Opened, opened, use_schema
from api.keystore import KeyRow, KeyStore
from api.routes.keys import LIFE, check, key_json
from ledger.clock import SystemClock
from ledger.database import connect_async
from ledger.engine import Engine
from ledger.store import Store

T = TypeVar("T")

PRINCIPAL = "cli:keys"
PAGE = 200

app = typer.Typer(name="keys", help="Issue, list and revoke API keys.", no_args_is_help=True)


@app.command()
def create(
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    scope: Annotated[list[str] | None, typer.Option(help="Keep only these scopes of the role.")] = None,
    account: Annotated[str | None, typer.Option(help="Account of a master's or sub's key.")] = None,
    member: Annotated[str | None, typer.Option(help="Member of a sub's key.")] = None,
    owner: Annotated[str | None, typer.Option(help="Opaque person behind it; approvals compare it.")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until it expires.")] = 365,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Issue an API key. It is shown once, on stdout, and never stored.

    Example: ledger keys create --role service --owner payments-team
    """
    if role not in ROLES:
        remark(f"ledger: there is no role {role}; the roles are {', '.join(ROLES)}")
        raise typer.Exit(USAGE)
    with opened(data_dir) as ledger:
        body = KeyBody.model_validate(
            {"role": role, "scopes": scope, "account_id": account, "member_id": member, "owner": owner}
        )
        key, row = asyncio.run(_with_store(ledger, lambda store: issue(ledger, store, body, timedelta(days=days))))
    answer({**key_json(row), "key": key}, as_json)


@app.command("list")
def list_keys(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List API keys, newest first, without their secrets.

    Example: ledger keys list --json
    """
    with opened(data_dir) as ledger:
        rows = [key_json(row) for row in asyncio.run(_with_store(ledger, _all))]
    columns = ("id", "role", "owner", "account_id", "created_at", "expires_at", "revoked_at")
    answer({"items": rows}, as_json, table("API keys", columns, [[row[name] for name in columns] for row in rows]))


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="key_..., as `ledger keys list` shows it.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Revoke an API key; it stops working everywhere within five seconds. Twice is as good as once.

    Example: ledger keys revoke key_0123456789ab
    """
    with opened(data_dir) as ledger:
        row = asyncio.run(_with_store(ledger, lambda store: store.revoke(key_id.removeprefix("key_"), PRINCIPAL)))
    if row is None:
        raise NotFound("there is no key with this id; `ledger keys list` shows them")
    answer(key_json(row), as_json)


async def issue(ledger: Opened, store: KeyStore, body: KeyBody, life: timedelta = LIFE) -> tuple[str, KeyRow]:
    """Make and store a key; return it with its row.

    Raises:
        ScopeNotAllowed, BindingNotAllowed: the role cannot have it. NotFound: the account.
    """
    now = store.now()
    check(body, now)
    if body.account_id is not None:
        engine = Engine(Store(ledger.database.app, ledger.database.schema), SystemClock())
        await engine.start()
        try:
            await engine.account(body.account_id)
        finally:
            await engine.stop()
    environment = environment_of(ledger.settings)
    key_id = auth.derived_id(secrets.token_bytes(32))
    key, secret_hash = auth.make(environment, key_id)
    row = KeyRow(
        id=key_id,
        secret_hash=secret_hash,
        role=body.role,
        scopes=None if body.scopes is None else sorted(set(body.scopes)),
        account_id=body.account_id,
        member_id=body.member_id,
        owner=body.owner or f"key_{key_id}",
        environment=environment,
        created_at=now,
        created_by=PRINCIPAL,
        expires_at=now + life,
    )
    await store.add(row)
    return key, row


def issue_once(ledger: Opened, file: Path, body: KeyBody) -> bool:
    """Issue a key into a 0600 file unless the file is there. Returns whether it was made."""
    if file.exists():
        return False
    key, _ = asyncio.run(_with_store(ledger, lambda store: issue(ledger, store, body)))
    write_secret(file, key)
    return True


def write_secret(file: Path, secret: str) -> None:
    """Write a new 0600 file."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secret + "\n")


def has_bootstrap_key(ledger: Opened) -> bool:
    """Say whether a first key of the operator's own was ever taken."""
    return asyncio.run(_with_store(ledger, lambda store: store.has_bootstrap_key()))


async def _with_store(ledger: Opened, do: Callable[[KeyStore], Awaitable[T]]) -> T:
    async with await connect_async(ledger.database.app) as connection:
        await use_schema(connection, ledger.database)

        @asynccontextmanager
        async def lend() -> AsyncIterator[psycopg.AsyncConnection[Any]]:
            yield connection

        return await do(KeyStore(lend))


async def _all(store: KeyStore) -> list[KeyRow]:
    rows: list[KeyRow] = []
    while True:
        before = (rows[-1].created_at, rows[-1].id) if rows else None
        page = await store.page(before, PAGE)
        rows += page
        if len(page) < PAGE:
            return rows

"""`ledger keys`: API keys, made and revoked by whoever owns the machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any

import psycopg
import typer

from aggregates.errors import NotFound
from api.access import ROLES
from api.cli.console import PLAIN, USAGE, AsJson, DataDir, answer, remark, table
from api.cli.runtime import Opened, opened, use_schema
from api.keystore import KeyRow, KeyStore
from ledger.database import connect_async

# What makes and shows keys is imported where it is used: it brings the HTTP face with it, which takes a second to load.

PRINCIPAL = "cli:keys"
PAGE = 200

app = typer.Typer(name="keys", help="Issue, list and revoke API keys.", no_args_is_help=True, **PLAIN)


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
    from api.bodies import KeyBody
    from api.cli.keyring import issue
    from api.routes.keys import key_json

    if role not in ROLES:
        remark(f"ledger: there is no role {role}; the roles are {', '.join(ROLES)}")
        raise typer.Exit(USAGE)
    asked = {"role": role, "scopes": scope or None, "account_id": account, "member_id": member, "owner": owner}
    with opened(data_dir) as ledger:
        key, row = asyncio.run(issue(ledger, KeyBody.model_validate(asked), timedelta(days=days)))
    answer({**key_json(row), "key": key}, as_json)


@app.command("list")
def list_keys(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List API keys, newest first, without their secrets.

    Example: ledger keys list --json
    """
    from api.routes.keys import key_json

    with opened(data_dir, make=False) as ledger:
        rows = [key_json(row) for row in asyncio.run(_all(ledger))]
    columns = ("id", "role", "owner", "account_id")
    days = ("created_at", "expires_at", "revoked_at")
    lines = [[*(row[name] for name in columns), *(row[name] and row[name][:10] for name in days)] for row in rows]
    made = table("API keys", (*columns, "created", "expires", "revoked"), lines)
    answer({"items": rows}, as_json, made)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="key_..., as `ledger keys list` shows it.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Revoke an API key; it stops working everywhere within five seconds. Twice is as good as once.

    Example: ledger keys revoke key_0123456789ab
    """
    from api.routes.keys import key_json

    with opened(data_dir, make=False) as ledger:
        row = asyncio.run(_revoke(ledger, key_id.removeprefix("key_")))
    if row is None:
        raise NotFound("there is no key with this id; `ledger keys list` shows them")
    answer(key_json(row), as_json)


def has_bootstrap_key(ledger: Opened) -> bool:
    """Say whether a first key of the operator's own was ever taken."""

    async def ask() -> bool:
        async with with_store(ledger) as store:
            return await store.has_bootstrap_key()

    return asyncio.run(ask())


@asynccontextmanager
async def with_store(ledger: Opened) -> AsyncIterator[KeyStore]:
    """Give the table of keys for as long as the `async with` lasts."""
    async with await connect_async(ledger.database.app) as connection:
        await use_schema(connection, ledger.database)

        @asynccontextmanager
        async def lend() -> AsyncIterator[psycopg.AsyncConnection[Any]]:
            yield connection

        yield KeyStore(lend)


async def _revoke(ledger: Opened, key_id: str) -> KeyRow | None:
    async with with_store(ledger) as store:
        return await store.revoke(key_id, PRINCIPAL)


async def _all(ledger: Opened) -> list[KeyRow]:
    rows: list[KeyRow] = []
    async with with_store(ledger) as store:
        while True:
            before = (rows[-1].created_at, rows[-1].id) if rows else None
            page = await store.page(before, PAGE)
            rows += page
            if len(page) < PAGE:
                return rows
